// SPDX-License-Identifier: GPL-2.0
#include "filter/value.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/users.h"
#include "filter/rule.h"
#include "record/decode.h"

#define PID_LIMIT 4194304 /* PID_MAX_LIMIT of the kernel */
#define ERRNO_MAX 4095
#define LENGTH(n) ((int)((n) < 64 ? (n) : 64)) /* of what a message quotes */

int filter_wrong(struct filter_error *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return -1;
}

int value_number(const char *s, size_t length, uint64_t min, uint64_t max,
		 uint64_t *value)
{
	uint64_t v = 0;
	size_t i;

	if (!length || length > 20)
		return -1;
	for (i = 0; i < length; i++) {
		if (s[i] < '0' || s[i] > '9' ||
		    __builtin_mul_overflow(v, 10U, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s[i] - '0'), &v))
			return -1;
	}
	if (v < min || v > max)
		return -1;
	*value = v;
	return 0;
}

static bool is(const char *s, size_t length, const char *word)
{
	return strlen(word) == length && !strncasecmp(s, word, length);
}

/* A number, or two as in 1-1023. */
static int range(const char *s, size_t length, uint64_t limit, uint64_t *min,
		 uint64_t *max)
{
	const char *dash = memchr(s, '-', length);
	size_t first = dash ? (size_t)(dash - s) : length;

	if (value_number(s, first, 0, limit, min))
		return -1;
	*max = *min;
	return dash ? value_number(dash + 1, length - first - 1, *min, limit, max) : 0;
}

/* The names of all events, ", " between; `buffer` has room for them. */
static const char *event_names(char *buffer, size_t size)
{
	size_t used = 0;
	unsigned int type;

	*buffer = '\0';
	for (type = 0; type < SOCKTRACE_LOST && used < size; type++) {
		if (SOCKTRACE_EVENTS_ALL >> type & 1)
			used += (size_t)snprintf(buffer + used, size - used, "%s, ",
						 decode_event(type)->s);
	}
	return buffer;
}

/* What strace(1) calls %net: of each connect, the security hook tells nothing more. */
#define SYSTEM_CALLS                                                            \
	(SOCKTRACE_EVENTS_ALL & ~SOCKTRACE_EVENT_BIT(SOCKTRACE_SECURITY_SOCKET_CONNECT))

int value_event(struct socktrace_rule *rule, const char *s, size_t length,
		struct filter_error *error)
{
	unsigned int type = decode_event_by_name(s, (unsigned int)length);
	char names[256];

	rule->match = SOCKTRACE_MATCH_EVENTS;
	if (length == 3 && !strncmp(s, "all", 3))
		rule->events = SOCKTRACE_EVENTS_ALL;
	else if (is(s, length, "%net") || is(s, length, "%network") || is(s, length, "network"))
		rule->events = SYSTEM_CALLS;
	else if (type)
		rule->events = SOCKTRACE_EVENT_BIT(type);
	else
		return filter_wrong(error, "unknown event '%.*s' (%sall)", LENGTH(length), s,
				    event_names(names, sizeof(names)));
	return 0;
}

int value_phase(struct socktrace_rule *rule, const char *s, size_t length,
		struct filter_error *error)
{
	unsigned int phase;

	rule->match = SOCKTRACE_MATCH_PHASES;
	for (phase = SOCKTRACE_ENTER; phase <= SOCKTRACE_POINT; phase++) {
		const struct name *name = decode_phase(phase);

		if (name->length == length && !memcmp(name->s, s, length)) {
			rule->phases = 1U << phase;
			return 0;
		}
	}
	return filter_wrong(error, "unknown phase '%.*s' (enter, exit, point)",
			    LENGTH(length), s);
}

static int process(uint32_t *field, const char *s, size_t length,
		   struct filter_error *error)
{
	uint64_t pid;

	if (value_number(s, length, 1, PID_LIMIT, &pid))
		return filter_wrong(error, "'%.*s' is no process id (1 to %d)",
				    LENGTH(length), s, PID_LIMIT);
	*field = (uint32_t)pid;
	return 0;
}

int value_pid(struct socktrace_rule *rule, const char *s, size_t length,
	      struct filter_error *error)
{
	rule->match = SOCKTRACE_MATCH_TGID;
	return process(&rule->tgid, s, length, error);
}

int value_tid(struct socktrace_rule *rule, const char *s, size_t length,
	      struct filter_error *error)
{
	rule->match = SOCKTRACE_MATCH_TID;
	return process(&rule->tid, s, length, error);
}

int value_descendant(struct socktrace_rule *rule, const char *s, size_t length,
		     struct filter_error *error)
{
	rule->match = SOCKTRACE_MATCH_ANCESTOR;
	return process(&rule->ancestor, s, length, error);
}

/* A name, a number, or two as in 1000-1999. */
static int users(uint32_t *first, uint32_t *last, const char *s, size_t length,
		 struct filter_error *error)
{
	struct user user;
	uint64_t min, max;

	if (length && *s >= '0' && *s <= '9') {
		if (range(s, length, UINT32_MAX, &min, &max))
			return filter_wrong(error, "'%.*s' is no uid (0 to %u, or two as in "
						   "1000-1999)",
					    LENGTH(length), s, UINT32_MAX);
	} else {
		if (!length || memchr(s, ':', length) ||
		    users_find(&user, USERS_PASSWD, s, length))
			return filter_wrong(error, "unknown user '%.*s': not in /etc/passwd "
						   "(the number will do)",
					    LENGTH(length), s);
		min = max = user.uid;
	}
	*first = (uint32_t)min;
	*last = (uint32_t)max;
	return 0;
}

int value_user(struct socktrace_rule *rule, const char *s, size_t length,
	       struct filter_error *error)
{
	rule->match = SOCKTRACE_MATCH_UID;
	return users(&rule->uid_min, &rule->uid_max, s, length, error);
}

int value_euid(struct socktrace_rule *rule, const char *s, size_t length,
	       struct filter_error *error)
{
	rule->match = SOCKTRACE_MATCH_EUID;
	return users(&rule->euid_min, &rule->euid_max, s, length, error);
}

/* Of a daemon nobody logged in: the kernel's number for that is the highest. */
int value_loginuid(struct socktrace_rule *rule, const char *s, size_t length,
		   struct filter_error *error)
{
	rule->match = SOCKTRACE_MATCH_LOGINUID;
	if (length == 4 && !strncmp(s, "none", 4)) {
		rule->loginuid_min = rule->loginuid_max = UINT32_MAX;
		return 0;
	}
	return users(&rule->loginuid_min, &rule->loginuid_max, s, length, error);
}

/* What the shell would know as one: the kernel's rules don't. */
static bool wildcard(const char *s, size_t length)
{
	return memchr(s, '*', length) || memchr(s, '?', length);
}

int value_comm(struct socktrace_rule *rule, const char *s, size_t length,
	       struct filter_error *error)
{
	const size_t max = sizeof(rule->comm) - 1;

	rule->match = SOCKTRACE_MATCH_COMM;
	if (length && s[length - 1] == '*') {
		rule->match = SOCKTRACE_MATCH_COMM_PREFIX;
		length--;
	}
	if (wildcard(s, length))
		return filter_wrong(error, "'%.*s': a name is asked for whole, or by its beginning as "
					   "in NAME*: no other * or ? (a name that has one: by what is "
					   "before it)",
				    LENGTH(length), s);
	if (!length)
		return filter_wrong(error, "no name (NAME, or the beginning of one as in NAME*)");
	if (memchr(s, 0, length))
		return filter_wrong(error, "a name has no NUL");
	if (length > max)
		return filter_wrong(error, "'%.*s' is longer than the kernel's names: the first "
					   "%zu bytes are '%.*s'",
				    LENGTH(length), s, max, (int)max, s);
	memcpy(rule->comm, s, length);
	return 0;
}

int value_family(struct socktrace_rule *rule, const char *s, size_t length,
		 struct filter_error *error)
{
	int family = decode_family_by_name(s, (unsigned int)length);
	uint64_t value;

	/* Names of others than the kernel. */
	if (is(s, length, "ipv4") || is(s, length, "ip"))
		family = AF_INET;
	else if (is(s, length, "ipv6") || is(s, length, "ip6"))
		family = AF_INET6;
	if (family >= 0)
		value = (uint64_t)family;
	else if (value_number(s, length, 0, 63, &value))
		return filter_wrong(error, "unknown family '%.*s' (inet, inet6, unix, netlink, "
					   "packet, vsock, ..., or a number from 0 to 63)",
				    LENGTH(length), s);
	rule->match = SOCKTRACE_MATCH_FAMILIES;
	rule->families = 1ULL << value;
	return 0;
}

int value_type(struct socktrace_rule *rule, const char *s, size_t length,
	       struct filter_error *error)
{
	int type = decode_type_by_name(s, (unsigned int)length);
	uint64_t value;

	if (type >= 0)
		value = (uint64_t)type;
	else if (value_number(s, length, 0, DECODE_TYPE_MASK, &value))
		return filter_wrong(error, "unknown type '%.*s' (stream, dgram, raw, seqpacket, "
					   "..., or a number from 0 to %u)",
				    LENGTH(length), s, DECODE_TYPE_MASK);
	rule->match = SOCKTRACE_MATCH_TYPES;
	rule->types = 1U << value;
	return 0;
}

int value_protocol(struct socktrace_rule *rule, const char *s, size_t length,
		   struct filter_error *error)
{
	const uint64_t ip = 1ULL << AF_INET | 1ULL << AF_INET6;
	uint64_t value;
	int number;

	rule->match = SOCKTRACE_MATCH_PROTOCOL;
	/* A number is of whatever family; of a name it is known of which. */
	if (!value_number(s, length, 0, UINT16_MAX, &value)) {
		rule->protocol = (uint16_t)value;
		return 0;
	}
	rule->families = ip;
	number = decode_protocol_by_name(AF_INET, s, (unsigned int)length);
	if (number < 0) {
		rule->families = 1ULL << AF_NETLINK;
		number = decode_protocol_by_name(AF_NETLINK, s, (unsigned int)length);
	}
	if (number < 0)
		return filter_wrong(error, "unknown protocol '%.*s' (tcp, udp, icmp, sctp, mptcp, "
					   "..., netlink_route, ..., or a number from 0 to %d)",
				    LENGTH(length), s, UINT16_MAX);
	rule->match |= SOCKTRACE_MATCH_FAMILIES;
	rule->protocol = (uint16_t)number;
	return 0;
}

static int ports(struct socktrace_endpoint *end, const char *s, size_t length,
		 struct filter_error *error)
{
	uint64_t min, max;
	bool colon = length && *s == ':'; /* as ss(8) has them: dport = :443 */

	if (range(s + colon, length - colon, UINT16_MAX, &min, &max))
		return filter_wrong(error, "'%.*s' is no port (0 to %d, or two as in 1-1023)",
				    LENGTH(length), s, UINT16_MAX);
	end->port_min = (uint16_t)min;
	end->port_max = (uint16_t)max;
	return 0;
}

int value_remote_port(struct socktrace_rule *rule, const char *s, size_t length,
		      struct filter_error *error)
{
	rule->match = SOCKTRACE_MATCH_REMOTE_PORT;
	return ports(&rule->remote, s, length, error);
}

int value_local_port(struct socktrace_rule *rule, const char *s, size_t length,
		     struct filter_error *error)
{
	rule->match = SOCKTRACE_MATCH_LOCAL_PORT;
	return ports(&rule->local, s, length, error);
}

int value_path(struct socktrace_rule *rule, const char *s, size_t length,
	       struct filter_error *error)
{
	/* By the beginning anyway. */
	if (length && s[length - 1] == '*')
		length--;
	if (!length)
		return filter_wrong(error, "no path (/run/ for what begins so, @NAME abstract)");
	if (wildcard(s, length))
		return filter_wrong(error, "'%.*s': paths are asked for by their beginning: no * or ? "
					   "but a * at the end",
				    LENGTH(length), s);
	if (length > sizeof(rule->path))
		return filter_wrong(error, "'%.*s...' is longer than a socket's path (%zu bytes)",
				    LENGTH(length), s, sizeof(rule->path));
	rule->match = SOCKTRACE_MATCH_PATH;
	memcpy(rule->path, s, length);
	if (*s == '@')
		rule->path[0] = '\0';
	rule->path_len = (uint8_t)length;
	return 0;
}

int value_exe(struct socktrace_rule *rule, const char *s, size_t length,
	      struct filter_error *error)
{
	(void)rule;
	if (!length || *s != '/')
		return filter_wrong(error, "'%.*s' is no path (/usr/bin/curl, or what it begins with; "
					   "--comm has names)",
				    LENGTH(length), s);
	if (memchr(s, 0, length) || (wildcard(s, length) && memchr(s, '*', length - 1)) ||
	    memchr(s, '?', length))
		return filter_wrong(error, "'%.*s': paths are asked for by their beginning: no * or ? "
					   "but a * at the end",
				    LENGTH(length), s);
	return 0;
}

int value_container(struct socktrace_rule *rule, const char *s, size_t length,
		    struct filter_error *error)
{
	(void)rule;
	if (!length || memchr(s, 0, length) || (length > 1 && wildcard(s, length)))
		return filter_wrong(error, "'%.*s' is no container (its id or the beginning of that, "
					   "the name of lxc's, * for any)",
				    LENGTH(length), s);
	return 0;
}

int value_ok(struct socktrace_rule *rule, const char *s, size_t length,
	     struct filter_error *error)
{
	(void)s, (void)length, (void)error;
	rule->match = SOCKTRACE_MATCH_OK;
	return 0;
}

int value_failed(struct socktrace_rule *rule, const char *s, size_t length,
		 struct filter_error *error)
{
	(void)s, (void)length, (void)error;
	rule->match = SOCKTRACE_MATCH_FAILED;
	return 0;
}

int value_errno(struct socktrace_rule *rule, const char *s, size_t length,
		struct filter_error *error)
{
	uint64_t value = decode_errno_by_name(s, (unsigned int)length);

	if (!value && value_number(s, length, 1, ERRNO_MAX, &value))
		return filter_wrong(error, "unknown errno '%.*s' (ECONNREFUSED, EAGAIN, ..., or "
					   "a number from 1 to %d)",
				    LENGTH(length), s, ERRNO_MAX);
	rule->match = SOCKTRACE_MATCH_ERROR;
	rule->error = (uint32_t)value;
	return 0;
}

int value_time(const char *s, size_t length, uint64_t *ns, struct filter_error *error)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };
	size_t whole = 0, rest, i;
	uint64_t value, fraction = 0, unit = 0, digit;

	while (whole < length && s[whole] >= '0' && s[whole] <= '9')
		whole++;
	rest = whole;
	if (rest < length && s[rest] == '.')
		for (rest++; rest < length && s[rest] >= '0' && s[rest] <= '9'; rest++)
			;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].name) == length - rest &&
		    !memcmp(units[i].name, s + rest, length - rest))
			unit = units[i].ns;
	}
	if (!unit || value_number(s, whole, 0, UINT64_MAX / unit - 1, &value))
		return filter_wrong(error, "'%.*s' is no time (as in 10ms, 1.5s; ns, us, ms, s)",
				    LENGTH(length), s);
	for (i = whole + 1, digit = unit / 10; i < rest; i++, digit /= 10)
		fraction += digit * (uint64_t)(s[i] - '0');
	*ns = value * unit + fraction;
	return 0;
}

int value_duration(struct socktrace_rule *rule, const char *s, size_t length,
		   struct filter_error *error)
{
	uint64_t ns;

	if (value_time(s, length, &ns, error))
		return -1;
	rule->match = SOCKTRACE_MATCH_DURATION;
	rule->min_duration_ns = ns;
	return 0;
}
