// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

char unit_buffer[OUT_LINE_MAX];
