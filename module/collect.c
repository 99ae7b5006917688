// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/audit.h>
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ipv6.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <linux/uidgid.h>
#include <net/af_unix.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "collect.h"
#include "compat/compat.h"
#include "compat/vsock.h"
#include "files.h"

/* Offset of the inode number in struct mnt_namespace; -1: not known. */
#define MNTNS_SEARCHED 256
static int mntns_inum_at = -1;

/*
 * struct mnt_namespace is private to the kernel's fs/, but the inode number in
 * it is known for the task at hand: look where it stands.
 */
void st_collect_init(void)
{
	const char *ns = (const char *)current->nsproxy->mnt_ns;
	u32 word, inum;
	struct file *file;
	int at;

	if (mntns_inum_at >= 0)
		return;
	file = filp_open("/proc/self/ns/mnt", O_RDONLY, 0);
	if (!IS_ERR(file)) {
		inum = file_inode(file)->i_ino;
		filp_close(file, NULL);
		for (at = 0; at < MNTNS_SEARCHED; at += sizeof(word)) {
			if (copy_from_kernel_nofault(&word, ns + at, sizeof(word)))
				break;
			if (word == inum) {
				mntns_inum_at = at;
				return;
			}
		}
	}
	pr_warn_once("mount namespaces won't be told: their numbers were not found\n");
}

static u32 mntns_inum(const struct mnt_namespace *ns)
{
	if (mntns_inum_at < 0)
		return 0;
	return *(const u32 *)((const char *)ns + mntns_inum_at);
}

/* A worker of io_uring works for a process: it is told by that one's name. */
static const struct task_struct *task_named(const struct task_struct *task)
{
	return task->flags & PF_IO_WORKER ? task->group_leader : task;
}

/* @ns is @task's, or NULL, as in one that ends. */
static __always_inline void collect_task(struct socktrace_event *ev, struct task_struct *task,
					 const struct cred *cred, const struct nsproxy *ns)
{
	struct pid_namespace *pidns = task_active_pid_ns(task);

	ev->tgid = task->tgid;
	ev->tid = task->pid;
	/* A kuid is the uid in the initial namespace: no mapping needed. */
	ev->uid = __kuid_val(cred->uid);
	ev->gid = __kgid_val(cred->gid);
	ev->euid = __kuid_val(cred->euid);
	ev->loginuid = __kuid_val(audit_get_loginuid(task));
	ev->sessionid = audit_get_sessionid(task);
	ev->start_ns = st_compat_start_ns(task->group_leader);
	if (pidns == &init_pid_ns) {
		ev->ns_tgid = ev->tgid;
		ev->ns_tid = ev->tid;
	} else {
		ev->ns_tgid = task_tgid_nr_ns(task, pidns);
		ev->ns_tid = task_pid_nr_ns(task, pidns);
	}
	if (pidns)
		ev->pidns = st_compat_ns_inum(pidns);
	if (ns) {
		ev->netns = st_compat_ns_inum(ns->net_ns);
		ev->mntns = mntns_inum(ns->mnt_ns);
	}
	/* Not get_task_comm(): it locks. A rename meanwhile may show half. */
	st_compat_copy_comm(ev->comm, task_named(task));

	ev->ppid = rcu_dereference_check(task->real_parent, 1)->tgid;
	ev->cgroup_id = st_compat_cgroup_id(task);
}

/* Who calls: current's identity. Sets what a record has for every event. */
void st_collect_task(struct socktrace_event *ev)
{
	ev->cpu = smp_processor_id();
	collect_task(ev, current, current_cred(), current->nsproxy);
}

void st_collect_other_task(struct socktrace_event *ev, struct task_struct *task)
{
	task_lock(task); /* for its namespaces */
	collect_task(ev, task, __task_cred(task), task->nsproxy);
	task_unlock(task);
}

/* As a reader of RCU: is @task in cgroup @id, or in one below it? */
bool st_collect_in_cgroup(struct task_struct *task, u64 id)
{
	return st_compat_cgroup_is_below(task, id);
}

/* Of @ns, not the initial one: who made the outermost of those around it. */
u32 st_collect_owner_of(const struct user_namespace *ns)
{
	while (ns->parent != &init_user_ns)
		ns = ns->parent;
	return __kuid_val(ns->owner) ?: st_compat_ns_inum(ns);
}

/* 0, or an error where current's memory can't be read without faulting. */
long st_collect_user_memory(void *dst, const void __user *src, unsigned int len)
{
	return st_compat_read_user(dst, src, len);
}

/*
 * The inode that fstat() shows. Not always the socket's own: the descriptor of an
 * AF_SMC socket that fell back to TCP stands for its inner one.
 */
static u64 socket_inode(struct socket *sock)
{
	struct file *file = READ_ONCE(sock->file);

	return file ? file_inode(file)->i_ino : SOCK_INODE(sock)->i_ino;
}

/* @sock must be held by the caller. */
void st_collect_socket(struct st_socket_facts *facts, struct socket *sock)
{
	const struct sock *sk = READ_ONCE(sock->sk);

	facts->is = sock;
	facts->by_descriptor = false;
	facts->inode = socket_inode(sock);
	facts->type = sock->type;
	facts->family = sk ? sk->sk_family : AF_UNSPEC;
	facts->protocol = sk ? sk->sk_protocol : 0;
}

void st_collect_set_socket(struct socktrace_event *ev, const struct st_socket_facts *facts)
{
	ev->flags |= SOCKTRACE_F_SOCK;
	if (facts->by_descriptor)
		ev->flags |= SOCKTRACE_F_BY_DESCRIPTOR;
	ev->inode = facts->inode;
	ev->sock_family = facts->family;
	ev->sock_type = facts->type;
	ev->sock_protocol = facts->protocol;
}

/* Which end of a socket: what getsockname() and getpeername() tell. */
enum end { LOCAL, PEER };

/*
 * The functions below write to @name what the family's getname() would tell, read
 * without its locks. Each gives the length of the name, 0 where there is none.
 */
static unsigned int inet_name(struct sockaddr_in *name, struct sock *sk, enum end end)
{
	const struct inet_sock *inet = inet_sk(sk);

	memset(name, 0, sizeof(*name));
	name->sin_family = AF_INET;
	if (end == PEER) {
		name->sin_port = inet->inet_dport;
		name->sin_addr.s_addr = inet->inet_daddr;
	} else {
		name->sin_port = inet->inet_sport;
		name->sin_addr.s_addr = inet->inet_rcv_saddr ?: inet->inet_saddr;
	}
	if (!name->sin_port && !name->sin_addr.s_addr)
		return 0;
	return sizeof(*name);
}

#if IS_ENABLED(CONFIG_IPV6)
static unsigned int inet6_name(struct sockaddr_in6 *in6, struct sock *sk, enum end end)
{
	const struct inet_sock *inet = inet_sk(sk);
	const struct ipv6_pinfo *np = inet6_sk(sk);

	memset(in6, 0, sizeof(*in6));
	in6->sin6_family = AF_INET6;
	if (end == PEER) {
		in6->sin6_port = inet->inet_dport;
		in6->sin6_addr = *st_compat_v6_peer(sk);
	} else {
		in6->sin6_port = inet->inet_sport;
		in6->sin6_addr = *st_compat_v6_local(sk);
		if (np && ipv6_addr_any(&in6->sin6_addr))
			in6->sin6_addr = np->saddr;
	}
	if (!in6->sin6_port && ipv6_addr_any(&in6->sin6_addr))
		return 0;
	in6->sin6_scope_id = ipv6_iface_scope_id(&in6->sin6_addr, sk->sk_bound_dev_if);
	return sizeof(*in6);
}
#endif

/*
 * Does it keep its peer, and what it knows of it, for as long as it is held? A
 * connected stream does. Others may lose theirs at any time, and another thread
 * may have put such a one where the accepted one was.
 */
static bool unix_peer_is_stable(const struct sock *sk)
{
	return (sk->sk_type == SOCK_STREAM || ST_COMPAT_SEQPACKET_KEEPS_PEER(sk)) &&
	       READ_ONCE(sk->sk_state) == TCP_ESTABLISHED;
}

/* A name is set once, for its owner's life. It is cut where there is no @room. */
static unsigned int unix_name(struct sockaddr_un *name, unsigned int room, struct sock *sk,
			      enum end end)
{
	const struct unix_address *addr;
	unsigned int len;

	if (end == PEER) {
		if (!unix_peer_is_stable(sk))
			return 0;
		sk = unix_peer(sk);
		if (!sk)
			return 0;
	}
	/* Pairs with the binding's smp_store_release(): the name is whole. */
	addr = smp_load_acquire(&unix_sk(sk)->addr);
	if (!addr) {
		name->sun_family = AF_UNIX;
		/* A client without a name is the rule: only a peer's is told. */
		return end == PEER ? sizeof(name->sun_family) : 0;
	}
	/* A path of all 108 bytes is kept with one more, its NUL. */
	len = min_t(unsigned int, addr->len, sizeof(*name));
	memcpy(name, addr->name, min(len, room));
	return len;
}

#if ST_COMPAT_VSOCK
static unsigned int vsock_name(struct sockaddr_vm *name, struct sock *sk, enum end end)
{
	const struct vsock_sock *vsk = vsock_sk(sk);

	BUILD_BUG_ON(sizeof(*name) > sizeof(struct sockaddr_in6));
	*name = end == PEER ? vsk->remote_addr : vsk->local_addr;
	return name->svm_port == VMADDR_PORT_ANY ? 0 : sizeof(*name);
}
#endif

/* Names other than of AF_UNIX: none is longer. */
#define WHOLE_NAME sizeof(struct sockaddr_in6)

/* Needs @room for a WHOLE_NAME; what is longer than that is cut. Its whole length. */
static unsigned int socket_name(void *name, unsigned int room, struct socket *sock,
				enum end end)
{
	struct sock *sk = READ_ONCE(sock->sk);

	BUILD_BUG_ON(sizeof(struct sockaddr_in) > WHOLE_NAME);
	BUILD_BUG_ON(2 * SOCKTRACE_LOCAL_OFFSET(WHOLE_NAME) > SOCKTRACE_ADDRS_LEN);
	if (!sk)
		return 0;
	switch (sk->sk_family) {
	case AF_INET:
		return inet_name(name, sk, end);
#if IS_ENABLED(CONFIG_IPV6)
	case AF_INET6:
		return inet6_name(name, sk, end);
#endif
	case AF_UNIX:
		return unix_name(name, room, sk, end);
#if ST_COMPAT_VSOCK
	case AF_VSOCK:
		return vsock_name(name, sk, end);
#endif
	default: /* the others keep their names in private structures */
		return 0;
	}
}

/*
 * The socket behind current's @fd, or NULL; until st_file_put(@held), where that is not
 * NULL. Another thread may have put it there a moment ago.
 */
struct socket *st_collect_get_socket(int fd, struct file **held)
{
	struct socket *sock;
	struct file *file;

	*held = NULL;
	if (st_file_table_is_ours()) {
		file = st_file_peek(fd);
		return file ? st_compat_sock_from_file(file) : NULL;
	}
	file = st_file_get(fd);
	if (!file)
		return NULL;
	sock = st_compat_sock_from_file(file);
	if (sock)
		*held = file;
	else
		st_file_put(file);
	return sock;
}

/* What SO_PEERCRED would tell of a connected AF_UNIX socket. */
static void set_peercred(struct st_ends *ends, struct socket *sock)
{
	const struct sock *sk = READ_ONCE(sock->sk);

	if (!sk || sk->sk_family != AF_UNIX || !unix_peer_is_stable(sk) ||
	    !sk->sk_peer_pid || !sk->sk_peer_cred)
		return;
	ends->flags |= SOCKTRACE_F_PEERCRED;
	ends->peer_pid = pid_nr(sk->sk_peer_pid);
	ends->peer_uid = __kuid_val(sk->sk_peer_cred->euid);
}

/*
 * Is each of them the other's peer? Where TIPC, which has pairs too, keeps that
 * is its own.
 */
static bool are_a_pair(int family, const struct socket *one, const struct socket *other)
{
	struct sock *a = READ_ONCE(one->sk), *b = READ_ONCE(other->sk);

	if (!a || !b || a == b || a->sk_family != family || b->sk_family != family)
		return false;
	return family != AF_UNIX ||
	       (READ_ONCE(unix_peer(a)) == b && READ_ONCE(unix_peer(b)) == a);
}

/*
 * The new sockets of a socketpair(), by the descriptors that the kernel wrote to
 * @sv. Another thread may have written there since, or have closed them: what is
 * no pair now is not told.
 */
void st_collect_pair(struct socktrace_event *ev, const s32 __user *sv)
{
	struct st_socket_facts facts;
	struct socket *one, *other;
	struct file *held[2];
	s32 fds[2];

	if (st_collect_user_memory(fds, sv, sizeof(fds)))
		return;
	one = st_collect_get_socket(fds[0], &held[0]);
	other = st_collect_get_socket(fds[1], &held[1]);
	if (one && other && are_a_pair(ev->args[0], one, other)) {
		st_collect_socket(&facts, one);
		facts.by_descriptor = true;
		st_collect_set_socket(ev, &facts);
		ev->flags |= SOCKTRACE_F_SV;
		memcpy(ev->sv, fds, sizeof(ev->sv));
	}
	if (held[1])
		st_file_put(held[1]);
	if (held[0])
		st_file_put(held[0]);
}

/* Behind an address of no family that is known, or a path: any may be that long. */
static noinline void cut_local(struct st_ends *ends, u8 *at, unsigned int room,
			       struct socket *sock)
{
	struct sockaddr_un whole;
	unsigned int len = socket_name(&whole, sizeof(whole), sock, LOCAL);

	memcpy(at, &whole, min(len, room));
	st_ends_set_local_len(ends, len, room);
}

/* The socket's own name, behind `addr`, and who is at its other end. */
void st_collect_local(struct st_ends *ends, struct socket *sock)
{
	unsigned int room;
	u8 *name = st_ends_local_at(ends, &room);

	if (likely(room >= WHOLE_NAME))
		st_ends_set_local_len(ends, socket_name(name, room, sock, LOCAL), room);
	else
		cut_local(ends, name, room, sock);
	set_peercred(ends, sock);
}

/* Of a connection that was accepted: from its socket, not from the caller. */
void st_collect_peer(struct st_ends *ends, struct socket *sock)
{
	ends->addr_len = socket_name(ends->addrs, sizeof(ends->addrs), sock, PEER);
	ends->addr_source = ends->addr_len ? SOCKTRACE_ADDR_KERNEL : SOCKTRACE_ADDR_NONE;
}

/*
 * Where the file is that @sock's peer is bound to. False: it is bound to none. The
 * peer has got it from the listener while it was made. Its end takes it away again, and
 * only then puts the references: as long as we are a reader of RCU, what is found
 * stays in memory. Without a dentry: it has been taken away, or is going to be.
 */
bool st_collect_peer_place(struct path *place, struct socket *sock)
{
	struct sock *sk = READ_ONCE(sock->sk), *peer;
	const struct unix_address *addr;

	if (!sk || sk->sk_family != AF_UNIX || !unix_peer_is_stable(sk))
		return false;
	peer = unix_peer(sk);
	if (!peer)
		return false;
	addr = smp_load_acquire(&unix_sk(peer)->addr);
	if (!addr || addr->len <= sizeof(addr->name->sun_family) || !addr->name->sun_path[0])
		return false;
	place->mnt = READ_ONCE(unix_sk(peer)->path.mnt);
	place->dentry = place->mnt ? READ_ONCE(unix_sk(peer)->path.dentry) : NULL;
	return true;
}

/* How many connections wait at the listener, and how many may. */
void st_collect_queue(struct st_ends *ends, struct socket *sock)
{
	const struct sock *sk = READ_ONCE(sock->sk);

	if (!sk || READ_ONCE(sk->sk_state) != TCP_LISTEN)
		return;
	ends->flags |= SOCKTRACE_F_QUEUE;
	/* AF_UNIX keeps who waits among the data that waits. */
	ends->queue_len = sk->sk_family == AF_UNIX ?
				  READ_ONCE(sk->sk_receive_queue.qlen) :
				  READ_ONCE(sk->sk_ack_backlog);
	ends->queue_limit = READ_ONCE(sk->sk_max_ack_backlog);
}
