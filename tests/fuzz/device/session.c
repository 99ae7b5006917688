// SPDX-License-Identifier: GPL-2.0
/* The sessions that all threads share, from open() to close(). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fuzz.h"

struct session sessions[NR_SESSIONS];

void sessions_init(struct rng *rng)
{
	pthread_rwlockattr_t attr;

	/* Else threads that come and go would keep it from ever being ended. */
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	for (size_t i = 0; i < NR_SESSIONS; i++) {
		pthread_rwlock_init(&sessions[i].lock, &attr);
		pthread_mutex_init(&sessions[i].spans_lock, NULL);
		session_open(rng, &sessions[i]);
	}
}

/* A good one. Small rings most often, that some is lost. */
void random_config(struct rng *rng, struct socktrace_config *config)
{
	static const uint32_t records[] = { 0, 1, 2, 3, 8, 16, 64, 256, 1024, 4096 };

	memset(config, 0, sizeof(*config));
	config->records_per_cpu = records[below(rng, sizeof(records) / sizeof(records[0]))];
	if (one_in(rng, 3))
		config->phases = between(rng, 1, 3) << SOCKTRACE_ENTER;
	if (one_in(rng, 3)) {
		config->watermark = between(rng, 0, config->records_per_cpu);
		config->latency_ms = below(rng, 50);
	}
	if (!one_in(rng, 3))
		config->flags = SOCKTRACE_CONFIG_OWN;
	if (one_in(rng, 2))
		config->flags |= SOCKTRACE_CONFIG_PROCESSES;
	if (one_in(rng, 2))
		config->flags |= SOCKTRACE_CONFIG_PATHS;
	if (one_in(rng, 2))
		config->events = one_in(rng, 2) ? SOCKTRACE_EVENTS_ALL :
						  rng_next(rng) & SOCKTRACE_EVENTS_ALL;
}

void session_open(struct rng *rng, struct session *s)
{
	struct socktrace_config config;
	int flags = one_in(rng, 2) ? O_RDONLY : O_RDWR;

	if (!one_in(rng, 8))
		flags |= O_NONBLOCK;
	if (one_in(rng, 2))
		flags |= O_CLOEXEC;
	s->leaky = one_in(rng, 4);
	s->flushes = one_in(rng, 3);
	s->spans.nr = 0;
	random_config(rng, &config);
	s->fd = open(SOCKTRACE_DEVICE, flags);
	if (s->fd < 0) {
		EXPECT(RESULTS, ONE_OF(errno, EUSERS, ENOMEM), "open: %s", strerror(errno));
		return;
	}
	did(DID_SESSION);
	if (one_in(rng, 8))
		return; /* as it is, with the defaults */
	if (ioctl(s->fd, SOCKTRACE_IOC_SET_CONFIG, &config))
		fail(RESULTS, "SET_CONFIG of a new session: %s", strerror(errno));
	/* Else its first read() or poll() starts it. */
	if (one_in(rng, 2) && ioctl(s->fd, SOCKTRACE_IOC_START))
		EXPECT(RESULTS, errno == ENOMEM, "START: %s", strerror(errno));
}

void check_law(const struct socktrace_stats *st, const char *when)
{
	uint64_t sum = st->delivered + st->queued + st->filtered + st->dropped + st->missed +
		       st->flushed;

	did(DID_LAW);
	EXPECT(LAW, st->hits == sum,
	       "law: %s: %llu hits, but delivered %llu + queued %llu + filtered %llu + "
	       "dropped %llu + missed %llu + flushed %llu = %llu",
	       when, (unsigned long long)st->hits, (unsigned long long)st->delivered,
	       (unsigned long long)st->queued, (unsigned long long)st->filtered,
	       (unsigned long long)st->dropped, (unsigned long long)st->missed,
	       (unsigned long long)st->flushed, (unsigned long long)sum);
	EXPECT(LAW, st->lost_told <= st->dropped, "law: %s: lost_told %llu of %llu dropped",
	       when, (unsigned long long)st->lost_told, (unsigned long long)st->dropped);
}

/* The stopped session's numbers in fdinfo are those of GET_STATS. */
static void check_fdinfo(int fd, const struct socktrace_stats *stats)
{
	static const char *const names[] = {
		"hits", "delivered", "queued", "filtered", "dropped", "missed", "flushed",
	};
	const uint64_t want[] = {
		stats->hits, stats->delivered, stats->queued, stats->filtered,
		stats->dropped, stats->missed, stats->flushed,
	};
	char path[64], text[1024], key[32];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	len = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
	text[len] = '\0';
	if (file)
		fclose(file);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *at;

		snprintf(key, sizeof(key), "\n%s:\t", names[i]);
		at = strstr(text, key);
		EXPECT(LAW, at && strtoull(at + strlen(key), NULL, 10) == want[i],
		       "fdinfo: %s is not GET_STATS's %llu", names[i],
		       (unsigned long long)want[i]);
	}
}

/* All that waits; 0: to the end, else an errno. */
static int drain(struct session *s)
{
	static _Thread_local uint8_t bytes[64 * RECORD];

	for (;;) {
		ssize_t got = read(s->fd, bytes, sizeof(bytes));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? errno : 0;
		check_records(bytes, got, 0, &s->spans);
	}
}

static void stop(int fd)
{
	while (ioctl(fd, SOCKTRACE_IOC_STOP))
		if (errno != EINTR) {
			fail(RESULTS, "STOP: %s", strerror(errno));
			return;
		}
}

static void get_stats(int fd, struct socktrace_stats *stats)
{
	while (ioctl(fd, SOCKTRACE_IOC_GET_STATS, stats))
		if (errno != EINTR) {
			fail(RESULTS, "GET_STATS: %s", strerror(errno));
			memset(stats, 0, sizeof(*stats));
			return;
		}
}

void session_end(struct rng *rng, struct session *s)
{
	struct socktrace_stats stats;
	int err;

	if (s->fd < 0)
		return;
	if (one_in(rng, 8))
		goto out; /* closed while it is started, perhaps */
	fcntl(s->fd, F_SETFL, O_NONBLOCK);
	stop(s->fd);
	get_stats(s->fd, &stats);
	check_law(&stats, "after STOP");
	check_fdinfo(s->fd, &stats);
	err = drain(s);
	if (err == EAGAIN) { /* it had never been started, until now */
		stop(s->fd);
		err = drain(s);
	}
	if (err == ENOMEM)
		goto out;
	EXPECT(RESULTS, !err, "read of a stopped session: %s", strerror(err));
	get_stats(s->fd, &stats);
	check_law(&stats, "after the end of file");
	EXPECT(LAW, !stats.queued, "law: %llu are queued at the end of file",
	       (unsigned long long)stats.queued);
	if (!s->leaky)
		check_spans(&s->spans, &stats, s->flushes);
out:
	close(s->fd);
	s->fd = -1;
}
