// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "format/json.h"

static const char *const names[JSON_FIELDS] = {
	[JSON_TIME] = "time", [JSON_EVENT] = "event", [JSON_PHASE] = "phase",
	[JSON_CPU] = "cpu", [JSON_SEQ] = "seq", [JSON_CALL] = "call", [JSON_PID] = "pid",
	[JSON_TID] = "tid", [JSON_PPID] = "ppid", [JSON_UID] = "uid", [JSON_GID] = "gid",
	[JSON_EUID] = "euid", [JSON_LOGINUID] = "loginuid", [JSON_SESSION] = "session",
	[JSON_START] = "start", [JSON_COMM] = "comm", [JSON_EXE] = "exe",
	[JSON_CMDLINE] = "cmdline", [JSON_NSPID] = "nspid", [JSON_NSTID] = "nstid",
	[JSON_NETNS] = "netns", [JSON_MNTNS] = "mntns", [JSON_PIDNS] = "pidns",
	[JSON_CGROUP] = "cgroup", [JSON_CGROUP_PATH] = "cgroup_path",
	[JSON_CONTAINER] = "container", [JSON_ABI] = "abi", [JSON_VIA] = "via",
	[JSON_ARGS] = "args", [JSON_FAMILY] = "family", [JSON_TYPE] = "type",
	[JSON_FLAGS] = "flags", [JSON_PROTOCOL] = "protocol", [JSON_ADDR] = "addr",
	[JSON_LOCAL] = "local", [JSON_ADDR_SOURCE] = "addr_source", [JSON_TOCTOU] = "toctou",
	[JSON_SV] = "sv", [JSON_INODE] = "inode", [JSON_SOCKET_SOURCE] = "socket_source",
	[JSON_QUEUE] = "queue", [JSON_PEER] = "peer", [JSON_RET] = "ret",
	[JSON_ERROR] = "error", [JSON_DURATION] = "duration_ns",
};

/* JSON_FIELDS: none. */
static unsigned int field_of(const char *name, size_t length)
{
	unsigned int field;

	for (field = 0; field < JSON_FIELDS; field++)
		if (strlen(names[field]) == length && !memcmp(names[field], name, length))
			break;
	return field;
}

int json_fields(uint64_t *fields, const char *list, char *message, size_t size)
{
	unsigned int field, used;
	size_t length;

	*fields = 0;
	for (;; list += length + 1) {
		length = strcspn(list, ",");
		field = field_of(list, length);
		if (field == JSON_FIELDS)
			break;
		*fields |= 1ULL << field;
		if (!list[length])
			return 0;
	}
	used = (unsigned int)snprintf(message, size, "unknown field '%.*s' (",
				      (int)(length < 64 ? length : 64), list);
	for (field = 0; field < JSON_FIELDS && used < size; field++)
		used += (unsigned int)snprintf(message + used, size - used, "%s%s", names[field],
					       field + 1 < JSON_FIELDS ? ", " : ")");
	return -1;
}
