/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Facts of the running system: of the task that calls, and of sockets. All of
 * it for the probes' context, as a reader of RCU: nothing here allocates,
 * sleeps, faults or takes a lock that may sleep.
 */
#ifndef SOCKTRACE_COLLECT_H
#define SOCKTRACE_COLLECT_H

#include <linux/cred.h>
#include <linux/net.h>
#include <linux/path.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "inflight.h"
#include "record.h"

/*
 * When no handler can run; may sleep. Learns what the kernel's headers don't tell, unless
 * that is known.
 */
void st_collect_init(void);

/* The conditions of a filter whose facts st_collect_task() gives. */
#define ST_COLLECT_TASK_CONDITIONS                                                \
	(SOCKTRACE_MATCH_UID | SOCKTRACE_MATCH_EUID |                          \
	 SOCKTRACE_MATCH_LOGINUID | SOCKTRACE_MATCH_COMM |                     \
	 SOCKTRACE_MATCH_COMM_PREFIX | SOCKTRACE_MATCH_NETNS |                 \
	 SOCKTRACE_MATCH_MNTNS | SOCKTRACE_MATCH_PIDNS |                       \
	 SOCKTRACE_MATCH_CGROUP | SOCKTRACE_MATCH_CGROUP_TREE)
void st_collect_task(struct socktrace_event *ev);
/* Likewise of another, as a reader of RCU, but for where it runs. May be called by tasks only. */
void st_collect_other_task(struct socktrace_event *ev, struct task_struct *task);
bool st_collect_in_cgroup(struct task_struct *task, u64 id);
u32 st_collect_owner_of(const struct user_namespace *ns);

/*
 * Whose share current's calls are counted against. All users of a user namespace
 * are that of who made it, of the outermost but the initial one: to make one takes
 * no privilege, and /etc/subuid gives its maker many users. One of root's making
 * is an owner by itself.
 */
static inline u32 st_collect_owner(void)
{
	const struct cred *cred = current_cred();

	if (cred->user_ns == &init_user_ns)
		return __kuid_val(cred->uid);
	return st_collect_owner_of(cred->user_ns);
}

long st_collect_user_memory(void *dst, const void __user *src, unsigned int len);
void st_collect_socket(struct st_socket_facts *facts, struct socket *sock);
void st_collect_set_socket(struct socktrace_event *ev, const struct st_socket_facts *facts);
struct socket *st_collect_get_socket(int fd, struct file **held);
void st_collect_pair(struct socktrace_event *ev, const s32 __user *sv);
void st_collect_local(struct st_ends *ends, struct socket *sock);
void st_collect_peer(struct st_ends *ends, struct socket *sock);
bool st_collect_peer_place(struct path *place, struct socket *sock);
void st_collect_queue(struct st_ends *ends, struct socket *sock);

#endif /* SOCKTRACE_COLLECT_H */
