/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A path of the selftest: one row of its table, driven in a process of its own.
 * That process makes the calls and notes of each what its record has to say;
 * its parent compares. Functions that take a path and find that it can't go on
 * tell why, and end the process.
 */
#ifndef SOCKTRACE_SELFTEST_PATH_H
#define SOCKTRACE_SELFTEST_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <socktrace.h>

enum selftest_result {
	SELFTEST_SEEN, /* each call gave one record, which was right */
	SELFTEST_NOT_SEEN, /* no record at all */
	SELFTEST_WRONG, /* too many or too few, or one that says something else */
	SELFTEST_ABSENT, /* this kernel, or this machine, has no such path */
	SELFTEST_UNTRIED, /* the calls could not be made */
	SELFTEST_RESULTS
};

/* What is compared, in the order in which it is reported. */
enum selftest_field {
	FIELD_EVENT, FIELD_PHASE, FIELD_ABI, FIELD_VIA, FIELD_PID, FIELD_TID, FIELD_PPID,
	FIELD_UID, FIELD_GID, FIELD_EUID, FIELD_LOGINUID, FIELD_SESSION, FIELD_START, FIELD_COMM, FIELD_NSPID, FIELD_NSTID, FIELD_NETNS,
	FIELD_MNTNS, FIELD_PIDNS, FIELD_TIME, FIELD_CALL, FIELD_ARGS, FIELD_RET,
	FIELD_DURATION, FIELD_INODE, FIELD_FAMILY, FIELD_TYPE, FIELD_PROTOCOL, FIELD_ADDR,
	FIELD_ADDR_SOURCE, FIELD_TOCTOU, FIELD_LOCAL, FIELD_PEER, FIELD_QUEUE, FIELD_SV,
	SELFTEST_FIELDS
};
#define FIELD_BIT(field) (1ULL << (field))

struct selftest_name {
	socklen_t length; /* 0: none */
	union {
		uint8_t bytes[sizeof(struct sockaddr_storage)];
		struct sockaddr_storage storage;
		struct sockaddr sa;
	};
};

/* A record as it has to be. */
struct selftest_expect {
	/* time_ns: before the call. Addresses and sv are not in it, but below. */
	struct socktrace_event ev;
	uint64_t until_ns; /* after the call */
	uint64_t fields; /* FIELD_BIT()s of those that are known */
	bool same_call; /* of the same call as the record before */
	bool or_in_progress; /* instead of `ret` it may say so */
	struct selftest_name addr, local;
	__s32 sv[2]; /* if F_SV */
};

/* How the calls are made. Each gives what the kernel did: >= 0, or -errno. */
struct selftest_abi {
	unsigned int number; /* enum socktrace_abi */
	long (*socket)(int domain, int type, int protocol);
	long (*socketpair)(int domain, int type, int protocol, int *sv);
	long (*connect)(int fd, const void *addr, socklen_t length);
	long (*bind)(int fd, const void *addr, socklen_t length);
	long (*listen)(int fd, int backlog);
	long (*accept)(int fd, void *addr, socklen_t *length);
	long (*accept4)(int fd, void *addr, socklen_t *length, int flags);
};
extern const struct selftest_abi selftest_native;

/* Other ABIs that a program of ours can use; selftest/abi.c */
#if defined(__x86_64__) && !defined(__ILP32__)
#define SELFTEST_X86_64
#endif
#if defined(SELFTEST_X86_64) || defined(__i386__)
#define SELFTEST_I386
#endif
extern const struct selftest_abi selftest_i386, selftest_socketcall, selftest_x32;

struct selftest_path;

struct selftest_row {
	const char *name;
	/* SOCKTRACE_EVENT_BIT()s: all records of these are of the path itself. */
	uint32_t events;
	enum socktrace_via via;
	void (*needs)(struct selftest_path *path); /* NULL: nothing */
	void (*drive)(struct selftest_path *path);
	int how; /* for drive() */
	const struct selftest_abi *abi;
};
extern const struct selftest_row selftest_rows[];
extern const unsigned int selftest_nr_rows;

#define SELFTEST_CALLS 4

/* In memory that parent and child share. */
struct selftest_path {
	const struct selftest_row *row;
	const char *directory; /* for sockets; NULL: there is none */
	bool sees_hook; /* security_socket_connect is probed */
	bool sees_address; /* the kernel's own, of each connect(), for sure */
	bool may_see_address;
	bool sees_graft; /* and security_sock_graft */
	bool sees_bind; /* and security_socket_bind */
	bool sees_outcome; /* and how connects under way end */
	struct socktrace_event who; /* the child itself, as records have it */
	uint64_t who_fields; /* FIELD_BIT()s of what is known of it */
	/* The child's findings. */
	enum selftest_result result; /* ABSENT or UNTRIED, else it is up to the records */
	char reason[160];
	unsigned int nr_expects;
	struct selftest_expect expects[SELFTEST_CALLS];
};

/* selftest/path.c */
void path_begin(struct selftest_path *path);
__attribute__((noreturn, format(printf, 2, 3)))
void path_absent(struct selftest_path *path, const char *format, ...);
__attribute__((noreturn, format(printf, 2, 3)))
void path_untried(struct selftest_path *path, const char *format, ...);
/* `ret`, unless it is negative: then `what` failed for the reason of errno. */
long path_must(struct selftest_path *path, const char *what, long ret);

/* What the next call's record says, as far as it is known before the call. */
struct selftest_expect *path_expect(struct selftest_path *path, unsigned int type,
				    unsigned int phase);
/* The call gave `ret`, and is to have given success, or the error `wanted`. */
void path_returned(struct selftest_path *path, struct selftest_expect *expect, long ret,
		   int wanted);
/* The record has this socket, or none; and its own name, or its peer. */
void expect_socket(struct selftest_expect *expect, int fd);
void expect_local(struct selftest_expect *expect, int fd);
void expect_peer(struct selftest_expect *expect, int fd);
void expect_addr(struct selftest_expect *expect, const struct selftest_name *addr,
		 enum socktrace_addr_source source);
void expect_accepted(const struct selftest_path *path, struct selftest_expect *expect, int fd);
/* An accept has lost the connection that this client made to the listener. */
void expect_lost(const struct selftest_path *path, struct selftest_expect *expect, int client,
		 int listener);
void expect_queue(struct selftest_expect *expect);

/* selftest/net.c: what the paths' calls are made on; not looked at itself. */
#define SELFTEST_BACKLOG 5
int path_socket(struct selftest_path *path, int family, int type);
/* The loopback address of the family, or a name in the path's directory. */
void path_loopback(struct selftest_path *path, int family, struct selftest_name *name);
int path_bound(struct selftest_path *path, int type, struct selftest_name *name);
int path_listener(struct selftest_path *path, struct selftest_name *name);
int path_client(struct selftest_path *path, const struct selftest_name *name);
/* A page, of which the program sees nothing: EFAULT for whoever uses it. */
void *path_bad_page(struct selftest_path *path);
void selftest_needs_inet6(struct selftest_path *path);

/* selftest/abi.c */
void selftest_needs_i386(struct selftest_path *path);
void selftest_needs_x32(struct selftest_path *path);

/* selftest/serve.c: bind() and listen() */
void selftest_bind(struct selftest_path *path); /* how: the family */
void selftest_bind_in_use(struct selftest_path *path);
void selftest_bind_bad_fd(struct selftest_path *path);
void selftest_listen(struct selftest_path *path);

/* selftest/calls.c: socket(), socketpair() and connect() */
void selftest_socket(struct selftest_path *path);
void selftest_socket_fails(struct selftest_path *path);
void selftest_socketpair(struct selftest_path *path);
void selftest_socketpair_bad_pointer(struct selftest_path *path);
void selftest_connect(struct selftest_path *path); /* how: the family */
void selftest_connect_abstract(struct selftest_path *path);
void selftest_connect_autobind(struct selftest_path *path);
void selftest_connect_unnamed(struct selftest_path *path);
void selftest_connect_udp(struct selftest_path *path);
void selftest_disconnect(struct selftest_path *path);
void selftest_connect_in_progress(struct selftest_path *path);
void selftest_needs_outcome(struct selftest_path *path);
void selftest_connected(struct selftest_path *path); /* how: the family */
void selftest_connected_refused(struct selftest_path *path);
void selftest_connect_refused(struct selftest_path *path);
void selftest_connect_not_resident(struct selftest_path *path);
void selftest_connect_bad_pointer(struct selftest_path *path);
void selftest_connect_bad_fd(struct selftest_path *path);
void selftest_needs_hook(struct selftest_path *path);
void selftest_hook(struct selftest_path *path);
/* A connect with its record; `wanted` as for path_returned(). */
struct selftest_expect *path_connect(struct selftest_path *path, int fd,
				     const struct selftest_name *name, int wanted);

/* selftest/fastopen.c */
void selftest_connect_put_off(struct selftest_path *path);
void selftest_sendto_fastopen(struct selftest_path *path);
void selftest_sendmsg_fastopen(struct selftest_path *path);

/* selftest/accept.c. `how`: an AF_*, and of these */
#define HOW_ACCEPT4 0x100 /* by accept4(), else accept() */
#define HOW_NO_ADDRESS 0x200 /* the caller does not ask for the peer */
#define HOW_BAD_POINTER 0x400
#define HOW_FAMILY 0xff
void selftest_accept(struct selftest_path *path);

/* selftest/uring.c. `how`: who in the kernel does it */
enum { URING_INLINE, URING_WORKER, URING_POLLED };
void selftest_needs_uring(struct selftest_path *path);
void selftest_uring_socket(struct selftest_path *path);
void selftest_uring_connect(struct selftest_path *path);
void selftest_uring_bind(struct selftest_path *path);
void selftest_uring_listen(struct selftest_path *path);
void selftest_uring_accept(struct selftest_path *path);
void selftest_uring_multishot(struct selftest_path *path);

#endif
