/* SPDX-License-Identifier: GPL-2.0 */
/* One record as one JSON object; docs/json.md is the reference. */
#ifndef SOCKTRACE_JSON_H
#define SOCKTRACE_JSON_H

#include <stddef.h>
#include <stdint.h>

#include <socktrace.h>

#include "record/cgroups.h"
#include "record/images.h"
#include "record/paths.h"
#include "record/procinfo.h"
#include "record/walltime.h"

#define JSON_IDENTITY_SLOTS 128 /* a power of two */
#define JSON_CALL_SLOTS 128 /* a power of two */
#define JSON_CALL_MAX 240 /* likewise */
#define JSON_IDENTITY_MAX 1024 /* longer ones are made anew each time */

/* Of a record, the facts about its task; raw, as key of a cache. */
#define JSON_TASK                                                                  \
	(offsetof(struct socktrace_event, comm) + SOCKTRACE_COMM_LEN -              \
	 offsetof(struct socktrace_event, cgroup_id))

/* Likewise, those that the arguments' keys are made of. */
struct json_call {
	int32_t args[3];
	uint16_t sock_family, sock_type, sock_protocol;
	uint8_t type, via;
	uint32_t flags; /* SOCKTRACE_F_SOCK and F_ENTERED_BEFORE */
	uint32_t reserved; /* 0 */
};

/* Keys of a call's object, in their order, by bit; some bring others with them. */
enum json_field {
	JSON_TIME, JSON_EVENT, JSON_PHASE, JSON_CPU, JSON_SEQ, JSON_CALL, JSON_PID, JSON_TID,
	JSON_PPID, JSON_UID, JSON_GID, JSON_EUID, JSON_LOGINUID, JSON_SESSION, JSON_START,
	JSON_COMM, JSON_EXE, JSON_CMDLINE, JSON_NSPID, JSON_NSTID, JSON_NETNS, JSON_MNTNS,
	JSON_PIDNS, JSON_CGROUP, JSON_CGROUP_PATH, JSON_CONTAINER, JSON_ABI, JSON_VIA,
	JSON_ARGS, JSON_FAMILY, JSON_TYPE, JSON_FLAGS, JSON_PROTOCOL, JSON_ADDR, JSON_LOCAL,
	JSON_ADDR_SOURCE, JSON_TOCTOU, JSON_SV, JSON_INODE, JSON_SOCKET_SOURCE, JSON_QUEUE,
	JSON_PEER, JSON_RET, JSON_ERROR, JSON_DURATION,
	JSON_FIELDS
};
#define JSON_ALL UINT64_MAX

/*
 * The fields of these names, between commas: 1 << enum json_field each. 0, or -1 with what
 * is wrong in `message`.
 */
int json_fields(uint64_t *fields, const char *list, char *message, size_t size);

struct json {
	uint64_t fields; /* JSON_ALL, or some: of calls and programs; of a loss all are told */
	struct walltime *time;
	struct procinfo *proc;
	const struct images *images; /* NULL: none are told */
	struct cgroups *cgroups;
	const struct paths *paths; /* NULL: none are told */
	/* A thread's calls share a third of their objects: keys pid to via. */
	struct json_identity {
		uint64_t until_ns; /* CLOCK_BOOTTIME; 0: nothing cached */
		char task[JSON_TASK];
		uint16_t way; /* abi and via; 0: of a process, which came in none */
		uint32_t length;
		char text[JSON_IDENTITY_MAX];
	} identities[JSON_IDENTITY_SLOTS];
	/* And so do calls with the same arguments: keys args to protocol. */
	struct json_arguments {
		struct json_call call;
		uint32_t length; /* 0: nothing cached */
		char text[JSON_CALL_MAX];
	} arguments[JSON_CALL_SLOTS];
};

/* All stay the caller's, and are asked by each json_event(). `images` may be NULL. */
void json_init(struct json *json, struct walltime *time, struct procinfo *proc,
	       const struct images *images, struct cgroups *cgroups);

/*
 * Writes the object and a newline at `p`, which has room for OUT_LINE_MAX
 * bytes, and returns the place after. Any bytes make a valid line.
 */
char *json_event(struct json *json, char *p, const struct socktrace_event *ev);

/* Likewise, of a call that did not return yet. */
char *json_inflight(struct json *json, char *p, const struct socktrace_event *ev,
		    uint64_t now_ns);

#endif
