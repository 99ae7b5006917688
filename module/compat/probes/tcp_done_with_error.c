// SPDX-License-Identifier: GPL-2.0-only
/* 6.10, and stable ones since: by which TCP gives a socket each of its errors */
#include <net/tcp.h>

void probe(struct sock *sk)
{
	tcp_done_with_error(sk, 1);
}
