/* SPDX-License-Identifier: GPL-2.0 */
/* Socket addresses of a record, taken apart. */
#ifndef SOCKTRACE_SOCKADDR_H
#define SOCKTRACE_SOCKADDR_H

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

enum sockaddr_kind {
	SOCKADDR_RAW, /* no decoder, or too short for its family */
	SOCKADDR_INET,
	SOCKADDR_INET6,
	SOCKADDR_UNIX_PATH,
	SOCKADDR_UNIX_ABSTRACT,
	SOCKADDR_UNIX_UNNAMED,
	SOCKADDR_NETLINK,
	SOCKADDR_PACKET,
	SOCKADDR_VSOCK,
	SOCKADDR_FIELDS
};

/* How a field of SOCKADDR_FIELDS is written. */
enum sockaddr_format {
	SOCKADDR_END, /* behind the last field */
	SOCKADDR_UNSIGNED,
	SOCKADDR_SIGNED,
	SOCKADDR_LITTLE, /* unsigned, two bytes, little-endian */
	SOCKADDR_HEX, /* unsigned; hexadecimal in text, JSON has no such numbers */
	SOCKADDR_STRING, /* up to its NUL */
	SOCKADDR_BDADDR /* six bytes, the last one first */
};

struct sockaddr_field {
	const char *key;
	uint8_t format; /* enum sockaddr_format */
	uint8_t offset, size; /* in bytes, from sa_family on */
};

/* Numbers are in host byte order; each kind sets the fields that name it. */
struct sockaddr_info {
	enum sockaddr_kind kind;
	int family; /* AF_*; -1: the address is one byte long */
	/*
	 * Within the record. INET, INET6: the IP address, 4 or 16 bytes.
	 * UNIX: the path without its NUL, or the abstract name without the
	 * leading one. PACKET: the hardware address. RAW: all after family.
	 * FIELDS: all of it.
	 */
	const uint8_t *bytes;
	unsigned int length; /* of bytes */
	uint32_t port; /* INET, INET6, VSOCK */
	union {
		struct {
			uint32_t flowinfo;
			uint32_t scope_id;
		} inet6;
		struct {
			uint32_t pid;
			uint32_t groups;
		} netlink;
		struct {
			uint32_t cid;
		} vsock;
		struct {
			int32_t ifindex;
			uint16_t protocol; /* ETH_P_* */
			uint16_t hatype; /* ARPHRD_* */
			uint8_t pkttype; /* PACKET_* */
		} packet;
		const struct sockaddr_field *fields; /* up to SOCKADDR_END */
	};
};

/* Of any family. */
void sockaddr_decode_any(struct sockaddr_info *info, const uint8_t *addr,
			 unsigned int length, int protocol);

/*
 * `length` bytes, at least 1, from sa_family on; any alignment. `protocol`: of
 * a socket of that family, -1 if it is not known; some families have several
 * kinds of address. Most are IPv4's, which is inlined.
 */
static inline void sockaddr_decode(struct sockaddr_info *info, const uint8_t *addr,
				   unsigned int length, int protocol)
{
	struct {
		uint16_t family, port; /* struct sockaddr_in */
	} in;

	if (length >= sizeof(in) + 4) {
		memcpy(&in, addr, sizeof(in));
		if (in.family == AF_INET) {
			info->kind = SOCKADDR_INET;
			info->family = AF_INET;
			info->port = ntohs(in.port);
			info->bytes = addr + sizeof(in);
			info->length = 4;
			return;
		}
	}
	sockaddr_decode_any(info, addr, length, protocol);
}

/* The fields of such an address; NULL: it is of no form that is known. */
const struct sockaddr_field *sockaddr_fields(const uint8_t *addr, unsigned int length,
					     int protocol);

/* A number of FIELDS; a SIGNED one is sign-extended. */
uint64_t sockaddr_number(const struct sockaddr_info *info,
			 const struct sockaddr_field *field);
/* A string's bytes, without a NUL. */
const char *sockaddr_string(const struct sockaddr_info *info,
			    const struct sockaddr_field *field, unsigned int *length);
/* xx:xx:xx:xx:xx:xx */
char *sockaddr_fmt_bdaddr(char *p, const struct sockaddr_info *info,
			  const struct sockaddr_field *field);

/* The IP address of INET or INET6, as inet_ntop() writes it (RFC 5952). */
#define SOCKADDR_IP_MAX 45
char *sockaddr_fmt_ip(char *p, const struct sockaddr_info *info);
/* Four bytes of it. */
char *sockaddr_fmt_ipv4(char *p, const uint8_t *ip);

#endif
