// SPDX-License-Identifier: GPL-2.0
#include "record/decode.h"

#include <arpa/inet.h>
#include <errno.h>
#include <strings.h>
#include <sys/socket.h>

#include <socktrace.h>

#define NAME(string) { sizeof(string) - 1, string }

/* What this project numbers itself. */
static const struct name events[] = {
	[SOCKTRACE_SOCKET] = NAME("socket"),
	[SOCKTRACE_CONNECT] = NAME("connect"),
	[SOCKTRACE_ACCEPT4] = NAME("accept4"),
	[SOCKTRACE_SECURITY_SOCKET_CONNECT] = NAME("security_socket_connect"),
	[SOCKTRACE_ADDR_MISMATCH] = NAME("addr_mismatch"),
	[SOCKTRACE_SOCKETPAIR] = NAME("socketpair"),
	[SOCKTRACE_CONNECTED] = NAME("connected"),
	[SOCKTRACE_BIND] = NAME("bind"),
	[SOCKTRACE_LISTEN] = NAME("listen"),
	[SOCKTRACE_PROCESS] = NAME("process"),
	[SOCKTRACE_LOST] = NAME("lost"),
};

static const struct name phases[] = {
	[SOCKTRACE_ENTER] = NAME("enter"),
	[SOCKTRACE_EXIT] = NAME("exit"),
	[SOCKTRACE_POINT] = NAME("point"),
};

static const struct name abis[] = {
	[SOCKTRACE_ABI_X86_64] = NAME("x86_64"),
	[SOCKTRACE_ABI_I386] = NAME("i386"),
	[SOCKTRACE_ABI_X32] = NAME("x32"),
	[SOCKTRACE_ABI_ARM64] = NAME("arm64"),
	[SOCKTRACE_ABI_ARM] = NAME("arm"),
	[SOCKTRACE_ABI_RISCV64] = NAME("riscv64"),
	[SOCKTRACE_ABI_RISCV32] = NAME("riscv32"),
	[SOCKTRACE_ABI_PPC64] = NAME("ppc64"),
	[SOCKTRACE_ABI_PPC] = NAME("ppc"),
	[SOCKTRACE_ABI_S390X] = NAME("s390x"),
	[SOCKTRACE_ABI_S390] = NAME("s390"),
	[SOCKTRACE_ABI_MIPS64] = NAME("mips64"),
	[SOCKTRACE_ABI_MIPS] = NAME("mips"),
	[SOCKTRACE_ABI_MIPS_N32] = NAME("mips_n32"),
};

static const struct name vias[] = {
	[SOCKTRACE_VIA_SYSCALL] = NAME("syscall"),
	[SOCKTRACE_VIA_IO_URING] = NAME("io_uring"),
	[SOCKTRACE_VIA_KERNEL] = NAME("kernel"),
	[SOCKTRACE_VIA_SENDMSG] = NAME("sendmsg"),
};

static const struct name addr_sources[] = {
	[SOCKTRACE_ADDR_KERNEL] = NAME("kernel"),
	[SOCKTRACE_ADDR_USER] = NAME("user"),
	[SOCKTRACE_ADDR_FAULT] = NAME("fault"),
	[SOCKTRACE_ADDR_DESCRIPTOR] = NAME("descriptor"),
};

static const struct name exe_sources[] = {
	[SOCKTRACE_EXE_EXEC] = NAME("exec"),
	[SOCKTRACE_EXE_MM] = NAME("mm"),
};

static const struct name verdicts[] = {
	[SOCKTRACE_TOCTOU_MATCH] = NAME("match"),
	[SOCKTRACE_TOCTOU_MISMATCH] = NAME("mismatch"),
	[SOCKTRACE_TOCTOU_UNREADABLE] = NAME("unreadable"),
	[SOCKTRACE_TOCTOU_UNCHECKED] = NAME("unchecked"),
};

static const struct name lost_reasons[] = {
	[SOCKTRACE_LOST_RING_FULL] = NAME("ring_full"),
};

/* What the kernel numbers, alike on every architecture. */
#define ROW(value, id) [value] = NAME(#id),
static const struct name families[] = {
#include "record/tables/families.h"
};
static const struct name ipproto[] = {
#include "record/tables/ipproto.h"
};
static const struct name netlink[] = {
#include "record/tables/netlink.h"
};
static const struct name can[] = {
#include "record/tables/can.h"
};
static const struct name bluetooth[] = {
#include "record/tables/bluetooth.h"
};
static const struct name phonet[] = {
#include "record/tables/phonet.h"
};
static const struct name nfc[] = {
#include "record/tables/nfc.h"
};
static const struct name caif[] = {
#include "record/tables/caif.h"
};
static const struct name pppox[] = {
#include "record/tables/pppox.h"
};
#undef ROW

#define KERNEL_ERRNO 512 /* the first of those that programs never see */
#define ROW(value, id) [(value) - KERNEL_ERRNO] = NAME(#id),
static const struct name kernel_errnos[] = {
#include "record/tables/kernel_errnos.h"
};
#undef ROW

/* MIPS and others number these differently: libc of the target decides. */
#define ROW(value, id) [id] = NAME(#id),
static const struct name types[] = {
#include "record/tables/types.h"
};
static const struct name errnos[] = {
#include "record/tables/errnos.h"
};
#undef ROW

#define ROW(value, id) { id, NAME(#id) },
static const struct type_flag type_flags[] = {
#include "record/tables/type_flags.h"
};
#undef ROW

/* 65,536 numbers with a hundred names: sorted, for bisection. */
#define ROW(value, id) { value, NAME(#id) },
static const struct ethertype {
	uint16_t value;
	struct name name;
} ethertypes[] = {
#include "record/tables/ethertypes.h"
};
#undef ROW

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define LOOKUP(table, number) lookup(table, ROWS(table), number)

static const struct name *lookup(const struct name *table, size_t rows,
				 unsigned int number)
{
	if (number >= rows || !table[number].length)
		return NULL;
	return &table[number];
}

const struct name *decode_event(unsigned int type)
{
	return LOOKUP(events, type);
}

const struct name *decode_phase(unsigned int phase)
{
	return LOOKUP(phases, phase);
}

const struct name *decode_abi(unsigned int abi)
{
	return LOOKUP(abis, abi);
}

const struct name *decode_via(unsigned int via)
{
	return LOOKUP(vias, via);
}

const struct name *decode_addr_source(unsigned int source)
{
	return LOOKUP(addr_sources, source);
}

const struct name *decode_exe_source(unsigned int source)
{
	return LOOKUP(exe_sources, source);
}

const struct name *decode_toctou(unsigned int verdict)
{
	return LOOKUP(verdicts, verdict);
}

const struct name *decode_lost_reason(unsigned int reason)
{
	return LOOKUP(lost_reasons, reason);
}

const struct name *decode_family(unsigned int family)
{
	return LOOKUP(families, family);
}

const struct name *decode_type(unsigned int type)
{
	return LOOKUP(types, type);
}

const struct name *decode_errno(unsigned int number)
{
	if (number >= KERNEL_ERRNO && number - KERNEL_ERRNO < ROWS(kernel_errnos))
		return LOOKUP(kernel_errnos, number - KERNEL_ERRNO);
	return LOOKUP(errnos, number);
}

static const struct name *ethertype(unsigned int value)
{
	size_t low = 0, high = ROWS(ethertypes);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (ethertypes[middle].value == value)
			return &ethertypes[middle].name;
		if (ethertypes[middle].value < value)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct name *decode_protocol(unsigned int family, int protocol)
{
	unsigned int number = (unsigned int)protocol;

	switch (family) {
	case AF_INET:
	case AF_INET6:
		return LOOKUP(ipproto, number);
	case AF_NETLINK:
		return LOOKUP(netlink, number);
	case AF_PACKET:
		/* 0 is "none yet", not an ethertype. */
		if (number > 0xffff || !number)
			return NULL;
		return ethertype(ntohs((uint16_t)number));
	case AF_CAN:
		return LOOKUP(can, number);
	case AF_BLUETOOTH:
		return LOOKUP(bluetooth, number);
	case AF_PHONET:
		return LOOKUP(phonet, number);
	case AF_NFC:
		return LOOKUP(nfc, number);
	case AF_CAIF:
		return LOOKUP(caif, number);
	case AF_PPPOX:
		return LOOKUP(pppox, number);
	default:
		return NULL;
	}
}

const struct type_flag *decode_type_flag(unsigned int row)
{
	return row < ROWS(type_flags) ? &type_flags[row] : NULL;
}

static int same(const char *a, const char *b, unsigned int length)
{
	return strlen(a) == length && !strncasecmp(a, b, length);
}

int decode_family_by_name(const char *name, unsigned int length)
{
	unsigned int i;

	if (length > 3 && !strncasecmp(name, "AF_", 3)) {
		name += 3;
		length -= 3;
	}
	if (same("local", name, length))
		return AF_UNIX;
	for (i = 0; i < ROWS(families); i++) {
		if (families[i].length && same(families[i].s + 3, name, length))
			return (int)i;
	}
	return -1;
}

int decode_type_by_name(const char *name, unsigned int length)
{
	unsigned int i;

	if (length > 5 && !strncasecmp(name, "SOCK_", 5)) {
		name += 5;
		length -= 5;
	}
	for (i = 0; i < ROWS(types); i++) {
		if (types[i].length && same(types[i].s + 5, name, length))
			return (int)i;
	}
	return -1;
}

int decode_protocol_by_name(unsigned int family, const char *name, unsigned int length)
{
	static const char prefix[] = "IPPROTO_";
	const unsigned int skip = sizeof(prefix) - 1;
	const struct name *row;
	int i;

	if (family == AF_INET && length > skip && !strncasecmp(name, prefix, skip)) {
		name += skip;
		length -= skip;
	}
	for (i = 0; i < (int)(family == AF_INET ? ROWS(ipproto) : ROWS(netlink)); i++) {
		row = decode_protocol(family, i);
		if (row && same(row->s + (family == AF_INET ? skip : 0), name, length))
			return i;
	}
	return -1;
}

unsigned int decode_errno_by_name(const char *name, unsigned int length)
{
	const struct name *row;
	unsigned int i;

	/* Second names, which the table has not. */
	if (same("EWOULDBLOCK", name, length))
		return EAGAIN;
	if (same("ENOTSUP", name, length))
		return EOPNOTSUPP;
	for (i = 1; i < KERNEL_ERRNO + ROWS(kernel_errnos); i++) {
		row = decode_errno(i);
		if (row && same(row->s, name, length))
			return i;
	}
	return 0;
}

unsigned int decode_event_by_name(const char *name, unsigned int length)
{
	unsigned int i;

	if (same("accept", name, length))
		return SOCKTRACE_ACCEPT4;
	for (i = 0; i < SOCKTRACE_PROCESS; i++) {
		if (i < ROWS(events) && events[i].length && same(events[i].s, name, length))
			return i;
	}
	return 0;
}
