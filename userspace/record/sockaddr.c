// SPDX-License-Identifier: GPL-2.0
#include "record/sockaddr.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fmt.h"

/* Where the kernel's structures have their fields (sockaddr_in, ...). */
enum {
	IN6_PORT = 2, IN6_FLOWINFO = 4, IN6_ADDR = 8, IN6_SCOPE = 24, IN6_END = 28,
	NL_PID = 4, NL_GROUPS = 8, NL_END = 12,
	VM_PORT = 4, VM_CID = 8, VM_END = 12,
	LL_PROTOCOL = 2, LL_IFINDEX = 4, LL_HATYPE = 8, LL_PKTTYPE = 10,
	LL_HALEN = 11, LL_ADDR = 12,
};

static uint16_t get16(const uint8_t *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static void decode_unix(struct sockaddr_info *info, const uint8_t *path,
			unsigned int length)
{
	const uint8_t *nul;

	if (!length) {
		info->kind = SOCKADDR_UNIX_UNNAMED;
	} else if (!path[0]) {
		info->kind = SOCKADDR_UNIX_ABSTRACT;
		info->bytes = path + 1;
		info->length = length - 1;
	} else {
		/* Of 108 bytes that are all used, none is a NUL. */
		nul = memchr(path, 0, length);
		info->kind = SOCKADDR_UNIX_PATH;
		info->length = nul ? (unsigned int)(nul - path) : length;
	}
}

static void decode_packet(struct sockaddr_info *info, const uint8_t *addr,
			  unsigned int length)
{
	unsigned int have = length - LL_ADDR;

	info->kind = SOCKADDR_PACKET;
	info->packet.protocol = ntohs(get16(addr + LL_PROTOCOL));
	info->packet.ifindex = (int32_t)get32(addr + LL_IFINDEX);
	info->packet.hatype = get16(addr + LL_HATYPE);
	info->packet.pkttype = addr[LL_PKTTYPE];
	info->bytes = addr + LL_ADDR;
	info->length = addr[LL_HALEN] < have ? addr[LL_HALEN] : have;
}

static void decode_fields(struct sockaddr_info *info, const uint8_t *addr,
			  unsigned int length, int protocol)
{
	const struct sockaddr_field *fields = sockaddr_fields(addr, length, protocol);

	if (!fields)
		return;
	info->kind = SOCKADDR_FIELDS;
	info->fields = fields;
	info->bytes = addr;
	info->length = length;
}

void sockaddr_decode_any(struct sockaddr_info *info, const uint8_t *addr,
			 unsigned int length, int protocol)
{
	info->kind = SOCKADDR_RAW;
	if (length < 2) {
		info->family = -1;
		info->bytes = addr;
		info->length = length;
		return;
	}
	info->family = get16(addr);
	info->bytes = addr + 2;
	info->length = length - 2;

	switch (info->family) {
	case AF_INET6:
		/* The kernel takes RFC 2133's structure, without scope, too. */
		if (length < IN6_SCOPE)
			return;
		info->kind = SOCKADDR_INET6;
		info->port = ntohs(get16(addr + IN6_PORT));
		info->inet6.flowinfo = ntohl(get32(addr + IN6_FLOWINFO));
		info->inet6.scope_id = length >= IN6_END ? get32(addr + IN6_SCOPE) : 0;
		info->bytes = addr + IN6_ADDR;
		info->length = 16;
		return;
	case AF_UNIX:
		decode_unix(info, addr + 2, length - 2);
		return;
	case AF_NETLINK:
		if (length < NL_END)
			return;
		info->kind = SOCKADDR_NETLINK;
		info->netlink.pid = get32(addr + NL_PID);
		info->netlink.groups = get32(addr + NL_GROUPS);
		return;
	case AF_VSOCK:
		if (length < VM_END)
			return;
		info->kind = SOCKADDR_VSOCK;
		info->port = get32(addr + VM_PORT);
		info->vsock.cid = get32(addr + VM_CID);
		return;
	case AF_PACKET:
		if (length >= LL_ADDR)
			decode_packet(info, addr, length);
		return;
	default:
		decode_fields(info, addr, length, protocol);
		return;
	}
}

/* Each byte of an IPv4 address as it is written, with the dot behind it. */
#define TEN(tens, n)                                                                     \
	{ tens "0.", n }, { tens "1.", n }, { tens "2.", n }, { tens "3.", n },          \
	{ tens "4.", n }, { tens "5.", n }, { tens "6.", n }, { tens "7.", n },          \
	{ tens "8.", n }, { tens "9.", n }
static const struct {
	char digits[4]; /* no NUL */
	uint32_t length;
} bytes_of_ip[256] = {
	TEN("", 2), TEN("1", 3), TEN("2", 3), TEN("3", 3), TEN("4", 3),
	TEN("5", 3), TEN("6", 3), TEN("7", 3), TEN("8", 3), TEN("9", 3),
	TEN("10", 4), TEN("11", 4), TEN("12", 4), TEN("13", 4), TEN("14", 4),
	TEN("15", 4), TEN("16", 4), TEN("17", 4), TEN("18", 4), TEN("19", 4),
	TEN("20", 4), TEN("21", 4), TEN("22", 4), TEN("23", 4), TEN("24", 4),
	{ "250.", 4 }, { "251.", 4 }, { "252.", 4 }, { "253.", 4 }, { "254.", 4 }, { "255.", 4 },
};

static inline char *ip_byte(char *p, uint8_t byte)
{
	memcpy(p, bytes_of_ip[byte].digits, sizeof(bytes_of_ip[0].digits));
	return p + bytes_of_ip[byte].length;
}

char *sockaddr_fmt_ipv4(char *p, const uint8_t *ip)
{
	p = ip_byte(p, ip[0]);
	p = ip_byte(p, ip[1]);
	p = ip_byte(p, ip[2]);
	return ip_byte(p, ip[3]) - 1;
}

static char *fmt_ipv6(char *p, const uint8_t *ip)
{
	unsigned int words[8], i, run = 0, best = 8, best_length = 1, last = 8;

	/* The first of the longest runs of two zeros or more becomes "::". */
	for (i = 0; i < 8; i++) {
		words[i] = (unsigned int)ip[2 * i] << 8 | ip[2 * i + 1];
		run = words[i] ? 0 : run + 1;
		if (run > best_length) {
			best_length = run;
			best = i + 1 - run;
		}
	}
	/* ::ffff:1.2.3.4, and the old ::1.2.3.4 */
	if (!best && (best_length == 6 || (best_length == 5 && words[5] == 0xffff)))
		last = 6;
	for (i = 0; i < last; i++) {
		if (i == best) {
			p = fmt_lit(p, "::");
			i += best_length - 1;
			continue;
		}
		if (i && i != best + best_length)
			*p++ = ':';
		p = fmt_hex(p, words[i]);
	}
	if (last == 6) {
		if (best_length == 5)
			*p++ = ':';
		p = sockaddr_fmt_ipv4(p, ip + 12);
	}
	return p;
}

char *sockaddr_fmt_ip(char *p, const struct sockaddr_info *info)
{
	if (info->kind == SOCKADDR_INET)
		return sockaddr_fmt_ipv4(p, info->bytes);
	return fmt_ipv6(p, info->bytes);
}
