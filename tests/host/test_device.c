// SPDX-License-Identifier: GPL-2.0
/* session/device.c against a kernel of our own: open(), ioctl() and read() are wrapped. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session/device.h"

static struct {
	const char *path; /* of the device */
	int open_errno, info_errno, errno_of[16], read_errno;
	bool loads_no_modules;
	ssize_t read_result;
	struct socktrace_info info;
	struct socktrace_probe probes[2];
	uint32_t error_rule, error_field;
	struct socktrace_filter filter; /* as last set */
	int flags; /* of open() */
	unsigned int hits_per_info;
	int interrupts; /* calls that give EINTR first */
} kernel;

int __wrap_access(const char *path, int mode);
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long command, void *argument);
ssize_t __real_read(int fd, void *buffer, size_t size);
ssize_t __wrap_read(int fd, void *buffer, size_t size);

int __wrap_access(const char *path, int mode)
{
	assert_int_equal(mode, F_OK);
	if (!strcmp(path, "/proc/version"))
		return 0;
	assert_string_equal(path, "/proc/modules");
	errno = ENOENT;
	return kernel.loads_no_modules ? -1 : 0;
}

int __wrap_open(const char *path, int flags, ...)
{
	if (strcmp(path, kernel.path))
		return __real_open(path, flags);
	kernel.flags = flags;
	errno = kernel.open_errno;
	return errno ? -1 : __real_open("/dev/null", O_RDWR | O_CLOEXEC);
}

int __wrap_open64(const char *path, int flags, ...)
{
	return __wrap_open(path, flags);
}

int __wrap_ioctl(int fd, unsigned long command, void *argument)
{
	unsigned int nr = (unsigned int)command & 0xff;

	(void)fd;
	assert_int_equal(command >> 8 & 0xff, SOCKTRACE_IOC_MAGIC);
	assert_in_range(nr, 1, 9);
	errno = kernel.errno_of[nr];
	if (kernel.interrupts-- > 0)
		errno = EINTR;
	if (errno && (unsigned int)command == SOCKTRACE_IOC_SET_FILTER &&
	    (errno == EINVAL || errno == ESRCH)) {
		((struct socktrace_filter *)argument)->error_rule = kernel.error_rule;
		((struct socktrace_filter *)argument)->error_field = kernel.error_field;
	}
	if (errno)
		return -1;
	kernel.probes[1].hits += kernel.hits_per_info;
	if ((unsigned int)command == SOCKTRACE_IOC_GET_INFO) {
		struct socktrace_info *info = argument;

		assert_int_equal(info->nr_probes, DEVICE_PROBES_MAX);
		assert_int_equal(info->probe_size, sizeof(kernel.probes[0]));
		memcpy((void *)(uintptr_t)info->probes, kernel.probes, sizeof(kernel.probes));
		memcpy(argument, &kernel.info, sizeof(kernel.info));
	}
	if ((unsigned int)command == SOCKTRACE_IOC_SET_FILTER)
		memcpy(&kernel.filter, argument, sizeof(kernel.filter));
	return 0;
}

ssize_t __wrap_read(int fd, void *buffer, size_t size)
{
	(void)fd;
	(void)buffer;
	if (kernel.interrupts-- > 0) {
		errno = EINTR;
		return -1;
	}
	errno = kernel.read_errno;
	assert_true(kernel.read_result <= (ssize_t)size);
	return errno ? -1 : kernel.read_result;
}

static struct device device;

static int setup(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.path = SOCKTRACE_DEVICE;
	kernel.info.abi_version = SOCKTRACE_ABI_VERSION;
	kernel.info.record_size = sizeof(struct socktrace_event);
	kernel.info.records_per_cpu_max = 1000;
	kernel.info.max_rules = 64;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	device_close(&device);
	return 0;
}

#define assert_error(call, words)                                               \
	do {                                                                    \
		assert_int_equal(call, -1);                                     \
		assert_non_null(strstr(device.error, SOCKTRACE_DEVICE ": "));   \
		assert_non_null(strstr(device.error, words));                   \
	} while (0)

static void opens(void **state)
{
	(void)state;
	kernel.interrupts = 1;
	assert_int_equal(device_open(&device, SOCKTRACE_DEVICE), 0);
	assert_true(device.fd >= 0);
	assert_int_equal(kernel.flags & (O_ACCMODE | O_CLOEXEC | O_NONBLOCK),
			 O_RDWR | O_CLOEXEC | O_NONBLOCK);
	assert_int_equal(device.info.records_per_cpu_max, 1000);
}

static void open_errors(void **state)
{
	static const struct {
		int number;
		const char *words;
	} cases[] = {
		{ ENOENT, "is the module loaded? (sudo modprobe socktrace)" },
		{ ENXIO, "is the module loaded?" },
		{ EACCES, ": Permission denied: try sudo" },
		{ EPERM, "needs root (CAP_SYS_ADMIN" },
		{ EMFILE, "Too many open files" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		kernel.open_errno = cases[i].number;
		assert_error(device_open(&device, SOCKTRACE_DEVICE), cases[i].words);
		assert_int_equal(device.fd, -1);
	}
}

static void no_modules(void **state)
{
	(void)state;
	kernel.open_errno = ENOENT;
	kernel.loads_no_modules = true;
	assert_error(device_open(&device, SOCKTRACE_DEVICE),
		     "not there, and this kernel loads no modules: build it in (make in-tree)");
}

/* It is the mode that keeps a user out before any capability is asked for. */
static void no_right_to_open(void **state)
{
	char path[] = "/tmp/socktrace-test.XXXXXX", words[128];
	int fd = mkstemp(path);
	struct stat st;

	(void)state;
	assert_true(fd >= 0 && !fchmod(fd, 0640) && !fstat(fd, &st));
	snprintf(words, sizeof(words), "%s: Permission denied by its mode 0640 (user %u, group %u)",
		 path, (unsigned int)st.st_uid, (unsigned int)st.st_gid);
	kernel.path = path;
	kernel.open_errno = EACCES;
	assert_int_equal(device_open(&device, path), -1);
	assert_ptr_equal(strstr(device.error, words), device.error);
	assert_null(strstr(device.error, "CAP_"));
	assert_null(strstr(device.error, "join"));
	assert_int_equal(fchmod(fd, 0660), 0);
	assert_int_equal(device_open(&device, path), -1);
	assert_non_null(strstr(device.error, ": try sudo, or join that group"));
	close(fd);
	unlink(path);
}

static void strangers(void **state)
{
	(void)state;
	kernel.errno_of[1] = ENOTTY;
	assert_error(device_open(&device, SOCKTRACE_DEVICE), "is not a socktrace device");
	assert_int_equal(device.fd, -1);
	kernel.errno_of[1] = 0;
	kernel.info.abi_version = 2;
	assert_error(device_open(&device, SOCKTRACE_DEVICE), "version 2 of the interface");
	kernel.info.abi_version = SOCKTRACE_ABI_VERSION;
	kernel.info.record_size = 256;
	assert_error(device_open(&device, SOCKTRACE_DEVICE), "256 bytes");
	kernel.info.record_size = 323;
	assert_error(device_open(&device, SOCKTRACE_DEVICE), "323 bytes");
	/* A newer module's longer records are welcome. */
	kernel.info.record_size = 384;
	assert_int_equal(device_open(&device, SOCKTRACE_DEVICE), 0);
}

static void configuration(void **state)
{
	struct socktrace_config config = { .records_per_cpu = 1001 };

	(void)state;
	assert_int_equal(device_open(&device, SOCKTRACE_DEVICE), 0);
	assert_error(device_configure(&device, &config), "limit of 1000");
	config.records_per_cpu = 1000;
	assert_int_equal(device_configure(&device, &config), 0);
	kernel.errno_of[2] = EINVAL;
	assert_error(device_configure(&device, &config), "Invalid argument");
}

static void filters(void **state)
{
	struct socktrace_rule rules[3] = { { .action = SOCKTRACE_ACCEPT } };

	(void)state;
	assert_int_equal(device_open(&device, SOCKTRACE_DEVICE), 0);
	assert_int_equal(device_filter(&device, rules, 3), 0);
	assert_int_equal(kernel.filter.nr_rules, 3);
	assert_int_equal(kernel.filter.rule_size, sizeof(rules[0]));
	assert_int_equal(kernel.filter.default_action, SOCKTRACE_REJECT);
	assert_true(kernel.filter.rules == (uintptr_t)rules);

	kernel.errno_of[3] = EINVAL;
	kernel.error_rule = 1;
	kernel.error_field = offsetof(struct socktrace_rule, families);
	assert_error(device_filter(&device, rules, 3), "rule 2 of 3 (see --explain), --family");
	kernel.error_field = offsetof(struct socktrace_rule, uid_max);
	assert_error(device_filter(&device, rules, 3), "rule 2 of 3 (see --explain), -u");
	kernel.error_field = offsetof(struct socktrace_rule, local.port_max);
	assert_error(device_filter(&device, rules, 3), "(see --explain), --lport");
	kernel.error_field = offsetof(struct socktrace_rule, ancestor);
	assert_error(device_filter(&device, rules, 3), "(see --explain), descendant");
	kernel.error_field = offsetof(struct socktrace_rule, match);
	assert_error(device_filter(&device, rules, 3), "which this module does not know");
	kernel.error_field = offsetof(struct socktrace_rule, reserved);
	assert_error(device_filter(&device, rules, 3), "byte 269");
	kernel.error_rule = ~0U;
	assert_error(device_filter(&device, rules, 3), "cannot set the filter");
	kernel.errno_of[3] = E2BIG;
	assert_error(device_filter(&device, rules, 3), "the module is older than this reader");
	kernel.errno_of[3] = EUSERS;
	assert_error(device_filter(&device, rules, 3), "descendants followed");
	kernel.errno_of[3] = ESRCH;
	kernel.error_rule = 2;
	kernel.error_field = offsetof(struct socktrace_rule, tgid);
	rules[2].tgid = 4711;
	assert_error(device_filter(&device, rules, 3), "there is no process 4711 (-p)");
	kernel.error_rule = ~0U;
	kernel.errno_of[3] = E2BIG;
	kernel.info.max_rules = 2;
	device_start(&device);
	assert_error(device_filter(&device, rules, 3), "takes 2 filter rules, 3 are needed");
}

static void start_and_stop(void **state)
{
	struct socktrace_stats stats;

	(void)state;
	assert_int_equal(device_open(&device, SOCKTRACE_DEVICE), 0);
	kernel.errno_of[5] = ENODEV;
	assert_error(device_start(&device), "no probe be registered");
	kernel.errno_of[5] = ENOMEM;
	assert_error(device_start(&device), "smaller --records");
	kernel.errno_of[5] = EUSERS;
	assert_error(device_start(&device), "descendants followed");
	kernel.errno_of[5] = EIO;
	assert_error(device_start(&device), "Input/output error");
	kernel.errno_of[5] = 0;
	kernel.info.sessions = 5; /* what is asked anew at the start */
	assert_int_equal(device_start(&device), 0);
	assert_int_equal(device.info.sessions, 5);
	assert_int_equal(device_stop(&device), 0);
	kernel.errno_of[6] = EIO;
	assert_error(device_stop(&device), "cannot stop");
	kernel.errno_of[7] = EIO;
	assert_error(device_stats(&device, &stats), "statistics");
}

static void in_flight(void **state)
{
	struct socktrace_inflight inflight;
	struct socktrace_event calls[2];

	(void)state;
	assert_int_equal(device_open(&device, SOCKTRACE_DEVICE), 0);
	assert_int_equal(device_inflight(&device, &inflight, calls, 2,
					 SOCKTRACE_INFLIGHT_WANTED), 0);
	assert_int_equal(inflight.nr_records, 2);
	assert_int_equal(inflight.record_size, 320);
	assert_int_equal(inflight.flags, SOCKTRACE_INFLIGHT_WANTED);
	assert_true(inflight.records == (uintptr_t)calls);
	kernel.errno_of[9] = ENOTTY;
	assert_error(device_inflight(&device, &inflight, calls, 2, 0), "older than this reader");
	kernel.errno_of[9] = EIO;
	assert_error(device_inflight(&device, &inflight, calls, 2, 0), "in flight: Input/output");
}

/* A call of the reader's own must be counted, if there is a probe that counts. */
static void muted(void **state)
{
	struct socktrace_probe *probe = &kernel.probes[1];

	(void)state;
	kernel.info.nr_probes = 2;
	assert_int_equal(device_open(&device, SOCKTRACE_DEVICE), 0);
	assert_false(device_muted(&device));
	probe->type = SOCKTRACE_SOCKET;
	probe->via = SOCKTRACE_VIA_SYSCALL;
	probe->flags = SOCKTRACE_PROBE_BOUND;
	assert_false(device_muted(&device));
	probe->flags |= SOCKTRACE_PROBE_ARMED;
	/* Our call is none of io_uring's. */
	probe->via = SOCKTRACE_VIA_IO_URING;
	assert_false(device_muted(&device));
	probe->via = SOCKTRACE_VIA_SYSCALL;
	assert_true(device_muted(&device));
	kernel.hits_per_info = 1;
	assert_false(device_muted(&device));
	kernel.errno_of[1] = EIO;
	assert_false(device_muted(&device));
}

static void reads(void **state)
{
	char buffer[640];

	(void)state;
	assert_int_equal(device_open(&device, SOCKTRACE_DEVICE), 0);
	kernel.read_result = 640;
	kernel.interrupts = 2;
	assert_int_equal(device_read(&device, buffer, sizeof(buffer)), 640);
	kernel.read_result = 0;
	assert_int_equal(device_read(&device, buffer, sizeof(buffer)), DEVICE_END);
	kernel.read_errno = EAGAIN;
	assert_int_equal(device_read(&device, buffer, sizeof(buffer)), 0);
	kernel.read_errno = ENODEV;
	assert_error((int)device_read(&device, buffer, sizeof(buffer)), "kernel log");
	kernel.read_errno = EFAULT;
	assert_error((int)device_read(&device, buffer, sizeof(buffer)), "Bad address");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(opens),   TEST(open_errors),    TEST(strangers), TEST(configuration),
		TEST(filters), TEST(start_and_stop), TEST(reads),
		TEST(in_flight), TEST(muted),	     TEST(no_right_to_open),
		TEST(no_modules),
	};

	return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
