// SPDX-License-Identifier: GPL-2.0-only
#include <linux/net.h>
#include <linux/types.h>

#include "collect.h"
#include "compat/compat.h"
#include "deliver.h"
#include "files.h"
#include "paths.h"
#include "sockets.h"

/*
 * With the table of descriptors to ourselves, no other thread takes it away before the call
 * returns. Had one, just before, the last to put it is the call itself; and files are put
 * for good on the way out of a system call.
 */
void st_sockets_show(struct st_inflight *call, struct socket *sock)
{
	st_collect_socket(&call->sock, sock);
	if (!call->socket && st_file_table_is_ours())
		call->socket = sock;
}

/*
 * The socket that @call is made on, until st_file_put(@held) where that is not NULL. By
 * its descriptor another thread may have put another one there: what the kernel had
 * in hand for the call is known from then, and its place in memory and its number
 * together are no other's so soon.
 */
static struct socket *call_socket(const struct st_inflight *call, struct file **held)
{
	struct st_socket_facts facts;
	struct socket *sock;

	*held = NULL;
	if (call->socket)
		return call->socket;
	sock = st_collect_get_socket(call->args[0], held);
	if (!sock || !call->sock.is)
		return sock;
	st_collect_socket(&facts, sock);
	if (facts.is == call->sock.is && facts.inode == call->sock.inode)
		return sock;
	if (*held)
		st_file_put(*held);
	*held = NULL;
	return NULL;
}

/* @sock, which the call is made on: its own end, and of a listener's who waits there. */
static void add_facts_of(struct st_inflight *call, struct socket *sock)
{
	if (!call->sock.is) {
		st_collect_socket(&call->sock, sock);
		call->sock.by_descriptor = true;
	}
	st_collect_local(&call->ends, sock);
	if (call->type == SOCKTRACE_ACCEPT4 || call->type == SOCKTRACE_LISTEN)
		st_collect_queue(&call->ends, sock);
}

void st_sockets_add_own(struct st_inflight *call)
{
	struct file *held;
	struct socket *sock = call_socket(call, &held);

	if (!sock)
		return;
	add_facts_of(call, sock);
	if (held)
		st_file_put(held);
}

/* @sock is connected: where is the file that its peer is bound to? */
static void look_for_path(struct st_connected *to, struct socket *sock)
{
	struct path place;

	if (!st_collect_peer_place(&place, sock))
		return;
	if (place.dentry)
		to->peer_path = st_path_of(&place);
	if (!to->peer_path)
		to->unknown |= SOCKTRACE_MATCH_PATH;
}

/* The socket of a connect that returns @ret, and what that has come to. */
static void add_connect(struct st_inflight *call, s32 ret, struct st_connected *to)
{
	struct file *held;
	struct socket *sock = call_socket(call, &held);

	if (!sock)
		return;
	add_facts_of(call, sock);
	if (st_sessions_may_want(SOCKTRACE_CONNECTED, SOCKTRACE_POINT))
		st_pending_look(&to->outcome, sock, ret, call->was_connecting);
	if (!ret && st_sessions_want_paths())
		look_for_path(to, sock);
	if (held)
		st_file_put(held);
}

/* Likewise, the new one that it returned as @ret. */
static struct socket *new_socket(const struct st_inflight *call, long ret, struct file **held)
{
	*held = NULL;
	/* Its descriptor is given later. The caller holds it until then. */
	if (call->returns_file)
		return st_compat_sock_from_file((struct file *)ret);
	return st_collect_get_socket(ret, held);
}

/* What the call made and returned as @ret, where no hook has shown it. */
static void add_made(struct st_inflight *call, long ret)
{
	struct st_ends *ends = &call->ends;
	struct file *held;
	struct socket *made = new_socket(call, ret, &held);

	if (!made)
		return;
	if (!call->grafted)
		st_collect_socket(&call->sock, made);
	if (call->type == SOCKTRACE_ACCEPT4) {
		st_collect_peer(ends, made);
		st_collect_local(ends, made);
	}
	if (call->returns_file)
		return;
	if (!call->grafted || ends->addr_len || ends->local_len)
		call->sock.by_descriptor = true;
	if (ends->addr_len)
		ends->addr_source = SOCKTRACE_ADDR_DESCRIPTOR;
	if (held)
		st_file_put(held);
}

/* Who waits at the listener, if that is known for sure. */
static void add_queue(struct st_inflight *call)
{
	struct file *held;
	struct socket *listener = call->sock.is ? call_socket(call, &held) : NULL;

	if (!listener)
		return;
	st_collect_queue(&call->ends, listener);
	if (held)
		st_file_put(held);
}

/* What an accept was made on, or made; @failed, as it returned @ret. */
static void add_accept(struct st_inflight *call, long ret, bool failed)
{
	if (failed) {
		/* It may have taken a connection: then the ends are of that. */
		if (!call->grafted)
			st_sockets_add_own(call);
		return;
	}
	if (call->grafted)
		call->sock = call->made;
	else
		add_queue(call);
	/* No names: those of AF_SMC are its inner socket's, if any. */
	if (!call->ends.addr_len && !call->ends.local_len)
		add_made(call, ret);
}

void st_sockets_add_returned(struct st_inflight *call, long ret, s32 result,
			     struct st_connected *to)
{
	switch (call->type) {
	case SOCKTRACE_SOCKET:
		if (result >= 0)
			add_made(call, ret);
		break;
	case SOCKTRACE_CONNECT:
		add_connect(call, result, to);
		break;
	case SOCKTRACE_BIND:
	case SOCKTRACE_LISTEN:
		st_sockets_add_own(call);
		break;
	case SOCKTRACE_ACCEPT4:
		add_accept(call, ret, result < 0);
		break;
	}
}
