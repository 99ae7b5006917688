// SPDX-License-Identifier: GPL-2.0
#include "record/procinfo.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fmt.h"

#define BELIEVED_NS 1000000000ULL
#define INITIAL_PIDNS_INODE 0xEFFFFFFCU /* PROC_PID_INIT_INO of the kernel */

uint32_t procinfo_pidns(void)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) || st.st_ino == INITIAL_PIDNS_INODE)
		return 0;
	return (uint32_t)st.st_ino;
}

void procinfo_init(struct procinfo *proc)
{
	memset(proc, 0, sizeof(*proc));
	proc->pidns = procinfo_pidns();
}

uint32_t procinfo_pid(const struct procinfo *proc, const struct socktrace_event *ev)
{
	if (!proc->pidns)
		return ev->tgid;
	return ev->pidns == proc->pidns ? ev->ns_tgid : 0;
}

const char *procinfo_exe(struct procinfo *proc, uint32_t pid, const char *comm,
			 uint64_t now_ns, size_t *length, uint64_t *until_ns)
{
	struct procinfo_slot *slot = &proc->slots[pid % PROCINFO_SLOTS];
	const char *exe;
	char link[32], *p;
	ssize_t n;

	*until_ns = now_ns;
	if (!pid)
		return NULL;
	if (proc->told) {
		exe = told_find(proc->told, pid, length);
		return exe && *length ? exe : NULL;
	}
	if (slot->length && slot->pid == pid && now_ns < slot->until_ns &&
	    !memcmp(slot->comm, comm, sizeof(slot->comm))) {
		*length = slot->length;
		*until_ns = slot->until_ns;
		return slot->exe;
	}

	p = fmt_lit(link, "/proc/");
	p = fmt_u32(p, pid);
	p = fmt_lit(p, "/exe");
	*p = '\0';
	n = readlink(link, proc->path, sizeof(proc->path));
	if (n <= 0)
		return NULL;
	*length = (size_t)n;
	*until_ns = now_ns + BELIEVED_NS;
	if (n > PROCINFO_EXE_MAX)
		return proc->path;

	slot->until_ns = *until_ns;
	slot->pid = pid;
	slot->length = (uint32_t)n;
	memcpy(slot->comm, comm, sizeof(slot->comm));
	memcpy(slot->exe, proc->path, (size_t)n);
	return slot->exe;
}
