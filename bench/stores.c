// SPDX-License-Identifier: GPL-2.0
/*
 * stores.so,out=FILE: QEMU's (TCG), for bench/stores.
 *
 * Counts what each processor writes into the kernel's memory between the marks of marks.h, by
 * cache line and by the instruction that writes. A line for each: setup, instruction, cache
 * line, how often each processor wrote; and how many calls each made.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "qemu.h"

#define LINE 64
#define MAX_CPUS 2

struct store {
	uint64_t line, insn;
	uint64_t count[MARK_MAX_SETUPS][MAX_CPUS];
	struct store *next; /* of its bucket */
};

#define NR_BUCKETS (1 << 20)
static struct store *buckets[NR_BUCKETS];
static uint64_t calls[MARK_MAX_SETUPS][MAX_CPUS];
static bool counting[MAX_CPUS];
static unsigned int setup;
static const char *out;

static struct store *store_at(uint64_t line, uint64_t insn)
{
	uint64_t key = line / LINE * 0x9e3779b97f4a7c15 ^ insn;
	struct store **bucket = &buckets[(key ^ key >> 32) % NR_BUCKETS], *store;

	for (store = *bucket; store; store = store->next)
		if (store->line == line && store->insn == insn)
			return store;
	store = calloc(1, sizeof(*store));
	if (!store)
		abort();
	store->line = line;
	store->insn = insn;
	store->next = *bucket;
	*bucket = store;
	return store;
}

static void stored(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address, void *data)
{
	/* QEMU 7.2 also tells what is read, whatever it was asked for. */
	if (vcpu < MAX_CPUS && counting[vcpu] && address >> 63 && qemu_plugin_mem_is_store(info))
		store_at(address / LINE * LINE, (uintptr_t)data)->count[setup][vcpu]++;
}

static void marked(unsigned int vcpu, void *data)
{
	uintptr_t what = (uintptr_t)data;

	if (what == MARK_NEXT)
		setup = (setup + 1) % MARK_MAX_SETUPS;
	if (vcpu >= MAX_CPUS)
		return;
	counting[vcpu] = what < MARK_END;
	calls[setup][vcpu] += counting[vcpu];
}

static void watch(struct qemu_plugin_insn *insn, uint64_t address)
{
	if (address >> 63)
		qemu_plugin_register_vcpu_mem_cb(insn, stored, QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_W, (void *)(uintptr_t)address);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	watch_each(tb, marked, watch);
}

static void print_store(FILE *f, const struct store *store, unsigned int s)
{
	if (store->count[s][0] || store->count[s][1])
		fprintf(f, "%u %" PRIx64 " %" PRIx64 " %" PRIu64 " %" PRIu64 "\n", s, store->insn,
			store->line, store->count[s][0], store->count[s][1]);
}

static void ended(qemu_plugin_id_t id, void *data)
{
	FILE *f = fopen(out, "w");
	const struct store *store;
	unsigned int s, b;

	(void)id;
	(void)data;
	if (!f) {
		perror(out);
		return;
	}
	for (s = 0; s < MARK_MAX_SETUPS; s++) {
		fprintf(f, "calls %u %" PRIu64 " %" PRIu64 "\n", s, calls[s][0], calls[s][1]);
		for (b = 0; b < NR_BUCKETS; b++)
			for (store = buckets[b]; store; store = store->next)
				print_store(f, store, s);
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
