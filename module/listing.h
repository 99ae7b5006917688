/* SPDX-License-Identifier: GPL-2.0-only */
/* The calls in flight as records, for whoever asks which they are: GET_INFLIGHT. */
#ifndef SOCKTRACE_LISTING_H
#define SOCKTRACE_LISTING_H

#include "session.h"

/*
 * Fills in at most @room of them and returns how many there are; if @s is not NULL, of
 * those that this session, which is started, may take. The probes must stay armed, or
 * disarmed, meanwhile.
 */
unsigned int st_listing_make(struct socktrace_event *records, unsigned int room,
			     const struct st_session *s);

#endif /* SOCKTRACE_LISTING_H */
