/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Protocols of AF_CAIF.
 * Made by userspace/record/tables/generate from
 * linux-libc-dev 6.1.187-1, libc6-dev 2.36-9+deb12u14. Do not edit.
 */
ROW(0, CAIFPROTO_AT)
ROW(1, CAIFPROTO_DATAGRAM)
ROW(2, CAIFPROTO_DATAGRAM_LOOP)
ROW(3, CAIFPROTO_UTIL)
ROW(4, CAIFPROTO_RFM)
ROW(5, CAIFPROTO_DEBUG)
