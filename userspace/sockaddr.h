/* SPDX-License-Identifier: GPL-2.0 */
/* Socket addresses of a record, taken apart. */
#ifndef SOCKTRACE_SOCKADDR_H
#define SOCKTRACE_SOCKADDR_H

#include <stdint.h>

enum sockaddr_kind {
	SOCKADDR_RAW, /* no decoder, or too short for its family */
	SOCKADDR_INET,
	SOCKADDR_INET6,
	SOCKADDR_UNIX_PATH,
	SOCKADDR_UNIX_ABSTRACT,
	SOCKADDR_UNIX_UNNAMED,
	SOCKADDR_NETLINK,
	SOCKADDR_PACKET,
	SOCKADDR_VSOCK
};

/* Numbers are in host byte order; each kind sets the fields that name it. */
struct sockaddr_info {
	enum sockaddr_kind kind;
	int family; /* AF_*; -1: the address is one byte long */
	/*
	 * Within the record. INET, INET6: the IP address, 4 or 16 bytes.
	 * UNIX: the path without its NUL, or the abstract name without the
	 * leading one. PACKET: the hardware address. RAW: all after family.
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
	};
};

/* `length` bytes, at least 1, from sa_family on; any alignment. */
void sockaddr_decode(struct sockaddr_info *info, const uint8_t *addr,
		     unsigned int length);

/* The IP address of INET or INET6, as inet_ntop() writes it (RFC 5952). */
#define SOCKADDR_IP_MAX 45
char *sockaddr_fmt_ip(char *p, const struct sockaddr_info *info);

#endif
