// SPDX-License-Identifier: GPL-2.0-only
/* 4.16 */
#include <linux/types.h>

__poll_t probe;
