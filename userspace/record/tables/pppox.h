/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Protocols of AF_PPPOX.
 * Made by userspace/record/tables/generate from
 * linux-libc-dev 6.1.187-1, libc6-dev 2.36-9+deb12u14. Do not edit.
 */
ROW(0, PX_PROTO_OE)
ROW(1, PX_PROTO_OL2TP)
ROW(2, PX_PROTO_PPTP)
