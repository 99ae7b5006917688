// SPDX-License-Identifier: GPL-2.0
#include "format/json.h"

#include <stdbool.h>

#include "base/escape.h"
#include "base/fmt.h"
#include "base/same_bytes.h"
#include "record/decode.h"
#include "record/record.h"
#include "record/sockaddr.h"

/* A key with a number; `key` is a literal such as ",\"pid\":". */
#define KEY_U32(p, key, v) fmt_u32(fmt_lit(p, key), v)
#define KEY_U64(p, key, v) fmt_u64(fmt_lit(p, key), v)
#define KEY_I32(p, key, v) fmt_i32(fmt_lit(p, key), v)

/* Is this key of a call's asked for? */
static inline bool has(uint64_t fields, enum json_field field)
{
	return fields >> field & 1;
}

static inline bool wants(const struct json *json, enum json_field field)
{
	return has(json->fields, field);
}

/* What runs for each call is built twice: for all fields, without asking, and for some. */
#define BUILT_TWICE static inline __attribute__((always_inline)) char *

/* What is made anew seldom: not to be inlined where each record comes along. */
#define SELDOM __attribute__((noinline))

/* "NAME", or the number as a string where it has none. */
static char *nameless(char *p, int64_t number)
{
	if (number < 0)
		*p++ = '-';
	return fmt_u32(p, (uint32_t)(number < 0 ? -number : number));
}

static inline __attribute__((always_inline)) char *
name_or_number(char *p, const struct name *name, int64_t number)
{
	*p++ = '"';
	p = name ? fmt_name(p, name) : nameless(p, number);
	*p++ = '"';
	return p;
}

#define KEY_NAME(p, key, name, number) \
	name_or_number(fmt_lit(p, key), name, (int64_t)(number))

static char *hex_string(char *p, const uint8_t *bytes, unsigned int length)
{
	*p++ = '"';
	p = fmt_hex_bytes(p, bytes, length);
	*p++ = '"';
	return p;
}

static char *escaped_string(char *p, const void *bytes, size_t length)
{
	*p++ = '"';
	p = escape_json(p, bytes, length);
	*p++ = '"';
	return p;
}

static char *hardware_address(char *p, const uint8_t *bytes, unsigned int length)
{
	unsigned int i;

	p = fmt_lit(p, ",\"hwaddr\":\"");
	for (i = 0; i < length; i++) {
		if (i)
			*p++ = ':';
		p = fmt_hex_bytes(p, bytes + i, 1);
	}
	*p++ = '"';
	return p;
}

/* A number without a sign, or one with it. */
static char *field_number(char *p, const struct sockaddr_field *field, uint64_t number)
{
	if (field->format == SOCKADDR_SIGNED)
		return fmt_i32(p, (int32_t)number);
	return fmt_u64(p, number);
}

static char *fields(char *p, const struct sockaddr_info *sa)
{
	const struct sockaddr_field *field;
	unsigned int length;
	const char *s;

	for (field = sa->fields; field->format != SOCKADDR_END; field++) {
		p = fmt_str(fmt_lit(p, ",\""), field->key);
		p = fmt_lit(p, "\":");
		switch (field->format) {
		case SOCKADDR_STRING:
			s = sockaddr_string(sa, field, &length);
			p = escaped_string(p, s, length);
			break;
		case SOCKADDR_BDADDR:
			*p++ = '"';
			p = sockaddr_fmt_bdaddr(p, sa, field);
			*p++ = '"';
			break;
		default:
			p = field_number(p, field, sockaddr_number(sa, field));
		}
	}
	return p;
}

SELDOM static char *other_address(char *p, const struct sockaddr_info *address)
{
	const struct sockaddr_info sa = *address;

	if (sa.family < 0) {
		p = hex_string(fmt_lit(p, "{\"raw\":"), sa.bytes, sa.length);
		*p++ = '}';
		return p;
	}
	p = KEY_NAME(p, "{\"family\":", decode_family((unsigned int)sa.family), sa.family);
	p = KEY_I32(p, ",\"family_id\":", sa.family);
	switch (sa.kind) {
	case SOCKADDR_INET:
	case SOCKADDR_INET6:
		p = sockaddr_fmt_ip(fmt_lit(p, ",\"ip\":\""), &sa);
		p = KEY_U32(p, "\",\"port\":", sa.port);
		p = KEY_U32(p, ",\"flowinfo\":", sa.inet6.flowinfo);
		p = KEY_U32(p, ",\"scope_id\":", sa.inet6.scope_id);
		break;
	case SOCKADDR_UNIX_PATH:
		p = escaped_string(fmt_lit(p, ",\"path\":"), sa.bytes, sa.length);
		break;
	case SOCKADDR_UNIX_ABSTRACT:
		p = escaped_string(fmt_lit(p, ",\"abstract\":"), sa.bytes, sa.length);
		break;
	case SOCKADDR_UNIX_UNNAMED:
		p = fmt_lit(p, ",\"unnamed\":true");
		break;
	case SOCKADDR_NETLINK:
		p = KEY_U32(p, ",\"nl_pid\":", sa.netlink.pid);
		p = KEY_U32(p, ",\"nl_groups\":", sa.netlink.groups);
		break;
	case SOCKADDR_VSOCK:
		p = KEY_U32(p, ",\"cid\":", sa.vsock.cid);
		p = KEY_U32(p, ",\"port\":", sa.port);
		break;
	case SOCKADDR_PACKET:
		p = KEY_U32(p, ",\"protocol\":", sa.packet.protocol);
		p = KEY_I32(p, ",\"ifindex\":", sa.packet.ifindex);
		p = KEY_U32(p, ",\"hatype\":", sa.packet.hatype);
		p = KEY_U32(p, ",\"pkttype\":", sa.packet.pkttype);
		if (sa.length)
			p = hardware_address(p, sa.bytes, sa.length);
		break;
	case SOCKADDR_FIELDS:
		p = fields(p, &sa);
		break;
	case SOCKADDR_RAW:
		if (sa.length)
			p = hex_string(fmt_lit(p, ",\"raw\":"), sa.bytes, sa.length);
		break;
	}
	*p++ = '}';
	return p;
}

static char *address(char *p, const struct socktrace_event *ev, const uint8_t *bytes,
		     unsigned int length)
{
	struct sockaddr_info sa;

	sockaddr_decode(&sa, bytes, length, record_protocol(ev, bytes, length));
	if (sa.kind != SOCKADDR_INET) /* most are */
		return other_address(p, &sa);
	p = fmt_lit(p, "{\"family\":\"AF_INET\",\"family_id\":2,\"ip\":\"");
	p = KEY_U32(sockaddr_fmt_ipv4(p, sa.bytes), "\",\"port\":", sa.port);
	*p++ = '}';
	return p;
}

static char *type_flags(char *p, uint32_t flags)
{
	const struct type_flag *flag;
	unsigned int row;
	char separator = '[';

	if (!flags)
		return p;
	p = fmt_lit(p, ",\"flags\":");
	for (row = 0; (flag = decode_type_flag(row)); row++) {
		if (!(flags & flag->bit))
			continue;
		flags &= ~flag->bit;
		*p++ = separator;
		p = name_or_number(p, &flag->name, 0);
		separator = ',';
	}
	if (flags) {
		*p++ = separator;
		p = fmt_hex(fmt_lit(p, "\"0x"), flags);
		*p++ = '"';
	}
	*p++ = ']';
	return p;
}

/* The id; the directory of that, and whose container it is, where that is known. */
static char *cgroup(const struct json *json, char *p, const struct socktrace_event *ev,
		    uint64_t *until_ns)
{
	const char *path, *container;
	size_t length;

	if (wants(json, JSON_CGROUP))
		p = KEY_U64(p, ",\"cgroup\":", ev->cgroup_id & ~SOCKTRACE_CGROUP_V1);
	if (wants(json, JSON_CGROUP) && ev->cgroup_id & SOCKTRACE_CGROUP_V1)
		p = fmt_lit(p, ",\"cgroup_v1\":true");
	if (!wants(json, JSON_CGROUP_PATH) && !wants(json, JSON_CONTAINER))
		return p;
	path = cgroups_path(json->cgroups, ev->cgroup_id, json->time->now_ns, &length, until_ns);
	if (!path)
		return p;
	if (wants(json, JSON_CGROUP_PATH))
		p = escaped_string(fmt_lit(p, ",\"cgroup_path\":"), path, length);
	if (!wants(json, JSON_CONTAINER))
		return p;
	container = cgroups_container(path, length, &length);
	if (container)
		p = escaped_string(fmt_lit(p, ",\"container\":"), container, length);
	return p;
}

/* Arguments, each with a NUL behind it but perhaps the last, as an array. */
static char *command_line(char *p, const struct image *image)
{
	const char *s = image->text + image->exe_length, *end = s + image->cmdline_length;
	char separator = '[';
	size_t n;

	if (s == end)
		return p;
	p = fmt_lit(p, ",\"cmdline\":");
	for (; s < end; s += n + 1) {
		n = strnlen(s, (size_t)(end - s));
		*p++ = separator;
		p = escaped_string(p, s, n);
		separator = ',';
	}
	*p++ = ']';
	if (image->cmdline_size > image->cmdline_length)
		p = fmt_lit(p, ",\"cmdline_truncated\":true");
	return p;
}

/* By the kernel's word, or else by that of /proc now. */
static char *executable(const struct json *json, char *p, const struct socktrace_event *ev,
			uint64_t *until_ns)
{
	const struct image *image =
		json->images ? images_find(json->images, ev->image) : NULL;
	size_t length = 0;
	const char *exe = NULL;

	*until_ns = UINT64_MAX;
	if (!wants(json, JSON_EXE)) {
		/* neither by the kernel's word nor by another */
	} else if (image && image->exe_length) {
		p = escaped_string(fmt_lit(p, ",\"exe\":"), image->text, image->exe_length);
		p = KEY_NAME(p, ",\"exe_source\":", decode_exe_source(image->exe_source),
			     image->exe_source);
		if (image->flags & SOCKTRACE_IMAGE_OTHER_ROOT)
			p = fmt_lit(p, ",\"other_root\":true");
	} else {
		exe = procinfo_exe(json->proc, procinfo_pid(json->proc, ev), ev->comm, json->time->now_ns,
				   &length, until_ns);
	}
	if (exe) {
		p = escaped_string(fmt_lit(p, ",\"exe\":"), exe, length);
		p = fmt_lit(p, ",\"exe_source\":\"proc\"");
	}
	return image && wants(json, JSON_CMDLINE) ? command_line(p, image) : p;
}

/* `until_ns`: how long the result may be used again. */
static char *make_identity(const struct json *json, char *p,
			   const struct socktrace_event *ev, uint64_t *until_ns)
{
	if (wants(json, JSON_PID))
		p = KEY_U32(p, ",\"pid\":", ev->tgid);
	if (wants(json, JSON_TID))
		p = KEY_U32(p, ",\"tid\":", ev->tid);
	if (wants(json, JSON_PPID))
		p = KEY_U32(p, ",\"ppid\":", ev->ppid);
	if (wants(json, JSON_UID))
		p = KEY_U32(p, ",\"uid\":", ev->uid);
	if (wants(json, JSON_GID))
		p = KEY_U32(p, ",\"gid\":", ev->gid);
	if (wants(json, JSON_EUID))
		p = KEY_U32(p, ",\"euid\":", ev->euid);
	if (ev->loginuid != UINT32_MAX && wants(json, JSON_LOGINUID))
		p = KEY_U32(p, ",\"loginuid\":", ev->loginuid);
	if (ev->sessionid != UINT32_MAX && wants(json, JSON_SESSION))
		p = KEY_U32(p, ",\"session\":", ev->sessionid);
	if (ev->start_ns && wants(json, JSON_START))
		p = KEY_U64(p, ",\"start\":", ev->start_ns);
	if (wants(json, JSON_COMM))
		p = escaped_string(fmt_lit(p, ",\"comm\":"), ev->comm, record_comm_length(ev));
	p = executable(json, p, ev, until_ns);
	if (ev->ns_tgid && wants(json, JSON_NSPID))
		p = KEY_U32(p, ",\"nspid\":", ev->ns_tgid);
	if (ev->ns_tid && wants(json, JSON_NSTID))
		p = KEY_U32(p, ",\"nstid\":", ev->ns_tid);
	if (ev->netns && wants(json, JSON_NETNS))
		p = KEY_U32(p, ",\"netns\":", ev->netns);
	if (ev->mntns && wants(json, JSON_MNTNS))
		p = KEY_U32(p, ",\"mntns\":", ev->mntns);
	if (ev->pidns && wants(json, JSON_PIDNS))
		p = KEY_U32(p, ",\"pidns\":", ev->pidns);
	if (ev->cgroup_id)
		p = cgroup(json, p, ev, until_ns);
	if (ev->type == SOCKTRACE_PROCESS)
		return p;
	if (ev->abi && wants(json, JSON_ABI))
		p = KEY_NAME(p, ",\"abi\":", decode_abi(ev->abi), ev->abi);
	if (ev->via && wants(json, JSON_VIA))
		p = KEY_NAME(p, ",\"via\":", decode_via(ev->via), ev->via);
	return p;
}

/* Makes it, and lets it be known. */
SELDOM static char *new_identity(struct json *json, char *p, const struct socktrace_event *ev,
				 struct json_identity *known, uint16_t way)
{
	uint64_t until_ns;
	char *end = make_identity(json, p, ev, &until_ns);

	if (end - p > JSON_IDENTITY_MAX)
		return end;
	known->until_ns = until_ns;
	memcpy(known->task, &ev->cgroup_id, sizeof(known->task));
	known->way = way;
	known->length = (uint32_t)(end - p);
	memcpy(known->text, p, known->length);
	return end;
}

static uint16_t way_of(const struct socktrace_event *ev)
{
	if (ev->type == SOCKTRACE_PROCESS)
		return 0;
	return (uint16_t)(ev->abi << 8 | ev->via);
}

static char *identity(struct json *json, char *p, const struct socktrace_event *ev)
{
	struct json_identity *known = &json->identities[ev->tid % JSON_IDENTITY_SLOTS];
	uint16_t way = way_of(ev);

	if (json->time->now_ns <= known->until_ns && known->way == way &&
	    same_bytes(known->task, &ev->cgroup_id, sizeof(known->task)))
		return fmt_mem(p, known->text, known->length);
	return new_identity(json, p, ev, known, way);
}

void json_init(struct json *json, struct walltime *time, struct procinfo *proc,
	       const struct images *images, struct cgroups *cgroups)
{
	memset(json, 0, sizeof(*json));
	json->fields = JSON_ALL;
	json->time = time;
	json->proc = proc;
	json->images = images;
	json->cgroups = cgroups;
}

/* The beginning of a call's arguments; the next follows. */
static char *sockfd(char *p, const struct socktrace_event *ev)
{
	if (!record_has_sockfd(ev))
		return fmt_lit(p, ",\"args\":{");
	p = KEY_I32(p, ",\"args\":{\"sockfd\":", ev->args[0]);
	*p++ = ',';
	return p;
}

/* The arguments as passed. */
static char *passed(char *p, const struct socktrace_event *ev)
{
	switch (ev->type) {
	case SOCKTRACE_SOCKET:
	case SOCKTRACE_SOCKETPAIR:
		p = KEY_I32(p, ",\"args\":{\"domain\":", ev->args[0]);
		p = KEY_I32(p, ",\"type\":", ev->args[1]);
		p = KEY_I32(p, ",\"protocol\":", ev->args[2]);
		break;
	case SOCKTRACE_CONNECT:
	case SOCKTRACE_CONNECTED:
	case SOCKTRACE_BIND:
	case SOCKTRACE_ADDR_MISMATCH:
		p = KEY_I32(sockfd(p, ev), "\"addrlen\":", ev->args[1]);
		break;
	case SOCKTRACE_LISTEN:
		p = KEY_I32(sockfd(p, ev), "\"backlog\":", ev->args[1]);
		break;
	case SOCKTRACE_ACCEPT4:
		if (record_entered_before(ev))
			return p;
		p = KEY_I32(sockfd(p, ev), "\"flags\":", ev->args[1]);
		break;
	case SOCKTRACE_SECURITY_SOCKET_CONNECT:
		if (!record_has_sockfd(ev))
			return p;
		p = KEY_I32(p, ",\"args\":{\"sockfd\":", ev->args[0]);
		break;
	default:
		return p;
	}
	*p++ = '}';
	return p;
}

/* What they mean, or the socket. */
static char *kind(const struct json *json, char *p, const struct socktrace_event *ev)
{
	bool creates = record_creates(ev), known = creates || ev->flags & SOCKTRACE_F_SOCK;
	int32_t family = creates ? ev->args[0] : ev->sock_family;
	uint32_t type = creates ? (uint32_t)ev->args[1] & DECODE_TYPE_MASK : ev->sock_type;
	int32_t protocol = creates ? ev->args[2] : ev->sock_protocol;
	uint32_t flags = 0;

	if (creates)
		flags = (uint32_t)ev->args[1] & ~DECODE_TYPE_MASK;
	else if (ev->type == SOCKTRACE_ACCEPT4 && !record_entered_before(ev))
		flags = (uint32_t)ev->args[1];
	if (known && wants(json, JSON_FAMILY))
		p = KEY_NAME(p, ",\"family\":", decode_family((unsigned int)family), family);
	if (known && wants(json, JSON_TYPE))
		p = KEY_NAME(p, ",\"type\":", decode_type(type), type);
	if (wants(json, JSON_FLAGS))
		p = type_flags(p, flags);
	if (known && wants(json, JSON_PROTOCOL))
		p = KEY_NAME(p, ",\"protocol\":", decode_protocol((unsigned int)family, protocol),
			     protocol);
	return p;
}

static char *arguments(const struct json *json, char *p, const struct socktrace_event *ev)
{
	if (wants(json, JSON_ARGS))
		p = passed(p, ev);
	return kind(json, p, ev);
}

SELDOM static char *new_arguments(const struct json *json, char *p,
				  const struct socktrace_event *ev,
				  struct json_arguments *known, const struct json_call *call)
{
	char *end = arguments(json, p, ev);

	known->length = 0;
	if (end - p <= JSON_CALL_MAX) {
		known->call = *call;
		known->length = (uint32_t)(end - p);
		memcpy(known->text, p, known->length);
	}
	return end;
}

static char *known_arguments(struct json *json, char *p, const struct socktrace_event *ev)
{
	struct json_call call = {
		.args = { ev->args[0], ev->args[1], ev->args[2] },
		.sock_family = ev->sock_family,
		.sock_type = ev->sock_type,
		.sock_protocol = ev->sock_protocol,
		.type = ev->type,
		.via = ev->via,
		.flags = ev->flags & (SOCKTRACE_F_SOCK | SOCKTRACE_F_ENTERED_BEFORE),
	};
	struct json_arguments *known =
		&json->arguments[((uint32_t)ev->args[0] * 8 + ev->type) % JSON_CALL_SLOTS];

	if (known->length && same_bytes(&call, &known->call, sizeof(call)))
		return fmt_mem(p, known->text, known->length);
	return new_arguments(json, p, ev, known, &call);
}

BUILT_TWICE addresses(uint64_t fields, char *p, const struct socktrace_event *ev)
{
	unsigned int length = record_addr_length(ev);

	if (length && has(fields, JSON_ADDR))
		p = address(fmt_lit(p, ",\"addr\":"), ev, socktrace_addr(ev), length);
	length = record_local_length(ev);
	if (length && has(fields, JSON_LOCAL)) /* else an absurd addr_len may point beyond the record */
		p = address(fmt_lit(p, ",\"local\":"), ev, socktrace_local(ev), length);
	if (ev->flags & SOCKTRACE_F_LOCAL_TRUNCATED && has(fields, JSON_LOCAL))
		p = fmt_lit(p, ",\"local_truncated\":true");
	if (ev->addr_source && has(fields, JSON_ADDR_SOURCE))
		p = KEY_NAME(p, ",\"addr_source\":", decode_addr_source(ev->addr_source),
			     ev->addr_source);
	if (ev->toctou && has(fields, JSON_TOCTOU))
		p = KEY_NAME(p, ",\"toctou\":", decode_toctou(ev->toctou), ev->toctou);
	return p;
}

/* Who is at the other end, and where its file is. */
static char *peer(const struct json *json, char *p, const struct socktrace_event *ev)
{
	const struct path *path = json->paths ? paths_of(json->paths, ev) : NULL;
	const char *open = "{";

	if (ev->flags & SOCKTRACE_F_PEERCRED || path)
		p = fmt_lit(p, ",\"peer\":");
	if (ev->flags & SOCKTRACE_F_PEERCRED) {
		p = KEY_U32(p, "{\"pid\":", ev->peer_pid);
		p = KEY_U32(p, ",\"uid\":", ev->peer_uid);
		open = ",";
	}
	if (path) {
		p = escaped_string(fmt_lit(fmt_str(p, open), "\"path\":"), path->text, path->length);
		if (path->flags & SOCKTRACE_PATH_DELETED)
			p = fmt_lit(p, ",\"deleted\":true");
		if (path->flags & SOCKTRACE_PATH_OTHER_MOUNTS)
			p = fmt_lit(p, ",\"other_mounts\":true");
	}
	if (ev->flags & SOCKTRACE_F_PEERCRED || path)
		*p++ = '}';
	if (ev->flags & SOCKTRACE_F_PEER_PATH && !path)
		p = fmt_lit(p, ",\"peer_path_missed\":true");
	return p;
}

BUILT_TWICE result(const struct json *json, uint64_t fields, char *p,
		   const struct socktrace_event *ev)
{
	if (ev->flags & SOCKTRACE_F_SV && has(fields, JSON_SV)) {
		p = KEY_I32(p, ",\"sv\":[", ev->sv[0]);
		*p++ = ',';
		p = fmt_i32(p, ev->sv[1]);
		*p++ = ']';
	}
	if (ev->flags & SOCKTRACE_F_SOCK && has(fields, JSON_INODE))
		p = KEY_U64(p, ",\"inode\":", ev->inode);
	if (ev->flags & SOCKTRACE_F_SOCK && has(fields, JSON_SOCKET_SOURCE)) {
		if (ev->flags & SOCKTRACE_F_BY_DESCRIPTOR)
			p = fmt_lit(p, ",\"socket_source\":\"descriptor\"");
		else
			p = fmt_lit(p, ",\"socket_source\":\"kernel\"");
	}
	if (ev->flags & SOCKTRACE_F_QUEUE && has(fields, JSON_QUEUE)) {
		p = KEY_U32(p, ",\"queue\":{\"length\":", ev->queue_len);
		p = KEY_U32(p, ",\"limit\":", ev->queue_limit);
		*p++ = '}';
	}
	if (ev->flags & (SOCKTRACE_F_PEERCRED | SOCKTRACE_F_PEER_PATH) && has(fields, JSON_PEER))
		p = peer(json, p, ev);
	if (record_has_result(ev)) {
		uint32_t number = -(uint32_t)ev->ret;

		if (has(fields, JSON_RET))
			p = KEY_I32(p, ",\"ret\":", ev->ret);
		if (ev->ret < 0 && has(fields, JSON_ERROR))
			p = KEY_NAME(p, ",\"error\":", decode_errno(number), number);
		if (has(fields, JSON_DURATION))
			p = KEY_U64(p, ",\"duration_ns\":", ev->duration_ns);
	}
	if (ev->flags & SOCKTRACE_F_RETURN_MISSED)
		p = fmt_lit(p, ",\"return_missed\":true");
	if (record_entered_before(ev))
		p = fmt_lit(p, ",\"entered_before\":true");
	if (ev->flags & SOCKTRACE_F_OUTCOME_MISSED)
		p = fmt_lit(p, ",\"outcome_missed\":true");
	if (ev->flags & SOCKTRACE_F_LATE)
		p = fmt_lit(p, ",\"late\":true");
	return p;
}

/* All else that is not a call's is told in full. */
static char *lost(const struct json *json, char *p, const struct socktrace_event *ev)
{
	p = walltime_utc(json->time, fmt_lit(p, "{\"time\":\""), ev->time_ns);
	p = KEY_NAME(p, "\",\"event\":", decode_event(ev->type), ev->type);
	p = KEY_NAME(p, ",\"phase\":", decode_phase(ev->phase), ev->phase);
	p = KEY_U32(p, ",\"cpu\":", ev->cpu);
	p = KEY_U64(p, ",\"count\":", ev->lost_count);
	p = KEY_NAME(p, ",\"reason\":", decode_lost_reason(ev->lost_reason), ev->lost_reason);
	p = KEY_U64(p, ",\"seq\":", ev->seq);
	return fmt_lit(p, "}\n");
}

BUILT_TWICE event(struct json *json, uint64_t fields, char *p,
		  const struct socktrace_event *ev)
{
	char *start = p;

	if (has(fields, JSON_TIME)) {
		p = walltime_utc(json->time, fmt_lit(p, ",\"time\":\""), ev->time_ns);
		*p++ = '"';
	}
	if (has(fields, JSON_EVENT) || ev->type == SOCKTRACE_PROCESS)
		p = KEY_NAME(p, ",\"event\":", decode_event(ev->type), ev->type);
	if (has(fields, JSON_PHASE))
		p = KEY_NAME(p, ",\"phase\":", decode_phase(ev->phase), ev->phase);
	if (has(fields, JSON_CPU))
		p = KEY_U32(p, ",\"cpu\":", ev->cpu);
	if (ev->type == SOCKTRACE_PROCESS) { /* it has no number of its own */
		p = identity(json, p, ev);
	} else {
		if (has(fields, JSON_SEQ))
			p = KEY_U64(p, ",\"seq\":", ev->seq);
		if (ev->call_id && has(fields, JSON_CALL))
			p = KEY_U64(p, ",\"call\":", ev->call_id);
		p = identity(json, p, ev);
		p = known_arguments(json, p, ev);
		p = addresses(fields, p, ev);
		p = result(json, fields, p, ev);
	}
	/* The first key's comma; where no call has a key that is asked for, none. */
	p += p == start;
	*start = '{';
	return fmt_lit(p, "}\n");
}

char *json_event(struct json *json, char *p, const struct socktrace_event *ev)
{
	if (ev->type == SOCKTRACE_LOST)
		return lost(json, p, ev);
	if (json->fields == JSON_ALL)
		return event(json, JSON_ALL, p, ev);
	return event(json, json->fields, p, ev);
}

char *json_inflight(struct json *json, char *p, const struct socktrace_event *ev,
		    uint64_t now_ns)
{
	p = walltime_utc(json->time, fmt_lit(p, "{\"time\":\""), ev->time_ns);
	p = KEY_NAME(p, "\",\"event\":\"inflight\",\"name\":", decode_event(ev->type), ev->type);
	p = KEY_U32(p, ",\"cpu\":", ev->cpu);
	if (ev->call_id)
		p = KEY_U64(p, ",\"call\":", ev->call_id);
	p = KEY_U64(p, ",\"age_ns\":", now_ns > ev->time_ns ? now_ns - ev->time_ns : 0);
	p = identity(json, p, ev);
	p = arguments(json, p, ev);
	p = addresses(JSON_ALL, p, ev);
	return fmt_lit(result(json, JSON_ALL, p, ev), "}\n");
}
