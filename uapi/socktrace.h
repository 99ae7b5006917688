/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * socktrace: the interface between the kernel module and its readers.
 *
 * This is the only file that both sides share. It is append-only: a field, a
 * bit or a number that was given out keeps its meaning for ever.
 *
 * Everything is in host byte order, except the bytes of socket addresses,
 * which are as the kernel has them (ports and IP addresses big-endian). Every
 * structure has the same layout for 32 and 64 bit, for C and for C++.
 *
 * Every open of /dev/socktrace is a session with its own filter, rings and
 * statistics. open() needs CAP_SYS_ADMIN in the initial user namespace, or
 * CAP_PERFMON where the kernel has it.
 *
 * read() gives whole records of `struct socktrace_event::size` bytes each,
 * merged over the CPUs in order of their completion (time_ns + duration_ns).
 * Errors of read():
 *   EINVAL  the buffer is smaller than one record
 *   EAGAIN  O_NONBLOCK, and no record is queued
 *   EFAULT  the buffer can't be written; the record stays queued
 *   EINTR   a signal came before the first record; one that comes later ends the
 *           read() with what was given so far
 *   ENOMEM  ring memory, or its limit; where read() starts the session
 *   ENODEV  as START
 *   EUSERS  as START
 * A session that was stopped gives what is still queued, and then end of file.
 * poll() says POLLIN when read() would not wait, and POLLERR where it would have
 * to start the session and can't; if asked for, POLLPRI from when none of the processes
 * lives any more that the filter's ANCESTOR rules ask for (stats::members is 0, and none
 * was missed), up to 250 ms later.
 */
#ifndef _UAPI_SOCKTRACE_H
#define _UAPI_SOCKTRACE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define SOCKTRACE_DEVICE "/dev/socktrace"
#define SOCKTRACE_ABI_VERSION 1
#define SOCKTRACE_RECORD_VERSION 1

#define SOCKTRACE_COMM_LEN 16 /* TASK_COMM_LEN */
#define SOCKTRACE_ADDRS_LEN 128 /* of sockaddr_storage: any address fits */
#define SOCKTRACE_SYMBOL_LEN 40
#define SOCKTRACE_IMAGE_TEXT_LEN 112 /* of a PROCESS record */
#define SOCKTRACE_PATH_TEXT_LEN 120 /* of a PATH record */
#define SOCKTRACE_CMDLINE_LEN 256 /* as much as is told of a command line */
#define SOCKTRACE_MAX_RULES 64

/* What a record tells of: socktrace_event::type. */
enum socktrace_type {
	/* By system call and through io_uring: */
	SOCKTRACE_SOCKET = 1, /* socket(2): __sys_socket(), __sys_socket_file() */
	SOCKTRACE_CONNECT = 2, /* connect(2): __sys_connect(), __sys_connect_file() */
	SOCKTRACE_ACCEPT4 = 3, /* accept(2), accept4(2): __sys_accept4(), do_accept() */
	SOCKTRACE_SECURITY_SOCKET_CONNECT = 4, /* the LSM hook of that name */
	SOCKTRACE_ADDR_MISMATCH = 5, /* user's address differs from the kernel's */
	SOCKTRACE_SOCKETPAIR = 6, /* socketpair(2): __sys_socketpair() */
	/*
	 * What became of a connect that was under way when its call returned:
	 * of TCP, over IPv4 and IPv6, and of MPTCP.
	 */
	SOCKTRACE_CONNECTED = 7,
	/* In socktrace_config::events only if asked for; likewise: */
	SOCKTRACE_BIND = 8, /* bind(2): __sys_bind(), __sys_bind_socket() */
	SOCKTRACE_LISTEN = 9, /* listen(2): __sys_listen(), __sys_listen_socket() */
	/*
	 * The path of a socket, path_*: to sessions that ask for CONFIG_PATHS, just
	 * before the record of the same call_id that has F_PEER_PATH. Like PROCESS
	 * it is no call and no part of the statistics. All else of it but cpu, seq
	 * and time_ns is zero.
	 */
	SOCKTRACE_PATH = 28,
	/* No record: of the probe point that follows births of processes. */
	SOCKTRACE_BIRTH = 29,
	/*
	 * The program that a process runs, of the number `image`: image_*. To
	 * sessions that ask for CONFIG_PROCESSES, just before a record that has
	 * this number. It is no call, and no part of the statistics: filters
	 * don't see it, and it has no number of its own; seq is that of the
	 * record that it stands before.
	 */
	SOCKTRACE_PROCESS = 30,
	/*
	 * Records that this session lost: lost_*, cpu and seq tell which, and
	 * time_ns when that was noticed; all else of such a record is zero.
	 */
	SOCKTRACE_LOST = 31
};
#define SOCKTRACE_EVENT_BIT(type) (1U << (type))
/* What a session is offered that does not ask for other events. */
#define SOCKTRACE_EVENTS_DEFAULT                                               \
	(SOCKTRACE_EVENT_BIT(SOCKTRACE_SOCKET) |                               \
	 SOCKTRACE_EVENT_BIT(SOCKTRACE_CONNECT) |                              \
	 SOCKTRACE_EVENT_BIT(SOCKTRACE_ACCEPT4) |                              \
	 SOCKTRACE_EVENT_BIT(SOCKTRACE_SECURITY_SOCKET_CONNECT) |              \
	 SOCKTRACE_EVENT_BIT(SOCKTRACE_ADDR_MISMATCH) |                        \
	 SOCKTRACE_EVENT_BIT(SOCKTRACE_SOCKETPAIR) |                           \
	 SOCKTRACE_EVENT_BIT(SOCKTRACE_CONNECTED))
#define SOCKTRACE_EVENTS_ALL                                                   \
	(SOCKTRACE_EVENTS_DEFAULT |                                            \
	 SOCKTRACE_EVENT_BIT(SOCKTRACE_BIND) |                                 \
	 SOCKTRACE_EVENT_BIT(SOCKTRACE_LISTEN))

/* When, within the call: socktrace_event::phase. */
enum socktrace_phase {
	SOCKTRACE_ENTER = 1, /* at entry: no result, no duration yet */
	SOCKTRACE_EXIT = 2, /* at return: the whole call */
	/* neither: the LSM hook, a mismatch, an outcome, a loss, ENTERED_BEFORE */
	SOCKTRACE_POINT = 3
};

/*
 * The ABI by which the call came, as the kernel saw it at entry
 * (in_compat_syscall(), in_x32_syscall()): socktrace_event::abi.
 */
enum socktrace_abi {
	SOCKTRACE_ABI_UNKNOWN = 0,
	SOCKTRACE_ABI_X86_64 = 1,
	SOCKTRACE_ABI_I386 = 2, /* native, or ia32 emulation */
	SOCKTRACE_ABI_X32 = 3,
	SOCKTRACE_ABI_ARM64 = 4,
	SOCKTRACE_ABI_ARM = 5, /* native, or on arm64 */
	SOCKTRACE_ABI_RISCV64 = 6,
	SOCKTRACE_ABI_RISCV32 = 7,
	SOCKTRACE_ABI_PPC64 = 8, /* either byte order */
	SOCKTRACE_ABI_PPC = 9,
	SOCKTRACE_ABI_S390X = 10,
	SOCKTRACE_ABI_S390 = 11,
	SOCKTRACE_ABI_MIPS64 = 12,
	SOCKTRACE_ABI_MIPS = 13, /* o32: native, or on mips64 */
	SOCKTRACE_ABI_MIPS_N32 = 14
};

/* The way by which the call came into the kernel: socktrace_event::via. */
enum socktrace_via {
	SOCKTRACE_VIA_UNKNOWN = 0, /* a point in a call that is not followed */
	SOCKTRACE_VIA_SYSCALL = 1,
	SOCKTRACE_VIA_IO_URING = 2,
	SOCKTRACE_VIA_KERNEL = 3, /* the kernel's own connection: kernel_connect() */
	SOCKTRACE_VIA_SENDMSG = 4 /* MSG_FASTOPEN: tcp_sendmsg_fastopen() */
};

/* Whose copy the address `addr` is: socktrace_event::addr_source. */
enum socktrace_addr_source {
	SOCKTRACE_ADDR_NONE = 0, /* the event has no address */
	SOCKTRACE_ADDR_KERNEL = 1, /* the kernel's own, beyond any race */
	SOCKTRACE_ADDR_USER = 2, /* the caller's memory, read at entry */
	SOCKTRACE_ADDR_FAULT = 3, /* the caller's memory was not readable */
	/*
	 * The peer of an accept, of the socket that the new descriptor named when
	 * the kernel had given it: another thread of the caller may have put
	 * another one there.
	 */
	SOCKTRACE_ADDR_DESCRIPTOR = 4
};

/* The kernel's copy against the caller's at entry: socktrace_event::toctou. */
enum socktrace_toctou {
	SOCKTRACE_TOCTOU_NONE = 0, /* not a connect, or it used no address */
	SOCKTRACE_TOCTOU_MATCH = 1,
	SOCKTRACE_TOCTOU_MISMATCH = 2, /* changed between entry and use */
	SOCKTRACE_TOCTOU_UNREADABLE = 3, /* page not resident at entry */
	SOCKTRACE_TOCTOU_UNCHECKED = 4 /* the LSM hook did not see this call */
};

/* socktrace_event::flags */
#define SOCKTRACE_F_SOCK (1U << 0) /* inode and sock_* are valid */
#define SOCKTRACE_F_QUEUE (1U << 1) /* queue_len and queue_limit are valid */
#define SOCKTRACE_F_PEERCRED (1U << 2) /* peer_pid and peer_uid are valid */
#define SOCKTRACE_F_LOCAL_TRUNCATED (1U << 3) /* local is longer than local_len */
#define SOCKTRACE_F_RETURN_MISSED (1U << 4) /* the return could not be hooked */
#define SOCKTRACE_F_SV (1U << 5) /* sv is valid */
/*
 * inode, sock_*, local, queue_* and peer_* are of the socket that the descriptor
 * named when the record was made, not of one that the kernel had in hand: another
 * thread of the caller may have put another one there.
 */
#define SOCKTRACE_F_BY_DESCRIPTOR (1U << 6)
/*
 * ACCEPT4 at POINT: an accept that was blocked since before this session began has its
 * connection, at time_ns. Neither the call's arguments are known (args[0] is -1), nor
 * when it entered, nor `via`, nor what it returned, or will return. One that ends
 * without a connection is not told, nor one of a thread that was made while the
 * session began, or of one beyond the first 131,072. It is given to sessions that ask
 * for EXIT.
 */
#define SOCKTRACE_F_ENTERED_BEFORE (1U << 7)
/* CONNECTED: the record was made, or the outcome noticed, up to 250 ms after it. */
#define SOCKTRACE_F_LATE (1U << 8)
/*
 * CONNECT at EXIT, to sessions that ask for CONFIG_PATHS: what was connected to is
 * bound to a file. PATH records just before this one tell its path; without any, there
 * was no room for them. Not set: it has an abstract name, or none; or the path can't
 * be told: the server has closed the connection already, the kernel is older than
 * 3.13, or it is a datagram socket, or (before 6.1.2) a seqpacket one.
 */
#define SOCKTRACE_F_PEER_PATH (1U << 10)
/*
 * CONNECT at EXIT: under way, and there was no room to follow it (see GET_STATS):
 * no CONNECTED will come.
 */
#define SOCKTRACE_F_OUTCOME_MISSED (1U << 11)

/* Why records were lost: socktrace_event::lost_reason. */
enum socktrace_lost_reason {
	SOCKTRACE_LOST_RING_FULL = 1 /* the reader did not keep up */
};

/* Where the executable's path is from: socktrace_event::image_exe_source. */
enum socktrace_exe_source {
	SOCKTRACE_EXE_NONE = 0, /* it has no executable, or a path beyond PATH_MAX */
	/* As it was executed, a session with CONFIG_PROCESSES running: beyond forging. */
	SOCKTRACE_EXE_EXEC = 1,
	/*
	 * Of the file that the process's memory is marked with, as /proc/PID/exe:
	 * since it was executed the file may have been renamed, and by prctl() the
	 * process may have put another one there (PR_SET_MM_MAP takes a user
	 * namespace of its own, no more).
	 */
	SOCKTRACE_EXE_MM = 2
};

/* socktrace_event::image_flags */
/*
 * The process has another root directory than the machine's first process had when
 * tracing began (chroot, containers). The path is one below that.
 */
#define SOCKTRACE_IMAGE_OTHER_ROOT (1U << 0)

/* Set in socktrace_event::cgroup_id: it is one of cgroup v1. */
#define SOCKTRACE_CGROUP_V1 (1ULL << 63)

/* socktrace_event::path_flags */
#define SOCKTRACE_PATH_DELETED (1U << 0) /* the file is not there any more */
/*
 * The path is one of another mount namespace than that of the machine's first process:
 * a container's, or one that a user made, who may have put anything anywhere there.
 */
#define SOCKTRACE_PATH_OTHER_MOUNTS (1U << 1)

/*
 * Which images to keep: of each CPU (image >> 48), for each remainder of
 * image % SOCKTRACE_IMAGE_SLOTS the last one that was told. All others are told
 * again before they are named.
 */
#define SOCKTRACE_IMAGE_SLOTS 256
#define SOCKTRACE_IMAGE_CPU(image) ((__u32)((image) >> 48))

/*
 * One record. Facts that a record does not have are zero, and say so as
 * described at each field.
 */
struct socktrace_event {
	__u16 size; /* bytes of this record: step by it */
	__u8 type; /* enum socktrace_type */
	__u8 phase; /* enum socktrace_phase */
	__u16 version; /* SOCKTRACE_RECORD_VERSION */
	__u8 abi; /* enum socktrace_abi */
	__u8 via; /* enum socktrace_via */
	__u32 flags; /* SOCKTRACE_F_* */
	__u32 cpu; /* CPU that made the record */
	/* Entry of the call (or the point), nanoseconds of CLOCK_BOOTTIME. */
	__aligned_u64 time_ns;
	/*
	 * Entry to return, nanoseconds; CONNECTED: entry to outcome, or to when
	 * that was noticed, if F_LATE. 0 of all others.
	 */
	__aligned_u64 duration_ns;
	/*
	 * Per session and CPU, from 0; a record that is lost takes its number
	 * with it. In a LOST record: the first number that was lost.
	 */
	__aligned_u64 seq;
	/* Pairs the records of one call; 0: a point in none that is followed. */
	__aligned_u64 call_id;
	/* Inode of the socket, as in ss -e and /proc/net/; if F_SOCK. */
	__aligned_u64 inode;
	/*
	 * Id of the cgroup, as the handle of its directory (name_to_handle_at(2)): of
	 * cgroup v2. With SOCKTRACE_CGROUP_V1: of the v1 hierarchy that has the first of
	 * pids, memory and cpu that is in one; of a process that is in the root of v2, as
	 * all are where that is not in use, and below the root of v1's. Where the kernel
	 * has no v2 (3.10), of each process, and an inode number. 0: kernel has none.
	 */
	__aligned_u64 cgroup_id;
	/*
	 * When the process began, nanoseconds of CLOCK_BOOTTIME: the same for
	 * all its threads and programs, as in /proc/PID/stat (in clock ticks
	 * there). tgid and start_ns together are no other process's, ever.
	 */
	__aligned_u64 start_ns;
	/*
	 * The program that the process runs, from one execve() to the next: one
	 * of those that PROCESS records told. The same number is no other
	 * program's, ever; a program may have several. 0: not known (a kernel
	 * thread; a process that ends; no session asks for CONFIG_PROCESSES).
	 */
	__aligned_u64 image;
	__u32 tgid; /* "PID" of the process, initial pid namespace */
	__u32 tid; /* thread, initial pid namespace */
	__u32 ppid; /* tgid of the parent, initial pid namespace */
	__u32 uid; /* real uid, initial user namespace */
	__u32 gid; /* real gid, initial user namespace */
	__u32 euid; /* effective uid, initial user namespace */
	/*
	 * Who logged in, as in /proc/PID/loginuid (initial user namespace) and
	 * /proc/PID/sessionid, of the kernel's audit; ~0: nobody, or no audit.
	 */
	__u32 loginuid;
	__u32 sessionid;
	__u32 ns_tgid; /* tgid in the task's own pid namespace */
	__u32 ns_tid; /* tid in the task's own pid namespace */
	__u32 netns; /* inode of /proc/PID/ns/net; 0: unknown */
	__u32 mntns; /* inode of /proc/PID/ns/mnt; 0: unknown */
	__u32 pidns; /* inode of /proc/PID/ns/pid; 0: unknown */
	char comm[SOCKTRACE_COMM_LEN]; /* any bytes, ends with NUL */
	/*
	 * The arguments exactly as they were passed:
	 *   SOCKET, SOCKETPAIR       domain, type (with its flags), protocol
	 *   CONNECT, CONNECTED, BIND sockfd, addrlen
	 *   LISTEN                   sockfd, backlog
	 *   ACCEPT4                  sockfd, flags
	 *   SECURITY_SOCKET_CONNECT, ADDR_MISMATCH
	 *                            sockfd (-1: of no call that is followed),
	 *                            addrlen
	 * sockfd is -1 where `via` is none of system calls: the kernel has a
	 * file or a socket there, no descriptor.
	 */
	__s32 args[3];
	/*
	 * Return value, or negative errno; if phase is EXIT. Through io_uring
	 * 0 instead of a descriptor, which it makes later, if at all.
	 *
	 * CONNECTED: 0: the connection was established; else why not, as
	 * SO_ERROR would tell it: -ECONNREFUSED, -ETIMEDOUT, -EHOSTUNREACH...;
	 * -ECANCELED: given up before: the socket was closed, shut down or
	 * disconnected; if F_LATE perhaps for an error that the program had
	 * taken (SO_ERROR) before it was noticed here.
	 */
	__s32 ret;
	/*
	 * Of the socket; if F_SOCK. SOCKET and ACCEPT4 that succeeded: of the
	 * new one; SOCKETPAIR: of sv[0]; else of the one that the call was
	 * made on.
	 */
	__u16 sock_family; /* AF_* */
	__u16 sock_type; /* SOCK_*, without flags */
	__u16 sock_protocol; /* sk_protocol: IPPROTO_*, NETLINK_*, ... */
	__u8 addr_len; /* bytes of addr, from its sa_family; 0: none */
	__u8 local_len; /* bytes of local, likewise; 0: none */
	__u8 addr_source; /* enum socktrace_addr_source */
	__u8 toctou; /* enum socktrace_toctou; CONNECT at EXIT only */
	__u16 reserved1; /* 0 */
	/* ACCEPT4, LISTEN at EXIT: connections that wait, and listen()'s limit. */
	__u32 queue_len; /* if F_QUEUE */
	__u32 queue_limit; /* if F_QUEUE */
	/* Connected AF_UNIX stream: as SO_PEERCRED; if F_PEERCRED. */
	__u32 peer_pid; /* initial pid namespace */
	__u32 peer_uid; /* effective uid, initial user namespace */
	union {
		/*
		 * addr, then local at the next multiple of 8: the macros
		 * socktrace_addr() and socktrace_local() give them. Each is a
		 * sockaddr: sa_family first, in host byte order, then
		 * addr_len - 2 bytes as the kernel has them.
		 *   addr   CONNECT, CONNECTED, the LSM hook: the address asked for;
		 *          ACCEPT4: the peer, from the new socket; also of a
		 *          connection that a failed accept took, and lost;
		 *          BIND: the address asked for;
		 *          ADDR_MISMATCH: the caller's copy at entry
		 *   local  the socket's own end, at return (at entry, for ENTER);
		 *          ACCEPT4: that of the connection, if it had one; of a
		 *          new SOCKET none
		 */
		__u8 addrs[SOCKTRACE_ADDRS_LEN];
		/*
		 * SOCKETPAIR at EXIT, if F_SV: the new descriptors, from the
		 * caller's memory at return, and there a pair of that domain at
		 * that time. Without F_SV though `ret` is 0: that memory was not
		 * readable, or another thread has changed it, or closed one.
		 */
		__s32 sv[2];
		struct {
			__aligned_u64 lost_count; /* records lost, from seq on */
			__u32 lost_reason; /* enum socktrace_lost_reason */
			__u32 reserved2; /* 0 */
		};
		/*
		 * PROCESS: part `image_part` of the bytes of the path, without a
		 * NUL, and behind it of the command line; as many as are left, at
		 * most SOCKTRACE_IMAGE_TEXT_LEN. The parts follow each other among
		 * the records of their CPU.
		 */
		struct {
			__u16 image_part; /* from 0 */
			__u16 image_parts;
			/*
			 * Bytes of the path, from the process's own root directory;
			 * " (deleted)" at its end as the kernel says it.
			 */
			__u16 image_exe_len;
			/*
			 * Bytes of the command line, which is the process's memory: it
			 * may write there what it likes. Its beginning, each argument
			 * with a NUL behind it; 0: it could not be read at once.
			 */
			__u16 image_cmdline_len;
			__u32 image_cmdline_size; /* bytes of all of it */
			__u8 image_exe_source; /* enum socktrace_exe_source */
			__u8 image_flags; /* SOCKTRACE_IMAGE_* */
			__u16 reserved3; /* 0 */
			char image_text[SOCKTRACE_IMAGE_TEXT_LEN];
		};
		/*
		 * PATH: part `path_part` of the bytes of the path, without a NUL; as
		 * many as are left, at most SOCKTRACE_PATH_TEXT_LEN. The kernel's
		 * word, and neither side's: from the root of the mount namespace that
		 * the socket's file was bound in, whatever root directory, working
		 * directory or symbolic link the caller goes by.
		 */
		struct {
			__u16 path_part; /* from 0 */
			__u16 path_parts;
			__u16 path_len; /* bytes, below PATH_MAX */
			__u8 path_flags; /* SOCKTRACE_PATH_* */
			__u8 reserved4; /* 0 */
			char path_text[SOCKTRACE_PATH_TEXT_LEN];
		};
	};
};

#define SOCKTRACE_LOCAL_OFFSET(addr_len) (((addr_len) + 7U) & ~7U)
#define socktrace_addr(ev) ((ev)->addrs)
#define socktrace_local(ev) ((ev)->addrs + SOCKTRACE_LOCAL_OFFSET((ev)->addr_len))

/* One probe point, as GET_INFO tells it. */
struct socktrace_probe {
	char symbol[SOCKTRACE_SYMBOL_LEN]; /* kernel function; ends with NUL */
	__aligned_u64 hits; /* since the module was loaded */
	__aligned_u64 missed; /* returns that could not be hooked, likewise */
	__u32 type; /* enum socktrace_type */
	__u16 flags; /* SOCKTRACE_PROBE_* */
	__u16 via; /* enum socktrace_via: whose calls it sees */
};
#define SOCKTRACE_PROBE_BOUND (1U << 0) /* else the kernel has no such function */
#define SOCKTRACE_PROBE_ARMED (1U << 1) /* registered now: a session asks for it */
#define SOCKTRACE_PROBE_FACTS (1U << 2) /* gives no record: tells those of `type` more */
#define SOCKTRACE_PROBE_ADDRESS (1U << 4) /* surely shows each connect's kernel address */

/*
 * GET_INFO, with `nr_probes` probe points at most, `probe_size` bytes apart; of the
 * caller's structure nothing else is looked at. Size-extensible: the module fills the
 * smaller of the caller's size and its own, and zeroes what it does not know; a longer
 * one must be zero there.
 * Errors: EINVAL the structure's size, or probe_size with nr_probes not 0; E2BIG
 * non-zero bytes beyond the module's structure; EFAULT.
 */
struct socktrace_info {
	__u32 abi_version; /* SOCKTRACE_ABI_VERSION */
	__u32 record_size; /* bytes; read() never takes less */
	__u32 clock; /* clockid_t of time_ns: CLOCK_BOOTTIME */
	__u32 possible_cpus; /* rings of a session */
	__u32 records_per_cpu; /* of this session: in force, or the default */
	__u32 records_per_cpu_max; /* what SET_CONFIG may ask for */
	__u32 max_rules; /* what SET_FILTER may ask for */
	__u32 maxactive; /* calls in flight that can be held */
	__u32 sessions; /* open now, this one included */
	__u32 started; /* sessions started now */
	__aligned_u64 memory; /* bytes of all sessions' rings now */
	__aligned_u64 memory_max; /* and their limit */
	char module_version[16]; /* ends with NUL */
	__u32 nr_probes; /* in: room for; out: given */
	__u32 probe_size; /* in: sizeof(struct socktrace_probe) of the caller */
	__u32 total_probes; /* out: how many there are */
	__u32 reserved; /* out: 0 */
	__aligned_u64 probes; /* in: user's address of struct socktrace_probe[] */
};

/*
 * SET_CONFIG, before the session's first start. Zero takes the default; the
 * values in force are written back. Size-extensible: a shorter structure takes
 * the defaults for what it lacks; a longer one must be zero in what this module
 * does not know.
 * Errors: EBUSY started before; EINVAL a value, bit or size; E2BIG non-zero
 * bytes beyond the module's structure; EFAULT.
 */
struct socktrace_config {
	__u32 records_per_cpu; /* ring size, rounded up to a power of two */
	__u32 phases; /* SOCKTRACE_PHASE_*; default: exit */
	/*
	 * poll() and a blocking read() wake when `watermark` records wait on
	 * one CPU (default 1), or `latency_ms` after the first of them,
	 * whichever is earlier (0: only the watermark counts if it is 1, else
	 * 100 ms).
	 */
	__u32 watermark;
	__u32 latency_ms; /* milliseconds, at most 10000 */
	__u32 flags; /* SOCKTRACE_CONFIG_* */
	/*
	 * The events that the session is offered, mask of SOCKTRACE_EVENT_BIT();
	 * default: SOCKTRACE_EVENTS_DEFAULT. Of others it counts nothing. Of these,
	 * what its filter accepts by no rule nor by default is not probed for it; what
	 * is probed for nobody is no hit.
	 */
	__u32 events;
};
#define SOCKTRACE_PHASE_ENTER (1U << SOCKTRACE_ENTER)
#define SOCKTRACE_PHASE_EXIT (1U << SOCKTRACE_EXIT)
#define SOCKTRACE_CONFIG_OWN (1U << 0) /* trace the opener's own calls too */
#define SOCKTRACE_CONFIG_PROCESSES (1U << 1) /* give PROCESS records */
#define SOCKTRACE_CONFIG_PATHS (1U << 2) /* give PATH records */

/* socktrace_rule::match: conditions, of which all that are set must hold. */
#define SOCKTRACE_MATCH_EVENTS (1U << 0)
#define SOCKTRACE_MATCH_TGID (1U << 1)
#define SOCKTRACE_MATCH_TID (1U << 2)
#define SOCKTRACE_MATCH_ANCESTOR (1U << 3)
#define SOCKTRACE_MATCH_FAMILIES (1U << 4)
#define SOCKTRACE_MATCH_PHASES (1U << 5)
#define SOCKTRACE_MATCH_TYPES (1U << 6)
#define SOCKTRACE_MATCH_UID (1U << 7)
#define SOCKTRACE_MATCH_COMM (1U << 8)
#define SOCKTRACE_MATCH_COMM_PREFIX (1U << 9)
#define SOCKTRACE_MATCH_NETNS (1U << 10)
#define SOCKTRACE_MATCH_MNTNS (1U << 11)
#define SOCKTRACE_MATCH_PIDNS (1U << 12)
#define SOCKTRACE_MATCH_CGROUP (1U << 13)
#define SOCKTRACE_MATCH_CGROUP_TREE (1U << 14)
#define SOCKTRACE_MATCH_REMOTE_NET (1U << 15)
#define SOCKTRACE_MATCH_REMOTE_PORT (1U << 16)
#define SOCKTRACE_MATCH_LOCAL_NET (1U << 17)
#define SOCKTRACE_MATCH_LOCAL_PORT (1U << 18)
#define SOCKTRACE_MATCH_PATH (1U << 19)
/*
 * Of a call that returned, and of the outcome of a connect. A connect that returned
 * -EINPROGRESS is neither OK nor FAILED: its CONNECTED will be.
 */
#define SOCKTRACE_MATCH_OK (1U << 20)
#define SOCKTRACE_MATCH_FAILED (1U << 21)
#define SOCKTRACE_MATCH_ERROR (1U << 22)
#define SOCKTRACE_MATCH_DURATION (1U << 23)
#define SOCKTRACE_MATCH_EUID (1U << 24)
#define SOCKTRACE_MATCH_LOGINUID (1U << 25)
#define SOCKTRACE_MATCH_PROTOCOL (1U << 26)
#define SOCKTRACE_MATCH_ALL_BITS ((1U << 27) - 1)

enum socktrace_action {
	SOCKTRACE_ACCEPT = 1,
	SOCKTRACE_REJECT = 2
};

/*
 * One end of a connection, IPv4 and IPv6. An IPv4 address, also one that an
 * IPv6 socket shows as ::ffff:a.b.c.d, is matched as the latter: 10.0.0.0/8 is
 * ::ffff:10.0.0.0 with a prefix of 96 + 8.
 */
struct socktrace_endpoint {
	__u8 addr[16]; /* _NET: network order; zero behind the prefix */
	__u8 prefix_len; /* _NET: bits, 0 to 128 */
	__u8 reserved; /* 0 */
	__u16 port_min; /* _PORT: host byte order */
	__u16 port_max; /* _PORT: not below port_min */
	__u16 reserved2; /* 0 */
};

/*
 * One rule. A condition whose bit is not in `match` is not looked at, and its
 * field must be 0. A condition about a fact that the record does not have does
 * not hold: no address, no socket, no result yet. Of a BIND that has not succeeded
 * the local end is the one that it asks for.
 */
struct socktrace_rule {
	__u32 match; /* SOCKTRACE_MATCH_* */
	__u32 action; /* enum socktrace_action */
	__u32 events; /* EVENTS: mask of SOCKTRACE_EVENT_BIT(); not 0 */
	__u32 phases; /* PHASES: mask of 1 << enum socktrace_phase; not 0 */
	/* Of a process that is there, in the pid namespace of SET_FILTER's caller: */
	__u32 tgid; /* TGID: the process; not 0 */
	__u32 tid; /* TID: the thread; not 0 */
	__u32 ancestor; /* ANCESTOR: the process, and its descendants; not 0 */
	/*
	 * TYPES: bit n is SOCK_n. Of socket() and socketpair() the argument,
	 * else the socket's.
	 */
	__u32 types;
	/*
	 * FAMILIES: bit n is AF_n. Of socket() and socketpair() the domain
	 * argument, else the socket's family; where there is no socket, the
	 * address's.
	 */
	__aligned_u64 families;
	__u32 uid_min; /* UID: real uid, initial user namespace */
	__u32 uid_max; /* UID: not below uid_min */
	__u32 euid_min; /* EUID: effective uid, initial user namespace */
	__u32 euid_max; /* EUID: not below euid_min */
	__u32 loginuid_min; /* LOGINUID: as the record's; ~0: nobody logged in */
	__u32 loginuid_max; /* LOGINUID: not below loginuid_min */
	__u32 netns; /* NETNS: inode of /proc/PID/ns/net; not 0 */
	__u32 mntns; /* MNTNS: likewise; not 0 */
	__u32 pidns; /* PIDNS: likewise; not 0 */
	__u32 error; /* ERROR: the call failed with this errno, 1 to 4095 */
	/*
	 * CGROUP: cgroup_id is this. CGROUP_TREE: the process is in this one or in one
	 * below it, whichever of its cgroups the record tells of. Not 0.
	 */
	__aligned_u64 cgroup;
	__aligned_u64 min_duration_ns; /* DURATION: the call took so long, or longer */
	/* COMM: all of it; COMM_PREFIX: its beginning. Up to a NUL; not empty. */
	char comm[SOCKTRACE_COMM_LEN];
	/* REMOTE_*: connect's address, accept's peer. LOCAL_*: `local`. */
	struct socktrace_endpoint remote;
	struct socktrace_endpoint local;
	/*
	 * PATH: `addr` or `local` is AF_UNIX, and its name begins with these
	 * path_len bytes, 1 to 108; an abstract name begins with a NUL. Of
	 * `local` it sees what F_LOCAL_TRUNCATED left. Of a CONNECT that
	 * succeeded, also: the peer's own path does, as PATH records tell it
	 * (these need not be asked for). Where that can't be told, the condition
	 * may hold, and the record is given.
	 */
	char path[108];
	__u8 path_len;
	__u8 reserved; /* 0 */
	/*
	 * PROTOCOL: IPPROTO_*, NETLINK_*, ..., as sock_protocol; where there is no
	 * socket, the argument of socket() and socketpair().
	 */
	__u16 protocol;
};

/*
 * SET_FILTER, at any time; GET_FILTER gives back what is set. The first rule
 * that matches decides; `default_action` where none does. Of `rule_size` bytes
 * of each rule those that this module does not know must be zero.
 * Numbers of processes are of the caller's pid namespace, and mean those that have
 * them now; GET_FILTER gives them as they were set.
 * Errors: EINVAL with error_rule and error_field; ESRCH likewise: there is no such
 * process, or thread; E2BIG more rules than SOCKTRACE_MAX_RULES, or unknown bytes
 * that are not zero; EFAULT; ENOMEM; EUSERS as START; GET_FILTER: ENOSPC nr_rules is too small (what is needed is written there).
 */
struct socktrace_filter {
	__u32 nr_rules;
	__u32 rule_size; /* sizeof(struct socktrace_rule) of the caller */
	__u32 default_action; /* enum socktrace_action */
	__u32 flags; /* 0 */
	__u32 error_rule; /* out: index of the first bad rule; ~0: the header */
	__u32 error_field; /* out: byte offset of the bad field within it */
	__aligned_u64 rules; /* user's address of struct socktrace_rule[] */
};

/*
 * A call whose return was wanted and missed is two hits: the record of its
 * return, which is counted as missed, and the entry record that tells of it.
 *
 * GET_STATS, of this session since its open. Size-extensible as GET_INFO. EINTR:
 * killed while another thread's read() waits for its page (FLUSH likewise). At
 * any time when no record is being made (as after STOP):
 *   hits == delivered + queued + filtered + dropped + missed + flushed
 */
struct socktrace_stats {
	__aligned_u64 hits; /* records that it was offered, of its phases and events */
	__aligned_u64 delivered; /* given by read() */
	__aligned_u64 queued; /* wait in the rings now */
	__aligned_u64 filtered; /* refused by the filter */
	__aligned_u64 dropped; /* ring full: told by LOST records, unless flushed */
	/* Returns not hooked: told by F_RETURN_MISSED; and F_OUTCOME_MISSED. */
	__aligned_u64 missed;
	__aligned_u64 flushed; /* discarded by FLUSH */
	__aligned_u64 lost_told; /* of dropped: told by LOST records so far */
	/*
	 * While started: processes that live now, of those that its filter's
	 * ANCESTOR rules ask for; 0 where it has none.
	 */
	__aligned_u64 members;
	/*
	 * Of these, those for which the module had no room, for each ancestor
	 * that asks for them: neither their calls nor what they made was seen,
	 * unless other rules take it.
	 */
	__aligned_u64 members_missed;
};

/*
 * GET_INFLIGHT: the calls that entered and have not returned, of all sessions, of those
 * whose return will be seen; at most `nr_records` of them, `record_size` bytes apart.
 * A call that was blocked since before the first session that asks for its event started
 * is not known.
 *
 * Each is a record as that of its entry (phase ENTER) would be, with what is known by
 * now: a connect's address may be the kernel's already. Who calls is as it is now, cpu is
 * that of the entry, seq and image are 0.
 *
 * INFLIGHT_WANTED: only those whose return this session may take, as far as its filter
 * can tell by now. It must be started.
 *
 * Size-extensible as GET_INFO. Errors: EINVAL a size, an unknown flag, or INFLIGHT_WANTED
 * of a session that is not started; E2BIG, EFAULT as GET_INFO; ENOMEM.
 */
struct socktrace_inflight {
	__u32 nr_records; /* in: room for; out: given */
	__u32 record_size; /* in: sizeof(struct socktrace_event) of the caller */
	__u32 total; /* out: in flight now; more than nr_records were not given */
	__u32 flags; /* in: SOCKTRACE_INFLIGHT_* */
	__aligned_u64 now_ns; /* out: CLOCK_BOOTTIME, for their age */
	__aligned_u64 records; /* user's address of struct socktrace_event[] */
};
#define SOCKTRACE_INFLIGHT_WANTED (1U << 0)

#define SOCKTRACE_IOC_MAGIC 0xD7
#define SOCKTRACE_IOC_GET_INFO _IOWR(SOCKTRACE_IOC_MAGIC, 1, struct socktrace_info)
#define SOCKTRACE_IOC_SET_CONFIG _IOWR(SOCKTRACE_IOC_MAGIC, 2, struct socktrace_config)
#define SOCKTRACE_IOC_SET_FILTER _IOWR(SOCKTRACE_IOC_MAGIC, 3, struct socktrace_filter)
#define SOCKTRACE_IOC_GET_FILTER _IOWR(SOCKTRACE_IOC_MAGIC, 4, struct socktrace_filter)
/*
 * START arms the probes that the session's events need, as far as its filter may accept
 * them; SET_FILTER of a started one likewise. Starting a started session does nothing.
 * ENOMEM: ring memory, or its limit; ENODEV: none of these could be registered, of the
 * first session; EUSERS: the rules of all started sessions name more than 64 ancestors.
 * read() and poll() start a session that never was.
 */
#define SOCKTRACE_IOC_START _IO(SOCKTRACE_IOC_MAGIC, 5)
/* STOP: when it returns, no record is made any more; what waits can be read. */
#define SOCKTRACE_IOC_STOP _IO(SOCKTRACE_IOC_MAGIC, 6)
#define SOCKTRACE_IOC_GET_STATS _IOR(SOCKTRACE_IOC_MAGIC, 7, struct socktrace_stats)
/*
 * FLUSH: discards what waits in the rings, losses that were not told too. Not the
 * PROCESS records: what comes may name them; nor PATH records, which are of no record
 * then.
 */
#define SOCKTRACE_IOC_FLUSH _IO(SOCKTRACE_IOC_MAGIC, 8)
#define SOCKTRACE_IOC_GET_INFLIGHT _IOWR(SOCKTRACE_IOC_MAGIC, 9, struct socktrace_inflight)

/* The layout is the contract: the same for every compiler that takes it. */
#if defined(__cplusplus)
#define SOCKTRACE_ASSERT(cond) static_assert(cond, #cond)
#else
#define SOCKTRACE_ASSERT(cond) _Static_assert(cond, #cond)
#endif
#define SOCKTRACE_ASSERT_AT(type, field, offset)                               \
	SOCKTRACE_ASSERT(__builtin_offsetof(struct type, field) == (offset))

SOCKTRACE_ASSERT(sizeof(struct socktrace_event) == 320);
SOCKTRACE_ASSERT_AT(socktrace_event, flags, 8);
SOCKTRACE_ASSERT_AT(socktrace_event, time_ns, 16);
SOCKTRACE_ASSERT_AT(socktrace_event, inode, 48);
SOCKTRACE_ASSERT_AT(socktrace_event, start_ns, 64);
SOCKTRACE_ASSERT_AT(socktrace_event, tgid, 80);
SOCKTRACE_ASSERT_AT(socktrace_event, euid, 100);
SOCKTRACE_ASSERT_AT(socktrace_event, comm, 132);
SOCKTRACE_ASSERT_AT(socktrace_event, args, 148);
SOCKTRACE_ASSERT_AT(socktrace_event, ret, 160);
SOCKTRACE_ASSERT_AT(socktrace_event, addr_len, 170);
SOCKTRACE_ASSERT_AT(socktrace_event, queue_len, 176);
SOCKTRACE_ASSERT_AT(socktrace_event, addrs, 192);
SOCKTRACE_ASSERT_AT(socktrace_event, lost_count, 192);
SOCKTRACE_ASSERT_AT(socktrace_event, sv, 192);
SOCKTRACE_ASSERT_AT(socktrace_event, image, 72);
SOCKTRACE_ASSERT_AT(socktrace_event, image_part, 192);
SOCKTRACE_ASSERT_AT(socktrace_event, image_text, 208);
SOCKTRACE_ASSERT_AT(socktrace_event, path_part, 192);
SOCKTRACE_ASSERT_AT(socktrace_event, path_text, 200);
SOCKTRACE_ASSERT(sizeof(struct socktrace_probe) == 64);
SOCKTRACE_ASSERT(sizeof(struct socktrace_info) == 96);
SOCKTRACE_ASSERT_AT(socktrace_info, nr_probes, 72);
SOCKTRACE_ASSERT_AT(socktrace_info, probes, 88);
SOCKTRACE_ASSERT(sizeof(struct socktrace_config) == 24);
SOCKTRACE_ASSERT(sizeof(struct socktrace_endpoint) == 24);
SOCKTRACE_ASSERT(sizeof(struct socktrace_rule) == 272);
SOCKTRACE_ASSERT_AT(socktrace_rule, families, 32);
SOCKTRACE_ASSERT_AT(socktrace_rule, cgroup, 80);
SOCKTRACE_ASSERT_AT(socktrace_rule, remote, 112);
SOCKTRACE_ASSERT_AT(socktrace_rule, path, 160);
SOCKTRACE_ASSERT_AT(socktrace_rule, protocol, 270);
SOCKTRACE_ASSERT(sizeof(struct socktrace_filter) == 32);
SOCKTRACE_ASSERT_AT(socktrace_filter, rules, 24);
SOCKTRACE_ASSERT(sizeof(struct socktrace_stats) == 80);
SOCKTRACE_ASSERT(sizeof(struct socktrace_inflight) == 32);

#endif /* _UAPI_SOCKTRACE_H */
