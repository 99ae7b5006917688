// SPDX-License-Identifier: GPL-2.0
/*
 * counts.so,out=FILE: QEMU's (TCG), for bench/profile.
 *
 * Counts each instruction that is executed between the marks of marks.h, by its address,
 * and writes a line for each that was: setup, kind, address, how often; and how often each
 * kind was kept.  The address of all that is not the kernel's is 0.  One processor only.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marks.h"
#include "qemu.h"

/* One for each address that was ever translated. */
struct insn {
	uint64_t address;
	uint32_t pending[MARK_MAX_KINDS]; /* since the last KEEP or DROP */
	uint64_t kept[MARK_MAX_SETUPS][MARK_MAX_KINDS];
	struct insn *next; /* of its bucket */
	struct insn *next_touched; /* of those with anything pending */
	bool touched;
};

#define NR_BUCKETS (1 << 18)
static struct insn *buckets[NR_BUCKETS];
static struct insn *touched;

static uint64_t begun[MARK_MAX_KINDS], calls[MARK_MAX_SETUPS][MARK_MAX_KINDS];
static unsigned int setup;
static int kind = -1; /* none: it is not counted */
static const char *out;

static struct insn *insn_at(uint64_t address)
{
	struct insn **bucket = &buckets[(address ^ address >> 18) % NR_BUCKETS], *insn;

	for (insn = *bucket; insn; insn = insn->next)
		if (insn->address == address)
			return insn;
	insn = calloc(1, sizeof(*insn));
	if (!insn)
		abort();
	insn->address = address;
	insn->next = *bucket;
	*bucket = insn;
	return insn;
}

static void executed(unsigned int vcpu, void *data)
{
	struct insn *insn = data;

	(void)vcpu;
	if (kind < 0)
		return;
	insn->pending[kind]++;
	if (!insn->touched) {
		insn->touched = true;
		insn->next_touched = touched;
		touched = insn;
	}
}

/* All that is pending counts, or does not. */
static void settle(bool keep)
{
	struct insn *insn;
	unsigned int k;

	for (insn = touched; insn; insn = insn->next_touched) {
		for (k = 0; keep && k < MARK_MAX_KINDS; k++)
			insn->kept[setup][k] += insn->pending[k];
		memset(insn->pending, 0, sizeof(insn->pending));
		insn->touched = false;
	}
	touched = NULL;
	for (k = 0; keep && k < MARK_MAX_KINDS; k++)
		calls[setup][k] += begun[k];
	memset(begun, 0, sizeof(begun));
}

static void marked(unsigned int vcpu, void *data)
{
	uintptr_t what = (uintptr_t)data;

	(void)vcpu;
	switch (what) {
	case MARK_END: kind = -1; break;
	case MARK_KEEP: settle(true); break;
	case MARK_DROP: settle(false); break;
	case MARK_NEXT: setup = (setup + 1) % MARK_MAX_SETUPS; break;
	default:
		kind = what - MARK_BEGIN;
		begun[kind]++;
	}
}

static void watch(struct qemu_plugin_insn *insn, uint64_t address)
{
	qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, QEMU_PLUGIN_CB_NO_REGS,
					       insn_at(address >> 63 ? address : 0));
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	watch_each(tb, marked, watch);
}

static void ended(qemu_plugin_id_t id, void *data)
{
	FILE *f = fopen(out, "w");
	unsigned int s, k, b;
	struct insn *insn;

	(void)id;
	(void)data;
	if (!f) {
		perror(out);
		return;
	}
	for (s = 0; s < MARK_MAX_SETUPS; s++)
		for (k = 0; k < MARK_MAX_KINDS; k++) {
			if (calls[s][k])
				fprintf(f, "calls %u %u %" PRIu64 "\n", s, k, calls[s][k]);
			for (b = 0; b < NR_BUCKETS; b++)
				for (insn = buckets[b]; insn; insn = insn->next)
					if (insn->kept[s][k])
						fprintf(f, "%u %u %" PRIx64 " %" PRIu64 "\n",
							s, k, insn->address, insn->kept[s][k]);
		}
	if (fclose(f))
		perror(out);
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	out = install(id, argc, argv, translated, ended);
	return out ? 0 : -1;
}
