// SPDX-License-Identifier: GPL-2.0-only
/* 4.12: the fifth argument */
#include <net/inet_common.h>

int probe(struct socket *sock)
{
	return __inet_stream_connect(sock, NULL, 0, 0, 1);
}
