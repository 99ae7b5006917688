// SPDX-License-Identifier: GPL-2.0-only
/* 3.14; the sockets are of 3.9 */
#include <net/af_vsock.h>
