// SPDX-License-Identifier: GPL-2.0-only
/* socktrace: every socket(), socketpair(), connect() and accept4() of the machine, by kprobes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/module.h>

#include "cdev.h"
#include "compat/compat.h"
#include "lineage.h"
#include "machine.h"
#include "probes.h"
#include "ring.h"
#include "session.h"

static unsigned int records_per_cpu;
module_param(records_per_cpu, uint, 0444);
MODULE_PARM_DESC(records_per_cpu,
		 "Ring size of a session that does not ask for one, in records (2 to max_records_per_cpu; 0: by the machine's memory)");

static unsigned int max_records_per_cpu = 65536;
module_param(max_records_per_cpu, uint, 0444);
MODULE_PARM_DESC(max_records_per_cpu,
		 "What a session may ask for, in records (2 to 1048576, default 65536)");

static unsigned int maxactive;
module_param(maxactive, uint, 0444);
MODULE_PARM_DESC(maxactive,
		 "Calls of each kind that can be in flight and have their return seen (1 to 65536; 0: by the machine's memory, 64 to 4096)");

static unsigned int max_sessions = 64;
module_param(max_sessions, uint, 0444);
MODULE_PARM_DESC(max_sessions, "Sessions open at once (1 to 4096, default 64)");

static unsigned int max_memory_mb;
module_param(max_memory_mb, uint, 0444);
MODULE_PARM_DESC(max_memory_mb,
		 "Ring memory of all sessions, in MiB (1 to half of the memory; 0: an eighth of it)");

static unsigned int max_members;
module_param(max_members, uint, 0444);
MODULE_PARM_DESC(max_members,
		 "Processes that can be followed at once as descendants (16 to 1048576; 0: by the machine's memory, 128 to 8192)");

static bool param_in_range(const char *name, unsigned int value, unsigned int low,
		     unsigned int high)
{
	if (value >= low && value <= high)
		return true;
	pr_err("parameter %s=%u: must be %u to %u\n", name, value, low, high);
	return false;
}

/* One for each 256 KiB or so: 4096 from 1 GiB on, which take 6 MiB while armed. */
static unsigned int default_maxactive(void)
{
	return roundup_pow_of_two(clamp_t(u64, st_machine_memory() >> 18, 64, 4096));
}

/* As many again: 8192 from 1 GiB on, which take 384 KiB while any are asked for. */
static unsigned int default_members(void)
{
	return 2 * default_maxactive();
}

/* 16 MiB a session or 1/32 of the memory, but at least 64 records each. */
static unsigned int default_records(void)
{
	u64 bytes = min_t(u64, st_machine_memory() / 32, 16 << 20);

	bytes = div_u64(bytes, num_possible_cpus() * sizeof(struct socktrace_event));
	return rounddown_pow_of_two(clamp_t(u64, bytes, 64, 4096));
}

static int take_parameters(void)
{
	unsigned int half_mb = max_t(u64, st_machine_memory() >> 21, 1);

	if (!param_in_range("max_records_per_cpu", max_records_per_cpu,
		      ST_SESSION_MIN_RECORDS, 1 << 20) ||
	    !param_in_range("max_sessions", max_sessions, 1, 4096))
		return -EINVAL;
	max_records_per_cpu = roundup_pow_of_two(max_records_per_cpu);
	if (records_per_cpu &&
	    !param_in_range("records_per_cpu", records_per_cpu, ST_SESSION_MIN_RECORDS,
		      max_records_per_cpu))
		return -EINVAL;
	if (maxactive && !param_in_range("maxactive", maxactive, 1, 65536))
		return -EINVAL;
	if (max_memory_mb && !param_in_range("max_memory_mb", max_memory_mb, 1, half_mb))
		return -EINVAL;
	if (max_members && !param_in_range("max_members", max_members, 16, 1 << 20))
		return -EINVAL;
	if (!max_members)
		max_members = default_members();
	if (!records_per_cpu)
		records_per_cpu = min(default_records(), max_records_per_cpu);
	if (!maxactive)
		maxactive = default_maxactive();
	if (!max_memory_mb)
		max_memory_mb = max_t(u64, st_machine_memory() >> 23, 1);

	st_lineage_max = max_members;
	st_session_limits.records_per_cpu = roundup_pow_of_two(records_per_cpu);
	st_session_limits.max_records_per_cpu = max_records_per_cpu;
	st_session_limits.max_sessions = max_sessions;
	st_session_limits.max_memory = (u64)max_memory_mb << 20;
	return 0;
}

static int __init socktrace_init(void)
{
	int err;

	err = take_parameters();
	if (err)
		return err;
	err = st_probes_init(maxactive);
	if (err)
		return err;
	err = st_cdev_init();
	if (err) {
		pr_err("no device: error %d\n", err);
		return err;
	}
	pr_info("version %s: %u records per CPU, %u calls in flight, %u MiB for rings\n",
		SOCKTRACE_VERSION, st_session_limits.records_per_cpu, maxactive,
		max_memory_mb);
	return 0;
}

/* No file is open any more, so no session, so no probe. */
static void __exit socktrace_exit(void)
{
	st_cdev_exit();
}

/* Built in: after all that it asks the kernel about. */
late_initcall(socktrace_init);
module_exit(socktrace_exit);

MODULE_DESCRIPTION("Traces socket(), socketpair(), connect() and accept4() by kprobes");
MODULE_AUTHOR("The socktrace developers");
MODULE_LICENSE("GPL");
MODULE_VERSION(SOCKTRACE_VERSION);
