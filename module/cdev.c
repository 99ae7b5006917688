// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/user_namespace.h>

#include "cdev.h"
#include "compat/compat.h"
#include "compat/fops.h"
#include "numbers.h"
#include "probes.h"
#include "session.h"
#include "sysfs.h"
#include "tracing.h"

/* In the initial user namespace: a record tells of every one. */
static bool cdev_may_trace(void)
{
#ifdef CAP_PERFMON
	/* Not audited: who has the other one only was not denied anything. */
	if (ns_capable_noaudit(&init_user_ns, CAP_PERFMON))
		return true;
#endif
	return capable(CAP_SYS_ADMIN);
}

static int cdev_open(struct inode *inode, struct file *file)
{
	struct st_session *s;

	if (!cdev_may_trace())
		return -EPERM;
	s = st_session_create();
	if (IS_ERR(s))
		return PTR_ERR(s);
	file->private_data = s;
	return nonseekable_open(inode, file);
}

static int cdev_release(struct inode *inode, struct file *file)
{
	struct st_session *s = file->private_data;

	st_tracing_stop(s);
	st_session_destroy(s);
	return 0;
}

/* A session that nobody started is started by being read. */
static int cdev_ensure_started(struct st_session *s)
{
	return st_session_was_started(s) ? 0 : st_tracing_start(s);
}

/*
 * Bytes of whole records given, 0 where none waits; -EFAULT only for the first. A
 * record that was given in part only is given again.
 */
static ssize_t cdev_drain(struct st_session *s, struct iov_iter *to)
{
	const struct socktrace_event *ev;
	struct socktrace_event lost;
	ssize_t done = 0;

	while (iov_iter_count(to) >= sizeof(*ev)) {
		if (!st_ring_set_peek(s->rings, &lost, &ev)) {
			st_session_drained(s);
			break;
		}
		/* Which asks for what is not const before 4.9. */
		if (copy_to_iter((void *)ev, sizeof(*ev), to) != sizeof(*ev))
			return done ?: -EFAULT;
		st_ring_set_advance(s->rings, ev);
		done += sizeof(*ev);
		/* Writers may be as fast as we are. */
		if (signal_pending(current))
			break;
		cond_resched();
	}
	return done;
}

static ssize_t cdev_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	struct st_session *s = file->private_data;
	ssize_t done;
	bool started;
	int err;

	if (iov_iter_count(to) < sizeof(struct socktrace_event))
		return -EINVAL;
	err = cdev_ensure_started(s);
	if (err)
		return err;
	for (;;) {
		/* Before the look at the rings: after a stop nothing comes. */
		started = st_session_is_started(s);
		if (mutex_lock_interruptible(&s->read_lock))
			return -ERESTARTSYS;
		done = cdev_drain(s, to);
		mutex_unlock(&s->read_lock);
		if (done || !started)
			return done;
		if (file->f_flags & O_NONBLOCK || st_compat_iocb_nowait(iocb))
			return -EAGAIN;
		err = wait_event_interruptible(s->wait, st_session_ready(s));
		if (err)
			return err;
	}
}
ST_COMPAT_DEFINE_READ(cdev_read)

static __poll_t cdev_poll(struct file *file, poll_table *wait)
{
	struct st_session *s = file->private_data;
	__poll_t events = 0;

	if (cdev_ensure_started(s))
		return EPOLLERR;
	poll_wait(file, &s->wait, wait);
	if (st_session_ready(s))
		events |= EPOLLIN | EPOLLRDNORM;
	if (poll_requested_events(wait) & EPOLLPRI && st_session_is_deserted(s))
		events |= EPOLLPRI;
	return events;
}

/* --- ioctls: each takes the user's structure and the size that it has there -- */

/* The size of the first version: whoever has less never was a reader. */
#define INFO_SIZE_V1 96
#define PROBE_SIZE_V1 64
#define PROBE_SIZE_MAX 4096
#define CONFIG_SIZE_V1 24
#define FILTER_SIZE_V1 32
#define RULE_SIZE_V1 272
#define RULE_SIZE_MAX 4096
#define INFLIGHT_SIZE_V1 32
#define RECORD_SIZE_V1 320
#define RECORD_SIZE_MAX 4096

/* A structure that may grow, to a user who may know less of it, or more. */
static long give(void __user *arg, size_t usize, const void *from, size_t ksize)
{
	size_t size = min(usize, ksize);

	if (copy_to_user(arg, from, size) ||
	    clear_user((char __user *)arg + size, usize - size))
		return -EFAULT;
	return 0;
}

/* To the caller's array, of which @info tells; sets how many were given. */
static long give_probes(struct socktrace_info *info)
{
	char __user *to = u64_to_user_ptr(info->probes);
	u32 room = info->nr_probes, i;
	struct socktrace_probe probe;
	long err = 0;

	if (room && (info->probe_size < PROBE_SIZE_V1 || info->probe_size > PROBE_SIZE_MAX))
		return -EINVAL;
	for (i = 0; !err && i < room && st_probe_info(i, &probe); i++)
		err = give(to + i * info->probe_size, info->probe_size, &probe, sizeof(probe));
	info->nr_probes = i;
	return err;
}

static long ioctl_get_info(struct st_session *s, void __user *arg, size_t size)
{
	struct socktrace_info asked, info = { 0 };
	long err;

	if (size < INFO_SIZE_V1)
		return -EINVAL;
	err = copy_struct_from_user(&asked, sizeof(asked), arg, size);
	if (err)
		return err;
	info.nr_probes = asked.nr_probes;
	info.probe_size = asked.probe_size;
	info.probes = asked.probes;
	err = give_probes(&info);
	if (err)
		return err;
	info.abi_version = SOCKTRACE_ABI_VERSION;
	info.record_size = sizeof(struct socktrace_event);
	info.clock = CLOCK_BOOTTIME;
	info.possible_cpus = num_possible_cpus();
	info.max_rules = SOCKTRACE_MAX_RULES;
	strscpy(info.module_version, SOCKTRACE_VERSION, sizeof(info.module_version));
	mutex_lock(&s->lock);
	info.records_per_cpu = s->config.records_per_cpu;
	mutex_unlock(&s->lock);
	st_sessions_info(&info);
	st_probes_info(&info);
	return give(arg, size, &info, sizeof(info));
}

static long ioctl_set_config(struct st_session *s, void __user *arg, size_t size)
{
	struct socktrace_config config;
	int err;

	if (size < CONFIG_SIZE_V1)
		return -EINVAL;
	err = copy_struct_from_user(&config, sizeof(config), arg, size);
	if (err)
		return err;
	err = st_tracing_configure(s, &config);
	if (err)
		return err;
	return give(arg, size, &config, sizeof(config));
}

/* Copies the header; the rules that it names are still the user's. */
static long get_filter_header(struct socktrace_filter *header, void __user *arg,
			      size_t size)
{
	if (size < FILTER_SIZE_V1)
		return -EINVAL;
	return copy_struct_from_user(header, sizeof(*header), arg, size);
}

/* Says which field of the header, or of which rule, was wrong. */
static long refuse_filter(struct socktrace_filter *header, void __user *arg,
			  size_t size, u32 rule, u32 field, long err)
{
	header->error_rule = rule;
	header->error_field = field;
	return give(arg, size, header, sizeof(*header)) ?: err;
}

static struct st_filter *copy_rules(const struct socktrace_filter *header, u32 *rule)
{
	const char __user *from = u64_to_user_ptr(header->rules);
	struct st_filter *filter;
	int err;

	filter = kzalloc(sizeof(*filter) +
				 header->nr_rules * (sizeof(filter->rules[0]) +
						     sizeof(filter->asked[0])),
			 GFP_KERNEL);
	if (!filter)
		return ERR_PTR(-ENOMEM);
	filter->nr_rules = header->nr_rules;
	filter->asked = (void *)&filter->rules[header->nr_rules];
	filter->default_action = header->default_action;
	for (*rule = 0; *rule < header->nr_rules; ++*rule) {
		err = copy_struct_from_user(&filter->rules[*rule],
					    sizeof(filter->rules[0]),
					    from + *rule * header->rule_size,
					    header->rule_size);
		if (err) {
			kfree(filter);
			return ERR_PTR(err);
		}
	}
	return filter;
}

#define HEADER_FIELD(field) ~0U, offsetof(struct socktrace_filter, field)

static long ioctl_set_filter(struct st_session *s, void __user *arg, size_t size)
{
	struct socktrace_filter header;
	struct st_filter *filter;
	u32 rule, field;
	long err;

	err = get_filter_header(&header, arg, size);
	if (err)
		return err;
	if (header.flags)
		return refuse_filter(&header, arg, size, HEADER_FIELD(flags), -EINVAL);
	if (header.nr_rules > SOCKTRACE_MAX_RULES)
		return refuse_filter(&header, arg, size, HEADER_FIELD(nr_rules), -E2BIG);
	if (header.rule_size < RULE_SIZE_V1 || header.rule_size > RULE_SIZE_MAX)
		return refuse_filter(&header, arg, size, HEADER_FIELD(rule_size), -EINVAL);

	filter = copy_rules(&header, &rule);
	if (IS_ERR(filter)) {
		err = PTR_ERR(filter);
		if (err != -E2BIG)
			return err;
		/* Some byte behind what this module knows of that rule. */
		return refuse_filter(&header, arg, size, rule,
				     sizeof(struct socktrace_rule), err);
	}
	err = st_filter_validate(filter, &rule, &field);
	if (!err)
		err = st_numbers_translate(filter, &rule, &field);
	if (err) {
		kfree(filter);
		return refuse_filter(&header, arg, size, rule, field, err);
	}
	st_filter_prepare(filter);
	err = st_tracing_set_filter(s, filter);
	if (err)
		kfree(filter);
	return err;
}

static long ioctl_get_filter(struct st_session *s, void __user *arg, size_t size)
{
	struct socktrace_filter header;
	struct socktrace_rule *rules;
	char __user *to;
	u32 room, i;
	long err;

	err = get_filter_header(&header, arg, size);
	if (err)
		return err;
	if (header.rule_size < RULE_SIZE_V1 || header.rule_size > RULE_SIZE_MAX)
		return refuse_filter(&header, arg, size, HEADER_FIELD(rule_size), -EINVAL);
	room = header.nr_rules;
	to = u64_to_user_ptr(header.rules);

	/* A copy first: the caller's page may be long in coming. */
	rules = kmalloc_array(SOCKTRACE_MAX_RULES, sizeof(*rules), GFP_KERNEL_ACCOUNT);
	if (!rules)
		return -ENOMEM;
	st_session_get_filter(s, &header, rules);
	err = give(arg, size, &header, sizeof(header));
	if (!err && room < header.nr_rules)
		err = -ENOSPC;
	for (i = 0; !err && i < header.nr_rules; i++)
		err = give(to + i * header.rule_size, header.rule_size, &rules[i],
			   sizeof(rules[i]));
	kfree(rules);
	return err;
}

static long ioctl_start(struct st_session *s, void __user *arg, size_t size)
{
	return st_tracing_start(s);
}

static long ioctl_stop(struct st_session *s, void __user *arg, size_t size)
{
	st_tracing_stop(s);
	return 0;
}

static long ioctl_get_stats(struct st_session *s, void __user *arg, size_t size)
{
	struct socktrace_stats stats;
	long err = st_session_stats(s, &stats);

	st_session_members(s, &stats);
	return err ?: give(arg, size, &stats, sizeof(stats));
}

static long ioctl_flush(struct st_session *s, void __user *arg, size_t size)
{
	return st_session_flush(s);
}

static long ioctl_get_inflight(struct st_session *s, void __user *arg, size_t size)
{
	struct socktrace_inflight inflight;
	struct socktrace_event *records;
	char __user *to;
	u32 room, i;
	int found;
	long err;

	if (size < INFLIGHT_SIZE_V1)
		return -EINVAL;
	err = copy_struct_from_user(&inflight, sizeof(inflight), arg, size);
	if (err)
		return err;
	if (inflight.flags & ~SOCKTRACE_INFLIGHT_WANTED ||
	    inflight.record_size < RECORD_SIZE_V1 || inflight.record_size > RECORD_SIZE_MAX)
		return -EINVAL;
	room = min(inflight.nr_records, st_tracing_inflight_max());
	records = kvzalloc(room * sizeof(*records) + 1, GFP_KERNEL_ACCOUNT);
	if (!records)
		return -ENOMEM;
	to = u64_to_user_ptr(inflight.records);
	found = st_tracing_inflight(records, room, inflight.flags ? s : NULL);
	if (found < 0)
		err = found;
	else
		inflight.total = found;
	/* After the last that was found entered: no age is negative. */
	inflight.now_ns = st_compat_boottime_ns();
	inflight.nr_records = min(inflight.total, room);
	for (i = 0; !err && i < inflight.nr_records; i++)
		err = give(to + (size_t)i * inflight.record_size, inflight.record_size,
			   &records[i], sizeof(records[i]));
	kvfree(records);
	return err ?: give(arg, size, &inflight, sizeof(inflight));
}

#define IOCTL(cmd, handler) [_IOC_NR(cmd)] = { _IOC_DIR(cmd), handler }
static const struct {
	unsigned int dir;
	long (*handler)(struct st_session *s, void __user *arg, size_t size);
} ioctls[] = {
	IOCTL(SOCKTRACE_IOC_GET_INFO, ioctl_get_info),
	IOCTL(SOCKTRACE_IOC_SET_CONFIG, ioctl_set_config),
	IOCTL(SOCKTRACE_IOC_SET_FILTER, ioctl_set_filter),
	IOCTL(SOCKTRACE_IOC_GET_FILTER, ioctl_get_filter),
	IOCTL(SOCKTRACE_IOC_START, ioctl_start),
	IOCTL(SOCKTRACE_IOC_STOP, ioctl_stop),
	IOCTL(SOCKTRACE_IOC_GET_STATS, ioctl_get_stats),
	IOCTL(SOCKTRACE_IOC_FLUSH, ioctl_flush),
	IOCTL(SOCKTRACE_IOC_GET_INFLIGHT, ioctl_get_inflight),
};

/* The size in the command is the caller's: not part of which command it is. */
static long cdev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	unsigned int nr = _IOC_NR(cmd), size = _IOC_SIZE(cmd);

	if (_IOC_TYPE(cmd) != SOCKTRACE_IOC_MAGIC || nr >= ARRAY_SIZE(ioctls))
		return -ENOTTY;
	nr = array_index_nospec(nr, ARRAY_SIZE(ioctls));
	if (!ioctls[nr].handler || _IOC_DIR(cmd) != ioctls[nr].dir)
		return -ENOTTY;
	if (!size != (ioctls[nr].dir == _IOC_NONE))
		return -EINVAL;
	return ioctls[nr].handler(file->private_data, (void __user *)arg, size);
}

#ifdef CONFIG_COMPAT
static long cdev_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return cdev_ioctl(file, cmd, (unsigned long)compat_ptr(arg));
}
#endif

/* /proc/PID/fdinfo/FD: the session's state and its law. */
static void cdev_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct st_session *s = file->private_data;
	struct socktrace_stats stats;

	if (st_session_stats(s, &stats))
		return; /* killed */
	seq_printf(m, "started:\t%d\n", st_session_is_started(s));
	seq_printf(m, "hits:\t%llu\n", stats.hits);
	seq_printf(m, "delivered:\t%llu\n", stats.delivered);
	seq_printf(m, "queued:\t%llu\n", stats.queued);
	seq_printf(m, "filtered:\t%llu\n", stats.filtered);
	seq_printf(m, "dropped:\t%llu\n", stats.dropped);
	seq_printf(m, "missed:\t%llu\n", stats.missed);
	seq_printf(m, "flushed:\t%llu\n", stats.flushed);
}
ST_COMPAT_DEFINE_FDINFO(cdev_show_fdinfo)

static const struct file_operations cdev_fops = {
	.owner = THIS_MODULE,
	.open = cdev_open,
	.release = cdev_release,
	ST_COMPAT_READ(cdev_read),
	.poll = cdev_poll,
	ST_COMPAT_FDINFO(cdev_show_fdinfo),
	.unlocked_ioctl = cdev_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl = cdev_compat_ioctl,
#endif
};

static struct miscdevice cdev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "socktrace",
	.mode = 0600,
	.fops = &cdev_fops,
};

int st_cdev_init(void)
{
	int err = misc_register(&cdev);

	if (err)
		return err;
	err = st_sysfs_create(cdev.this_device);
	if (err)
		misc_deregister(&cdev);
	return err;
}

void st_cdev_exit(void)
{
	st_sysfs_remove(cdev.this_device);
	misc_deregister(&cdev);
}
