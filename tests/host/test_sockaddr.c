// SPDX-License-Identifier: GPL-2.0
/* The oracle are libc's structures and inet_ntop(). */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <linux/can.h>
#include <linux/if_alg.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <linux/netlink.h>
#include <linux/tipc.h>
#include <linux/vm_sockets.h>

#include "record/sockaddr.h"

static struct sockaddr_info decode_by(const void *addr, size_t length, int protocol)
{
	struct sockaddr_info info;
	/* At the end of an allocation, so that ASan sees a byte too far. */
	uint8_t *exact = malloc(length);

	memcpy(exact, addr, length);
	sockaddr_decode(&info, exact, (unsigned int)length, protocol);
	/* The bytes outlive the copy: move the pointer to the original. */
	info.bytes = (const uint8_t *)addr + (info.bytes - exact);
	free(exact);
	return info;
}

/* Of a socket whose protocol is not known. */
static struct sockaddr_info decode(const void *addr, size_t length)
{
	return decode_by(addr, length, -1);
}

static void inet4(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(443) };
	struct sockaddr_info info;

	(void)state;
	inet_pton(AF_INET, "192.0.2.255", &in.sin_addr);
	info = decode(&in, sizeof(in));
	assert_int_equal(info.kind, SOCKADDR_INET);
	assert_int_equal(info.family, AF_INET);
	assert_int_equal(info.port, 443);
	assert_text(sockaddr_fmt_ip(unit_buffer, &info), "192.0.2.255");
	/* Port and address are there, the padding need not be. */
	assert_int_equal(decode(&in, 8).kind, SOCKADDR_INET);
	info = decode(&in, 7);
	assert_int_equal(info.kind, SOCKADDR_RAW);
	assert_int_equal(info.length, 5);
}

static void inet6(void **state)
{
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(8080),
		.sin6_flowinfo = htonl(0x12345),
		.sin6_scope_id = 3,
	};
	struct sockaddr_info info;

	(void)state;
	inet_pton(AF_INET6, "fe80::1", &in6.sin6_addr);
	info = decode(&in6, sizeof(in6));
	assert_int_equal(info.kind, SOCKADDR_INET6);
	assert_int_equal(info.port, 8080);
	assert_int_equal(info.inet6.flowinfo, 0x12345);
	assert_int_equal(info.inet6.scope_id, 3);
	assert_text(sockaddr_fmt_ip(unit_buffer, &info), "fe80::1");
	/* RFC 2133's structure ends before the scope. */
	info = decode(&in6, 24);
	assert_int_equal(info.kind, SOCKADDR_INET6);
	assert_int_equal(info.inet6.scope_id, 0);
	assert_int_equal(decode(&in6, 23).kind, SOCKADDR_RAW);
}

/* All patterns of zero and other words, and random ones, as libc writes them. */
static void ipv6_as_inet_ntop(void **state)
{
	static const uint16_t values[] = { 0, 1, 0xffff, 0x0db8, 0x00a0 };
	struct sockaddr_info info = { .kind = SOCKADDR_INET6, .length = 16 };
	char want[INET6_ADDRSTRLEN];
	unsigned int pattern, round, i;
	uint16_t words[8];

	(void)state;
	srand(1);
	info.bytes = (const uint8_t *)words;
	for (pattern = 0; pattern < 256; pattern++) {
		for (round = 0; round < 40; round++) {
			for (i = 0; i < 8; i++)
				words[i] = pattern >> i & 1 ? 0 : htons(values[rand() % 5]);
			assert_non_null(inet_ntop(AF_INET6, words, want, sizeof(want)));
			assert_text(sockaddr_fmt_ip(unit_buffer, &info), want);
		}
	}
}

static void unix_names(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_info info;

	(void)state;
	info = decode(&un, 2);
	assert_int_equal(info.kind, SOCKADDR_UNIX_UNNAMED);

	strcpy(un.sun_path, "/run/x");
	info = decode(&un, sizeof(un)); /* as most programs pass it */
	assert_int_equal(info.kind, SOCKADDR_UNIX_PATH);
	assert_int_equal(info.length, 6);
	assert_memory_equal(info.bytes, "/run/x", 6);
	info = decode(&un, 2 + 4); /* without a NUL */
	assert_int_equal(info.length, 4);

	memset(un.sun_path, 'p', sizeof(un.sun_path)); /* 108 bytes, unterminated */
	info = decode(&un, sizeof(un));
	assert_int_equal(info.kind, SOCKADDR_UNIX_PATH);
	assert_int_equal(info.length, 108);

	memcpy(un.sun_path, "\0a\0b", 4);
	info = decode(&un, 2 + 4);
	assert_int_equal(info.kind, SOCKADDR_UNIX_ABSTRACT);
	assert_int_equal(info.length, 3);
	assert_memory_equal(info.bytes, "a\0b", 3);
	info = decode(&un, 3); /* the abstract name of no bytes */
	assert_int_equal(info.kind, SOCKADDR_UNIX_ABSTRACT);
	assert_int_equal(info.length, 0);
}

static void others(void **state)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK, .nl_pid = 77, .nl_groups = 0x11 };
	struct sockaddr_vm vm = { .svm_family = AF_VSOCK, .svm_port = 1024, .svm_cid = 3 };
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(0x0800),
		.sll_ifindex = 2,
		.sll_hatype = 1,
		.sll_pkttype = 4,
		.sll_halen = 6,
		.sll_addr = { 1, 2, 3, 4, 5, 6 },
	};
	struct sockaddr_info info;

	(void)state;
	info = decode(&nl, sizeof(nl));
	assert_int_equal(info.kind, SOCKADDR_NETLINK);
	assert_int_equal(info.netlink.pid, 77);
	assert_int_equal(info.netlink.groups, 0x11);
	assert_int_equal(decode(&nl, sizeof(nl) - 1).kind, SOCKADDR_RAW);

	info = decode(&vm, sizeof(vm));
	assert_int_equal(info.kind, SOCKADDR_VSOCK);
	assert_int_equal(info.port, 1024);
	assert_int_equal(info.vsock.cid, 3);
	assert_int_equal(decode(&vm, 11).kind, SOCKADDR_RAW);

	info = decode(&ll, sizeof(ll));
	assert_int_equal(info.kind, SOCKADDR_PACKET);
	assert_int_equal(info.packet.protocol, 0x0800);
	assert_int_equal(info.packet.ifindex, 2);
	assert_int_equal(info.packet.hatype, 1);
	assert_int_equal(info.packet.pkttype, 4);
	assert_int_equal(info.length, 6);
	assert_memory_equal(info.bytes, "\1\2\3\4\5\6", 6);
	ll.sll_halen = 255; /* a lie: the structure has eight */
	assert_int_equal(decode(&ll, sizeof(ll)).length, 8);
	assert_int_equal(decode(&ll, 12).length, 0);
	assert_int_equal(decode(&ll, 11).kind, SOCKADDR_RAW);
}

static const struct sockaddr_field *field(const struct sockaddr_info *info, const char *key)
{
	const struct sockaddr_field *at;

	assert_int_equal(info->kind, SOCKADDR_FIELDS);
	for (at = info->fields; at->format != SOCKADDR_END; at++)
		if (!strcmp(at->key, key))
			return at;
	fail_msg("no field %s", key);
	return NULL;
}

#define assert_number(info, key, value) \
	assert_int_equal(sockaddr_number(info, field(info, key)), value)

static void assert_string(const struct sockaddr_info *info, const char *key, const char *want)
{
	unsigned int length;
	const char *s = sockaddr_string(info, field(info, key), &length);

	assert_int_equal(length, strlen(want));
	assert_memory_equal(s, want, length);
}

static void alg(void **state)
{
	struct sockaddr_alg sa = {
		.salg_family = AF_ALG,
		.salg_type = "skcipher",
		.salg_feat = 0x80000001,
		.salg_mask = 3,
		.salg_name = "cbc(aes)",
	};
	struct sockaddr_info info = decode(&sa, sizeof(sa));
	char longest[128];

	(void)state;
	assert_string(&info, "alg_type", "skcipher");
	assert_string(&info, "alg_name", "cbc(aes)");
	assert_number(&info, "feat", 0x80000001);
	assert_number(&info, "mask", 3);
	/* No NUL: a type and a name end where their room does. */
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, &sa.salg_family, sizeof(sa.salg_family));
	info = decode(longest, sizeof(longest));
	assert_string(&info, "alg_type", "aaaaaaaaaaaaaa");
	assert_number(&info, "mask", 0x61616161);
	info = decode(longest, 26);
	assert_string(&info, "alg_name", "aa");
	assert_int_equal(decode(longest, 24).kind, SOCKADDR_RAW);
}

static void can(void **state)
{
	struct sockaddr_can sa = { .can_family = AF_CAN, .can_ifindex = -2 };
	struct sockaddr_info info;

	(void)state;
	sa.can_addr.j1939.name = 0x8123456789abcdef;
	sa.can_addr.j1939.pgn = 0x3ffff;
	sa.can_addr.j1939.addr = 0xfe;
	info = decode_by(&sa, sizeof(sa), CAN_J1939);
	assert_number(&info, "ifindex", -2);
	assert_number(&info, "j1939_name", 0x8123456789abcdef);
	assert_number(&info, "pgn", 0x3ffff);
	assert_number(&info, "j1939_addr", 0xfe);
	/* Of the others, and where there is no more, just the interface. */
	info = decode_by(&sa, sizeof(sa), CAN_RAW);
	assert_number(&info, "ifindex", -2);
	assert_int_equal(info.fields[1].format, SOCKADDR_END);
	info = decode_by(&sa, 20, CAN_J1939);
	assert_int_equal(info.fields[1].format, SOCKADDR_END);
	assert_int_equal(decode(&sa, 7).kind, SOCKADDR_RAW);
}

static void tipc(void **state)
{
	struct sockaddr_tipc sa = { .family = AF_TIPC, .addrtype = TIPC_SERVICE_ADDR };
	struct sockaddr_info info;

	(void)state;
	sa.scope = -1;
	sa.addr.name.name.type = 18888;
	sa.addr.name.name.instance = 17;
	sa.addr.name.domain = 0x1001001;
	info = decode(&sa, sizeof(sa));
	assert_number(&info, "service", 18888);
	assert_number(&info, "instance", 17);
	assert_number(&info, "domain", 0x1001001);
	assert_number(&info, "scope", -1);
	sa.addrtype = TIPC_SERVICE_RANGE;
	sa.addr.nameseq.lower = 1;
	sa.addr.nameseq.upper = 4294967295;
	info = decode(&sa, sizeof(sa));
	assert_number(&info, "service", 18888);
	assert_number(&info, "lower", 1);
	assert_number(&info, "upper", 4294967295);
	sa.addrtype = TIPC_SOCKET_ADDR;
	sa.addr.id.ref = 77;
	sa.addr.id.node = 0x1001002;
	info = decode(&sa, sizeof(sa));
	assert_number(&info, "ref", 77);
	assert_number(&info, "node", 0x1001002);
	assert_int_equal(decode(&sa, sizeof(sa) - 1).kind, SOCKADDR_RAW);
	sa.addrtype = 9;
	assert_int_equal(decode(&sa, sizeof(sa)).kind, SOCKADDR_RAW);
}

/* By the protocol, which is no part of the address; the structures are the kernel's. */
static void bluetooth(void **state)
{
	static const struct {
		uint16_t family, psm;
		uint8_t bdaddr[6];
		uint8_t cid[2], bdaddr_type, end;
	} l2 = { AF_BLUETOOTH, 0x1001, { 6, 5, 4, 3, 2, 0xa1 }, { 0x40, 1 }, 2, 0 };
	static const struct {
		uint16_t family;
		uint8_t bdaddr[6], channel, end;
	} rc = { AF_BLUETOOTH, { 6, 5, 4, 3, 2, 0xa1 }, 30, 0 };
	static const struct {
		uint16_t family, dev, channel;
	} hci = { AF_BLUETOOTH, 0xffff, 3 };
	enum { L2CAP, HCI, SCO, RFCOMM, BNEP, ISO = 8 };
	struct sockaddr_info info;

	(void)state;
	assert_int_equal(sizeof(l2), 14);
	assert_int_equal(sizeof(rc), 10);
	info = decode_by(&l2, sizeof(l2), L2CAP);
	assert_number(&info, "psm", 0x1001);
	assert_number(&info, "cid", 0x140);
	assert_number(&info, "bdaddr_type", 2);
	assert_text(sockaddr_fmt_bdaddr(unit_buffer, &info, field(&info, "bdaddr")),
		    "a1:02:03:04:05:06");
	info = decode_by(&rc, sizeof(rc), RFCOMM);
	assert_number(&info, "channel", 30);
	assert_text(sockaddr_fmt_bdaddr(unit_buffer, &info, field(&info, "bdaddr")),
		    "a1:02:03:04:05:06");
	info = decode_by(&rc, 8, SCO);
	assert_text(sockaddr_fmt_bdaddr(unit_buffer, &info, field(&info, "bdaddr")),
		    "a1:02:03:04:05:06");
	info = decode_by(&rc, 9, ISO);
	assert_number(&info, "bdaddr_type", 30);
	info = decode_by(&hci, sizeof(hci), HCI);
	assert_number(&info, "hci_dev", 0xffff);
	assert_number(&info, "hci_channel", 3);
	/* Too short, of a protocol without addresses, of one that is not known. */
	assert_int_equal(decode_by(&l2, 12, L2CAP).kind, SOCKADDR_RAW);
	assert_int_equal(decode_by(&hci, 5, HCI).kind, SOCKADDR_RAW);
	assert_int_equal(decode_by(&rc, 7, SCO).kind, SOCKADDR_RAW);
	assert_int_equal(decode_by(&rc, 8, RFCOMM).kind, SOCKADDR_RAW);
	assert_int_equal(decode_by(&rc, sizeof(rc), BNEP).kind, SOCKADDR_RAW);
	assert_int_equal(decode(&l2, sizeof(l2)).kind, SOCKADDR_RAW);
}

static void xdp(void **state)
{
	struct sockaddr_xdp sa = {
		.sxdp_family = 44,
		.sxdp_flags = XDP_ZEROCOPY | 0x8000,
		.sxdp_ifindex = 4294967295,
		.sxdp_queue_id = 3,
		.sxdp_shared_umem_fd = 9,
	};
	struct sockaddr_info info = decode(&sa, sizeof(sa));

	(void)state;
	assert_number(&info, "xdp_flags", 0x8004);
	assert_number(&info, "ifindex", 4294967295);
	assert_number(&info, "queue_id", 3);
	assert_number(&info, "shared_umem_fd", 9);
	assert_int_equal(decode(&sa, sizeof(sa) - 1).kind, SOCKADDR_RAW);
}

static void unspec_and_one_byte(void **state)
{
	static const uint8_t unspec[16] = { 0 };
	struct sockaddr_info info;

	(void)state;
	info = decode(unspec, sizeof(unspec));
	assert_int_equal(info.kind, SOCKADDR_RAW);
	assert_int_equal(info.family, AF_UNSPEC);
	assert_int_equal(info.length, 14);
	info = decode(unspec, 1);
	assert_int_equal(info.kind, SOCKADDR_RAW);
	assert_int_equal(info.family, -1);
	assert_int_equal(info.length, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inet4),
		cmocka_unit_test(inet6),
		cmocka_unit_test(ipv6_as_inet_ntop),
		cmocka_unit_test(unix_names),
		cmocka_unit_test(others),
		cmocka_unit_test(alg),
		cmocka_unit_test(can),
		cmocka_unit_test(tipc),
		cmocka_unit_test(bluetooth),
		cmocka_unit_test(xdp),
		cmocka_unit_test(unspec_and_one_byte),
	};

	return cmocka_run_group_tests_name("sockaddr", tests, NULL, NULL);
}
