// SPDX-License-Identifier: GPL-2.0-only
/*
 * An open hash table that is never locked, as that of the calls in flight: the maker
 * of a process claims a place for it by a cmpxchg, before it runs. Those that ended
 * are taken out later, by a sweep, in their own time: what they have made are
 * members by themselves.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/hash.h>
#include <linux/irq_work.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "arch.h"
#include "compat/compat.h"
#include "lineage.h"

/* Places looked at from a process's own on: with half of them free, plenty. */
#define MAX_STEPS 32

/* How deep the tree is searched for a member, where parents are followed. */
#define MAX_ANCESTORS 1024

/* In place of a tgid: this place is just being filled in. */
#define TAKEN (~0U)

struct member {
	/* 0: a free place. Claimed by cmpxchg, given back by the sweep. */
	u32 tgid;
	u32 reach; /* so many places from here on may have those that hash to here */
	u64 start_ns; /* stays while the tgid does */
	DECLARE_BITMAP(roots, ST_LINEAGE_ROOTS); /* more are set at any time */
};

/* Written under lineage_lock; `missed` by anybody. */
struct root {
	u32 tgid;
	u32 refs; /* filters; 0: free */
	u32 id; /* its number, modulo ST_LINEAGE_ROOTS, is its place: no other's, ever */
	u64 start_ns;
	atomic_t missed; /* members of it that found no room */
};

/* While some filter in force asks for descendants. */
struct lineage {
	unsigned int bits; /* places, as a power of two */
	int max; /* members at once */
	atomic_t used; /* places that are taken */
	int sweep_at; /* so many call for a sweep */
	int sweeping; /* one was called for: set by handlers, cleared by the sweep */
	bool crowded; /* the last one found hardly any place to free */
	bool walks; /* births are not seen: parents are followed, as far as they go */
	u64 active; /* roots whose members are kept; written under lineage_lock */
	u64 seeding; /* likewise: of these, those whose living tree is not in yet */
	u32 last_id;
	struct root roots[ST_LINEAGE_ROOTS];
	struct irq_work leave; /* leaves the probe's context ... */
	struct delayed_work sweep; /* ... to sweep */
	struct member members[];
};

unsigned int st_lineage_max;

/* For those who change roots, and who take members out. */
static DEFINE_MUTEX(lineage_lock);

/* Set while births are followed and any handler may ask. */
static struct lineage *lineage;

static struct member *member_at(struct lineage *l, u32 n)
{
	return &l->members[n & ((1U << l->bits) - 1)];
}

static u32 home_of(const struct lineage *l, u32 tgid)
{
	return hash_32(tgid, l->bits);
}

static u64 roots_of(const struct member *member)
{
	u64 roots = READ_ONCE(member->roots[0]);

	if (BITS_PER_LONG == 32)
		roots |= (u64)READ_ONCE(member->roots[BITS_TO_LONGS(ST_LINEAGE_ROOTS) - 1]) << 32;
	return roots;
}

static void add_roots(struct member *member, u64 roots)
{
	for (; roots; roots &= roots - 1)
		set_bit(__ffs64(roots), member->roots);
}

static struct member *find(struct lineage *l, u32 tgid, u64 start_ns)
{
	u32 home = home_of(l, tgid), reach = READ_ONCE(member_at(l, home)->reach), i;

	for (i = 0; i < reach; i++) {
		struct member *member = member_at(l, home + i);

		/* Pairs with insert(). */
		if (smp_load_acquire(&member->tgid) == tgid && member->start_ns == start_ns)
			return member;
	}
	return NULL;
}

static void extend_reach(struct member *home, u32 reach)
{
	u32 seen = READ_ONCE(home->reach), old;

	while (seen < reach) {
		old = cmpxchg(&home->reach, seen, reach);
		if (old == seen)
			break;
		seen = old;
	}
}

static bool insert(struct lineage *l, u32 tgid, u64 start_ns, u64 roots)
{
	u32 home = home_of(l, tgid), i;

	if (atomic_inc_return(&l->used) > l->max)
		goto full;
	for (i = 0; i < MAX_STEPS; i++) {
		struct member *member = member_at(l, home + i);

		if (READ_ONCE(member->tgid) || cmpxchg(&member->tgid, 0, TAKEN))
			continue;
		member->start_ns = start_ns;
		bitmap_zero(member->roots, ST_LINEAGE_ROOTS);
		add_roots(member, roots);
		extend_reach(member_at(l, home), i + 1);
		/* After what it is made of: pairs with find(). */
		smp_store_release(&member->tgid, tgid);
		return true;
	}
full:
	atomic_dec(&l->used);
	return false;
}

/* There is one member less, at @member. */
static void take_out(struct lineage *l, struct member *member)
{
	/* Whoever claims the place writes after this: pairs with the cmpxchg. */
	smp_store_release(&member->tgid, 0);
	atomic_dec(&l->used);
}

/* The process becomes a member of @roots, or is counted as one that can't. */
static void make_member(struct lineage *l, u32 tgid, u64 start_ns, u64 roots)
{
	struct member *member = find(l, tgid, start_ns);

	if (member) {
		add_roots(member, roots);
		return;
	}
	if (!insert(l, tgid, start_ns, roots))
		for (; roots; roots &= roots - 1)
			atomic_inc(&l->roots[__ffs64(roots)].missed);
	if (atomic_read(&l->used) >= READ_ONCE(l->sweep_at) && !cmpxchg(&l->sweeping, 0, 1))
		irq_work_queue(&l->leave);
}

/* --- the probes' side: in their handlers, as readers of RCU ---------------- */

static u64 roots_of_process(struct lineage *l, const struct task_struct *task)
{
	struct member *member =
		find(l, task->tgid, st_compat_start_ns(READ_ONCE(task->group_leader)));

	return member ? roots_of(member) : 0;
}

/* Of the process of @task, by itself and by all those above it that are there. */
static u64 roots_of_line(struct lineage *l, const struct task_struct *task)
{
	unsigned int depth;
	u64 roots = 0;

	for (depth = 0; depth < MAX_ANCESTORS && task->pid; depth++) {
		roots |= roots_of_process(l, task);
		task = rcu_dereference_check(task->real_parent, 1);
	}
	return roots;
}

void st_lineage_birth(struct pt_regs *regs)
{
	const struct task_struct *task = (const struct task_struct *)st_arch_arg(regs, 0);
	struct lineage *l = READ_ONCE(lineage);
	u64 roots, seeding;

	if (!l || task->tgid == current->tgid) /* a thread */
		return;
	seeding = READ_ONCE(l->seeding);
	/* Who is not sought any more has been found: pairs with st_lineage_seed(). */
	smp_rmb();
	roots = roots_of_process(l, current);
	if (seeding)
		roots |= roots_of_line(l, current) & seeding;
	roots &= READ_ONCE(l->active);
	if (roots)
		make_member(l, task->tgid, st_compat_start_ns(task), roots);
}

bool st_lineage_descends(const struct task_struct *task, u32 root)
{
	struct lineage *l = READ_ONCE(lineage);
	u64 roots;

	if (!l)
		return false;
	roots = l->walks ? roots_of_line(l, task) : roots_of_process(l, task);
	return roots >> root % ST_LINEAGE_ROOTS & 1;
}

/* --- sweeping ---------------------------------------------------------------- */

/* Is there a thread of that process? */
static bool lives(u32 tgid, u64 start_ns)
{
	struct task_struct *task;
	bool lives;

	rcu_read_lock();
	task = pid_task(find_pid_ns(tgid, &init_pid_ns), PIDTYPE_PID);
	lives = task && st_compat_start_ns(READ_ONCE(task->group_leader)) == start_ns &&
		atomic_read(&task->signal->live);
	rcu_read_unlock();
	return lives;
}

/* The process at place @n that is there; 0: none. */
static u32 tgid_at(struct lineage *l, u32 n)
{
	/* Pairs with insert(). */
	u32 tgid = smp_load_acquire(&member_at(l, n)->tgid);

	if (!(n % 1024))
		cond_resched();
	return tgid == TAKEN ? 0 : tgid;
}

/* Takes out who ended, who is of no root any more, and who is there twice. */
static void sweep(struct lineage *l)
{
	int used;
	u32 n;

	lockdep_assert_held(&lineage_lock);
	for (n = 0; n < 1U << l->bits; n++) {
		struct member *member = member_at(l, n), *first;
		u32 tgid = tgid_at(l, n);

		if (!tgid)
			continue;
		first = find(l, tgid, member->start_ns);
		if (first != member)
			add_roots(first, roots_of(member));
		if (first != member || !roots_of(member) || !lives(tgid, member->start_ns))
			take_out(l, member);
	}
	used = atomic_read(&l->used);
	l->crowded = used > l->max - l->max / 8;
	WRITE_ONCE(l->sweep_at, used + max((l->max - used) / 2, 1));
	WRITE_ONCE(l->sweeping, 0);
}

static void sweep_work(struct work_struct *work)
{
	mutex_lock(&lineage_lock);
	sweep(container_of(to_delayed_work(work), struct lineage, sweep));
	mutex_unlock(&lineage_lock);
}

/* Where sweeping is in vain, not all the time. */
static void leave_handler(struct irq_work *work)
{
	struct lineage *l = container_of(work, struct lineage, leave);

	queue_delayed_work(system_highpri_wq, &l->sweep, l->crowded ? HZ / 10 : 0);
}

/* --- roots: of who takes turns ---------------------------------------------- */

int st_lineage_init(void)
{
	unsigned int bits = ilog2(roundup_pow_of_two(st_lineage_max)) + 1;
	struct lineage *l;

	bits = max_t(unsigned int, bits, ilog2(MAX_STEPS));
	l = kvzalloc(sizeof(*l) + (sizeof(l->members[0]) << bits), GFP_KERNEL);
	if (!l)
		return -ENOMEM;
	l->bits = bits;
	l->max = st_lineage_max;
	l->sweep_at = max(l->max / 2, 1);
	init_irq_work(&l->leave, leave_handler);
	INIT_DELAYED_WORK(&l->sweep, sweep_work);
	smp_store_release(&lineage, l);
	return 0;
}

void st_lineage_exit(void)
{
	struct lineage *l = lineage;

	mutex_lock(&lineage_lock);
	WRITE_ONCE(lineage, NULL);
	mutex_unlock(&lineage_lock);
	/* Births may be followed yet. */
	synchronize_rcu();
	irq_work_sync(&l->leave);
	cancel_delayed_work_sync(&l->sweep);
	kvfree(l);
}

/* Where that root stands, or a free place; or ST_LINEAGE_ROOTS. */
static unsigned int place_of_root(const struct lineage *l, u32 tgid, u64 start_ns)
{
	unsigned int n, place = ST_LINEAGE_ROOTS;

	for (n = 0; n < ST_LINEAGE_ROOTS; n++) {
		if (!l->roots[n].refs)
			place = n;
		else if (l->roots[n].tgid == tgid && l->roots[n].start_ns == start_ns)
			return n;
	}
	return place;
}

int st_lineage_get(u32 tgid, u64 start_ns, u32 *root, u64 *roots)
{
	struct lineage *l = lineage;
	unsigned int place;
	struct root *r;
	int err = 0;

	mutex_lock(&lineage_lock);
	place = place_of_root(l, tgid, start_ns);
	if (place == ST_LINEAGE_ROOTS) {
		err = -EUSERS;
		goto out;
	}
	r = &l->roots[place];
	if (!r->refs) {
		r->tgid = tgid;
		r->start_ns = start_ns;
		r->id = ++l->last_id * ST_LINEAGE_ROOTS + place;
		atomic_set(&r->missed, 0);
		WRITE_ONCE(l->seeding, l->seeding | 1ULL << place);
		WRITE_ONCE(l->active, l->active | 1ULL << place);
	}
	if (!(*roots >> place & 1))
		r->refs++;
	*roots |= 1ULL << place;
	*root = r->id;
out:
	mutex_unlock(&lineage_lock);
	return err;
}

void st_lineage_put(u64 roots)
{
	struct lineage *l = lineage;
	u64 gone = 0, left;
	u32 n;

	mutex_lock(&lineage_lock);
	for (left = roots; left; left &= left - 1)
		if (!--l->roots[__ffs64(left)].refs)
			gone |= left & -left;
	if (!gone)
		goto out;
	WRITE_ONCE(l->active, l->active & ~gone);
	WRITE_ONCE(l->seeding, l->seeding & ~gone);
	/* From here on nobody inherits them. */
	synchronize_rcu();
	for (n = 0; n < 1U << l->bits; n++)
		for (left = tgid_at(l, n) ? gone : 0; left; left &= left - 1)
			clear_bit(__ffs64(left), member_at(l, n)->roots);
	sweep(l);
out:
	mutex_unlock(&lineage_lock);
}

/* Makes members of the roots themselves, as far as they live. */
static void seed_roots(struct lineage *l)
{
	u64 left;

	for (left = l->seeding; left; left &= left - 1) {
		const struct root *r = &l->roots[__ffs64(left)];

		if (lives(r->tgid, r->start_ns))
			make_member(l, r->tgid, r->start_ns, left & -left);
	}
}

/*
 * A process is on the kernel's list before it is woken. So one that is not on it yet
 * is seen by st_lineage_birth(), which looks above its maker meanwhile: that one may
 * end before it is come by here.
 */
static void seed_tree(struct lineage *l)
{
	const struct task_struct *task;
	u64 roots;

	rcu_read_lock();
	for_each_process(task) {
		roots = roots_of_line(l, task) & l->seeding;
		if (roots & ~roots_of_process(l, task))
			make_member(l, task->tgid, st_compat_start_ns(task), roots);
	}
	rcu_read_unlock();
}

void st_lineage_seed(bool births)
{
	struct lineage *l = lineage;

	mutex_lock(&lineage_lock);
	l->walks = !births;
	if (l->seeding) {
		/* Handlers that don't know the new roots yet have ended. */
		synchronize_rcu();
		/* Who has ended needs no room. */
		sweep(l);
		seed_roots(l);
		seed_tree(l);
		/* The members first: pairs with st_lineage_birth(). */
		smp_wmb();
		WRITE_ONCE(l->seeding, 0);
		/* From here on nobody is made a member by both. */
		synchronize_rcu();
		sweep(l);
	}
	mutex_unlock(&lineage_lock);
}

void st_lineage_count(u64 roots, u64 *members, u64 *missed)
{
	struct lineage *l;
	u32 n;

	*members = *missed = 0;
	mutex_lock(&lineage_lock);
	l = lineage;
	if (!l)
		goto out;
	for (n = 0; n < 1U << l->bits; n++) {
		u32 tgid = tgid_at(l, n);

		if (tgid && roots_of(member_at(l, n)) & roots)
			*members += lives(tgid, member_at(l, n)->start_ns);
	}
	for (; roots; roots &= roots - 1)
		*missed += atomic_read(&l->roots[__ffs64(roots)].missed);
out:
	mutex_unlock(&lineage_lock);
}
