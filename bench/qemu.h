/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is used of QEMU's interface, version 1, which 7.2 to 8.2 have. Debian has no
 * package with its qemu-plugin.h.
 */
#ifndef BENCH_QEMU_H
#define BENCH_QEMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "marks.h"

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;
typedef void (*tb_trans_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*exec_cb)(unsigned int vcpu, void *data);
typedef void (*exit_cb)(qemu_plugin_id_t id, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_trans_cb cb);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, exec_cb cb,
					    int flags, void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, exit_cb cb, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
enum { QEMU_PLUGIN_CB_NO_REGS };

typedef uint32_t qemu_plugin_meminfo_t;
typedef void (*mem_cb)(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address, void *data);
enum { QEMU_PLUGIN_MEM_W = 2 };
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, mem_cb cb, int flags, int rw,
				      void *data);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);

/* A plugin is one file, and has these. */
#define EXPORTED __attribute__((visibility("default")))
EXPORTED int qemu_plugin_version = 1;
EXPORTED int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info,
				 int argc, char **argv);

/*
 * Installs it: @translated for all code, @ended at the end. Where it puts what it counted:
 * the FILE of its only argument, out=FILE; NULL: it has none.
 */
static inline const char *install(qemu_plugin_id_t id, int argc, char **argv,
				  tb_trans_cb translated, exit_cb ended)
{
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fputs("a plugin of bench needs out=FILE\n", stderr);
		return NULL;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return strdup(argv[0] + 4);
}

/* The mark that an instruction is, or 0. */
static inline uint32_t mark_of(const struct qemu_plugin_insn *insn)
{
	static const uint8_t nopl_rax[] = { 0x0f, 0x1f, 0x80 };
	const uint8_t *bytes = qemu_plugin_insn_data(insn);
	uint32_t what;

	if (qemu_plugin_insn_size(insn) != sizeof(nopl_rax) + sizeof(what) ||
	    memcmp(bytes, nopl_rax, sizeof(nopl_rax)))
		return 0;
	memcpy(&what, bytes + sizeof(nopl_rax), sizeof(what));
	if ((what >= MARK_BEGIN && what < MARK_BEGIN + MARK_MAX_KINDS) ||
	    (what >= MARK_END && what <= MARK_NEXT))
		return what;
	return 0;
}

/* Calls it with the mark, whenever the instruction is executed; false if it is none. */
static inline bool on_mark(struct qemu_plugin_insn *insn, exec_cb marked)
{
	uintptr_t what = mark_of(insn);

	if (what)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, marked, QEMU_PLUGIN_CB_NO_REGS,
						       (void *)what);
	return what;
}

/* Of code that was translated: `watch` for each instruction, with its address, but for marks. */
static inline void watch_each(struct qemu_plugin_tb *tb, exec_cb marked,
			      void (*watch)(struct qemu_plugin_insn *insn, uint64_t address))
{
	size_t n = qemu_plugin_tb_n_insns(tb), i;

	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (!on_mark(insn, marked))
			watch(insn, qemu_plugin_insn_vaddr(insn));
	}
}

#endif
