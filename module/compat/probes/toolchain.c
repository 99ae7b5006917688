// SPDX-License-Identifier: GPL-2.0-only
/* Must compile against any kernel: else none of the answers would mean anything. */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <net/sock.h>

int probe(void)
{
	return current->pid;
}
