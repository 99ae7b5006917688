// SPDX-License-Identifier: GPL-2.0-only
/* 6.10; before, do_accept() has the flags themselves */
#include <linux/net.h>
#include <net/sock.h>

int probe(const struct proto_accept_arg *arg)
{
	return arg->flags;
}
