/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Protocols of AF_BLUETOOTH.
 * Made by userspace/record/tables/generate from
 * include/net/bluetooth/bluetooth.h, include/linux/errno.h of Linux 6.1. Do not edit.
 */
ROW(0, BTPROTO_L2CAP)
ROW(1, BTPROTO_HCI)
ROW(2, BTPROTO_SCO)
ROW(3, BTPROTO_RFCOMM)
ROW(4, BTPROTO_BNEP)
ROW(5, BTPROTO_CMTP)
ROW(6, BTPROTO_HIDP)
ROW(7, BTPROTO_AVDTP)
ROW(8, BTPROTO_ISO)
