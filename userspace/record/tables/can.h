/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Protocols of AF_CAN.
 * Made by userspace/record/tables/generate from
 * linux-libc-dev 6.1.187-1, libc6-dev 2.36-9+deb12u14. Do not edit.
 */
ROW(1, CAN_RAW)
ROW(2, CAN_BCM)
ROW(3, CAN_TP16)
ROW(4, CAN_TP20)
ROW(5, CAN_MCNET)
ROW(6, CAN_ISOTP)
ROW(7, CAN_J1939)
