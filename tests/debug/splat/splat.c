// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bugs on purpose, one at a time: what the debug kernel must tell of, and the
 * test of it must fail for.  Never a part of socktrace.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>

static char *bug;
module_param(bug, charp, 0);
MODULE_PARM_DESC(bug, "which one");

static DEFINE_SPINLOCK(spin);
static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static void __rcu *guarded;

static int use_after_free(void)
{
	char *p = kmalloc(64, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	kfree(p);
	OPTIMIZER_HIDE_VAR(p);
	return READ_ONCE(p[8]) < 0 ? -EBUSY : 0;
}

static int lock_order(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
	return 0;
}

static int rcu_unlocked(void)
{
	return rcu_dereference(guarded) ? -EBUSY : 0;
}

static int sleep_under_spinlock(void)
{
	spin_lock(&spin);
	might_sleep();
	spin_unlock(&spin);
	return 0;
}

static int this_cpu_preemptible(void)
{
	return smp_processor_id() < 0 ? -EBUSY : 0;
}

static void expired(struct timer_list *timer)
{
}

static int free_active_timer(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return -ENOMEM;
	timer_setup(timer, expired, 0);
	mod_timer(timer, jiffies + 3600 * HZ);
	kfree(timer); /* debugobjects takes it out of the wheel */
	return 0;
}

/* Several: a stale register or stack slot may still point at one. */
static int leak(void)
{
	int n;

	for (n = 0; n < 16; n++)
		if (!kmalloc(200, GFP_KERNEL))
			return -ENOMEM;
	return 0;
}

static const struct {
	const char *name;
	int (*make)(void);
} bugs[] = {
	{ "use-after-free", use_after_free },
	{ "lock-order", lock_order },
	{ "rcu", rcu_unlocked },
	{ "sleep", sleep_under_spinlock },
	{ "preempt", this_cpu_preemptible },
	{ "timer", free_active_timer },
	{ "leak", leak },
};

static int __init splat_init(void)
{
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(bugs); n++)
		if (bug && !strcmp(bug, bugs[n].name))
			return bugs[n].make();
	return -EINVAL;
}

static void __exit splat_exit(void)
{
}

module_init(splat_init);
module_exit(splat_exit);
MODULE_DESCRIPTION("Bugs on purpose");
MODULE_LICENSE("GPL");
