/* SPDX-License-Identifier: GPL-2.0 */
/* SOCK_* are in sys/socket.h, which linux/socket.h brings. */
