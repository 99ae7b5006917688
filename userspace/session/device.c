// SPDX-License-Identifier: GPL-2.0
#include "session/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filter/cond.h"
#include "session/muted.h"

__attribute__((format(printf, 2, 3)))
static int fail(struct device *device, const char *format, ...)
{
	int used = snprintf(device->error, sizeof(device->error), "%s: ", device->path);
	size_t at = used < 0 ? 0 : (size_t)used;
	va_list args;

	/* Of a long path, leave room for what is wrong with it. */
	if (at > sizeof(device->error) / 2)
		at = sizeof(device->error) / 2;
	va_start(args, format);
	vsnprintf(device->error + at, sizeof(device->error) - at, format, args);
	va_end(args);
	return -1;
}

/* ioctl()'s second parameter is libc's choice; the 32 bits are the same. */
#ifdef __GLIBC__
typedef unsigned long ioctl_number;
#else
typedef int ioctl_number;
#endif

static int control(const struct device *device, unsigned int command, void *argument)
{
	int ret;

	do {
		ret = ioctl(device->fd, (ioctl_number)command, argument);
	} while (ret < 0 && errno == EINTR);
	return ret;
}

/* By its mode, before the module has asked for a capability. */
static int no_right_to_open(struct device *device)
{
	const char *error = strerror(errno);
	struct stat st;

	if (stat(device->path, &st))
		return fail(device, "%s: try sudo", error);
	return fail(device, "%s by its mode %04o (user %u, group %u): try sudo%s", error,
		    (unsigned int)(st.st_mode & 07777), (unsigned int)st.st_uid,
		    (unsigned int)st.st_gid,
		    (st.st_mode & 0060) == 0060 ? ", or join that group" : "");
}

/* Of a /proc that shows processes alone nothing can be told. */
static bool loads_no_modules(void)
{
	return access("/proc/modules", F_OK) && !access("/proc/version", F_OK);
}

static int open_failed(struct device *device)
{
	switch (errno) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		if (loads_no_modules())
			return fail(device, "not there, and this kernel loads no modules: "
					    "build it in (make in-tree)");
		return fail(device, "not there: is the module loaded? (sudo modprobe socktrace)");
	case EACCES:
		return no_right_to_open(device);
	case EPERM:
		return fail(device, "%s: tracing needs root (CAP_SYS_ADMIN, or CAP_PERFMON "
				    "where the kernel has it); try sudo",
			    strerror(errno));
	default:
		return fail(device, "cannot open: %s", strerror(errno));
	}
}

static int get_info(struct device *device)
{
	device->info = (struct socktrace_info){
		.nr_probes = DEVICE_PROBES_MAX,
		.probe_size = sizeof(device->probes[0]),
		.probes = (uintptr_t)device->probes,
	};
	if (!control(device, SOCKTRACE_IOC_GET_INFO, &device->info))
		return 0;
	if (errno == ENOTTY || errno == EINVAL)
		return fail(device, "is not a socktrace device");
	return fail(device, "cannot ask the module: %s", strerror(errno));
}

static int check_info(struct device *device)
{
	const struct socktrace_info *info = &device->info;

	if (info->abi_version != SOCKTRACE_ABI_VERSION)
		return fail(device, "the module speaks version %u of the interface, this "
				    "reader version %d: install both from one release",
			    info->abi_version, SOCKTRACE_ABI_VERSION);
	if (info->record_size < sizeof(struct socktrace_event) || info->record_size % 8 ||
	    info->record_size > UINT16_MAX)
		return fail(device, "the module's records have %u bytes, this reader "
				    "needs %zu: install both from one release",
			    info->record_size, sizeof(struct socktrace_event));
	return 0;
}

int device_open(struct device *device, const char *path)
{
	device->path = path;
	device->error[0] = '\0';
	device->fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (device->fd < 0)
		return open_failed(device);
	if (!get_info(device) && !check_info(device))
		return 0;
	device_close(device);
	return -1;
}

void device_close(struct device *device)
{
	if (device->fd >= 0)
		close(device->fd);
	device->fd = -1;
}

int device_configure(struct device *device, struct socktrace_config *config)
{
	uint32_t max = device->info.records_per_cpu_max;

	if (max && config->records_per_cpu > max)
		return fail(device, "--records: %u is more than the module's limit of %u "
				    "per CPU",
			    config->records_per_cpu, max);
	if (!control(device, SOCKTRACE_IOC_SET_CONFIG, config))
		return 0;
	return fail(device, "cannot set %u records per CPU, watermark %u, latency %u ms: %s",
		    config->records_per_cpu, config->watermark, config->latency_ms,
		    strerror(errno));
}

/* A bad field in the words of the command line. */
static const char *field_name(uint32_t offset, char *buffer, size_t size)
{
	const struct filter_cond *cond = filter_cond_by_offset(offset);

	if (cond)
		return filter_cond_name(cond, buffer, size);
	if (offset == offsetof(struct socktrace_rule, match))
		return "one of its conditions, which this module does not know";
	snprintf(buffer, size, "byte %u", offset);
	return buffer;
}

#define TOO_MANY_ANCESTORS                                                         \
	"more processes have their descendants followed than the module can: "     \
	"end other readers, or ask for fewer"

int device_filter(struct device *device, const struct socktrace_rule *rules,
		  unsigned int nr_rules)
{
	struct socktrace_filter filter = {
		.nr_rules = nr_rules,
		.rule_size = sizeof(*rules),
		.default_action = SOCKTRACE_REJECT,
		.rules = (uintptr_t)rules,
		.error_rule = UINT32_MAX,
	};
	char field[32];
	uint32_t pid;

	if (!control(device, SOCKTRACE_IOC_SET_FILTER, &filter))
		return 0;
	if (errno == E2BIG && nr_rules > device->info.max_rules)
		return fail(device, "the module takes %u filter rules, %u are needed: "
				    "ask for less",
			    device->info.max_rules, nr_rules);
	if ((errno == EINVAL || errno == E2BIG) && filter.error_rule < nr_rules)
		return fail(device, "the module refuses the filter: in rule %u of %u "
				    "(see --explain), %s",
			    filter.error_rule + 1, nr_rules,
			    field_name(filter.error_field, field, sizeof(field)));
	if (errno == ESRCH && filter.error_rule < nr_rules &&
	    filter.error_field <= sizeof(*rules) - sizeof(pid)) {
		/* Such fields are numbers of processes. */
		memcpy(&pid, (const char *)&rules[filter.error_rule] + filter.error_field,
		       sizeof(pid));
		return fail(device, "there is no process %u (%s)", pid,
			    field_name(filter.error_field, field, sizeof(field)));
	}
	if (errno == EUSERS)
		return fail(device, TOO_MANY_ANCESTORS);
	if (errno == E2BIG)
		return fail(device, "the module is older than this reader, and does not know "
				    "all conditions of the filter");
	return fail(device, "cannot set the filter: %s", strerror(errno));
}

int device_start(struct device *device)
{
	if (!control(device, SOCKTRACE_IOC_START, NULL))
		return get_info(device);
	switch (errno) {
	case ENODEV:
		return fail(device, "this kernel lets no probe be registered: "
				    "the kernel log says why (dmesg | grep socktrace)");
	case ENOMEM:
		return fail(device, "no memory for the rings, or their limit is reached: "
				    "use a smaller --records, or end other readers");
	case EUSERS:
		return fail(device, TOO_MANY_ANCESTORS);
	default:
		return fail(device, "cannot start: %s", strerror(errno));
	}
}

int device_stop(struct device *device)
{
	if (!control(device, SOCKTRACE_IOC_STOP, NULL))
		return 0;
	return fail(device, "cannot stop: %s", strerror(errno));
}

int device_stats(struct device *device, struct socktrace_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	if (!control(device, SOCKTRACE_IOC_GET_STATS, stats))
		return 0;
	return fail(device, "cannot get the statistics: %s", strerror(errno));
}

int device_inflight(struct device *device, struct socktrace_inflight *inflight,
		    struct socktrace_event *records, uint32_t room, uint32_t flags)
{
	*inflight = (struct socktrace_inflight){
		.nr_records = room,
		.record_size = sizeof(*records),
		.flags = flags,
		.records = (uintptr_t)records,
	};
	if (!control(device, SOCKTRACE_IOC_GET_INFLIGHT, inflight))
		return 0;
	if (errno == ENOTTY)
		return fail(device, "the module is older than this reader, and can't tell the "
				    "calls in flight");
	return fail(device, "cannot ask for the calls in flight: %s", strerror(errno));
}

/* Of the probe of calls of that type; NULL: there is none, or it is not armed. */
static const struct socktrace_probe *armed_probe(const struct device *device, uint32_t type)
{
	uint32_t i;

	for (i = 0; i < device->info.nr_probes; i++) {
		const struct socktrace_probe *probe = &device->probes[i];

		if (probe->type == type && probe->via == SOCKTRACE_VIA_SYSCALL &&
		    !(probe->flags & SOCKTRACE_PROBE_FACTS) && device_probe_armed(probe))
			return probe;
	}
	return NULL;
}

bool device_muted(struct device *device)
{
	const struct socktrace_probe *probe;
	uint64_t before;
	size_t i;

	if (get_info(device))
		return false;
	for (i = 0; i < MUTED_CALLS; i++) {
		probe = armed_probe(device, muted_calls[i].type);
		if (!probe)
			continue;
		before = probe->hits;
		if (!muted_calls[i].make())
			continue;
		if (get_info(device))
			return false;
		probe = armed_probe(device, muted_calls[i].type);
		return probe && probe->hits == before;
	}
	return false;
}

ssize_t device_read(struct device *device, void *buffer, size_t size)
{
	ssize_t n;

	do {
		n = read(device->fd, buffer, size);
	} while (n < 0 && errno == EINTR);
	if (n > 0)
		return n;
	if (!n)
		return DEVICE_END;
	if (errno == EAGAIN)
		return 0;
	if (errno == ENODEV)
		fail(device, "the module ended the session: see the kernel log");
	else
		fail(device, "cannot read: %s", strerror(errno));
	return -1;
}
