// SPDX-License-Identifier: GPL-2.0-only
/* 5.11; before, it gives the error by reference */
#include <linux/net.h>

struct socket *probe(struct file *file)
{
	return sock_from_file(file);
}
