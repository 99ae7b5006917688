// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process is known by its number and its leader's start, what it runs by how many
 * execve() were on the way there (self_exec_id); not by its mm, which is shared and
 * whose memory is reused. Two tables: per CPU, which numbers were given to whom, for
 * each record to look up; and one of what was executed lately, by whom.
 */
#include <linux/atomic.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/hardirq.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/path.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "collect.h"
#include "compat/compat.h"
#include "files.h"
#include "images.h"
#include "machine.h"

/* Which program of which process. */
struct identity {
	u64 start_ns; /* of its leader */
	u64 exec_id;
	u32 tgid;
	u32 unused; /* 0 */
};

static struct identity identity_of(const struct task_struct *task)
{
	return (struct identity){
		.start_ns = st_compat_start_ns(task->group_leader),
		.exec_id = READ_ONCE(task->self_exec_id),
		.tgid = task->tgid,
	};
}

static bool same(const struct identity *a, const struct identity *b)
{
	return a->tgid == b->tgid && a->exec_id == b->exec_id && a->start_ns == b->start_ns;
}

/* --- the numbers ---------------------------------------------------------- */

#define WAYS 2
#define SETS (SOCKTRACE_IMAGE_SLOTS / WAYS)

/* Of a CPU; of its handlers alone, which don't nest. */
struct cpu_images {
	struct known {
		u64 number; /* 0: nobody's */
		struct identity of;
	} known[SETS][WAYS];
	u8 oldest[SETS]; /* way to be given away next */
	u64 given; /* numbers */
	u64 described; /* number of what stands below; 0: nothing does */
	struct st_image image;
	char text[PATH_MAX + SOCKTRACE_CMDLINE_LEN];
};
static struct cpu_images __percpu *cpu_images;

/* CPU, count and slot: unique without being agreed upon, and never 0. */
static u64 next_number(struct cpu_images *cpu, unsigned int slot)
{
	return (u64)smp_processor_id() << 48 |
	       (++cpu->given & GENMASK_ULL(39, 0)) << 8 | slot;
}

u64 st_images_of_current(void)
{
	struct cpu_images *cpu = this_cpu_ptr(cpu_images);
	unsigned int set = current->tgid % SETS, way;
	struct identity of;

	BUILD_BUG_ON(SOCKTRACE_IMAGE_SLOTS > 256);
	if (current->flags & PF_KTHREAD || !current->mm)
		return 0;
	of = identity_of(current);
	for (way = 0; way < WAYS; way++)
		if (same(&cpu->known[set][way].of, &of))
			break;
	if (way == WAYS) {
		way = cpu->oldest[set];
		cpu->known[set][way].of = of;
		cpu->known[set][way].number = next_number(cpu, set * WAYS + way);
	}
	cpu->oldest[set] = !way;
	return cpu->known[set][way].number;
}

/* --- what was executed ------------------------------------------------------ */

/*
 * Taken within execve(), before the program can do anything about it. A slot is
 * claimed and written by a handler of any CPU, which makes `seq` odd meanwhile; who
 * reads it meanwhile, or finds it claimed, does without.
 */
struct executed {
	u32 seq;
	u32 when; /* jiffies */
	struct identity of;
	/* Only to be compared. */
	const struct file *file;
	const struct dentry *dentry;
	u16 path_len;
	u8 flags; /* SOCKTRACE_IMAGE_* */
	char path[189];
};
#define EXECUTED_WAYS 4

static struct executed *executed;
static unsigned int executed_bits; /* of its sets */

static struct executed *executed_set(u32 tgid)
{
	return &executed[hash_32(tgid, executed_bits) * EXECUTED_WAYS];
}

/*
 * Where to put what the process @tgid executes: over what it did before, or the oldest.
 * At worst another CPU writes there just now, and it is put nowhere.
 */
static struct executed *executed_slot(u32 tgid)
{
	struct executed *set = executed_set(tgid), *slot = set;
	unsigned int way;

	for (way = 0; way < EXECUTED_WAYS; way++) {
		if (set[way].of.tgid == tgid)
			return &set[way];
		if (slot->of.tgid && (!set[way].of.tgid || (s32)(set[way].when - slot->when) < 0))
			slot = &set[way];
	}
	return slot;
}

static void executed_put(const struct identity *of, const struct file *file,
			 const char *path, unsigned int len, u8 flags)
{
	struct executed *slot = executed_slot(of->tgid);
	u32 seq = READ_ONCE(slot->seq);

	if (len > sizeof(slot->path) || seq & 1 || cmpxchg(&slot->seq, seq, seq + 1) != seq)
		return;
	smp_wmb(); /* claimed before anything of it changes */
	slot->when = jiffies;
	slot->of = *of;
	slot->file = file;
	slot->dentry = file->f_path.dentry;
	slot->path_len = len;
	slot->flags = flags;
	memcpy(slot->path, path, len);
	smp_store_release(&slot->seq, seq + 2);
}

/* A copy of what @of executed; false: it is not known. */
static bool executed_get(struct executed *out, const struct identity *of)
{
	const struct executed *set = executed_set(of->tgid);
	unsigned int way;

	for (way = 0; way < EXECUTED_WAYS; way++) {
		/* Pairs with executed_put(). */
		u32 seq = smp_load_acquire(&set[way].seq);

		if (seq & 1 || !same(&set[way].of, of))
			continue;
		memcpy(out, &set[way], sizeof(*out));
		smp_rmb(); /* all of it before the second look */
		if (READ_ONCE(set[way].seq) == seq)
			return out->path_len <= sizeof(out->path);
	}
	return false;
}

/* How far up it is searched for who executed what a process runs by fork(). */
#define MAX_ANCESTORS 8

/*
 * What current's program was executed as: by itself, or by an ancestor that runs it
 * still. That has its file open, so that @file, current's, is the same one if it
 * has its place in memory.
 */
static bool executed_find(struct executed *out, const struct file *file)
{
	const struct task_struct *task = current;
	struct identity of = identity_of(task);
	unsigned int depth;

	if (executed_get(out, &of))
		return true;
	for (depth = 0; file && depth < MAX_ANCESTORS && task->pid > 1; depth++) {
		task = rcu_dereference_sched(task->real_parent);
		of = identity_of(task);
		if (executed_get(out, &of))
			return out->file == file && out->dentry == file->f_path.dentry;
	}
	return false;
}

/* --- paths -------------------------------------------------------------------- */

/* The machine's root directory: only to be compared. */
static const struct dentry *root;

/*
 * d_path() waits for locks of the kernel's where somebody renames just now: not where
 * they are ones that sleep, nor in an interrupt, which may have come to who holds them,
 * nor where lockdep allows none. The return of a call is never such a place but under
 * PREEMPT_RT.
 */
static bool may_ask_for_paths(void)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) && in_task();
}

static u8 root_flags(void)
{
	return READ_ONCE(current->fs->root.dentry) == root ? 0 : SOCKTRACE_IMAGE_OTHER_ROOT;
}

/*
 * The path of @file as current sees it, so that its end, without a NUL, is at
 * @cpu->text + PATH_MAX - 1. NULL: it is longer than a path may be.
 */
static const char *path_of(struct cpu_images *cpu, struct file *file)
{
	const char *path = d_path(&file->f_path, cpu->text, PATH_MAX);

	return IS_ERR(path) ? NULL : path;
}

void st_images_executed(void)
{
	struct cpu_images *cpu = this_cpu_ptr(cpu_images);
	struct identity of = identity_of(current);
	const char *path;
	struct file *file;

	if (!may_ask_for_paths() || !current->mm)
		return;
	file = st_file_get_exe();
	if (!file)
		return;
	cpu->described = 0;
	path = path_of(cpu, file);
	if (path)
		executed_put(&of, file, path, cpu->text + PATH_MAX - 1 - path, root_flags());
	st_file_put(file);
}

/* --- telling ------------------------------------------------------------------ */

static void describe_exe(struct cpu_images *cpu, struct file *file)
{
	char *end = cpu->text + PATH_MAX - 1;
	struct executed found;

	cpu->image.text = end;
	cpu->image.exe_source = SOCKTRACE_EXE_NONE;
	cpu->image.flags = root_flags();
	if (executed_find(&found, file)) {
		cpu->image.exe_source = SOCKTRACE_EXE_EXEC;
		cpu->image.flags = found.flags;
		cpu->image.text = memcpy(end - found.path_len, found.path, found.path_len);
	} else if (file) {
		cpu->image.text = path_of(cpu, file) ?: end;
		if (cpu->image.text != end)
			cpu->image.exe_source = SOCKTRACE_EXE_MM;
	}
	cpu->image.exe_len = end - cpu->image.text;
}

/* Behind the path. Where not all of it is in memory, what is on the first page. */
static void describe_cmdline(struct cpu_images *cpu)
{
	unsigned long start = READ_ONCE(current->mm->arg_start);
	unsigned long end = READ_ONCE(current->mm->arg_end);
	char *to = cpu->text + PATH_MAX - 1;
	unsigned int len;

	cpu->image.cmdline_len = 0;
	cpu->image.cmdline_size = end > start ? min_t(u64, end - start, U32_MAX) : 0;
	len = min_t(u32, cpu->image.cmdline_size, SOCKTRACE_CMDLINE_LEN);
	if (len && st_collect_user_memory(to, (const void __user *)start, len)) {
		len = min_t(unsigned int, len, PAGE_SIZE - offset_in_page(start));
		if (st_collect_user_memory(to, (const void __user *)start, len))
			return;
	}
	cpu->image.cmdline_len = len;
}

const struct st_image *st_images_describe(u64 number)
{
	struct cpu_images *cpu = this_cpu_ptr(cpu_images);
	unsigned int slot = number % SOCKTRACE_IMAGE_SLOTS;
	const struct known *known = &cpu->known[slot / WAYS][slot % WAYS];
	struct identity of = identity_of(current);
	struct file *file;

	if (known->number != number || !same(&known->of, &of) || !current->mm)
		return NULL;
	if (cpu->described == number)
		return &cpu->image;
	if (!may_ask_for_paths())
		return NULL;
	file = st_file_get_exe();
	describe_exe(cpu, file);
	if (file)
		st_file_put(file);
	describe_cmdline(cpu);
	cpu->described = number;
	return &cpu->image;
}

/* --- memory ------------------------------------------------------------------- */

/* One for each 256 KiB, as calls in flight: 4096 from 1 GiB on, which take 1 MiB. */
static unsigned int max_executed(void)
{
	return roundup_pow_of_two(clamp_t(u64, st_machine_memory() >> 18, 64, 4096));
}

static void learn_root(void)
{
	struct path path;

	root = NULL;
	if (st_machine_root(&path))
		return;
	root = path.dentry;
	path_put(&path);
}

void st_images_exit(void)
{
	free_percpu(cpu_images);
	kvfree(executed);
	cpu_images = NULL;
	executed = NULL;
}

int st_images_init(void)
{
	unsigned int max = max_executed();

	BUILD_BUG_ON(sizeof(struct executed) > 256);
	learn_root();
	executed_bits = ilog2(max / EXECUTED_WAYS);
	cpu_images = alloc_percpu(struct cpu_images);
	executed = kvzalloc(max * sizeof(*executed), GFP_KERNEL);
	if (cpu_images && executed)
		return 0;
	st_images_exit();
	return -ENOMEM;
}
