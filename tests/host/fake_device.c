// SPDX-License-Identifier: GPL-2.0
/*
 * The reader's device, without a kernel: records come from the file that
 * --device names. A regular file ends the session; a FIFO is live, and its
 * session ends when it is stopped and empty. Linked in place of device.o.
 *
 * What the environment asks for (this program is made for the tests only):
 *   FAKE_LOG=FILE      append what the reader asked for, one line per call
 *   FAKE_START=ERROR   device_start() fails with this text
 *   FAKE_READ=ERROR    device_read() fails with this text, after the records
 *   FAKE_MISSED=N      so many returns were missed
 *   FAKE_UNBOUND=TYPE  the kernel has no probe for this event type
 *   FAKE_SPARED=1      another point than the LSM hook shows the address, too
 *   FAKE_UNARMED=FUNC  the probe on this function is bound and can't be armed
 *   FAKE_MUTED=1       the probes do not fire
 *   FAKE_STARTED=N     so many sessions trace, of which --inflight asks
 *   FAKE_INFLIGHT=N    so many calls are in flight
 *   FAKE_CALLER=PID    they are this process's, and hang for an hour
 */
#include "session/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filter/cond.h"
#include "record/walltime.h"

static bool live, stopped;
static struct socktrace_stats counted;

__attribute__((format(printf, 1, 2)))
static void note(const char *format, ...)
{
	const char *path = getenv("FAKE_LOG");
	va_list args;
	FILE *log;

	if (!path)
		return;
	log = fopen(path, "ae");
	if (!log)
		abort();
	va_start(args, format);
	vfprintf(log, format, args);
	va_end(args);
	fclose(log);
}

static int fail(struct device *device, const char *what)
{
	snprintf(device->error, sizeof(device->error), "%s: %s", device->path, what);
	return -1;
}

/* A kernel with __sys_connect_file() on the way, which shows the address. */
static void spare_the_hook(struct device *device)
{
	device->probes[device->info.nr_probes++] = (struct socktrace_probe){
		.symbol = "__sys_connect_file",
		.type = SOCKTRACE_CONNECT,
		.via = SOCKTRACE_VIA_IO_URING,
		.flags = SOCKTRACE_PROBE_BOUND | SOCKTRACE_PROBE_ADDRESS,
	};
}

int device_open(struct device *device, const char *path)
{
	static const char *const symbols[] = {
		[SOCKTRACE_SOCKET] = "__sys_socket",
		[SOCKTRACE_CONNECT] = "__sys_connect",
		[SOCKTRACE_ACCEPT4] = "__sys_accept4",
		[SOCKTRACE_SECURITY_SOCKET_CONNECT] = "security_socket_connect",
		[SOCKTRACE_SOCKETPAIR] = "__sys_socketpair",
		[SOCKTRACE_CONNECTED] = "inet_sock_set_state",
	};
	const char *unbound = getenv("FAKE_UNBOUND"), *started = getenv("FAKE_STARTED");
	struct socktrace_probe *graft;
	struct stat st;
	unsigned int type, i;

	device->path = path;
	/* A FIFO that is open for writing too never hangs up. */
	live = !stat(path, &st) && S_ISFIFO(st.st_mode);
	device->fd = open(path, (live ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_CLOEXEC);
	if (device->fd < 0)
		return fail(device, strerror(errno));
	device->info = (struct socktrace_info){
		.abi_version = SOCKTRACE_ABI_VERSION,
		.record_size = sizeof(struct socktrace_event),
		.records_per_cpu = 4096,
		.records_per_cpu_max = 65536,
		.max_rules = SOCKTRACE_MAX_RULES,
		.maxactive = 8,
		.started = started ? (unsigned int)atoi(started) : 0,
	};
	for (type = 1; type < sizeof(symbols) / sizeof(symbols[0]); type++) {
		struct socktrace_probe *probe = &device->probes[device->info.nr_probes];

		if (!symbols[type])
			continue;
		device->info.nr_probes++;
		strcpy(probe->symbol, symbols[type]);
		probe->type = type;
		probe->via = SOCKTRACE_VIA_SYSCALL;
		if (!unbound || (unsigned int)atoi(unbound) != type)
			probe->flags = SOCKTRACE_PROBE_BOUND;
	}
	for (i = 0; i < device->info.nr_probes; i++)
		if (device->probes[i].type == SOCKTRACE_SECURITY_SOCKET_CONNECT)
			device->probes[i].flags |= SOCKTRACE_PROBE_ADDRESS;
	if (getenv("FAKE_SPARED"))
		spare_the_hook(device);
	graft = &device->probes[device->info.nr_probes++];
	*graft = (struct socktrace_probe){
		.symbol = "security_sock_graft",
		.type = SOCKTRACE_ACCEPT4,
		.via = SOCKTRACE_VIA_SYSCALL,
		.flags = SOCKTRACE_PROBE_BOUND | SOCKTRACE_PROBE_FACTS,
	};
	return 0;
}

void device_close(struct device *device)
{
	if (device->fd >= 0)
		close(device->fd);
	device->fd = -1;
}

int device_configure(struct device *device, struct socktrace_config *config)
{
	(void)device;
	note("config records=%u phases=%u watermark=%u latency=%u\n",
	     config->records_per_cpu, config->phases, config->watermark, config->latency_ms);
	if (!config->records_per_cpu)
		config->records_per_cpu = 4096;
	return 0;
}

int device_filter(struct device *device, const struct socktrace_rule *rules,
		  unsigned int nr_rules)
{
	char words[FILTER_WORDS_MAX];
	unsigned int i;

	(void)device;
	for (i = 0; i < nr_rules; i++) {
		filter_words(words, &rules[i]);
		note("rule %s %s\n", rules[i].action == SOCKTRACE_ACCEPT ? "accept" : "reject",
		     words);
	}
	return 0;
}

int device_inflight(struct device *device, struct socktrace_inflight *inflight,
		    struct socktrace_event *records, uint32_t room, uint32_t flags)
{
	const char *number = getenv("FAKE_INFLIGHT"), *caller = getenv("FAKE_CALLER");
	uint32_t i;

	(void)device;
	*inflight = (struct socktrace_inflight){
		.total = number ? (uint32_t)atoi(number) : 0,
		.now_ns = 5000000000,
	};
	inflight->nr_records = inflight->total < room ? inflight->total : room;
	note("inflight room=%u%s\n", room, flags & SOCKTRACE_INFLIGHT_WANTED ? " wanted" : "");
	for (i = 0; i < inflight->nr_records; i++) {
		/* The youngest first, which is not the order that is wanted. */
		records[i] = (struct socktrace_event){
			.size = sizeof(records[i]),
			.version = SOCKTRACE_RECORD_VERSION,
			.phase = SOCKTRACE_ENTER,
			.loginuid = UINT32_MAX,
			.sessionid = UINT32_MAX,
			.ns_tgid = 7,
			.netns = 4026531840,
			.time_ns = 4999999000 - i * 1000ULL,
			.call_id = i + 1,
			.tgid = 4000000 + i,
			.tid = 4000000 + i,
			.type = i % 2 ? SOCKTRACE_CONNECT : SOCKTRACE_ACCEPT4,
			.abi = SOCKTRACE_ABI_X86_64,
			.via = SOCKTRACE_VIA_SYSCALL,
			.args = { 3, i % 2 ? 16 : SOCK_CLOEXEC },
			.comm = "a\"b\n",
		};
		if (caller) {
			inflight->now_ns = walltime_boot_ns();
			records[i].tgid = records[i].tid = (uint32_t)atoi(caller);
			records[i].time_ns = inflight->now_ns - 3600500000000ULL;
		}
	}
	return 0;
}

bool device_muted(struct device *device)
{
	(void)device;
	return getenv("FAKE_MUTED");
}

int device_start(struct device *device)
{
	const char *error = getenv("FAKE_START"), *unarmed = getenv("FAKE_UNARMED");
	uint32_t i;

	note("start\n");
	if (error)
		return fail(device, error);
	for (i = 0; i < device->info.nr_probes; i++) {
		struct socktrace_probe *probe = &device->probes[i];

		if ((probe->flags & SOCKTRACE_PROBE_BOUND) &&
		    (!unarmed || strcmp(unarmed, probe->symbol)))
			probe->flags |= SOCKTRACE_PROBE_ARMED;
	}
	return 0;
}

int device_stop(struct device *device)
{
	(void)device;
	if (!stopped)
		note("stop\n");
	stopped = true;
	return 0;
}

int device_stats(struct device *device, struct socktrace_stats *stats)
{
	const char *missed = getenv("FAKE_MISSED");
	struct stat st;

	*stats = counted;
	stats->missed = missed ? (unsigned int)atoi(missed) : 0;
	if (!live && !fstat(device->fd, &st))
		stats->queued = (__u64)(st.st_size - lseek(device->fd, 0, SEEK_CUR)) /
				sizeof(struct socktrace_event);
	stats->hits = stats->delivered + stats->queued + stats->dropped + stats->missed;
	return 0;
}

ssize_t device_read(struct device *device, void *buffer, size_t size)
{
	const char *error = getenv("FAKE_READ");
	const struct socktrace_event *ev = buffer;
	ssize_t n = read(device->fd, buffer, size), left;

	if (n < 0 && errno != EAGAIN)
		return fail(device, strerror(errno));
	if (n <= 0 && error)
		return fail(device, error);
	if (n <= 0)
		return live && !stopped ? 0 : DEVICE_END;
	for (left = n; left >= (ssize_t)sizeof(*ev); left -= (ssize_t)sizeof(*ev), ev++) {
		if (ev->type == SOCKTRACE_LOST)
			counted.dropped += ev->lost_count;
		else
			counted.delivered++;
	}
	return n;
}
