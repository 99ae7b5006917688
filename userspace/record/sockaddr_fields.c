// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses that are a row of fields, by family, and in some families by the
 * socket's protocol or by a byte of the address. A field's key is its name in
 * text and in JSON.
 */
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fmt.h"
#include "record/sockaddr.h"

#define END { NULL, SOCKADDR_END, 0, 0 }

/* struct sockaddr_alg; the name goes on to the address's end. */
static const struct sockaddr_field alg[] = {
	{ "alg_type", SOCKADDR_STRING, 2, 14 },
	{ "alg_name", SOCKADDR_STRING, 24, 104 },
	{ "feat", SOCKADDR_HEX, 16, 4 },
	{ "mask", SOCKADDR_HEX, 20, 4 },
	END,
};

/* struct sockaddr_can: only J1939 takes more of it in a connect. */
static const struct sockaddr_field can[] = {
	{ "ifindex", SOCKADDR_SIGNED, 4, 4 },
	END,
};

static const struct sockaddr_field can_j1939[] = {
	{ "ifindex", SOCKADDR_SIGNED, 4, 4 },
	{ "j1939_name", SOCKADDR_HEX, 8, 8 },
	{ "pgn", SOCKADDR_HEX, 16, 4 },
	{ "j1939_addr", SOCKADDR_HEX, 20, 1 },
	END,
};

/* struct sockaddr_tipc, by its addrtype. */
static const struct sockaddr_field tipc_range[] = {
	{ "service", SOCKADDR_UNSIGNED, 4, 4 },
	{ "lower", SOCKADDR_UNSIGNED, 8, 4 },
	{ "upper", SOCKADDR_UNSIGNED, 12, 4 },
	{ "scope", SOCKADDR_SIGNED, 3, 1 },
	END,
};

static const struct sockaddr_field tipc_service[] = {
	{ "service", SOCKADDR_UNSIGNED, 4, 4 },
	{ "instance", SOCKADDR_UNSIGNED, 8, 4 },
	{ "domain", SOCKADDR_HEX, 12, 4 },
	{ "scope", SOCKADDR_SIGNED, 3, 1 },
	END,
};

static const struct sockaddr_field tipc_socket[] = {
	{ "ref", SOCKADDR_UNSIGNED, 4, 4 },
	{ "node", SOCKADDR_HEX, 8, 4 },
	{ "scope", SOCKADDR_SIGNED, 3, 1 },
	END,
};

/* struct sockaddr_l2, _hci, _sco, _rc and _iso of the kernel's net/bluetooth. */
static const struct sockaddr_field l2cap[] = {
	{ "bdaddr", SOCKADDR_BDADDR, 4, 6 },
	{ "psm", SOCKADDR_LITTLE, 2, 2 },
	{ "cid", SOCKADDR_LITTLE, 10, 2 },
	{ "bdaddr_type", SOCKADDR_UNSIGNED, 12, 1 },
	END,
};

static const struct sockaddr_field hci[] = {
	{ "hci_dev", SOCKADDR_UNSIGNED, 2, 2 },
	{ "hci_channel", SOCKADDR_UNSIGNED, 4, 2 },
	END,
};

static const struct sockaddr_field sco[] = {
	{ "bdaddr", SOCKADDR_BDADDR, 2, 6 },
	END,
};

static const struct sockaddr_field rfcomm[] = {
	{ "bdaddr", SOCKADDR_BDADDR, 2, 6 },
	{ "channel", SOCKADDR_UNSIGNED, 8, 1 },
	END,
};

static const struct sockaddr_field iso[] = {
	{ "bdaddr", SOCKADDR_BDADDR, 2, 6 },
	{ "bdaddr_type", SOCKADDR_UNSIGNED, 8, 1 },
	END,
};

/* struct sockaddr_xdp */
static const struct sockaddr_field xdp[] = {
	{ "ifindex", SOCKADDR_UNSIGNED, 4, 4 },
	{ "queue_id", SOCKADDR_UNSIGNED, 8, 4 },
	{ "xdp_flags", SOCKADDR_HEX, 2, 2 },
	{ "shared_umem_fd", SOCKADDR_UNSIGNED, 12, 4 },
	END,
};

/* The first row that fits, and has as many bytes as the kernel asks for. */
static const struct {
	uint16_t family;
	int16_t protocol; /* ANY: of none is asked */
	uint8_t kind_at, kind; /* byte of the address that says so; 0: none does */
	uint8_t least;
	const struct sockaddr_field *fields;
} forms[] = {
#define ANY (-1)
	{ AF_ALG, ANY, 0, 0, 25, alg },
	{ AF_CAN, 7 /* CAN_J1939 */, 0, 0, 21, can_j1939 },
	{ AF_CAN, ANY, 0, 0, 8, can },
	{ AF_TIPC, ANY, 2, 1 /* TIPC_SERVICE_RANGE */, 16, tipc_range },
	{ AF_TIPC, ANY, 2, 2 /* TIPC_SERVICE_ADDR */, 16, tipc_service },
	{ AF_TIPC, ANY, 2, 3 /* TIPC_SOCKET_ADDR */, 16, tipc_socket },
	{ AF_BLUETOOTH, 0 /* BTPROTO_L2CAP */, 0, 0, 13, l2cap },
	{ AF_BLUETOOTH, 1 /* BTPROTO_HCI */, 0, 0, 6, hci },
	{ AF_BLUETOOTH, 2 /* BTPROTO_SCO */, 0, 0, 8, sco },
	{ AF_BLUETOOTH, 3 /* BTPROTO_RFCOMM */, 0, 0, 9, rfcomm },
	{ AF_BLUETOOTH, 8 /* BTPROTO_ISO */, 0, 0, 9, iso },
	{ 44 /* AF_XDP: glibc 2.27 */, ANY, 0, 0, 16, xdp },
};

const struct sockaddr_field *sockaddr_fields(const uint8_t *addr, unsigned int length,
					     int protocol)
{
	uint16_t family;
	size_t i;

	memcpy(&family, addr, sizeof(family));
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (forms[i].family != family || forms[i].least > length)
			continue;
		if (forms[i].protocol != ANY && forms[i].protocol != protocol)
			continue;
		if (!forms[i].kind_at || addr[forms[i].kind_at] == forms[i].kind)
			return forms[i].fields;
	}
	return NULL;
}

uint64_t sockaddr_number(const struct sockaddr_info *info,
			 const struct sockaddr_field *field)
{
	const uint8_t *at = info->bytes + field->offset;
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;

	if (field->format == SOCKADDR_LITTLE)
		return (uint64_t)at[0] | (uint64_t)at[1] << 8;
	switch (field->size) {
	case 1:
		return field->format == SOCKADDR_SIGNED ? (uint64_t)(int8_t)*at : *at;
	case 2:
		memcpy(&v16, at, sizeof(v16));
		return v16;
	case 4:
		memcpy(&v32, at, sizeof(v32));
		return field->format == SOCKADDR_SIGNED ? (uint64_t)(int32_t)v32 : v32;
	default:
		memcpy(&v64, at, sizeof(v64));
		return v64;
	}
}

const char *sockaddr_string(const struct sockaddr_info *info,
			    const struct sockaddr_field *field, unsigned int *length)
{
	const char *s = (const char *)info->bytes + field->offset;
	unsigned int have = info->length - field->offset;

	*length = (unsigned int)strnlen(s, have < field->size ? have : field->size);
	return s;
}

char *sockaddr_fmt_bdaddr(char *p, const struct sockaddr_info *info,
			  const struct sockaddr_field *field)
{
	const uint8_t *at = info->bytes + field->offset;
	unsigned int i;

	for (i = field->size; i--;) {
		p = fmt_hex_bytes(p, at + i, 1);
		if (i)
			*p++ = ':';
	}
	return p;
}
