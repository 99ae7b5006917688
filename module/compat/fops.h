/* SPDX-License-Identifier: GPL-2.0-only */
/* How a device's operations looked before they looked as they do in cdev.c. */
#ifndef SOCKTRACE_COMPAT_FOPS_H
#define SOCKTRACE_COMPAT_FOPS_H

#include <linux/aio.h>
#include <linux/eventpoll.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "compat.h"

/* --- read: one that is given an iov_iter --------------------------------------- */

/* Was it said for this read alone that it must not wait? */
#ifdef IOCB_NOWAIT /* 4.13 */
#define st_compat_iocb_nowait(iocb) ((iocb)->ki_flags & IOCB_NOWAIT)
#else
#define st_compat_iocb_nowait(iocb) false
#endif

#if ST_HAS_READ_ITER
#define ST_COMPAT_DEFINE_READ(function)
#define ST_COMPAT_READ(function) .read_iter = function
#else
static inline size_t copy_to_iter(const void *from, size_t bytes, struct iov_iter *to)
{
	size_t done = 0, part;

	while (done < bytes && iov_iter_count(to)) {
		part = min(bytes - done, to->iov->iov_len - to->iov_offset);
		if (copy_to_user((char __user *)to->iov->iov_base + to->iov_offset,
				 (const char *)from + done, part))
			break;
		iov_iter_advance(to, part);
		done += part;
	}
	return done;
}

/* As aio_read and, for a buffer that is but one, by the kernel's wrapper around it. */
#define ST_COMPAT_DEFINE_READ(function)                                        \
	static ssize_t function##_aio(struct kiocb *iocb, const struct iovec *iov, \
				      unsigned long nr, loff_t pos)            \
	{                                                                      \
		struct iov_iter to;                                            \
									       \
		iov_iter_init(&to, iov, nr, iov_length(iov, nr), 0);           \
		return function(iocb, &to);                                    \
	}
#define ST_COMPAT_READ(function) .read = do_sync_read, .aio_read = function##_aio
#endif

/* --- poll ------------------------------------------------------------------------ */

#if !ST_HAS_POLL_T
typedef unsigned int __poll_t;
#endif
#ifndef EPOLLIN
#define EPOLLIN POLLIN
#define EPOLLPRI POLLPRI
#define EPOLLERR POLLERR
#define EPOLLRDNORM POLLRDNORM
#endif

/* --- show_fdinfo: one that returns nothing ---------------------------------------- */

#if ST_HAS_SHOW_FDINFO_VOID
#define ST_COMPAT_DEFINE_FDINFO(function)
#define ST_COMPAT_FDINFO(function) .show_fdinfo = function
#else
#define ST_COMPAT_DEFINE_FDINFO(function)                                      \
	static int function##_int(struct seq_file *m, struct file *file)       \
	{                                                                      \
		function(m, file);                                             \
		return 0;                                                      \
	}
#define ST_COMPAT_FDINFO(function) .show_fdinfo = function##_int
#endif

#endif /* SOCKTRACE_COMPAT_FOPS_H */
