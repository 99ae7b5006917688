// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/out.h"
#include "base/users.h"
#include "record/walltime.h"

static struct out out;
static volatile sig_atomic_t stops;

static void put(const char *line)
{
	char *p = out_line(&out);

	memcpy(p, line, strlen(line));
	out_done(&out, p + strlen(line));
}

static void written_once(void **state)
{
	char got[16] = "";
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(out_open(&out, ends[1], NULL), 0);
	put("one\n");
	put("two\n");
	assert_int_equal(out.lines, 2);
	assert_int_equal(out_flush(&out), 0);
	assert_int_equal(out.length, 0);
	assert_int_equal(read(ends[0], got, sizeof(got)), 8);
	assert_string_equal(got, "one\ntwo\n");
	/* Nothing to write is no trouble. */
	assert_int_equal(out_flush(&out), 0);
	out_close(&out);
	close(ends[0]);
	close(ends[1]);
}

static void full_disk_counts(void **state)
{
	int fd = open("/dev/full", O_WRONLY);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(out_open(&out, fd, NULL), 0);
	put("one\n");
	put("two\n");
	assert_int_equal(out_flush(&out), -1);
	assert_int_equal(out.error, ENOSPC);
	assert_int_equal(out.unwritten, 2);
	put("three\n");
	assert_int_equal(out_flush(&out), -1);
	assert_int_equal(out.unwritten, 3);
	out_close(&out);
	close(fd);
}

static void on_alarm(int number)
{
	(void)number;
	stops++;
}

/* Two signals end a write that blocks for ever; lines that went out count. */
static void stuck_pipe(void **state)
{
	struct sigaction action = { .sa_handler = on_alarm }, before;
	struct itimerval timer = { { 0, 20000 }, { 0, 20000 } }, off = { { 0, 0 }, { 0, 0 } };
	static char line[4096];
	int ends[2], i;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
	assert_int_equal(out_open(&out, ends[1], &stops), 0);
	memset(line, 'x', sizeof(line));
	memcpy(line + sizeof(line) - 2, "\n", 2); /* 4,095 bytes and a NUL */
	for (i = 0; i < 3; i++)
		put(line);
	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &timer, NULL);
	assert_int_equal(out_flush(&out), -1);
	setitimer(ITIMER_REAL, &off, NULL);
	sigaction(SIGALRM, &before, NULL);
	assert_int_equal(out.error, EINTR);
	assert_int_equal(out.unwritten, 2);
	out_close(&out);
	close(ends[0]);
	close(ends[1]);
}

/* A stranger made standard output non-blocking: wait, lose nothing. */
static void non_blocking(void **state)
{
	static char line[200000], sink[65536];
	size_t total = 0;
	int ends[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	pid = fork();
	if (!pid) {
		struct timespec nap = { 0, 20000000 };

		close(ends[1]);
		fcntl(ends[0], F_SETFL, 0);
		nanosleep(&nap, NULL);
		for (;;) {
			ssize_t n = read(ends[0], sink, sizeof(sink));

			if (n <= 0)
				break;
			total += (size_t)n;
		}
		_exit(total == 3 * 60000 ? 0 : 1);
	}
	close(ends[0]);
	assert_int_equal(out_open(&out, ends[1], NULL), 0);
	memset(line, 'x', 59999);
	line[59999] = '\n';
	for (int i = 0; i < 3; i++)
		put(line);
	assert_int_equal(out_flush(&out), 0);
	close(ends[1]);
	out_close(&out);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void wall_time(void **state)
{
	struct walltime w;
	struct timespec boot, real;
	char want[64];
	struct tm tm;
	int64_t ns;

	(void)state;
	walltime_init(&w);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &real);
	ns = (boot.tv_sec * 1000000000LL + boot.tv_nsec) + w.offset_ns -
	     (real.tv_sec * 1000000000LL + real.tv_nsec);
	/* A millisecond is far more than two calls take on a busy machine. */
	assert_in_range(ns + 1000000, 0, 2000000);

	w.offset_ns = 951782400LL * 1000000000; /* 2000-02-29 */
	assert_text(walltime_utc(&w, unit_buffer, 86399999999999ULL),
		    "2000-02-29T23:59:59.999999999Z");
	assert_text(walltime_utc(&w, unit_buffer, 86400000000000ULL),
		    "2000-03-01T00:00:00.000000000Z");
	/* And back: records come in the order of their ends. */
	assert_text(walltime_utc(&w, unit_buffer, 1), "2000-02-29T00:00:00.000000001Z");
	localtime_r(&(time_t){ 951782400 }, &tm);
	strftime(want, sizeof(want), "%H:%M:%S.000001", &tm);
	assert_text(walltime_text(&w, unit_buffer, 1999), want);
	w.format = WALLTIME_DATE;
	strftime(want, sizeof(want), "%Y-%m-%d %H:%M:%S.000001", &tm);
	assert_text(walltime_text(&w, unit_buffer, 1999), want);
	w.format = WALLTIME_UTC;
	assert_text(walltime_text(&w, unit_buffer, 1), "2000-02-29T00:00:00.000000001Z");
	w.format = WALLTIME_UNIX;
	assert_text(walltime_text(&w, unit_buffer, 1999), "951782400.000001");
	w.format = WALLTIME_NONE;
	assert_text(walltime_text(&w, unit_buffer, 1999), "");
	w.format = WALLTIME_DELTA;
	assert_text(walltime_text(&w, unit_buffer, 5000001000), "    0.000000");
	assert_text(walltime_text(&w, unit_buffer, 6234567000), "    1.234566");
	/* The later record, of the earlier entry. */
	assert_text(walltime_text(&w, unit_buffer, 6234560000), "   -0.000007");
	assert_text(walltime_text(&w, unit_buffer, 9000000006234560000U), "9000000000.000000");
}

/* Users by files, whatever is in them. */
static void users(void **state)
{
	static const char passwd[] = "a:x:1:2::/:/bin/sh\nab:x:4294967295:7:\nbroken:x:1\n"
				     "b:x:y:1:\n:x:3:3:\n";
	static const char group[] = "g2:x:2:a\ng9:x:9:ab,a\ngb:x:10:ab,b\nbroken:x\nnone:x:11:\n"
				    "g9:x:9:a\nlast:x:12:x,a";
	char path[2][64];
	struct user user;
	FILE *file;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		snprintf(path[i], sizeof(path[i]), "/tmp/socktrace-users.%d.%d", getpid(), i);
		file = fopen(path[i], "w");
		assert_non_null(file);
		fputs(i ? group : passwd, file);
		fclose(file);
	}
	assert_int_equal(users_find(&user, path[0], "a", 1), 0);
	assert_int_equal(user.uid, 1);
	assert_int_equal(users_groups(&user, path[1], "a"), 0);
	assert_int_equal(user.nr_groups, 3);
	assert_int_equal(user.groups[0] * 10000 + user.groups[1] * 100 + user.groups[2], 20912);
	assert_int_equal(users_find(&user, path[0], "abc", 2), 0);
	assert_int_equal(user.uid, UINT32_MAX);
	assert_int_equal(user.gid, 7);
	assert_int_equal(users_find(&user, path[0], "broken", 6), -1);
	assert_int_equal(users_find(&user, path[0], "b", 1), -1);
	assert_int_equal(users_find(&user, path[0], "c", 1), -1);
	assert_int_equal(users_find(&user, "/nonexistent", "a", 1), -1);
	unlink(path[0]);
	unlink(path[1]);
}

/* The offset is asked for anew after a second, not sooner. */
static void wall_time_refreshed(void **state)
{
	struct walltime w;

	(void)state;
	walltime_init(&w);
	w.offset_ns += 12345;
	walltime_refresh(&w);
	assert_true(w.now_ns >= w.checked_ns);
	w.checked_ns -= 2000000000;
	w.offset_ns = 0;
	walltime_refresh(&w);
	assert_true(w.offset_ns != 0);
	assert_int_equal(w.checked_ns, w.now_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_once), cmocka_unit_test(full_disk_counts),
		cmocka_unit_test(stuck_pipe),	cmocka_unit_test(non_blocking),
		cmocka_unit_test(wall_time),	cmocka_unit_test(wall_time_refreshed),
		cmocka_unit_test(users),
	};

	return cmocka_run_group_tests_name("out and walltime", tests, NULL, NULL);
}
