/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels, from 3.10 on. The rest of the module is written for
 * the newest one; this gives older ones the same names.
 *
 * A name that is a macro is looked for by #ifdef, any other by ST_HAS_..., which says
 * whether probes/ compiles; for distributions give old kernels what new ones have. The
 * version is asked for what shows at run time alone, and nowhere but here.
 */
#ifndef SOCKTRACE_COMPAT_H
#define SOCKTRACE_COMPAT_H

#include <linux/cgroup.h>
#include <linux/compat.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/pid_namespace.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/u64_stats_sync.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include <net/af_unix.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "../../uapi/socktrace.h"
#include "compat-probed.h"

#if ST_HAS_NOSPEC_HEADER
#include <linux/nospec.h>
#endif
#if ST_HAS_SCHED_SIGNAL_HEADER
#include <linux/sched/signal.h>
#endif
#if ST_HAS_SCHED_TASK_STACK_HEADER
#include <linux/sched/task_stack.h> /* task_pt_regs() needs it */
#endif

/* --- names of the compiler's and of the kernel's library --------------------- */

#ifndef READ_ONCE /* 3.19 */
#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile typeof(x) *)&(x) = (value))
#endif

#ifndef smp_load_acquire /* 3.14 */
#define smp_load_acquire(p)                                                    \
	({                                                                     \
		typeof(*(p)) st_loaded = READ_ONCE(*(p));                      \
		smp_mb();                                                      \
		st_loaded;                                                     \
	})
#define smp_store_release(p, value)                                            \
	do {                                                                   \
		smp_mb();                                                      \
		WRITE_ONCE(*(p), value);                                       \
	} while (0)
#endif

#ifndef GENMASK_ULL /* 3.13 */
#define GENMASK_ULL(high, low) (~0ULL << (low) & ~0ULL >> (63 - (high)))
#endif

#ifndef u64_to_user_ptr /* 4.7 */
#define u64_to_user_ptr(x) ((void __user *)(uintptr_t)(x))
#endif

/* A kernel that knows nothing of speculation has nothing against it either. */
#if !ST_HAS_NOSPEC_HEADER
#define array_index_nospec(index, size) (index)
#endif

/* Before 4.16 it reads whole words, which KASAN takes for a fault at a string's end. */
#if !ST_HAS_STRSCPY || \
	(IS_ENABLED(CONFIG_KASAN) && LINUX_VERSION_CODE < KERNEL_VERSION(4, 16, 0))
#define strscpy strlcpy
#endif

#if !ST_HAS_U64_STATS_INIT
#define u64_stats_init(sync) do { } while (0)
#endif

/* --- memory ------------------------------------------------------------------- */

#if !ST_HAS_KVFREE
static inline void st_compat_kvfree(const void *p)
{
	if (is_vmalloc_addr(p))
		vfree(p);
	else
		kfree(p);
}
#define kvfree st_compat_kvfree
#endif

#if !ST_HAS_KVZALLOC_NODE
static inline void *st_compat_kvzalloc_node(size_t size, gfp_t flags, int node)
{
	void *p = kzalloc_node(size, flags | __GFP_NOWARN | __GFP_NORETRY, node);

	return p ?: vzalloc_node(size, node);
}
#define kvzalloc_node st_compat_kvzalloc_node
#define kvzalloc(size, flags) st_compat_kvzalloc_node(size, flags, NUMA_NO_NODE)
#endif

/* --- context and time ----------------------------------------------------------- */

#ifndef in_task /* 4.11 */
#define in_task() (!(in_nmi() || in_irq() || in_serving_softirq()))
#endif

#if !ST_HAS_HIGHPRI_WQ
#define system_highpri_wq system_wq
#endif

#if !ST_HAS_IN_COMPAT_SYSCALL && defined(CONFIG_COMPAT)
#define in_compat_syscall() is_compat_task()
#endif
#if !ST_HAS_IN_X32_SYSCALL && defined(CONFIG_X86_X32_ABI)
#define in_x32_syscall() is_x32_task()
#endif

/*
 * A record's clock. Where a kprobe is a breakpoint its handler counts as an NMI,
 * in which only the fast clocks may be read.
 */
static inline u64 st_compat_boottime_ns(void)
{
#if ST_HAS_BOOT_FAST_CLOCK
	return ktime_get_boot_fast_ns();
#else
	/* There it does not, and none of the functions is called with this one's lock. */
	return ktime_to_ns(ktime_get_boottime());
#endif
}

/* --- user and kernel memory --------------------------------------------------- */

#if !ST_HAS_COPY_STRUCT_FROM_USER
static inline int copy_struct_from_user(void *dst, size_t ksize,
					const void __user *src, size_t usize)
{
	size_t size = min(ksize, usize), i;
	char byte;

	for (i = size; i < usize; i++) {
		if (get_user(byte, (const char __user *)src + i))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	memset((char *)dst + size, 0, ksize - size);
	return copy_from_user(dst, src, size) ? -EFAULT : 0;
}
#endif

/* Before it had this name, it was what everybody wrote by hand. */
#if !ST_HAS_USER_NOFAULT
#if ST_HAS_ACCESS_OK_OF_TWO
#define st_compat_access_ok(addr, size) access_ok(addr, size)
#else
#define st_compat_access_ok(addr, size) access_ok(VERIFY_READ, addr, size)
#endif
static inline long st_compat_copy_from_user_nofault(void *dst, const void __user *src,
						 size_t size)
{
	long left = -EFAULT;

	if (!st_compat_access_ok(src, size))
		return -EFAULT;
	pagefault_disable();
	left = __copy_from_user_inatomic(dst, src, size);
	pagefault_enable();
	return left ? -EFAULT : 0;
}
#define copy_from_user_nofault st_compat_copy_from_user_nofault
#endif

#ifdef user_read_access_begin /* 5.7 */
/* False: @to was not filled in. As @from may fault, with page faults off. */
static inline bool st_compat_get_user_words(unsigned long *to,
					    const unsigned long __user *from, size_t size)
{
	size_t words = size / sizeof(*to), rest = size % sizeof(*to), i;

	if (!user_read_access_begin(from, size))
		return false;
	for (i = 0; i < words; i++)
		unsafe_get_user(to[i], &from[i], fault);
	for (i = 0; i < rest; i++)
		unsafe_get_user(((u8 *)&to[words])[i], &((const u8 __user *)&from[words])[i],
				fault);
	user_read_access_end();
	return true;
fault:
	user_read_access_end();
	return false;
}

/*
 * copy_from_user_nofault(), of the task at hand, whose memory is in use. That one asks at
 * each call whether that is so, and whether it may write to @to, which costs several
 * times what there is to be read.
 */
static inline long st_compat_read_user(void *to, const void __user *from, size_t size)
{
	bool read;

	if (!IS_ALIGNED((unsigned long)to | (unsigned long)from, sizeof(long)))
		return copy_from_user_nofault(to, from, size);
	pagefault_disable();
	read = st_compat_get_user_words(to, from, size);
	pagefault_enable();
	return read ? 0 : -EFAULT;
}
#else
#define st_compat_read_user copy_from_user_nofault
#endif

#if !ST_HAS_KERNEL_NOFAULT
#define copy_from_kernel_nofault probe_kernel_read
#endif

/* --- files ---------------------------------------------------------------------- */

static inline struct socket *st_compat_sock_from_file(struct file *file)
{
#if ST_HAS_SOCK_FROM_FILE_OF_ONE
	return sock_from_file(file);
#else
	int err;

	return sock_from_file(file, &err);
#endif
}

/* A reference, unless the last is gone. As a reader of RCU. */
static inline bool st_compat_file_get(struct file *file)
{
#if ST_HAS_FILE_REF
	return file_ref_get(&file->f_ref);
#else
	return atomic_long_inc_not_zero(&file->f_count);
#endif
}

/*
 * Of what is executed there; as a reader of RCU. So it is also before 4.1, where it is
 * not meant for these: a file's memory stays for them.
 */
static inline struct file *st_compat_exe_file(struct mm_struct *mm)
{
	return rcu_dereference(mm->exe_file);
}

/* The flags in do_accept()'s second argument, which 6.10 made a structure. */
static inline unsigned int st_compat_accept_file_flags(unsigned long arg)
{
#if ST_HAS_ACCEPT_ARG
	return ((const struct proto_accept_arg *)arg)->flags;
#else
	return arg;
#endif
}

/* --- RCU and tasks ---------------------------------------------------------------- */

/*
 * With preemption off one is a reader of RCU since 4.20. Before, there were
 * several RCUs.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(4, 20, 0)
#define st_compat_rcu_lock_in_handler() rcu_read_lock()
#define st_compat_rcu_unlock_in_handler() rcu_read_unlock()
#else
#define st_compat_rcu_lock_in_handler() RCU_LOCKDEP_WARN(!rcu_read_lock_sched_held(), "handler is preemptible")
#define st_compat_rcu_unlock_in_handler() do { } while (0)
#endif

/* Nanoseconds of CLOCK_BOOTTIME. */
static inline u64 st_compat_start_ns(const struct task_struct *task)
{
#if ST_HAS_START_BOOTTIME
	return task->start_boottime;
#elif ST_HAS_START_IN_NS
	return task->real_start_time;
#else
	return timespec_to_ns(&task->real_start_time);
#endif
}

/*
 * A task's name, padded with zeroes. Before 5.17 the rest of a longer one that it
 * had before may stand behind its end.
 */
static inline void st_compat_copy_comm(char *comm, const struct task_struct *task)
{
	memcpy(comm, task->comm, TASK_COMM_LEN);
	comm[TASK_COMM_LEN - 1] = '\0';
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 17, 0)
	memset(comm + strlen(comm), 0, TASK_COMM_LEN - strlen(comm));
#endif
}

/* The inode number of a namespace, which is there. */
#if ST_HAS_NS_INUM
#define st_compat_ns_inum(of) ((of)->ns.inum)
#else
#define st_compat_ns_inum(of) ((of)->proc_inum)
#endif

/* --- probes and tracepoints ----------------------------------------------------------- */

/* From 4.14 to 4.19 it is not told of kretprobes whether there is such a function. */
static inline bool st_compat_is_no_function(const char *symbol)
{
	struct kprobe kp = { .symbol_name = symbol, .flags = KPROBE_FLAG_DISABLED };
	int err = register_kprobe(&kp);

	if (!err)
		unregister_kprobe(&kp);
	return err == -ENOENT;
}

#if defined(CONFIG_TRACEPOINTS) && ST_HAS_KERNEL_TRACEPOINTS
struct st_compat_tracepoint {
	const char *name;
	struct tracepoint *tp;
};

static inline void st_compat_match_tracepoint(struct tracepoint *tp, void *priv)
{
	struct st_compat_tracepoint *find = priv;

	if (!strcmp(tp->name, find->name))
		find->tp = tp;
}

/* NULL: the kernel itself has none of this name. */
static inline struct tracepoint *st_compat_find_tracepoint(const char *name)
{
	struct st_compat_tracepoint find = { name, NULL };

	if (name)
		for_each_kernel_tracepoint(st_compat_match_tracepoint, &find);
	return find.tp;
}
#else
#define st_compat_find_tracepoint(name) NULL
#define tracepoint_probe_register(tp, probe, data) -ENOSYS
#define tracepoint_probe_unregister(tp, probe, data) do { } while (0)
#endif

/* --- cgroups -------------------------------------------------------------------------- */

/* As readers of RCU. */
#if defined(CONFIG_CGROUPS) && ST_HAS_DFL_CGROUP
/* What the handle of its directory is. */
static inline u64 st_compat_id_of_cgroup(struct cgroup *cgroup)
{
#if ST_HAS_CGROUP_ID
	return cgroup_id(cgroup);
#elif ST_HAS_KERNFS_NODE_ID
	return cgroup->kn->id.id;
#else
	return cgroup->kn->ino;
#endif
}

#if !ST_HAS_CGROUP_PARENT
static inline struct cgroup *st_compat_cgroup_parent(struct cgroup *cgroup)
{
	struct cgroup_subsys_state *parent = cgroup->self.parent;

	return parent ? container_of(parent, struct cgroup, self) : NULL;
}
#define cgroup_parent st_compat_cgroup_parent
#endif

/* task_css_set() for any reader of RCU. */
static inline struct css_set *st_compat_css_set(struct task_struct *task)
{
	return task_css_set_check(task, rcu_read_lock_sched_held());
}

/*
 * In the hierarchy of version 1 that is told of: that of the first of these controllers
 * that has left the default one. NULL: none has. A hierarchy without controllers, as
 * systemd's, could only be found by a lock.
 */
static inline struct cgroup *st_compat_v1_cgroup(const struct css_set *set)
{
	static const u8 controllers[] = {
#if IS_ENABLED(CONFIG_CGROUP_PIDS)
		pids_cgrp_id,
#endif
#if IS_ENABLED(CONFIG_MEMCG)
		memory_cgrp_id,
#endif
#if IS_ENABLED(CONFIG_CGROUP_SCHED)
		cpu_cgrp_id,
#endif
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(controllers); i++) {
		struct cgroup *cgroup = set->subsys[controllers[i]]->cgroup;

		if (cgroup->root != set->dfl_cgrp->root)
			return cgroup;
	}
	return NULL;
}

/* As socktrace_event::cgroup_id; 0: none. */
static inline u64 st_compat_cgroup_id(struct task_struct *task)
{
	const struct css_set *set = st_compat_css_set(task);
	struct cgroup *v1;

	if (!cgroup_parent(set->dfl_cgrp)) {
		v1 = st_compat_v1_cgroup(set);
		if (v1 && cgroup_parent(v1))
			return st_compat_id_of_cgroup(v1) | SOCKTRACE_CGROUP_V1;
	}
	return st_compat_id_of_cgroup(set->dfl_cgrp);
}

/* Is it in the cgroup of this number, or in one below it? */
static inline bool st_compat_cgroup_is_below(struct task_struct *task, u64 id)
{
	const struct css_set *set = st_compat_css_set(task);
	struct cgroup *cgroup = id & SOCKTRACE_CGROUP_V1 ? st_compat_v1_cgroup(set) :
							   set->dfl_cgrp;

	id &= ~SOCKTRACE_CGROUP_V1;
	while (cgroup && st_compat_id_of_cgroup(cgroup) != id)
		cgroup = cgroup_parent(cgroup);
	return cgroup;
}
#elif defined(CONFIG_CGROUPS) && ST_HAS_CGROUP_DENTRY
/* Version 1 alone: in the hierarchy of the first of these controllers that has one. */
static inline struct cgroup *st_compat_v1_cgroup(struct task_struct *task)
{
	static const u8 controllers[] = {
#ifdef CONFIG_CGROUP_PIDS /* el7's */
		pids_subsys_id,
#endif
#ifdef CONFIG_MEMCG
		mem_cgroup_subsys_id,
#endif
#ifdef CONFIG_CGROUP_SCHED
		cpu_cgroup_subsys_id,
#endif
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(controllers); i++) {
		struct cgroup *cgroup = task_subsys_state_check(task, controllers[i],
						rcu_read_lock_sched_held())->cgroup;

		/* That of no hierarchy has no directory. */
		if (cgroup && READ_ONCE(cgroup->dentry))
			return cgroup;
	}
	return NULL;
}

/* The inode number of its directory, which no process is in any more once that is gone. */
static inline u64 st_compat_id_of_cgroup(const struct cgroup *cgroup)
{
	const struct dentry *dentry = READ_ONCE(cgroup->dentry);
	const struct inode *inode = dentry ? READ_ONCE(dentry->d_inode) : NULL;

	return inode ? inode->i_ino | SOCKTRACE_CGROUP_V1 : 0;
}

static inline u64 st_compat_cgroup_id(struct task_struct *task)
{
	const struct cgroup *cgroup = st_compat_v1_cgroup(task);

	return cgroup ? st_compat_id_of_cgroup(cgroup) : 0;
}

static inline bool st_compat_cgroup_is_below(struct task_struct *task, u64 id)
{
	const struct cgroup *cgroup = st_compat_v1_cgroup(task);

	while (cgroup && st_compat_id_of_cgroup(cgroup) != id)
		cgroup = cgroup->parent;
	return cgroup;
}
#else
#define st_compat_cgroup_id(task) 0
#define st_compat_cgroup_is_below(task, id) false
#endif

#ifndef PF_IO_WORKER
#define PF_IO_WORKER 0
#endif

/* --- sockets ---------------------------------------------------------------------------- */

#ifndef unix_peer /* in a header since 5.15 */
#define unix_peer(sk) (unix_sk(sk)->peer)
#endif

#ifdef sk_v6_daddr /* 3.13; before, they are the IPv6 socket's own */
#define st_compat_v6_peer(sk) (&(sk)->sk_v6_daddr)
#define st_compat_v6_local(sk) (&(sk)->sk_v6_rcv_saddr)
#else
#define st_compat_v6_peer(sk) (&inet6_sk(sk)->daddr)
#define st_compat_v6_local(sk) (&inet6_sk(sk)->rcv_saddr)
#endif

/* Does __inet_stream_connect() say itself whether it connects for a send? */
#define ST_COMPAT_STREAM_CONNECT_SAYS ST_HAS_STREAM_CONNECT_IS_SENDMSG

/* Before, a send to a dead peer took it away. */
#define ST_COMPAT_SEQPACKET_KEEPS_PEER(sk) \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 2) && (sk)->sk_type == SOCK_SEQPACKET)

#ifndef GFP_KERNEL_ACCOUNT /* 4.5 */
#define GFP_KERNEL_ACCOUNT GFP_KERNEL
#endif

/* Before, a mount was freed at once, and not when all readers of RCU are through. */
#define ST_COMPAT_MOUNTS_BY_RCU \
	(ST_HAS_MOUNTS_BY_RCU || LINUX_VERSION_CODE >= KERNEL_VERSION(3, 13, 0))

#endif /* SOCKTRACE_COMPAT_H */
