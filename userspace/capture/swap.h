/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers of a machine of the other byte order. */
#ifndef SOCKTRACE_CAPTURE_SWAP_H
#define SOCKTRACE_CAPTURE_SWAP_H

#include <stddef.h>

#include "capture/format.h"

/* `count` numbers of `size` bytes, in place; any alignment. */
void swap_numbers(void *at, size_t size, size_t count);

void swap_header(struct capture_header *header);

/*
 * What a block of that kind holds, `size` bytes, as far as it is whole. Of addresses
 * those are swapped that sockaddr_decode() takes apart; others are bytes.
 */
void swap_payload(uint32_t kind, void *payload, size_t size);

#endif
