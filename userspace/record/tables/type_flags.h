/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flags in the type of socket() and of accept4().
 * Made by userspace/record/tables/generate from
 * linux-libc-dev 6.1.187-1, libc6-dev 2.36-9+deb12u14. Do not edit.
 */
ROW(2048, SOCK_NONBLOCK)
ROW(524288, SOCK_CLOEXEC)
