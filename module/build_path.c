// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way of a call from its probe to the rings, as one unit for the compiler: what is
 * called across these files for every call is a jump less, and headers are read once. Each
 * file stands for itself; KUnit has them alone.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "share.c"
#include "files.c"
#include "inflight.c"
#include "record.c"
#include "collect.c"
#include "caller.c"
#include "entry_points.c"
#include "ring.c"
#include "filter.c"
#include "early.c"
#include "deliver.c"
#include "sockets.c"
#include "calls.c"
#include "probes.c"
