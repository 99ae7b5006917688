/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Socket types.
 * Made by userspace/record/tables/generate from
 * linux-libc-dev 6.1.187-1, libc6-dev 2.36-9+deb12u14. Do not edit.
 */
ROW(1, SOCK_STREAM)
ROW(2, SOCK_DGRAM)
ROW(3, SOCK_RAW)
ROW(4, SOCK_RDM)
ROW(5, SOCK_SEQPACKET)
ROW(6, SOCK_DCCP)
ROW(10, SOCK_PACKET)
