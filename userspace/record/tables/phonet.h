/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Protocols of AF_PHONET.
 * Made by userspace/record/tables/generate from
 * linux-libc-dev 6.1.187-1, libc6-dev 2.36-9+deb12u14. Do not edit.
 */
ROW(0, PN_PROTO_TRANSPORT)
ROW(1, PN_PROTO_PHONET)
ROW(2, PN_PROTO_PIPE)
