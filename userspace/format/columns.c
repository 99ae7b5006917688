// SPDX-License-Identifier: GPL-2.0
#include "format/columns.h"

#include <stdbool.h>
#include <string.h>

#include "base/escape.h"
#include "base/fmt.h"
#include "base/same_bytes.h"
#include "base/width.h"
#include "record/decode.h"
#include "record/record.h"

#define WIDTH_MAX 40
#define PROCESS_NARROW 13 /* on a narrow terminal, and how far it may grow there */
#define NARROW_MAX 20
#define EXE_FROM 160 /* characters that a terminal must have for that column */
#define CONTAINER_FROM 184
#define SHORT_ID 12 /* digits of a container's id, as docker ps shows */
#define HEX_ID 64

char *columns_pad(char *p, unsigned int have, unsigned int want)
{
	char *end;

	if (have >= want)
		return p;
	end = p + (want - have);
	/* A line has room for what is too much. */
	do {
		memset(p, ' ', 16);
		p += 16;
	} while (p < end);
	return end;
}

/* Fills up what takes `have` characters, to a width that grows with it. */
static inline char *fill(const struct columns *columns, char *p, unsigned int have,
			 unsigned short *width)
{
	if (have > *width && have <= columns->width_max)
		*width = (unsigned short)have;
	return columns_pad(p, have, *width);
}

/* --- each column: writes the value, or nothing where there is none ---------------- */

static char *time_of_day(const struct columns *columns, char *p,
			 const struct socktrace_event *ev)
{
	return walltime_text(columns->time, p, ev->time_ns);
}

static char *pid_tid(char *p, uint32_t pid, uint32_t tid)
{
	p = fmt_u32(p, pid);
	if (tid == pid)
		return p;
	*p++ = '/';
	return fmt_u32(p, tid);
}

static char *process(const struct columns *columns, char *p, const struct socktrace_event *ev)
{
	uint32_t pidns = columns->proc ? columns->proc->pidns : 0;

	p = escape_text(p, ev->comm, record_comm_length(ev), 0);
	*p++ = '[';
	/* The numbers that are known here, and behind '@' those that the host knows. */
	if (pidns && ev->pidns == pidns)
		p = pid_tid(p, ev->ns_tgid, ev->ns_tid);
	if (pidns)
		*p++ = '@';
	p = pid_tid(p, ev->tgid, ev->tid);
	*p++ = ']';
	return p;
}

/* Likewise, filled up, and with a blank behind it. */
static char *known_process(struct columns *columns, char *p, const struct socktrace_event *ev,
			   unsigned short *width)
{
	struct columns_known *known = &columns->known[ev->tid % COLUMNS_KNOWN];
	char *start = p;

	if (known->length && known->width == *width &&
	    same_bytes(known->caller, &ev->tgid, sizeof(known->caller)))
		return fmt_short(p, known->text, known->length);
	p = process(columns, p, ev);
	p = fill(columns, p, width_of(start, p), width);
	*p++ = ' ';
	known->length = 0;
	if ((size_t)(p - start) <= sizeof(known->text)) {
		memcpy(known->caller, &ev->tgid, sizeof(known->caller));
		known->length = (unsigned short)(p - start);
		known->width = *width;
		memcpy(known->text, start, known->length);
	}
	return p;
}

static char *comm(const struct columns *columns, char *p, const struct socktrace_event *ev)
{
	(void)columns;
	return escape_text(p, ev->comm, record_comm_length(ev), 0);
}

static char *exe(const struct columns *columns, char *p, const struct socktrace_event *ev)
{
	const struct image *image = columns->images ? images_find(columns->images, ev->image) : NULL;
	const char *path = NULL;
	uint64_t until_ns;
	size_t length;

	if (image && image->exe_length)
		return escape_text(p, image->text, image->exe_length, 0);
	if (columns->proc)
		path = procinfo_exe(columns->proc, procinfo_pid(columns->proc, ev),
				    ev->comm, columns->time->now_ns, &length, &until_ns);
	return path ? escape_text(p, path, length, 0) : p;
}

/* With blanks between its words, as in ps. */
static char *cmdline(const struct columns *columns, char *p, const struct socktrace_event *ev)
{
	const struct image *image = columns->images ? images_find(columns->images, ev->image) : NULL;
	const char *s, *end;
	size_t n;

	if (!image)
		return p;
	s = image->text + image->exe_length;
	for (end = s + image->cmdline_length; s < end; s += n + 1) {
		n = strnlen(s, (size_t)(end - s));
		p = escape_text(p, s, n, 0);
		if (s + n + 1 < end)
			*p++ = ' ';
	}
	return p;
}

static const char *cgroup_of(const struct columns *columns, const struct socktrace_event *ev,
			     size_t *length)
{
	uint64_t until_ns = 0;

	if (!columns->cgroups)
		return NULL;
	return cgroups_path(columns->cgroups, ev->cgroup_id, columns->time->now_ns, length,
			    &until_ns);
}

static char *cgroup_path(const struct columns *columns, char *p,
			 const struct socktrace_event *ev)
{
	size_t length;
	const char *path = cgroup_of(columns, ev, &length);

	return path ? escape_text(p, path, length, 0) : p;
}

static char *container(const struct columns *columns, char *p, const struct socktrace_event *ev)
{
	size_t length;
	const char *path = cgroup_of(columns, ev, &length);
	const char *id = path ? cgroups_container(path, length, &length) : NULL;

	return id ? escape_text(p, id, length == HEX_ID ? SHORT_ID : length, 0) : p;
}

/* A number; one that stands for nothing is none. */
#define NUMBER(name, field, none)                                                       \
	static char *name(const struct columns *columns, char *p,                       \
			  const struct socktrace_event *ev)                             \
	{                                                                               \
		(void)columns;                                                          \
		return ev->field == (none) ? p : fmt_u64(p, ev->field);                 \
	}
#define ALWAYS UINT64_MAX /* no number of 32 bits is this */
NUMBER(cpu, cpu, ALWAYS)
NUMBER(seq, seq, ALWAYS)
NUMBER(call, call_id, 0)
NUMBER(pid, tgid, ALWAYS)
NUMBER(tid, tid, ALWAYS)
NUMBER(ppid, ppid, ALWAYS)
NUMBER(uid, uid, ALWAYS)
NUMBER(gid, gid, ALWAYS)
NUMBER(euid, euid, ALWAYS)
NUMBER(loginuid, loginuid, UINT32_MAX)
NUMBER(session, sessionid, UINT32_MAX)
NUMBER(start, start_ns, 0)
NUMBER(nspid, ns_tgid, 0)
NUMBER(nstid, ns_tid, 0)
NUMBER(netns, netns, 0)
NUMBER(mntns, mntns, 0)
NUMBER(pidns, pidns, 0)
NUMBER(inode, inode, 0)

static char *cgroup(const struct columns *columns, char *p, const struct socktrace_event *ev)
{
	(void)columns;
	return ev->cgroup_id ? cgroups_number(p, ev->cgroup_id) : p;
}

static char *abi(const struct columns *columns, char *p, const struct socktrace_event *ev)
{
	const struct name *name = decode_abi(ev->abi);

	(void)columns;
	return name ? fmt_name(p, name) : p;
}

static char *via(const struct columns *columns, char *p, const struct socktrace_event *ev)
{
	const struct name *name = decode_via(ev->via);

	(void)columns;
	return name ? fmt_name(p, name) : p;
}

/* --- the table -------------------------------------------------------------------- */

static const struct column {
	const char *name, *title;
	unsigned short width; /* at first */
	bool utf8; /* else a character is a byte */
	char *(*put)(const struct columns *columns, char *p, const struct socktrace_event *ev);
	const char *help;
} table[] = {
	{ "time", "TIME", 15, false, time_of_day, "of the entry to the call, as --time says" },
	{ "process", "PROCESS", COLUMNS_PROCESS_WIDTH, true, process,
	  "comm[pid], comm[pid/tid] in another thread than the first" },
	{ "cpu", "CPU", 3, false, cpu, "CPU that made the record" },
	{ "seq", "SEQ", 6, false, seq, "number of the record there" },
	{ "call", "CALL-ID", 16, false, call, "the same for all records of one call" },
	{ "pid", "PID", 7, false, pid, "process, initial pid namespace" },
	{ "tid", "TID", 7, false, tid, "thread, initial pid namespace" },
	{ "ppid", "PPID", 7, false, ppid, "parent's process, initial pid namespace" },
	{ "comm", "COMM", 15, true, comm, "name of the thread" },
	{ "exe", "EXE", 24, true, exe, "path of the executable" },
	{ "cmdline", "COMMAND", 32, true, cmdline, "how it was started" },
	{ "uid", "UID", 5, false, uid, "real user" },
	{ "gid", "GID", 5, false, gid, "real group" },
	{ "euid", "EUID", 5, false, euid, "effective user" },
	{ "loginuid", "LOGIN", 5, false, loginuid, "who logged in" },
	{ "session", "SESS", 4, false, session, "number of that login, of the kernel's audit" },
	{ "start", "START", 16, false, start, "when the process began, nanoseconds since boot" },
	{ "nspid", "NSPID", 7, false, nspid, "process, in its own pid namespace" },
	{ "nstid", "NSTID", 7, false, nstid, "thread, in its own pid namespace" },
	{ "netns", "NETNS", 10, false, netns, "inode of the network namespace" },
	{ "mntns", "MNTNS", 10, false, mntns, "inode of the mount namespace" },
	{ "pidns", "PIDNS", 10, false, pidns, "inode of the pid namespace" },
	{ "cgroup", "CGROUP", 6, false, cgroup, "id of the cgroup" },
	{ "cgroup_path", "CGROUP-PATH", 24, true, cgroup_path, "its path" },
	{ "container", "CONTAINER", SHORT_ID, true, container, "id of the container, or its name" },
	{ "abi", "ABI", 6, false, abi, "by which the call came" },
	{ "via", "VIA", 8, false, via, "syscall, io_uring, sendmsg, kernel" },
	{ "inode", "INODE", 8, false, inode, "of the socket" },
};
#define ROWS (sizeof(table) / sizeof(table[0]))

static int add(struct columns *columns, const char *name, size_t length)
{
	const struct column *row;

	for (row = table; row < table + ROWS; row++) {
		if (strlen(row->name) == length && !memcmp(row->name, name, length))
			break;
	}
	if (row == table + ROWS || columns->count == COLUMNS_MAX)
		return -1;
	columns->rows[columns->count] = row;
	columns->widths[columns->count++] = row->width;
	return 0;
}

int columns_choose(struct columns *columns, const char *list, char *message, size_t size)
{
	unsigned int row, used;
	size_t length;

	columns->count = 0;
	columns->width_max = WIDTH_MAX;
	if (*list == '+') {
		columns_default(columns, 0);
		list++;
	}
	for (;; list += length + 1) {
		length = strcspn(list, ",");
		if (columns->count == COLUMNS_MAX) {
			snprintf(message, size, "more than %d columns", COLUMNS_MAX);
			return -1;
		}
		if (add(columns, list, length))
			break;
		if (!list[length])
			return 0;
	}
	used = (unsigned int)snprintf(message, size, "unknown column '%.*s' (",
				      (int)(length < 64 ? length : 64), list);
	for (row = 0; row < ROWS && used < size; row++)
		used += (unsigned int)snprintf(message + used, size - used, "%s%s",
					       table[row].name, row + 1 < ROWS ? ", " : ")");
	return -1;
}

bool columns_tell_program(const struct columns *columns)
{
	unsigned int i;

	for (i = 0; i < columns->count; i++)
		if (columns->rows[i]->put == exe || columns->rows[i]->put == cmdline)
			return true;
	return false;
}

void columns_for_time(struct columns *columns)
{
	unsigned int i, kept = 0;

	for (i = 0; i < columns->count; i++) {
		bool time = columns->rows[i]->put == time_of_day;

		if (time && columns->time->format == WALLTIME_NONE)
			continue;
		columns->rows[kept] = columns->rows[i];
		columns->widths[kept++] = time ? walltime_width(columns->time) :
						 columns->widths[i];
	}
	columns->count = kept;
}

void columns_default(struct columns *columns, unsigned int terminal)
{
	bool narrow = terminal && terminal < COLUMNS_NARROW;

	columns->count = 0;
	columns->width_max = narrow ? NARROW_MAX : WIDTH_MAX;
	add(columns, "time", 4);
	add(columns, "process", 7);
	if (narrow)
		columns->widths[1] = PROCESS_NARROW;
	if (terminal >= EXE_FROM)
		add(columns, "exe", 3);
	if (terminal >= CONTAINER_FROM)
		add(columns, "container", 9);
}

void columns_help(FILE *to)
{
	unsigned int row;

	for (row = 0; row < ROWS; row++)
		fprintf(to, "%-12s %s\n", table[row].name, table[row].help);
	fputs("The call comes last, always. +LIST: beside time,process.\n", to);
}

unsigned int columns_taken(const struct columns *columns)
{
	unsigned int taken = 0, i;

	for (i = 0; i < columns->count; i++)
		taken += columns->widths[i] + 1U;
	return taken;
}

char *columns_titles(const struct columns *columns, char *p)
{
	unsigned int i;

	for (i = 0; i < columns->count; i++) {
		const char *title = columns->rows[i]->title;

		p = columns_pad(fmt_str(p, title), (unsigned int)strlen(title),
				columns->widths[i]);
		*p++ = ' ';
	}
	return p;
}

char *columns_values(struct columns *columns, char *p, const struct socktrace_event *ev)
{
	unsigned int i;

	for (i = 0; i < columns->count; i++) {
		const struct column *row = columns->rows[i];
		char *start = p;

		if (row->put == process) {
			p = known_process(columns, p, ev, &columns->widths[i]);
			continue;
		}
		p = row->put(columns, p, ev);
		if (p == start)
			*p++ = '-';
		p = fill(columns, p, row->utf8 ? width_of(start, p) : (unsigned int)(p - start),
			 &columns->widths[i]);
		*p++ = ' ';
	}
	return p;
}

char *columns_process(const struct columns *columns, char *p,
		      const struct socktrace_event *ev, unsigned short *width)
{
	char *start = p;

	p = process(columns, p, ev);
	return fill(columns, p, width_of(start, p), width);
}
