/* SPDX-License-Identifier: GPL-2.0 */
/* Who started this program is told when it does what it was started for. */
#ifndef SOCKTRACE_READY_H
#define SOCKTRACE_READY_H

/*
 * Before another program is executed, which is to have no part in this: the descriptor
 * (-1: none) and NOTIFY_SOCKET stay with this one. 0, or -1 and errno.
 */
int ready_prepare(int fd);

/* Writes a newline to the descriptor and closes it; READY=1 to NOTIFY_SOCKET. */
void ready_tell(int fd);

#endif
