// SPDX-License-Identifier: GPL-2.0
#include "format/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "base/escape.h"
#include "base/fmt.h"
#include "base/width.h"
#include "record/decode.h"
#include "record/record.h"
#include "record/sockaddr.h"

#define AGE_WIDTH 14
#define CALL_WIDTH 58
#define CALL_NARROWEST 30
#define AFTER_CALL 34 /* on a terminal: of the result, and what stands behind it */

#define RED "\033[31m"
#define ALARM "\033[1;31m"
#define REVERSE "\033[7m"
#define PLAIN "\033[0m"

/* Of uname(2)'s machine, by its beginning: there are armv5tel, armv7l, armv8l, ... */
static const struct {
	const char *machine;
	unsigned int abi;
} machines[] = {
	{ "x86_64", SOCKTRACE_ABI_X86_64 },   { "aarch64", SOCKTRACE_ABI_ARM64 },
	{ "i386", SOCKTRACE_ABI_I386 },	      { "i486", SOCKTRACE_ABI_I386 },
	{ "i586", SOCKTRACE_ABI_I386 },	      { "i686", SOCKTRACE_ABI_I386 },
	{ "arm", SOCKTRACE_ABI_ARM },	      { "riscv64", SOCKTRACE_ABI_RISCV64 },
	{ "riscv32", SOCKTRACE_ABI_RISCV32 }, { "ppc64", SOCKTRACE_ABI_PPC64 },
	{ "ppc", SOCKTRACE_ABI_PPC },	      { "s390x", SOCKTRACE_ABI_S390X },
	{ "s390", SOCKTRACE_ABI_S390 },	      { "mips64", SOCKTRACE_ABI_MIPS64 },
	{ "mips", SOCKTRACE_ABI_MIPS },
};

unsigned int text_abi_of_machine(const char *machine)
{
	size_t i;

	for (i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		if (!strncmp(machine, machines[i].machine, strlen(machines[i].machine)))
			return machines[i].abi;
	}
	return SOCKTRACE_ABI_UNKNOWN;
}

static unsigned int native_abi(void)
{
	struct utsname uts;

	return uname(&uts) ? SOCKTRACE_ABI_UNKNOWN : text_abi_of_machine(uts.machine);
}

void text_init(struct text *text, struct walltime *time, bool color)
{
	*text = (struct text){
		.time = time,
		.color = color,
		.native_abi = native_abi(),
		.process_width = COLUMNS_PROCESS_WIDTH,
		.columns.time = time,
		.call_width = CALL_WIDTH,
	};
	columns_default(&text->columns, 0);
}

void text_resize(struct text *text, unsigned int terminal)
{
	unsigned int taken = columns_taken(&text->columns) + AFTER_CALL;

	text->terminal = terminal;
	text->call_width = CALL_WIDTH;
	if (!terminal || terminal >= taken + CALL_WIDTH)
		return;
	text->call_width = terminal > taken + CALL_NARROWEST ? terminal - taken : CALL_NARROWEST;
}

char *text_header(const struct text *text, char *p)
{
	return fmt_lit(columns_titles(&text->columns, p), "CALL\n");
}

char *text_inflight_header(const struct text *text, char *p)
{
	p = columns_pad(p, 0, AGE_WIDTH - (sizeof("AGE") - 1));
	p = fmt_lit(p, "AGE PROCESS");
	p = columns_pad(p, sizeof("PROCESS") - 1, text->process_width);
	return fmt_lit(p, " CALL\n");
}

static char *name_or_number(char *p, const struct name *name, int32_t number)
{
	return name ? fmt_name(p, name) : fmt_i32(p, number);
}

static char *quoted(char *p, const uint8_t *bytes, unsigned int length)
{
	*p++ = '"';
	p = escape_text(p, (const char *)bytes, length, 1);
	*p++ = '"';
	return p;
}

static char *ip_port(char *p, const struct sockaddr_info *sa)
{
	if (sa->kind == SOCKADDR_INET) {
		p = sockaddr_fmt_ipv4(p, sa->bytes);
	} else {
		*p++ = '[';
		p = sockaddr_fmt_ip(p, sa);
		if (sa->inet6.scope_id) {
			*p++ = '%';
			p = fmt_u32(p, sa->inet6.scope_id);
		}
		*p++ = ']';
	}
	*p++ = ':';
	return fmt_u32(p, sa->port);
}

static char *hex64(char *p, uint64_t v)
{
	uint32_t low = htonl((uint32_t)v);

	if (v >> 32 == 0)
		return fmt_hex(p, (uint32_t)v);
	p = fmt_hex(p, (uint32_t)(v >> 32));
	return fmt_hex_bytes(p, (const uint8_t *)&low, sizeof(low));
}

static char *field_value(char *p, const struct sockaddr_info *sa,
			 const struct sockaddr_field *field)
{
	unsigned int length;
	const char *s;

	switch (field->format) {
	case SOCKADDR_STRING:
		s = sockaddr_string(sa, field, &length);
		return quoted(p, (const uint8_t *)s, length);
	case SOCKADDR_BDADDR:
		return sockaddr_fmt_bdaddr(p, sa, field);
	case SOCKADDR_HEX:
		return hex64(fmt_lit(p, "0x"), sockaddr_number(sa, field));
	case SOCKADDR_SIGNED:
		return fmt_i32(p, (int32_t)sockaddr_number(sa, field));
	default:
		return fmt_u64(p, sockaddr_number(sa, field));
	}
}

static char *fields(char *p, const struct sockaddr_info *sa)
{
	const struct sockaddr_field *field;

	for (field = sa->fields; field->format != SOCKADDR_END; field++) {
		*p++ = ' ';
		p = fmt_str(p, field->key);
		*p++ = '=';
		p = field_value(p, sa, field);
	}
	return p;
}

/* What stands behind the family's name, with a space before it. */
static char *address_body(char *p, const struct sockaddr_info *sa)
{
	switch (sa->kind) {
	case SOCKADDR_INET:
	case SOCKADDR_INET6:
		*p++ = ' ';
		return ip_port(p, sa);
	case SOCKADDR_UNIX_PATH:
		*p++ = ' ';
		return quoted(p, sa->bytes, sa->length);
	case SOCKADDR_UNIX_ABSTRACT:
		return quoted(fmt_lit(p, " @"), sa->bytes, sa->length);
	case SOCKADDR_UNIX_UNNAMED:
		return p;
	case SOCKADDR_NETLINK:
		p = fmt_u32(fmt_lit(p, " pid="), sa->netlink.pid);
		return fmt_hex(fmt_lit(p, " groups=0x"), sa->netlink.groups);
	case SOCKADDR_VSOCK:
		*p++ = ' ';
		p = fmt_u32(p, sa->vsock.cid);
		*p++ = ':';
		return fmt_u32(p, sa->port);
	case SOCKADDR_PACKET:
		p = fmt_hex(fmt_lit(p, " proto=0x"), sa->packet.protocol);
		p = fmt_i32(fmt_lit(p, " if="), sa->packet.ifindex);
		if (sa->length)
			p = fmt_hex_bytes(fmt_lit(p, " hw="), sa->bytes, sa->length);
		return p;
	case SOCKADDR_FIELDS:
		return fields(p, sa);
	case SOCKADDR_RAW:
		if (sa->length)
			p = fmt_hex_bytes(fmt_lit(p, " raw "), sa->bytes, sa->length);
		return p;
	}
	return p;
}

char *text_address(char *p, const struct socktrace_event *ev, const uint8_t *bytes,
		   unsigned int length, bool truncated)
{
	struct sockaddr_info sa;

	sockaddr_decode(&sa, bytes, length, ev ? record_protocol(ev, bytes, length) : -1);
	if (sa.kind == SOCKADDR_INET) { /* most are */
		p = ip_port(fmt_lit(p, "{AF_INET "), &sa);
	} else {
		*p++ = '{';
		if (sa.family < 0)
			*p++ = '?';
		else
			p = name_or_number(p, decode_family((unsigned int)sa.family), sa.family);
		p = address_body(p, &sa);
	}
	if (truncated)
		p = fmt_lit(p, "...");
	*p++ = '}';
	return p;
}

/* The address argument: "-" none, "?" behind what only the caller's memory said. */
static char *argument_address(char *p, const struct socktrace_event *ev)
{
	unsigned int length = record_addr_length(ev);

	if (ev->addr_source == SOCKTRACE_ADDR_FAULT)
		return fmt_lit(p, "<unreadable>");
	if (!length)
		return fmt_lit(p, "-");
	p = text_address(p, ev, socktrace_addr(ev), length, false);
	if (ev->addr_source == SOCKTRACE_ADDR_USER)
		*p++ = '?';
	return p;
}

static char *local_address(char *p, const struct socktrace_event *ev)
{
	unsigned int length = record_local_length(ev);
	struct sockaddr_info sa;

	if (!length)
		return p;
	p = fmt_lit(p, " local=");
	sockaddr_decode(&sa, socktrace_local(ev), length, -1);
	if (sa.kind == SOCKADDR_INET || sa.kind == SOCKADDR_INET6)
		return ip_port(p, &sa);
	return text_address(p, ev, socktrace_local(ev), length,
			    ev->flags & SOCKTRACE_F_LOCAL_TRUNCATED);
}

/* Appends FLAG| for each flag, of one at least; bits without a name as one number. */
static char *type_flags(char *p, uint32_t flags)
{
	const struct type_flag *flag;
	unsigned int row;

	for (row = 0; flags && (flag = decode_type_flag(row)); row++) {
		if (!(flags & flag->bit))
			continue;
		flags &= ~flag->bit;
		p = fmt_name(p, &flag->name);
		*p++ = '|';
	}
	if (flags)
		return fmt_hex(fmt_lit(p, "0x"), flags);
	return p - 1;
}

static char *protocol(char *p, unsigned int family, int32_t number)
{
	const struct name *name = decode_protocol(family, number);

	if (!name || family != AF_PACKET)
		return name_or_number(p, name, number);
	p = fmt_name(fmt_lit(p, "htons("), name);
	*p++ = ')';
	return p;
}

static char *sockfd(char *p, const struct socktrace_event *ev)
{
	if (!record_has_sockfd(ev))
		return fmt_lit(p, "-, ");
	return fmt_lit(fmt_i32(p, ev->args[0]), ", ");
}

/* The kind of socket that socket() and socketpair() are to make. */
static char *kind(char *p, const struct socktrace_event *ev)
{
	uint32_t type = (uint32_t)ev->args[1];

	p = name_or_number(p, decode_family((unsigned int)ev->args[0]), ev->args[0]);
	p = fmt_lit(p, ", ");
	p = name_or_number(p, decode_type(type & DECODE_TYPE_MASK),
			   (int32_t)(type & DECODE_TYPE_MASK));
	if (type & ~DECODE_TYPE_MASK) {
		*p++ = '|';
		p = type_flags(p, type & ~DECODE_TYPE_MASK);
	}
	p = fmt_lit(p, ", ");
	return protocol(p, (unsigned int)ev->args[0], ev->args[2]);
}

/* The descriptors of a pair: "-" none were made, "[?]" they were not to be had. */
static char *sv(char *p, const struct socktrace_event *ev)
{
	if (ev->flags & SOCKTRACE_F_SV) {
		*p++ = '[';
		p = fmt_lit(fmt_i32(p, ev->sv[0]), ", ");
		p = fmt_i32(p, ev->sv[1]);
		*p++ = ']';
		return p;
	}
	if (ev->phase == SOCKTRACE_EXIT && !ev->ret)
		return fmt_lit(p, "[?]");
	return fmt_lit(p, "-");
}

static char *arguments(char *p, const struct socktrace_event *ev)
{
	switch (ev->type) {
	case SOCKTRACE_SOCKET:
		return kind(p, ev);
	case SOCKTRACE_SOCKETPAIR:
		return sv(fmt_lit(kind(p, ev), ", "), ev);
	case SOCKTRACE_ACCEPT4:
		p = fmt_lit(argument_address(sockfd(p, ev), ev), ", ");
		if (record_entered_before(ev))
			return fmt_lit(p, "?");
		return ev->args[1] ? type_flags(p, (uint32_t)ev->args[1]) :
				     fmt_lit(p, "0");
	case SOCKTRACE_SECURITY_SOCKET_CONNECT:
	case SOCKTRACE_ADDR_MISMATCH:
	case SOCKTRACE_CONNECT:
	case SOCKTRACE_BIND:
		p = fmt_lit(argument_address(sockfd(p, ev), ev), ", ");
		return fmt_i32(p, ev->args[1]);
	case SOCKTRACE_LISTEN:
		return fmt_i32(sockfd(p, ev), ev->args[1]);
	case SOCKTRACE_CONNECTED:
		return argument_address(sockfd(p, ev), ev);
	default:
		return fmt_lit(p, "?");
	}
}

static char *duration(char *p, const struct socktrace_event *ev)
{
	p = fmt_seconds(fmt_lit(p, " <"), ev->duration_ns);
	*p++ = '>';
	return p;
}

static char *result(const struct text *text, char *p, const struct socktrace_event *ev)
{
	const struct name *name;
	uint32_t number;
	bool red;

	p = fmt_lit(p, " = ");
	/* As everywhere in the kernel, the last 4,095 numbers are errors. */
	if (ev->ret >= 0 || ev->ret < -4095) {
		p = fmt_i32(p, ev->ret);
	} else {
		number = (uint32_t)-ev->ret;
		name = decode_errno(number);
		red = text->color && number != EINPROGRESS;
		if (red)
			p = fmt_lit(p, RED);
		/* From 512 on the kernel acts on it before the program sees it. */
		p = number < 512 ? fmt_lit(p, "-1 ") : fmt_lit(p, "? ");
		p = name ? fmt_name(p, name) : fmt_u32(fmt_lit(p, "errno "), number);
		if (red)
			p = fmt_lit(p, PLAIN);
	}
	return p;
}

static char *alarm_text(const struct text *text, char *p, const char *s)
{
	if (!text->color)
		return fmt_str(p, s);
	p = fmt_str(fmt_lit(p, ALARM), s);
	return fmt_lit(p, PLAIN);
}

static char *lost(const struct text *text, char *p, const struct socktrace_event *ev)
{
	if (text->color)
		p = fmt_lit(p, REVERSE);
	p = fmt_u64(fmt_lit(p, "!!! LOST "), ev->lost_count);
	p = fmt_u32(fmt_lit(p, " records on CPU "), ev->cpu);
	if (ev->lost_reason == SOCKTRACE_LOST_RING_FULL)
		p = fmt_lit(p, " (ring full)");
	else
		p = fmt_lit(fmt_u32(fmt_lit(p, " (reason "), ev->lost_reason), ")");
	p = fmt_u64(fmt_lit(p, ", seq "), ev->seq);
	if (ev->lost_count > 1)
		p = fmt_u64(fmt_lit(p, ".."), ev->seq + ev->lost_count - 1);
	if (text->color)
		p = fmt_lit(p, PLAIN);
	return p;
}

/* Calls by another way or ABI than usual are marked before their name. */
static char *marks(const struct text *text, char *p, const struct socktrace_event *ev)
{
	if (ev->abi && ev->abi != text->native_abi) {
		*p++ = '[';
		p = name_or_number(p, decode_abi(ev->abi), ev->abi);
		p = fmt_lit(p, "] ");
	}
	if (ev->via > SOCKTRACE_VIA_SYSCALL) {
		*p++ = '[';
		p = name_or_number(p, decode_via(ev->via), ev->via);
		p = fmt_lit(p, "] ");
	}
	return p;
}

/* Is it what the call's address says already? */
static bool is_address(const struct socktrace_event *ev, const struct path *path)
{
	struct sockaddr_info sa;

	if (!record_addr_length(ev))
		return false;
	sockaddr_decode(&sa, socktrace_addr(ev), record_addr_length(ev), -1);
	return sa.kind == SOCKADDR_UNIX_PATH && sa.length == path->length &&
	       !memcmp(sa.bytes, path->text, path->length);
}

/* Where the file of the other end is, unless that is what was asked for. */
static char *peer_path(const struct text *text, char *p, const struct socktrace_event *ev)
{
	const struct path *path = text->paths ? paths_of(text->paths, ev) : NULL;

	if (!path)
		return alarm_text(text, p, " PEER PATH MISSED");
	if (!path->flags && is_address(ev, path))
		return p;
	p = quoted(fmt_lit(p, " peer="), (const uint8_t *)path->text, path->length);
	if (path->flags & SOCKTRACE_PATH_DELETED)
		p = fmt_lit(p, " (deleted)");
	if (path->flags & SOCKTRACE_PATH_OTHER_MOUNTS)
		p = fmt_lit(p, " (other mounts)");
	return p;
}

/* Of addresses, those of IP have no bytes that a stranger may choose. */
static bool is_ascii(const struct socktrace_event *ev)
{
	uint16_t family = AF_INET;

	if (ev->addr_len >= sizeof(family))
		memcpy(&family, ev->addrs, sizeof(family));
	return family == AF_INET || family == AF_INET6;
}

#define UNUSUAL                                                                 \
	(SOCKTRACE_F_ENTERED_BEFORE | SOCKTRACE_F_RETURN_MISSED |                \
	 SOCKTRACE_F_OUTCOME_MISSED | SOCKTRACE_F_LATE)

/* How the record came about, where that was not by an entry and its return. */
static char *unusual(const struct text *text, char *p, const struct socktrace_event *ev)
{
	if (record_entered_before(ev))
		p = fmt_lit(p, " entered before");
	if (ev->flags & SOCKTRACE_F_RETURN_MISSED)
		p = alarm_text(text, p, " RETURN MISSED");
	if (ev->flags & SOCKTRACE_F_OUTCOME_MISSED)
		p = alarm_text(text, p, " OUTCOME MISSED");
	if (ev->flags & SOCKTRACE_F_LATE)
		p = fmt_lit(p, " late");
	return p;
}

/* The parts of the line, each from where the one before ended. */
static char *call(struct text *text, char *p, const struct socktrace_event *ev)
{
	const struct name *name = decode_event(ev->type);
	bool returned = record_has_result(ev);
	char **ends = text->fit.ends, *start = p;

	text->fit.duration_ns = ev->duration_ns;
	ends[FIT_COLUMNS] = p;
	p = marks(text, p, ev);
	p = name ? fmt_name(p, name) : fmt_u32(fmt_lit(p, "event_"), ev->type);
	*p++ = '(';
	p = arguments(p, ev);
	*p++ = ')';
	ends[FIT_CALL] = p;
	if (returned)
		p = columns_pad(p, is_ascii(ev) ? (unsigned int)(p - start) :
						  width_of(start, p), text->call_width);
	ends[FIT_PAD] = p;
	if (returned)
		p = result(text, p, ev);
	ends[FIT_RESULT] = p;
	if (returned)
		p = duration(p, ev);
	ends[FIT_DURATION] = p;
	if (ev->phase == SOCKTRACE_ENTER)
		p = fmt_lit(p, " ...");
	if (ev->flags & UNUSUAL)
		p = unusual(text, p, ev);
	ends[FIT_MARKS] = p;
	ends[FIT_LOCAL] = p = local_address(p, ev);
	if (ev->flags & SOCKTRACE_F_QUEUE) {
		p = fmt_u32(fmt_lit(p, " queue="), ev->queue_len);
		*p++ = '/';
		p = fmt_u32(p, ev->queue_limit);
	}
	ends[FIT_QUEUE] = p;
	if (ev->flags & SOCKTRACE_F_PEER_PATH)
		p = peer_path(text, p, ev);
	ends[FIT_PEER_PATH] = p;
	if (ev->flags & SOCKTRACE_F_PEERCRED) {
		p = fmt_u32(fmt_lit(p, " peer_pid="), ev->peer_pid);
		p = fmt_u32(fmt_lit(p, " peer_uid="), ev->peer_uid);
	}
	ends[FIT_PEER_IDS] = p;
	if (ev->toctou == SOCKTRACE_TOCTOU_MISMATCH)
		p = alarm_text(text, p, " MISMATCH");
	if (ev->type == SOCKTRACE_ADDR_MISMATCH)
		p = alarm_text(text, p,
			       " MISMATCH: the address as passed; the kernel used another");
	ends[FIT_ALARM] = p;
	return p;
}

static char *time(const struct text *text, char *p, const struct socktrace_event *ev)
{
	if (text->time->format == WALLTIME_NONE)
		return p;
	p = walltime_text(text->time, p, ev->time_ns);
	*p++ = ' ';
	return p;
}

char *text_event(struct text *text, char *p, const struct socktrace_event *ev)
{
	char *line;

	if (ev->type == SOCKTRACE_LOST) {
		p = lost(text, time(text, p, ev), ev);
	} else {
		line = p;
		p = columns_values(&text->columns, p, ev);
		p = call(text, p, ev);
		if (text->terminal)
			p = fit_line(&text->fit, line, text->terminal);
	}
	*p++ = '\n';
	return p;
}

/* Arguments as execve() takes them; dots where there were more. */
static char *command_line(char *p, const struct image *image)
{
	const char *s = image->text + image->exe_length, *end = s + image->cmdline_length;
	size_t n;

	*p++ = '[';
	for (; s < end; s += n + 1) {
		n = strnlen(s, (size_t)(end - s));
		if (p[-1] != '[')
			p = fmt_lit(p, ", ");
		p = quoted(p, (const uint8_t *)s, (unsigned int)n);
	}
	if (image->cmdline_size > image->cmdline_length)
		p = fmt_lit(p, "...");
	*p++ = ']';
	return p;
}

char *text_process(struct text *text, char *p, const struct socktrace_event *ev,
		   const struct image *image)
{
	char *line = p;

	p = columns_process(&text->columns, time(text, p, ev), ev, &text->process_width);
	p = fmt_lit(p, " process(");
	if (image->exe_length)
		p = quoted(p, (const uint8_t *)image->text, image->exe_length);
	else
		*p++ = '?';
	p = command_line(fmt_lit(p, ", "), image);
	*p++ = ')';
	if (text->terminal)
		p = fit_cut(line, p, text->terminal, text->color);
	*p++ = '\n';
	return p;
}

char *text_inflight(struct text *text, char *p, const struct socktrace_event *ev,
		    uint64_t now_ns)
{
	char age[32], *line = p;
	size_t length;

	length = (size_t)(fmt_seconds(age, now_ns > ev->time_ns ? now_ns - ev->time_ns : 0) - age);
	p = fmt_mem(columns_pad(p, (unsigned int)length, AGE_WIDTH), age, length);
	*p++ = ' ';
	p = columns_process(&text->columns, p, ev, &text->process_width);
	*p++ = ' ';
	p = call(text, p, ev);
	if (text->terminal)
		p = fit_line(&text->fit, line, text->terminal);
	*p++ = '\n';
	return p;
}

char *text_hanging(struct text *text, char *p, const struct socktrace_event *ev,
		   uint64_t now_ns)
{
	uint64_t age_ns = now_ns > ev->time_ns ? now_ns - ev->time_ns : 0;
	char *line = p;

	p = columns_values(&text->columns, p, ev);
	p = call(text, p, ev);
	p = fmt_lit(fmt_u64(fmt_lit(p, " hangs for "), age_ns / 1000000000), " s");
	text->fit.ends[FIT_ALARM] = p;
	if (text->terminal)
		p = fit_line(&text->fit, line, text->terminal);
	*p++ = '\n';
	return p;
}
