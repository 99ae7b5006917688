/* SPDX-License-Identifier: GPL-2.0-only */
/* Are the names of AF_VSOCK sockets to be had? Not before 3.14: they were private. */
#ifndef SOCKTRACE_COMPAT_VSOCK_H
#define SOCKTRACE_COMPAT_VSOCK_H

#include "compat-probed.h"

#if ST_HAS_AF_VSOCK_HEADER
#include <net/af_vsock.h>
#define ST_COMPAT_VSOCK IS_ENABLED(CONFIG_VSOCKETS)
#else
#define ST_COMPAT_VSOCK 0
#endif

#endif /* SOCKTRACE_COMPAT_VSOCK_H */
