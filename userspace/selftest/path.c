// SPDX-License-Identifier: GPL-2.0
#include "selftest/path.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <unistd.h>

#include "record/walltime.h"

#define INITIAL_TIMENS_INODE 0xeffffffa /* PROC_TIME_INIT_INO */

__attribute__((noreturn, format(printf, 3, 0)))
static void end(struct selftest_path *path, enum selftest_result result, const char *format,
		va_list args)
{
	vsnprintf(path->reason, sizeof(path->reason), format, args);
	path->result = result;
	_exit(0);
}

void path_absent(struct selftest_path *path, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	end(path, SELFTEST_ABSENT, format, args);
}

void path_untried(struct selftest_path *path, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	end(path, SELFTEST_UNTRIED, format, args);
}

long path_must(struct selftest_path *path, const char *what, long ret)
{
	if (ret < 0)
		path_untried(path, "%s: %s", what, strerror(errno));
	return ret;
}

static void namespace(struct selftest_path *path, const char *file, enum selftest_field field,
		      __u32 *inode)
{
	struct stat st;

	if (stat(file, &st))
		return;
	*inode = (__u32)st.st_ino;
	path->who_fields |= FIELD_BIT(field);
}

/* A number of /proc as it is there; where there is no audit, that of nobody. */
static __u32 audit_number(const char *file)
{
	FILE *from = fopen(file, "re");
	unsigned int number = UINT32_MAX;

	if (from && fscanf(from, "%u", &number) != 1)
		number = UINT32_MAX;
	if (from)
		fclose(from);
	return number;
}

/*
 * When the process began, which /proc tells in clock ticks; of a time namespace, by
 * its own clock.
 */
static void beginning(struct selftest_path *path)
{
	FILE *from = fopen("/proc/self/stat", "re");
	unsigned long long ticks;
	char line[1024], *at;
	struct stat st;
	unsigned int field;

	if (!from)
		return;
	at = fgets(line, sizeof(line), from) ? strrchr(line, ')') : NULL;
	fclose(from);
	/* Field 22; the name before it is the second, and may have blanks. */
	for (field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, "%llu", &ticks) != 1 ||
	    (!stat("/proc/self/ns/time", &st) && st.st_ino != INITIAL_TIMENS_INODE))
		return;
	path->who.start_ns = ticks * (1000000000U / (unsigned int)sysconf(_SC_CLK_TCK));
	path->who_fields |= FIELD_BIT(FIELD_START);
}

/* The child's own part of each record. */
void path_begin(struct selftest_path *path)
{
	struct socktrace_event *who = &path->who;

	memset(who, 0, sizeof(*who));
	who->tgid = who->ns_tgid = (__u32)getpid();
	who->tid = who->ns_tid = (__u32)syscall(SYS_gettid);
	who->ppid = (__u32)getppid();
	who->uid = getuid();
	who->euid = geteuid();
	who->gid = getgid();
	who->loginuid = audit_number("/proc/self/loginuid");
	who->sessionid = audit_number("/proc/self/sessionid");
	prctl(PR_GET_NAME, who->comm, 0, 0, 0);
	who->abi = (__u8)path->row->abi->number;
	who->via = (__u8)path->row->via;
	path->who_fields = FIELD_BIT(FIELD_EVENT) | FIELD_BIT(FIELD_PHASE) |
			   FIELD_BIT(FIELD_VIA) | FIELD_BIT(FIELD_PID) |
			   FIELD_BIT(FIELD_TID) | FIELD_BIT(FIELD_PPID) |
			   FIELD_BIT(FIELD_UID) | FIELD_BIT(FIELD_GID) | FIELD_BIT(FIELD_EUID) |
			   FIELD_BIT(FIELD_LOGINUID) | FIELD_BIT(FIELD_SESSION) |
			   FIELD_BIT(FIELD_COMM) | FIELD_BIT(FIELD_NSPID) |
			   FIELD_BIT(FIELD_NSTID) | FIELD_BIT(FIELD_TIME) |
			   FIELD_BIT(FIELD_CALL) | FIELD_BIT(FIELD_ARGS);
	if (who->abi)
		path->who_fields |= FIELD_BIT(FIELD_ABI);
	beginning(path);
	namespace(path, "/proc/self/ns/net", FIELD_NETNS, &who->netns);
	namespace(path, "/proc/self/ns/mnt", FIELD_MNTNS, &who->mntns);
	namespace(path, "/proc/self/ns/pid", FIELD_PIDNS, &who->pidns);
}

struct selftest_expect *path_expect(struct selftest_path *path, unsigned int type,
				    unsigned int phase)
{
	struct selftest_expect *expect = &path->expects[path->nr_expects];

	if (path->nr_expects == SELFTEST_CALLS)
		path_untried(path, "more calls than there is room for");
	path->nr_expects++;
	*expect = (struct selftest_expect){ .ev = path->who, .fields = path->who_fields };
	expect->ev.type = (__u8)type;
	expect->ev.phase = (__u8)phase;
	expect->ev.time_ns = walltime_boot_ns();
	expect->until_ns = UINT64_MAX;
	return expect;
}

void path_returned(struct selftest_path *path, struct selftest_expect *expect, long ret,
		   int wanted)
{
	expect->until_ns = walltime_boot_ns();
	expect->ev.ret = (__s32)ret;
	expect->fields |= FIELD_BIT(FIELD_RET) | FIELD_BIT(FIELD_DURATION);
	if (wanted ? ret == -wanted : ret >= 0)
		return;
	if (ret == -ENOSYS)
		path_absent(path, "there is no such system call");
	path_untried(path, "the call gave: %s", ret < 0 ? strerror((int)-ret) : "success");
}

static __u16 option(int fd, int number)
{
	socklen_t length = sizeof(int);
	int value = 0;

	getsockopt(fd, SOL_SOCKET, number, &value, &length);
	return (__u16)value;
}

void expect_socket(struct selftest_expect *expect, int fd)
{
	struct stat st;

	expect->fields |= FIELD_BIT(FIELD_INODE) | FIELD_BIT(FIELD_FAMILY) |
			  FIELD_BIT(FIELD_TYPE) | FIELD_BIT(FIELD_PROTOCOL);
	if (fd < 0 || fstat(fd, &st))
		return;
	expect->ev.flags |= SOCKTRACE_F_SOCK;
	expect->ev.inode = st.st_ino;
	expect->ev.sock_family = option(fd, SO_DOMAIN);
	expect->ev.sock_type = option(fd, SO_TYPE);
	expect->ev.sock_protocol = option(fd, SO_PROTOCOL);
}

/* Records have no address where a socket has not got one yet. */
static bool is_none(const struct selftest_name *name)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	switch (name->sa.sa_family) {
	case AF_INET:
		memcpy(&in, name->bytes, sizeof(in));
		return !in.sin_port && !in.sin_addr.s_addr;
	case AF_INET6:
		memcpy(&in6, name->bytes, sizeof(in6));
		return !in6.sin6_port && IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr);
	default:
		return false;
	}
}

typedef int name_getter(int fd, struct sockaddr *sa, socklen_t *length);

static void get_name(name_getter *getter, int fd, struct selftest_name *name)
{
	name->length = sizeof(name->bytes);
	if (getter(fd, &name->sa, &name->length) || is_none(name))
		name->length = 0;
}

void expect_local(struct selftest_expect *expect, int fd)
{
	get_name(getsockname, fd, &expect->local);
	/* That an AF_UNIX socket has no name is recorded of a peer only. */
	if (expect->local.sa.sa_family == AF_UNIX &&
	    expect->local.length == offsetof(struct sockaddr_un, sun_path))
		expect->local.length = 0;
	expect->fields |= FIELD_BIT(FIELD_LOCAL);
}

void expect_addr(struct selftest_expect *expect, const struct selftest_name *addr,
		 enum socktrace_addr_source source)
{
	expect->addr = addr ? *addr : (struct selftest_name){ .length = 0 };
	expect->ev.addr_source = (__u8)source;
	expect->fields |= FIELD_BIT(FIELD_ADDR) | FIELD_BIT(FIELD_ADDR_SOURCE);
}

/* Of a connected AF_UNIX stream also who is at the other end. */
void expect_peer(struct selftest_expect *expect, int fd)
{
	struct ucred peer = { 0 };
	socklen_t length = sizeof(peer);

	if (option(fd, SO_DOMAIN) != AF_UNIX ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) || peer.pid <= 0)
		return;
	expect->ev.flags |= SOCKTRACE_F_PEERCRED;
	expect->ev.peer_pid = (__u32)peer.pid;
	expect->ev.peer_uid = peer.uid;
	expect->fields |= FIELD_BIT(FIELD_PEER);
}

/* Of a listener of ours, to which nobody else came. */
void expect_queue(struct selftest_expect *expect)
{
	expect->ev.flags |= SOCKTRACE_F_QUEUE;
	expect->ev.queue_limit = SELFTEST_BACKLOG;
	expect->fields |= FIELD_BIT(FIELD_QUEUE);
}

void expect_accepted(const struct selftest_path *path, struct selftest_expect *expect, int fd)
{
	bool by_kernel = path->sees_graft || expect->ev.via == SOCKTRACE_VIA_IO_URING;
	struct selftest_name peer;

	expect_socket(expect, fd);
	get_name(getpeername, fd, &peer);
	expect_addr(expect, &peer, by_kernel ? SOCKTRACE_ADDR_KERNEL : SOCKTRACE_ADDR_DESCRIPTOR);
	expect_local(expect, fd);
	expect_peer(expect, fd);
}

void expect_lost(const struct selftest_path *path, struct selftest_expect *expect, int client,
		 int listener)
{
	struct selftest_name peer;

	if (!path->sees_graft) {
		expect_local(expect, listener);
		expect_addr(expect, NULL, SOCKTRACE_ADDR_NONE);
		return;
	}
	get_name(getsockname, client, &peer);
	expect_addr(expect, &peer, SOCKTRACE_ADDR_KERNEL);
	get_name(getpeername, client, &expect->local);
	expect->fields |= FIELD_BIT(FIELD_LOCAL);
}
