/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's kfifo, on machines of 32 bits too. */
#ifndef SOCKTRACE_COMPAT_KFIFO_H
#define SOCKTRACE_COMPAT_KFIFO_H

#include <linux/kfifo.h>

/*
 * Whether a kfifo has its buffer elsewhere. By 4.14's answer it hasn't, where struct __kfifo
 * is less aligned than the records are, as on machines of 32 bits: kfifo_init() then
 * refuses it, and others would take what follows the kfifo for the buffer. This is 4.18's.
 */
#undef __is_kfifo_ptr
#define __is_kfifo_ptr(fifo) \
	(sizeof(*(fifo)) == sizeof(STRUCT_KFIFO_PTR(typeof(*(fifo)->type))))

#endif /* SOCKTRACE_COMPAT_KFIFO_H */
