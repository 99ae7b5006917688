// SPDX-License-Identifier: GPL-2.0
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "module.h"
#include "tap.h"

#define BATCH 64

static int open_session = -1; /* no case has two */

void session_close(int fd)
{
	close(fd);
	open_session = -1;
}

bool device_is_built_in(void)
{
	return access(MODULE_PATH, F_OK) != 0;
}

bool device_has(const char *parameter)
{
	int name = (int)strcspn(parameter, "=");
	char path[128], value[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/" MODULE_NAME "/parameters/%.*s", name,
		 parameter);
	file = fopen(path, "r");
	if (file) {
		if (!fgets(value, sizeof(value), file))
			value[0] = '\0';
		fclose(file);
	}
	value[strcspn(value, "\n")] = '\0';
	return strcmp(value, parameter + name + 1) == 0;
}

static void close_session(void)
{
	if (open_session >= 0)
		session_close(open_session);
}

void device_unload(void)
{
	int err;

	close_session();
	if (device_is_built_in())
		tap_skip("the module is built into the kernel");
	err = module_unload(MODULE_NAME);
	CHECK(err == 0 || err == ENOENT, "rmmod: %s", strerror(err));
}

void device_load(const char *parameters)
{
	int err;

	if (device_is_built_in()) {
		close_session();
		if (*parameters && !device_has(parameters))
			tap_skip("the module is built in, with another parameter");
		return;
	}
	device_unload();
	err = module_load(MODULE_PATH, parameters);
	CHECK(err == 0, "insmod socktrace.ko %s: %s", parameters, strerror(err));
}

int session_open(uint32_t records_per_cpu, uint32_t phases)
{
	struct socktrace_config config = {
		.records_per_cpu = records_per_cpu,
		.phases = phases,
		.watermark = 1,
		.events = SOCKTRACE_EVENTS_DEFAULT,
	};
	struct socktrace_info info;
	int fd = open(SOCKTRACE_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	CHECK(fd >= 0, SOCKTRACE_DEVICE ": %s", strerror(errno));
	open_session = fd;
	memset(&info, 0, sizeof(info));
	CHECK(ioctl(fd, SOCKTRACE_IOC_GET_INFO, &info) == 0, "GET_INFO: %s", strerror(errno));
	EQUAL(info.record_size, sizeof(struct socktrace_event), "record_size");
	if (!records_per_cpu)
		config.records_per_cpu = info.records_per_cpu;
	CHECK(ioctl(fd, SOCKTRACE_IOC_SET_CONFIG, &config) == 0, "SET_CONFIG: %s",
	      strerror(errno));
	return fd;
}

void session_filter(int fd, const struct socktrace_rule *rules, unsigned int count)
{
	struct socktrace_filter filter = {
		.nr_rules = count,
		.rule_size = sizeof(*rules),
		.default_action = SOCKTRACE_REJECT,
		.rules = (uintptr_t)rules,
	};

	CHECK(ioctl(fd, SOCKTRACE_IOC_SET_FILTER, &filter) == 0,
	      "SET_FILTER: %s (rule %d, byte %u)", strerror(errno), (int)filter.error_rule,
	      filter.error_field);
}

void session_start(int fd)
{
	CHECK(ioctl(fd, SOCKTRACE_IOC_START) == 0, "START: %s", strerror(errno));
}

void session_stop(int fd)
{
	CHECK(ioctl(fd, SOCKTRACE_IOC_STOP) == 0, "STOP: %s", strerror(errno));
}

struct socktrace_stats session_stats(int fd)
{
	struct socktrace_stats s;

	CHECK(ioctl(fd, SOCKTRACE_IOC_GET_STATS, &s) == 0, "GET_STATS: %s", strerror(errno));
	tap_note("hits %llu = delivered %llu + queued %llu + filtered %llu + dropped %llu + missed %llu + flushed %llu",
		 (unsigned long long)s.hits, (unsigned long long)s.delivered,
		 (unsigned long long)s.queued, (unsigned long long)s.filtered,
		 (unsigned long long)s.dropped, (unsigned long long)s.missed,
		 (unsigned long long)s.flushed);
	EQUAL(s.hits, s.delivered + s.queued + s.filtered + s.dropped + s.missed + s.flushed,
	      "the law");
	return s;
}

unsigned int session_read(int fd, unsigned int max,
			  void (*take)(const struct socktrace_event *ev, void *arg), void *arg)
{
	static struct socktrace_event batch[BATCH];
	unsigned int done = 0, i, wanted;
	ssize_t got;

	while (done < max) {
		wanted = max - done < BATCH ? max - done : BATCH;
		got = read(fd, batch, wanted * sizeof(batch[0]));
		if (got == 0 || (got < 0 && errno == EAGAIN))
			break;
		CHECK(got > 0, "read: %s", strerror(errno));
		EQUAL((size_t)got % sizeof(batch[0]), 0, "whole records");
		for (i = 0; i < (size_t)got / sizeof(batch[0]); i++)
			take(&batch[i], arg);
		done += i;
	}
	return done;
}
