// SPDX-License-Identifier: GPL-2.0-only
/* 4.11, el7 */
#include <linux/sched/signal.h>
