// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probe points: which functions, by which names, and their being armed.
 *
 * A call is a kretprobe whose own pre-handler we stand in front of. The kernel
 * would take a return instance first and ask afterwards, and says nothing when
 * it has none; asked first, a call that nobody wants costs no instance, and one
 * whose return can't be hooked is noticed. A second, plain kprobe would tell
 * the same for three times the instructions.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/u64_stats_sync.h>

#include "arch.h"
#include "caller.h"
#include "calls.h"
#include "collect.h"
#include "compat/compat.h"
#include "files.h"
#include "images.h"
#include "inflight.h"
#include "lineage.h"
#include "marks.h"
#include "paths.h"
#include "pending.h"
#include "probes.h"

#define MAX_CANDIDATES 4
#define MAX_OTHERWISE 2

/*
 * One row per probe point: an entry point of calls, or a point within
 * one. The first candidate that the kernel takes is used.
 */
struct probe {
	enum socktrace_type type;
	const struct st_entry_point *entry; /* NULL: a point */
	void (*hit)(struct pt_regs *regs); /* a point's */
	const char *candidates[MAX_CANDIDATES];
	/* And where the kernel has none of these: another entry point, or point. */
	struct {
		const char *symbol;
		const struct st_entry_point *entry;
		void (*hit)(struct pt_regs *regs);
	} otherwise[MAX_OTHERWISE];

	/* Instead of all of these, where the kernel has it: a tracepoint, and its probe. */
	const char *tracepoint;
	void *traced;

	bool gives_facts; /* no records: a point that tells those of `type` more */
	u32 conditions; /* it is needed for filters that look at these, SOCKTRACE_MATCH_* */
	/*
	 * Not NULL: all connects need it, unless @spared_by is armed and @called_by surely
	 * calls that one, which then shows what this one would.
	 */
	const char *spared_by, *called_by;
	/* NULL, or: before it is armed; before it is disarmed; when no handler runs on. */
	int (*prepare)(unsigned int max);
	void (*stop)(void);
	void (*finish)(void);

	unsigned int index; /* in the table */
	const char *symbol; /* of the candidates, or the tracepoint; NULL: not bound */
	bool is_asmlinkage; /* it has its arguments where such a one has them */
	unsigned long address; /* in the function, which has such a probe */
	const struct probe *spare; /* NULL: none is sure to be on the way */
	struct tracepoint *tp; /* NULL: it is a kprobe */
	bool armed;
	bool may_have_marks; /* see marks.h: of us, or of a module before us */
	struct kretprobe rp; /* a point uses its kp alone */
	kprobe_pre_handler_t take_instance; /* the kernel's own pre-handler */
};

static void trace_sock_state(void *data, const struct sock *sk, const int oldstate,
			     const int newstate);

static struct probe probes[] = {
	{ SOCKTRACE_SOCKET, &st_entry_socket, NULL,
	  { "__sys_socket", "SyS_socket", "sys_socket" } },
	{ SOCKTRACE_CONNECT, &st_entry_connect, NULL,
	  { "__sys_connect", "SyS_connect", "sys_connect" } },
	{ SOCKTRACE_ACCEPT4, &st_entry_accept4, NULL,
	  /* SyS_accept() may go past SyS_accept4(), which then calls this one, too. */
	  { "__sys_accept4", "SYSC_accept4", "SyS_accept4", "sys_accept4" } },
	{ SOCKTRACE_SOCKET, &st_entry_socket_file, NULL, { "__sys_socket_file" } },
	{ SOCKTRACE_CONNECT, &st_entry_connect_file, NULL, { "__sys_connect_file" } },
	{ SOCKTRACE_SECURITY_SOCKET_CONNECT, NULL, st_call_security_socket_connect,
	  { "security_socket_connect" },
	  .spared_by = "__sys_connect_file", .called_by = "__sys_connect" },
	{ SOCKTRACE_ACCEPT4, &st_entry_do_accept, NULL, { "do_accept" },
	  { { "__sys_accept4_file", &st_entry_accept4_file },
	    { "security_socket_accept", &st_entry_security_socket_accept } } },
	{ SOCKTRACE_CONNECT, &st_entry_kernel_connect, NULL, { "kernel_connect" } },
	{ SOCKTRACE_CONNECT, &st_entry_sendmsg_fastopen, NULL, { "tcp_sendmsg_fastopen" },
	  { { "__inet_stream_connect", &st_entry_stream_connect } } },
	{ SOCKTRACE_SOCKETPAIR, &st_entry_socketpair, NULL,
	  { "__sys_socketpair", "SyS_socketpair", "sys_socketpair" } },
	{ SOCKTRACE_ACCEPT4, NULL, st_call_security_sock_graft, { "security_sock_graft" },
	  .gives_facts = true },
	{ SOCKTRACE_BIND, &st_entry_bind, NULL, { "__sys_bind", "SyS_bind", "sys_bind" } },
	{ SOCKTRACE_BIND, NULL, st_call_security_socket_bind, { "security_socket_bind" },
	  .gives_facts = true },
	{ SOCKTRACE_BIND, &st_entry_bind_socket, NULL, { "__sys_bind_socket" } },
	{ SOCKTRACE_LISTEN, &st_entry_listen, NULL,
	  { "__sys_listen", "SyS_listen", "sys_listen" } },
	{ SOCKTRACE_LISTEN, NULL, st_call_security_socket_listen, { "security_socket_listen" },
	  .gives_facts = true },
	{ SOCKTRACE_LISTEN, &st_entry_listen_socket, NULL, { "__sys_listen_socket" } },
	{ SOCKTRACE_CONNECTED, NULL, st_pending_tcp_set_state, { "tcp_set_state" },
	  .tracepoint = "inet_sock_set_state", .traced = trace_sock_state,
	  .prepare = st_pending_init, .stop = st_pending_stop, .finish = st_pending_exit },
	{ SOCKTRACE_CONNECTED, NULL, st_pending_error, { "tcp_done_with_error" },
	  { { "sock_def_error_report", NULL, st_pending_error_reported } }, .gives_facts = true },
	{ SOCKTRACE_BIRTH, NULL, st_lineage_birth, { "wake_up_new_task" },
	  .gives_facts = true, .conditions = SOCKTRACE_MATCH_ANCESTOR },
	{ SOCKTRACE_PROCESS, NULL, st_call_security_bprm_committed_creds,
	  { "security_bprm_committed_creds" }, .gives_facts = true },
};

/* Per probe and CPU: each CPU writes its own, anybody reads. */
struct probe_counts {
	u64 hits, missed;
	struct u64_stats_sync sync; /* writer's, for counts on 32 bit */
};
static DEFINE_PER_CPU(struct probe_counts[ARRAY_SIZE(probes)], probe_counts);

/* The call whose return instance is just being taken on this CPU. */
static DEFINE_PER_CPU(struct st_inflight *, entering);

/*
 * A kprobe's handler runs on this CPU. Of these there is but one at a time; a
 * tracepoint's may interrupt it.
 */
static DEFINE_PER_CPU(bool, handling);

static unsigned int probes_maxactive;

static struct probe_counts *counts_of(const struct probe *probe)
{
	return &(*this_cpu_ptr(&probe_counts))[probe->index];
}

/* Handlers of one probe don't nest. */
static void count_hit(const struct probe *probe)
{
	struct probe_counts *counts = counts_of(probe);

	u64_stats_update_begin(&counts->sync);
	counts->hits++;
	u64_stats_update_end(&counts->sync);
}

static void count_missed(const struct probe *probe)
{
	struct probe_counts *counts = counts_of(probe);

	u64_stats_update_begin(&counts->sync);
	counts->missed++;
	u64_stats_update_end(&counts->sync);
}

static void handler_begins(void)
{
	st_compat_rcu_lock_in_handler();
	__this_cpu_write(handling, true);
	barrier(); /* before all that a tracepoint's probe must not come in between */
}

static void handler_ends(void)
{
	barrier();
	__this_cpu_write(handling, false);
	st_compat_rcu_unlock_in_handler();
}

static int probe_call(struct kprobe *kp, struct pt_regs *regs)
{
	struct probe *probe = container_of(kp, struct probe, rp.kp);
	struct st_arch_room room;
	struct st_inflight *call;

	handler_begins();
	if (probe->entry->is_call && !probe->entry->is_call(regs)) {
		st_call_pass(probe->entry, regs);
		goto out;
	}
	count_hit(probe);
	call = st_call_enter(probe->type, probe->entry,
			     st_arch_call_regs(&room, regs, probe->is_asmlinkage));
	if (!call)
		goto out;
	if (call->wants_return) {
		if (call->task) {
			__this_cpu_write(entering, call);
			probe->take_instance(kp, regs);
			__this_cpu_write(entering, NULL);
		}
		if (!call->hooked)
			count_missed(probe);
	}
	st_call_entered(call);
out:
	handler_ends();
	return st_arch_step(kp, regs);
}

/* Called by take_instance() with the instance that it took. */
static int probe_instance(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct st_inflight *call = __this_cpu_read(entering);

	if (!call)
		return 1; /* not asked for by probe_call(): give it back */
	*(struct st_inflight **)ri->data = call;
	call->hooked = true;
	return 0;
}

static int probe_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	handler_begins();
	st_call_return(*(struct st_inflight **)ri->data, st_arch_ret(regs));
	handler_ends();
	return 0;
}

static int probe_point(struct kprobe *kp, struct pt_regs *regs)
{
	struct probe *probe = container_of(kp, struct probe, rp.kp);

	count_hit(probe);
	handler_begins();
	probe->hit(regs);
	handler_ends();
	return st_arch_step(kp, regs);
}

/*
 * inet_sock_set_state: of whatever connects, in any context. Unlike a kprobe's hit it
 * is not dropped where it interrupts a handler.
 */
static void trace_sock_state(void *data, const struct sock *sk, const int oldstate,
			     const int newstate)
{
	unsigned long flags;

	local_irq_save(flags);
	count_hit(data);
	if (st_pending_any()) {
		st_compat_rcu_lock_in_handler();
		st_pending_set_state(sk, newstate, __this_cpu_read(handling));
		st_compat_rcu_unlock_in_handler();
	}
	local_irq_restore(flags);
}

/*
 * A fresh registration each time: the kernel changes the fields for good. With
 * KPROBE_FLAG_DISABLED in @flags it is not armed. Without, it is at once, or,
 * where kprobes are switched off, when they are switched on.
 */
static int probe_register(struct probe *probe, const char *symbol, u32 flags)
{
	struct kretprobe *rp = &probe->rp;
	int err;

	if (probe->tp)
		return tracepoint_probe_register(probe->tp, probe->traced, probe);
	memset(rp, 0, sizeof(*rp));
	rp->kp.symbol_name = symbol;
	rp->kp.flags = flags;
	if (!probe->entry) {
		rp->kp.pre_handler = probe_point;
		return register_kprobe(&rp->kp);
	}
	rp->entry_handler = probe_instance;
	rp->handler = probe_return;
	rp->data_size = sizeof(struct st_inflight *);
	rp->maxactive = probes_maxactive;
	err = register_kretprobe(rp);
	if (err)
		return err;
	/* Calls come already: until now probe_instance() lets them pass. */
	probe->take_instance = rp->kp.pre_handler;
	smp_store_release(&rp->kp.pre_handler, probe_call);
	return 0;
}

static void probe_unregister(struct probe *probe)
{
	if (probe->tp)
		tracepoint_probe_unregister(probe->tp, probe->traced, probe);
	else if (!probe->entry)
		unregister_kprobe(&probe->rp.kp);
	else
		unregister_kretprobe(&probe->rp);
}

static int probe_arm(struct probe *probe)
{
	int err = probe->prepare ? probe->prepare(probes_maxactive) : 0;

	if (!err) {
		err = probe_register(probe, probe->symbol, 0);
		if (err && probe->finish) {
			probe->stop();
			synchronize_rcu();
			probe->finish();
		}
	}
	if (err)
		pr_err("%s: can't be probed now (error %d)\n", probe->symbol, err);
	else
		probe->armed = probe->may_have_marks = true;
	return err;
}

/* What is disarmed at once, since each of these waits for a grace period. */
struct disarming {
	struct kretprobe *calls[ARRAY_SIZE(probes)];
	struct kprobe *points[ARRAY_SIZE(probes) + 1]; /* and a listener */
	int nr_calls, nr_points;
	void (*finish[ARRAY_SIZE(probes)])(void);
	int nr_finish;
};

static void disarm_one(struct disarming *all, struct probe *probe)
{
	probe->armed = false;
	if (probe->stop)
		probe->stop();
	if (probe->finish)
		all->finish[all->nr_finish++] = probe->finish;
	if (probe->tp)
		probe_unregister(probe);
	else if (probe->entry)
		all->calls[all->nr_calls++] = &probe->rp;
	else
		all->points[all->nr_points++] = &probe->rp.kp;
}

static void disarm_all(struct disarming *all)
{
	int i;

	if (all->nr_calls)
		unregister_kretprobes(all->calls, all->nr_calls);
	if (all->nr_points)
		unregister_kprobes(all->points, all->nr_points);
	if (!all->nr_finish)
		return;
	tracepoint_synchronize_unregister();
	if (!all->nr_calls && !all->nr_points)
		synchronize_rcu();
	for (i = 0; i < all->nr_finish; i++)
		all->finish[i]();
}

static bool has_marks(const struct probe *probe)
{
	return !probe->armed && probe->may_have_marks && probe->symbol && !probe->tp;
}

/*
 * Before the last probes go: arms all that may have marks once more, to be disarmed with
 * them. If kprobes are heard then, none has marks afterwards.
 */
static void clear_marks(struct disarming *all)
{
	struct kprobe *listener;
	unsigned int i;
	bool hears;

	listener = IS_ENABLED(CONFIG_KPROBES_ON_FTRACE) ? st_marks_listen(&hears) : NULL;
	if (!listener)
		return;
	all->points[all->nr_points++] = listener;
	for (i = 0; hears && i < ARRAY_SIZE(probes); i++) {
		if (has_marks(&probes[i])) {
			if (st_marks_arm(&probes[i].rp.kp, probes[i].symbol))
				continue;
			all->points[all->nr_points++] = &probes[i].rp.kp;
		}
		probes[i].may_have_marks = false;
	}
}

/* What is told of a connect is told within a call that was seen to enter, or after it. */
#define CONNECTS (SOCKTRACE_EVENT_BIT(SOCKTRACE_CONNECT) |                     \
		  SOCKTRACE_EVENT_BIT(SOCKTRACE_SECURITY_SOCKET_CONNECT) |     \
		  SOCKTRACE_EVENT_BIT(SOCKTRACE_ADDR_MISMATCH) |               \
		  SOCKTRACE_EVENT_BIT(SOCKTRACE_CONNECTED))

static bool probe_is_needed(const struct probe *probe, const struct st_needs *needs)
{
	u32 events = SOCKTRACE_EVENT_BIT(probe->type);

	if (probe->type == SOCKTRACE_CONNECT ||
	    (probe->spared_by && !(probe->spare && probe->spare->armed)))
		events = CONNECTS;
	return events & needs->events || probe->conditions & needs->conditions;
}

void st_probes_arm_more(const struct st_needs *needs)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (probes[i].symbol && !probes[i].armed && probe_is_needed(&probes[i], needs))
			probe_arm(&probes[i]);
}

void st_probes_disarm_unneeded(const struct st_needs *needs, bool calls)
{
	struct disarming all = { .nr_calls = 0 };
	u32 types = 0; /* of calls whose return nobody will see */
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (!probes[i].armed || probe_is_needed(&probes[i], needs) ||
		    (probes[i].entry && !calls))
			continue;
		if (probes[i].entry)
			types |= SOCKTRACE_EVENT_BIT(probes[i].type);
		disarm_one(&all, &probes[i]);
	}
	disarm_all(&all);
	if (types)
		st_calls_forget(types);
}

/*
 * Is nothing armed of what @needs asks for and this kernel has? Neither a point that gives
 * facts nor a tracepoint tells anything alone.
 */
static bool all_failed(const struct st_needs *needs)
{
	bool any = false;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (probes[i].gives_facts || probes[i].tp || !probes[i].symbol)
			continue;
		if (probes[i].armed)
			return false;
		any |= probe_is_needed(&probes[i], needs);
	}
	return any;
}

/* What handlers write to. When none can run. */
static void free_tables(void)
{
	st_paths_exit();
	st_images_exit();
	st_inflight_exit();
}

/* 0, or -ENOMEM. */
static int make_tables(void)
{
	int err;

	err = st_inflight_init(probes_maxactive);
	if (err)
		return err;
	err = st_images_init();
	if (!err)
		err = st_paths_init();
	if (err)
		free_tables();
	return err;
}

int st_probes_arm(const struct st_needs *needs)
{
	int err;

	st_collect_init();
	err = make_tables();
	if (err)
		return err;
	st_calls_init(probes_maxactive);
	st_probes_arm_more(needs);
	if (!all_failed(needs))
		return 0;
	st_probes_disarm();
	return -ENODEV;
}

bool st_probes_are_armed_for(u32 conditions)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (probes[i].conditions & conditions && probes[i].armed)
			return true;
	return false;
}

void st_probes_disarm(void)
{
	struct disarming all = { .nr_calls = 0 };
	unsigned int i;

	clear_marks(&all);
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (probes[i].armed)
			disarm_one(&all, &probes[i]);
	disarm_all(&all);
	st_files_drain();
	free_tables();
}

/* Whether the kernel takes it is found by registering it, disarmed. */
static int probe_try(struct probe *probe, const char *symbol)
{
	int err = probe_register(probe, symbol, KPROBE_FLAG_DISABLED);
	bool can_step;

	if (err == -EINVAL && st_compat_is_no_function(symbol))
		err = -ENOENT;
	if (err)
		return err;
	can_step = st_arch_can_step(&probe->rp.kp);
	probe->address = (unsigned long)probe->rp.kp.addr;
	probe_unregister(probe);
	if (!can_step)
		return -EOPNOTSUPP;
	probe->symbol = symbol;
	probe->is_asmlinkage = ST_ARCH_ASMLINKAGE && !strncasecmp(symbol, "sys_", 4);
	pr_info("%s: bound\n", symbol);
	return 0;
}

/* Which candidate the kernel takes. */
static void probe_bind(struct probe *probe)
{
	int err = -ENOENT, now;
	unsigned int i;

	probe->tp = st_compat_find_tracepoint(probe->tracepoint);
	if (probe->tp) {
		probe->symbol = probe->tracepoint;
		pr_info("tracepoint %s: bound\n", probe->symbol);
		return;
	}
	for (i = 0; i < MAX_CANDIDATES && probe->candidates[i]; i++) {
		now = probe_try(probe, probe->candidates[i]);
		if (!now)
			return;
		/* Rather the reason of one that is there than of one that isn't. */
		if (err == -ENOENT)
			err = now;
	}
	for (i = 0; i < MAX_OTHERWISE && probe->otherwise[i].symbol; i++) {
		if (probe_try(probe, probe->otherwise[i].symbol))
			continue;
		probe->entry = probe->otherwise[i].entry;
		probe->hit = probe->otherwise[i].hit;
		return;
	}
	if (err == -ENOENT)
		pr_warn("%s: this kernel has no such function, its calls won't be seen\n",
			probe->candidates[0]);
	else
		pr_warn("%s: this kernel refuses a probe on it (error %d), its calls won't be seen\n",
			probe->candidates[0], err);
}

static const struct probe *bound_to(const char *symbol)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (probes[i].symbol && !strcmp(probes[i].symbol, symbol))
			return &probes[i];
	return NULL;
}

/* Which other one surely shows what this one would. */
static void probe_find_spare(struct probe *probe)
{
	const struct probe *by, *within;

	if (!probe->spared_by)
		return;
	by = bound_to(probe->spared_by);
	within = bound_to(probe->called_by);
	if (by && within && st_caller_calls(within->address, by->address))
		probe->spare = by;
}

static void counts_init(void)
{
	unsigned int i;
	int cpu;

	for_each_possible_cpu(cpu)
		for (i = 0; i < ARRAY_SIZE(probes); i++)
			u64_stats_init(&per_cpu(probe_counts, cpu)[i].sync);
}

/* Adds what a CPU has counted. Interrupts off: on one CPU nothing else keeps it still. */
static void counts_add(const struct probe_counts *counts, struct socktrace_probe *out)
{
	unsigned long flags;
	unsigned int start;
	u64 hits, missed;

	local_irq_save(flags);
	do {
		start = u64_stats_fetch_begin(&counts->sync);
		hits = counts->hits;
		missed = counts->missed;
	} while (u64_stats_fetch_retry(&counts->sync, start));
	local_irq_restore(flags);
	out->hits += hits;
	out->missed += missed;
}

int st_probes_init(unsigned int maxactive)
{
	unsigned int i, bound = 0;

	counts_init();
	st_files_init();
	probes_maxactive = 1;
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		probes[i].index = i;
		probes[i].may_have_marks = true;
		probe_bind(&probes[i]);
		/* A tracepoint alone tells nothing: what a connect came to, if one was seen. */
		bound += probes[i].symbol && !probes[i].tp;
	}
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		probe_find_spare(&probes[i]);
	probes_maxactive = maxactive;
	if (!bound) {
		pr_err("this kernel lets none of the functions be probed%s\n",
		       ST_ARCH_WHY_NO_PROBES);
		return -ENODEV;
	}
	return 0;
}

void st_probes_info(struct socktrace_info *info)
{
	info->maxactive = probes_maxactive;
	info->total_probes = ARRAY_SIZE(probes);
}

/* Of each connect() for sure: where the hook is, and what it is spared by. */
static bool shows_address(const struct probe *probe)
{
	unsigned int i;

	if (!probe->symbol)
		return false;
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (probes[i].spared_by && (probe == &probes[i] || probe == probes[i].spare))
			return true;
	return false;
}

bool st_probe_info(unsigned int i, struct socktrace_probe *out)
{
	const struct probe *probe = &probes[i];
	int cpu;

	if (i >= ARRAY_SIZE(probes))
		return false;
	memset(out, 0, sizeof(*out));
	strscpy(out->symbol, probe->symbol ?: probe->candidates[0], sizeof(out->symbol));
	out->type = probe->type;
	out->via = probe->entry ? probe->entry->via : SOCKTRACE_VIA_SYSCALL;
	if (probe->symbol)
		out->flags |= SOCKTRACE_PROBE_BOUND;
	if (READ_ONCE(probe->armed))
		out->flags |= SOCKTRACE_PROBE_ARMED;
	if (probe->gives_facts)
		out->flags |= SOCKTRACE_PROBE_FACTS;
	if (shows_address(probe))
		out->flags |= SOCKTRACE_PROBE_ADDRESS;
	for_each_possible_cpu(cpu)
		counts_add(&per_cpu(probe_counts, cpu)[i], out);
	return true;
}
