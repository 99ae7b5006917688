/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels. The rest of the module is written for the
 * newest one; this gives older ones the same names. The only place with version
 * checks.
 */
#ifndef SOCKTRACE_COMPAT_H
#define SOCKTRACE_COMPAT_H

#include <linux/cgroup.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include <linux/vmalloc.h>
#include <net/af_unix.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(4, 11, 0)
#include <linux/sched/task_stack.h> /* task_pt_regs() needs it */
#endif

/*
 * A record's clock. Where a kprobe is a breakpoint its handler counts as an NMI,
 * in which only the fast clocks may be read.
 */
static inline u64 st_compat_boottime_ns(void)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(4, 13, 0)
	return ktime_get_boot_ns();
#else
	return ktime_get_boot_fast_ns();
#endif
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 4, 0)
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

/* 5.8 has it under this name; before, it is what everybody wrote by hand. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 8, 0)
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 0, 0) && !defined(RHEL_RELEASE_CODE)
#define st_compat_access_ok(addr, size) access_ok(VERIFY_READ, addr, size)
#else
#define st_compat_access_ok(addr, size) access_ok(addr, size)
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
#define copy_from_kernel_nofault probe_kernel_read
#endif

/* The error by reference is from before 5.11. */
static inline struct socket *st_compat_sock_from_file(struct file *file)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
	int err;

	return sock_from_file(file, &err);
#else
	return sock_from_file(file);
#endif
}

/* A reference, unless the last is gone. As a reader of RCU. */
static inline bool st_compat_file_get(struct file *file)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
	return atomic_long_inc_not_zero(&file->f_count);
#else
	return file_ref_get(&file->f_ref);
#endif
}

/* Of what is executed there; as a reader of RCU. */
static inline struct file *st_compat_exe_file(struct mm_struct *mm)
{
	return rcu_dereference(mm->exe_file);
}

/* The flags in do_accept()'s second argument, which 6.10 made a structure. */
static inline unsigned int st_compat_accept_file_flags(unsigned long arg)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
	return arg;
#else
	return ((const struct proto_accept_arg *)arg)->flags;
#endif
}

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
#if LINUX_VERSION_CODE < KERNEL_VERSION(3, 17, 0)
	return timespec_to_ns(&task->real_start_time);
#elif LINUX_VERSION_CODE < KERNEL_VERSION(5, 5, 0)
	return task->real_start_time;
#else
	return task->start_boottime;
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

/*
 * The tracepoint on a TCP socket's new state, and what it passes; NULL where there is
 * none, which is so before 4.16.
 */
#if defined(CONFIG_TRACEPOINTS) && LINUX_VERSION_CODE >= KERNEL_VERSION(4, 16, 0)
#define ST_COMPAT_SOCK_STATE_TRACEPOINT "inet_sock_set_state"
#else
#define ST_COMPAT_SOCK_STATE_TRACEPOINT NULL
#endif

#ifdef CONFIG_TRACEPOINTS
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
#define tracepoint_probe_unregister(tp, probe, data) 0
#endif

/* Of the default hierarchy; 0: none. As a reader of RCU. */
#if defined(CONFIG_CGROUPS)
static inline u64 st_compat_id_of_cgroup(struct cgroup *cgroup)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 5, 0)
	return cgroup->kn->id.id;
#else
	return cgroup_id(cgroup);
#endif
}

/* task_dfl_cgroup() for any reader of RCU. */
static inline struct cgroup *st_compat_dfl_cgroup(struct task_struct *task)
{
	return task_css_set_check(task, rcu_read_lock_sched_held())->dfl_cgrp;
}

static inline u64 st_compat_cgroup_id(struct task_struct *task)
{
	return st_compat_id_of_cgroup(st_compat_dfl_cgroup(task));
}

static inline bool st_compat_cgroup_is_below(struct task_struct *task, u64 id)
{
	struct cgroup *cgroup = st_compat_dfl_cgroup(task);

	while (cgroup && st_compat_id_of_cgroup(cgroup) != id)
		cgroup = cgroup_parent(cgroup);
	return cgroup;
}
#else
#define st_compat_cgroup_id(task) 0
#define st_compat_cgroup_is_below(task, id) false
#endif

#ifndef PF_IO_WORKER
#define PF_IO_WORKER 0
#endif

/* Before, it doesn't tell a send from a connect(). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(4, 12, 0)
#define ST_COMPAT_STREAM_CONNECT_OF_SENDMSG "__inet_stream_connect"
#else
#define ST_COMPAT_STREAM_CONNECT_OF_SENDMSG NULL
#endif

#ifndef unix_peer /* in a header since 5.15 */
#define unix_peer(sk) (unix_sk(sk)->peer)
#endif

/* Before, a send to a dead peer took it away. */
#define ST_COMPAT_SEQPACKET_KEEPS_PEER(sk) \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 2) && (sk)->sk_type == SOCK_SEQPACKET)

#ifndef GFP_KERNEL_ACCOUNT /* 4.5 */
#define GFP_KERNEL_ACCOUNT GFP_KERNEL
#endif

#endif /* SOCKTRACE_COMPAT_H */
