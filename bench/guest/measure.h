/* SPDX-License-Identifier: GPL-2.0 */
/* What single calls take, while a row of the table is armed. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "setups.h"

/* First of all: how many calls of each kind are measured each time. */
void measure_init(unsigned int calls);
/* Makes them with nothing armed but what is; for what the first calls of all cost more. */
void measure_once(void);
/* Into setup->value, of that round. */
void measure(struct setup *setup, unsigned int round);

/* Of the middle half of so many, which are put in order. */
double middle_mean(double *samples, unsigned int n);
/* Of so many rounds. */
double median(const double *values, unsigned int n);

#endif
