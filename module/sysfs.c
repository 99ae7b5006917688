// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/misc/socktrace: one value a file, for whoever has no session, since
 * debugfs is often locked. For root alone: it tells whether one is watched. A
 * directory for each probe point, named as its event and, other than for system
 * calls, the way they come in; or as the function, where that gives no event.
 */
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/sysfs.h>

#include "probes.h"
#include "session.h"
#include "sysfs.h"

/* Prints @value, a member of the module's state as GET_INFO tells it. */
static ssize_t show(char *buf, u64 (*value)(const struct socktrace_info *info))
{
	struct socktrace_info info = { 0 };

	st_sessions_info(&info);
	st_probes_info(&info);
	return scnprintf(buf, PAGE_SIZE, "%llu\n", value(&info));
}

#define TOTAL(name)                                                            \
	static u64 name##_value(const struct socktrace_info *info)             \
	{                                                                      \
		return info->name;                                             \
	}                                                                      \
	static ssize_t name##_show(struct device *dev,                         \
				   struct device_attribute *attr, char *buf)   \
	{                                                                      \
		return show(buf, name##_value);                                \
	}                                                                      \
	static DEVICE_ATTR(name, 0400, name##_show, NULL)

TOTAL(sessions);
TOTAL(started);
TOTAL(memory);
TOTAL(memory_max);
TOTAL(maxactive);

static struct attribute *totals[] = {
	&dev_attr_sessions.attr, &dev_attr_started.attr, &dev_attr_memory.attr,
	&dev_attr_memory_max.attr, &dev_attr_maxactive.attr, NULL,
};
static const struct attribute_group totals_group = { .attrs = totals };

/* An attribute of a probe point: which point, and which of its values. */
struct probe_attribute {
	struct device_attribute attr;
	enum socktrace_type type;
	enum socktrace_via via;
	u16 facts; /* SOCKTRACE_PROBE_FACTS, or 0 */
};

static ssize_t show_probe(struct device_attribute *attr, char *buf,
			  ssize_t (*print)(const struct socktrace_probe *probe, char *buf))
{
	const struct probe_attribute *of = container_of(attr, struct probe_attribute, attr);
	struct socktrace_probe probe;
	ssize_t len = 0;
	u32 i;

	for (i = 0; st_probe_info(i, &probe); i++)
		if (probe.type == of->type && probe.via == of->via &&
		    (probe.flags & SOCKTRACE_PROBE_FACTS) == of->facts)
			len = print(&probe, buf);
	return len;
}

static ssize_t emit_symbol(const struct socktrace_probe *probe, char *buf)
{
	bool bound = probe->flags & SOCKTRACE_PROBE_BOUND;

	return scnprintf(buf, PAGE_SIZE, "%s\n", bound ? probe->symbol : "");
}

static ssize_t emit_armed(const struct socktrace_probe *probe, char *buf)
{
	return scnprintf(buf, PAGE_SIZE, "%d\n",
			 !!(probe->flags & SOCKTRACE_PROBE_ARMED));
}

static ssize_t emit_hits(const struct socktrace_probe *probe, char *buf)
{
	return scnprintf(buf, PAGE_SIZE, "%llu\n", probe->hits);
}

static ssize_t emit_missed(const struct socktrace_probe *probe, char *buf)
{
	return scnprintf(buf, PAGE_SIZE, "%llu\n", probe->missed);
}

#define PROBE_VALUE(name)                                                      \
	static ssize_t name##_show(struct device *dev,                         \
				   struct device_attribute *attr, char *buf)   \
	{                                                                      \
		return show_probe(attr, buf, emit_##name);                    \
	}

PROBE_VALUE(symbol)
PROBE_VALUE(armed)
PROBE_VALUE(hits)
PROBE_VALUE(missed)

#define PROBE_ATTRIBUTE(point, value, ...)                                     \
	static struct probe_attribute point##_##value = {                      \
		.attr = __ATTR(value, 0400, value##_show, NULL), __VA_ARGS__   \
	}

/* Behind @point: which it is, as members of struct probe_attribute. */
#define PROBE_GROUP(point, ...)                                                \
	PROBE_ATTRIBUTE(point, symbol, __VA_ARGS__);                           \
	PROBE_ATTRIBUTE(point, armed, __VA_ARGS__);                            \
	PROBE_ATTRIBUTE(point, hits, __VA_ARGS__);                             \
	PROBE_ATTRIBUTE(point, missed, __VA_ARGS__);                           \
	static struct attribute *point##_attrs[] = {                           \
		&point##_symbol.attr.attr, &point##_armed.attr.attr,           \
		&point##_hits.attr.attr, &point##_missed.attr.attr, NULL,      \
	};                                                                     \
	static const struct attribute_group point##_group = {                  \
		.name = #point, .attrs = point##_attrs                         \
	}

PROBE_GROUP(socket, .type = SOCKTRACE_SOCKET, .via = SOCKTRACE_VIA_SYSCALL);
PROBE_GROUP(connect, .type = SOCKTRACE_CONNECT, .via = SOCKTRACE_VIA_SYSCALL);
PROBE_GROUP(accept4, .type = SOCKTRACE_ACCEPT4, .via = SOCKTRACE_VIA_SYSCALL);
PROBE_GROUP(security_socket_connect, .type = SOCKTRACE_SECURITY_SOCKET_CONNECT,
	    .via = SOCKTRACE_VIA_SYSCALL);
PROBE_GROUP(socket_io_uring, .type = SOCKTRACE_SOCKET, .via = SOCKTRACE_VIA_IO_URING);
PROBE_GROUP(connect_io_uring, .type = SOCKTRACE_CONNECT, .via = SOCKTRACE_VIA_IO_URING);
PROBE_GROUP(accept4_io_uring, .type = SOCKTRACE_ACCEPT4, .via = SOCKTRACE_VIA_IO_URING);
PROBE_GROUP(connect_kernel, .type = SOCKTRACE_CONNECT, .via = SOCKTRACE_VIA_KERNEL);
PROBE_GROUP(connect_sendmsg, .type = SOCKTRACE_CONNECT, .via = SOCKTRACE_VIA_SENDMSG);
PROBE_GROUP(socketpair, .type = SOCKTRACE_SOCKETPAIR, .via = SOCKTRACE_VIA_SYSCALL);
PROBE_GROUP(security_sock_graft, .type = SOCKTRACE_ACCEPT4,
	    .via = SOCKTRACE_VIA_SYSCALL, .facts = SOCKTRACE_PROBE_FACTS);
PROBE_GROUP(bind, .type = SOCKTRACE_BIND, .via = SOCKTRACE_VIA_SYSCALL);
PROBE_GROUP(security_socket_bind, .type = SOCKTRACE_BIND, .via = SOCKTRACE_VIA_SYSCALL,
	    .facts = SOCKTRACE_PROBE_FACTS);
PROBE_GROUP(bind_io_uring, .type = SOCKTRACE_BIND, .via = SOCKTRACE_VIA_IO_URING);
PROBE_GROUP(listen, .type = SOCKTRACE_LISTEN, .via = SOCKTRACE_VIA_SYSCALL);
PROBE_GROUP(security_socket_listen, .type = SOCKTRACE_LISTEN,
	    .via = SOCKTRACE_VIA_SYSCALL, .facts = SOCKTRACE_PROBE_FACTS);
PROBE_GROUP(listen_io_uring, .type = SOCKTRACE_LISTEN, .via = SOCKTRACE_VIA_IO_URING);
PROBE_GROUP(connected, .type = SOCKTRACE_CONNECTED, .via = SOCKTRACE_VIA_SYSCALL);
PROBE_GROUP(tcp_done_with_error, .type = SOCKTRACE_CONNECTED,
	    .via = SOCKTRACE_VIA_SYSCALL, .facts = SOCKTRACE_PROBE_FACTS);
PROBE_GROUP(security_bprm_committed_creds, .type = SOCKTRACE_PROCESS,
	    .via = SOCKTRACE_VIA_SYSCALL, .facts = SOCKTRACE_PROBE_FACTS);
PROBE_GROUP(wake_up_new_task, .type = SOCKTRACE_BIRTH,
	    .via = SOCKTRACE_VIA_SYSCALL, .facts = SOCKTRACE_PROBE_FACTS);

static const struct attribute_group *groups[] = {
	&totals_group, &socket_group, &connect_group, &accept4_group,
	&security_socket_connect_group, &socket_io_uring_group,
	&connect_io_uring_group, &accept4_io_uring_group,
	&connect_kernel_group, &connect_sendmsg_group, &socketpair_group,
	&security_sock_graft_group, &bind_group, &security_socket_bind_group,
	&bind_io_uring_group, &listen_group, &security_socket_listen_group,
	&listen_io_uring_group, &connected_group, &wake_up_new_task_group,
	&tcp_done_with_error_group, &security_bprm_committed_creds_group,
};

static void remove_groups(struct device *dev, unsigned int nr)
{
	while (nr--)
		sysfs_remove_group(&dev->kobj, groups[nr]);
}

/* Not the device's own groups, which come with it: a misc device has none before 3.19. */
int st_sysfs_create(struct device *dev)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		err = sysfs_create_group(&dev->kobj, groups[i]);
		if (err) {
			remove_groups(dev, i);
			return err;
		}
	}
	return 0;
}

void st_sysfs_remove(struct device *dev)
{
	remove_groups(dev, ARRAY_SIZE(groups));
}
