/* SPDX-License-Identifier: GPL-2.0 */
/* A capture instead of a session: -r FILE. */
#ifndef SOCKTRACE_REPLAY_H
#define SOCKTRACE_REPLAY_H

#include "report.h"

/* 0, or -1: told. */
int replay_open(struct reader *reader);

/* After the formats are set up: all of it. The exit status. */
int replay_run(struct reader *reader);

void replay_close(struct reader *reader);

#endif
