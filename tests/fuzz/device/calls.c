// SPDX-License-Identifier: GPL-2.0
/* One call after another on a session, good ones and bad ones, and what must come of each. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fuzz.h"

/* --- read -------------------------------------------------------------------- */

#define MAX_SEGMENTS 1025 /* one more than may be passed */
#define HUGE (1U << 30) /* may reach beyond what can be a user's */
#define CHECKED 65536 /* bytes behind what was read that must be as they were */

static size_t random_read_size(struct rng *rng)
{
	switch (below(rng, 10)) {
	case 0:
		return below(rng, 2 * RECORD + 2);
	case 1:
		return RECORD * between(rng, 1, 4) + below(rng, 3) - 1;
	case 2:
		return ARENA_SIZE / 2;
	case 3: /* far more than there is; the arena's end is met first */
		return one_in(rng, 2) ?
			       (size_t)1 << between(rng, 20, 5 * sizeof(size_t)) :
			       SIZE_MAX >> below(rng, 3);
	default:
		return RECORD * between(rng, 1, 64);
	}
}

/* Takes what came into the books. */
static void take_records(struct session *s, const uint8_t *bytes, size_t len)
{
	pthread_mutex_lock(&s->spans_lock);
	check_records(bytes, len, 0, &s->spans);
	pthread_mutex_unlock(&s->spans_lock);
}

/*
 * What read() of @size bytes gave, where the first @valid can be written.
 * @strict: in one piece, whose size alone says what is too small.
 */
static void check_read(ssize_t got, int error, size_t size, size_t valid, bool strict)
{
	if (got >= 0) {
		EXPECT(RESULTS, (size_t)got <= (valid < size ? valid : size),
		       "read: %zd bytes into %zu, of which %zu can be written", got, size, valid);
		EXPECT(RESULTS, got % RECORD == 0, "read: %zd bytes", got);
		if (!got)
			did(DID_READ_END);
		return;
	}
	switch (error) {
	case EAGAIN:
	case EINTR:
	case ENOMEM:
		break;
	case EINVAL:
		EXPECT(RESULTS, !strict || size < RECORD || (ssize_t)size < 0,
		       "read: EINVAL for %zu bytes", size);
		break;
	case EFAULT:
		did(DID_READ_FAULT);
		/* The kernel looks first whether so much may be the user's at all. */
		EXPECT(RESULTS, valid < RECORD || size > HUGE,
		       "read: EFAULT for %zu bytes, of which %zu can be written", size, valid);
		break;
	default:
		fail(RESULTS, "read of %zu bytes: %s", size, strerror(error));
	}
}

static void do_read(struct worker *w, struct session *s)
{
	struct rng *rng = &w->rng;
	size_t size = random_read_size(rng), looked;
	struct place p = place(rng, &w->arena, size, 6);
	ssize_t got;
	int error;

	did(DID_READ);
	looked = p.valid < CHECKED ? p.valid : CHECKED;
	if (is_good(&p))
		memset(p.at, POISON, looked);
	if (one_in(rng, 16)) {
		got = pread(s->fd, p.at, size, below(rng, 1000));
		EXPECT(RESULTS, got < 0 && ONE_OF(errno, ESPIPE, EINVAL), "pread: %zd, %s",
		       got, strerror(errno));
		return;
	}
	got = read(s->fd, p.at, size);
	error = errno;
	check_read(got, error, size, p.valid, true);
	if (got > 0)
		take_records(s, p.at, got);
	if (is_good(&p) && got < (ssize_t)looked)
		EXPECT(RESULTS, is_poison(p.at + (got > 0 ? got : 0), looked - (got > 0 ? got : 0)),
		       "read: it wrote behind the %zd bytes that it gave", got);
}

/* In pieces: some of no size, perhaps one that can't be written. */
static void do_readv(struct worker *w, struct session *s)
{
	static _Thread_local uint8_t bytes[ARENA_SIZE];
	struct rng *rng = &w->rng;
	struct iovec segments[MAX_SEGMENTS];
	unsigned int nr = one_in(rng, 16) ? between(rng, MAX_SEGMENTS - 2, MAX_SEGMENTS) :
					    below(rng, 12);
	size_t piece = one_in(rng, 2) ? RECORD : between(rng, 1, 2 * RECORD);
	size_t size = 0, valid = 0, left;
	uint8_t *at = w->arena.start;
	bool bad = false, kernels = false;
	ssize_t got;
	int error;

	did(DID_READV);
	for (unsigned int i = 0; i < nr; i++) {
		size_t len = one_in(rng, 8) ? 0 : one_in(rng, 4) ? below(rng, piece + 1) : piece;
		size_t here = len;

		segments[i].iov_base = at;
		segments[i].iov_len = len;
		at += len + below(rng, 16);
		if (len && one_in(rng, 40)) {
			struct place p = place(rng, &w->arena, len, 1);

			segments[i].iov_base = p.at;
			here = p.valid;
			kernels = kernels || p.kind == KERNELS;
		}
		size += len;
		valid += bad ? 0 : here;
		bad = bad || here < len;
	}
	switch (below(rng, 4)) {
	case 0:
		got = preadv2(s->fd, segments, nr, -1, one_in(rng, 2) ? 0 : RWF_NOWAIT);
		break;
	case 1:
		got = preadv2(s->fd, segments, nr, one_in(rng, 2) ? -1 : (off_t)below(rng, 99),
			      1 << below(rng, 8));
		if (got < 0 && ONE_OF(errno, EOPNOTSUPP, ESPIPE))
			return;
		break;
	default:
		got = readv(s->fd, segments, nr);
	}
	error = errno;
	if (got < 0 && error == EOPNOTSUPP) /* RWF_NOWAIT, where it isn't known */
		return;
	if (got < 0 && nr == MAX_SEGMENTS && error == EINVAL)
		return;
	if (got < 0 && kernels && error == EFAULT)
		return;
	check_read(got, error, size, valid, false);
	if (got <= 0 || (size_t)got > valid)
		return;
	left = got;
	for (unsigned int i = 0; left; i++) {
		size_t len = segments[i].iov_len < left ? segments[i].iov_len : left;

		memcpy(bytes + got - left, segments[i].iov_base, len);
		left -= len;
	}
	take_records(s, bytes, got);
}

/* --- ioctl ------------------------------------------------------------------- */

#define MAX_IOCTL_SIZE 16383 /* what the command has bits for */

/* An ioctl's structure, as it is passed. */
struct request {
	unsigned int size;
	struct place place;
	uint8_t bytes[MAX_IOCTL_SIZE + 1];
	bool spoilt; /* something about it is wrong, perhaps */
};

/* @want: the size of the structure that is in ->bytes, or for which there is room. */
static void request_place(struct worker *w, struct request *r, size_t want)
{
	struct rng *rng = &w->rng;

	r->size = want;
	if (one_in(rng, 6))
		r->size = one_in(rng, 8) ? below(rng, MAX_IOCTL_SIZE + 1) :
					   below(rng, 2 * want + 2);
	if (r->size > want && one_in(rng, 4)) {
		r->bytes[between(rng, want, r->size - 1)] = 1;
		r->spoilt = true;
	}
	if (r->size < want)
		r->spoilt = true;
	r->place = place(rng, &w->arena, r->size, 8);
	if (!is_good(&r->place))
		r->spoilt = true;
	else if (r->place.at + r->size + 64 <= w->arena.end)
		memset(r->place.at + r->size, POISON, 64);
	place_fill(&r->place, r->bytes, r->size);
}

/* Makes it; its structure's bytes are then in ->bytes. Returns 0 or an errno. */
static int request_make(struct worker *w, const struct session *s, struct request *r,
			unsigned int cmd)
{
	int error;

	did(DID_IOCTL);
	cmd = _IOC(_IOC_DIR(cmd), _IOC_TYPE(cmd), _IOC_NR(cmd), r->size);
	error = ioctl(s->fd, cmd, r->place.at) < 0 ? errno : 0;
	if (!r->size) {
		EXPECT(RESULTS, error == EINVAL, "ioctl %#x without size: %s", cmd,
		       strerror(error));
		return error;
	}
	if (!error)
		did(DID_IOCTL_OK);
	if (error == EFAULT) {
		did(DID_IOCTL_FAULT);
		EXPECT(RESULTS, r->spoilt, "ioctl %#x: EFAULT for good memory", cmd);
	}
	if (!is_good(&r->place))
		return error;
	EXPECT(RESULTS,
	       r->place.at + r->size + 64 > w->arena.end ||
		       is_poison(r->place.at + r->size, 64),
	       "ioctl %#x: it wrote behind its %u bytes", cmd, r->size);
	memcpy(r->bytes, r->place.at, r->size);
	return error;
}

static bool name_is_clean(const char *name, size_t size)
{
	size_t len = strnlen(name, size);

	return len < size && is_zero(name + len, size - len);
}

static void do_set_config(struct worker *w, struct session *s, struct request *r)
{
	struct socktrace_config config;
	int error;

	random_config(&w->rng, &config);
	if (one_in(&w->rng, 2)) {
		uint32_t *field = (uint32_t *)&config + below(&w->rng, sizeof(config) / 4);

		*field = one_in(&w->rng, 2) ? below(&w->rng, 100000) : rng_next(&w->rng);
	}
	memcpy(r->bytes, &config, sizeof(config));
	request_place(w, r, sizeof(config));
	error = request_make(w, s, r, SOCKTRACE_IOC_SET_CONFIG);
	EXPECT(RESULTS, ONE_OF(error, 0, EBUSY, EINVAL, E2BIG, EFAULT), "SET_CONFIG: %s",
	       strerror(error));
	EXPECT(RESULTS, error || (is_good(&r->place) && r->size >= sizeof(config)),
	       "SET_CONFIG of %u bytes, %zu of them there, succeeded", r->size, r->place.valid);
	if (error)
		return;
	memcpy(&config, r->bytes, sizeof(config));
	EXPECT(RESULTS,
	       config.records_per_cpu && !(config.records_per_cpu & (config.records_per_cpu - 1)) &&
		       config.phases && config.watermark &&
		       config.watermark <= config.records_per_cpu && config.events &&
		       is_zero(r->bytes + sizeof(config), r->size - sizeof(config)),
	       "SET_CONFIG: records %u phases %#x watermark %u in force",
	       config.records_per_cpu, config.phases, config.watermark);
}

static void random_endpoint(struct rng *rng, struct socktrace_endpoint *end, bool net, bool port)
{
	if (net) {
		end->prefix_len = below(rng, 129);
		rng_fill(rng, end->addr, end->prefix_len / 8);
	}
	if (port) {
		end->port_min = below(rng, 40000);
		end->port_max = end->port_min + below(rng, 20000);
	}
	/* Bits of a part of a byte stay zero, which they may. */
}

static unsigned int random_event(struct rng *rng)
{
	unsigned int event;

	do {
		event = between(rng, SOCKTRACE_SOCKET, SOCKTRACE_LISTEN);
	} while (!(SOCKTRACE_EVENTS_ALL & SOCKTRACE_EVENT_BIT(event)));
	return event;
}

static void random_rule(struct rng *rng, struct socktrace_rule *rule)
{
	uint32_t own = getpid();

	memset(rule, 0, sizeof(*rule));
	rule->action = between(rng, SOCKTRACE_ACCEPT, SOCKTRACE_REJECT);
	do {
		rule->match |= 1U << below(rng, 27);
	} while (one_in(rng, 2));
	if (rule->match & SOCKTRACE_MATCH_EVENTS)
		rule->events = SOCKTRACE_EVENT_BIT(random_event(rng));
	if (rule->match & SOCKTRACE_MATCH_PHASES)
		rule->phases = between(rng, 1, 7) << 1;
	if (rule->match & SOCKTRACE_MATCH_TGID)
		rule->tgid = own;
	if (rule->match & SOCKTRACE_MATCH_TID)
		rule->tid = own;
	if (rule->match & SOCKTRACE_MATCH_ANCESTOR)
		rule->ancestor = one_in(rng, 2) ? 1 : own;
	if (rule->match & SOCKTRACE_MATCH_TYPES)
		rule->types = between(rng, 1, 0xffff);
	if (rule->match & SOCKTRACE_MATCH_FAMILIES)
		rule->families = rng_next(rng) | 1;
	if (rule->match & SOCKTRACE_MATCH_UID)
		rule->uid_max = below(rng, 3);
	if (rule->match & SOCKTRACE_MATCH_EUID)
		rule->euid_max = below(rng, 3);
	if (rule->match & SOCKTRACE_MATCH_LOGINUID)
		rule->loginuid_max = one_in(rng, 2) ? 0 : ~0U;
	if (rule->match & SOCKTRACE_MATCH_PROTOCOL)
		rule->protocol = one_in(rng, 2) ? 0 : 6;
	if (rule->match & SOCKTRACE_MATCH_NETNS)
		rule->netns = rng_next(rng) | 1;
	if (rule->match & SOCKTRACE_MATCH_MNTNS)
		rule->mntns = rng_next(rng) | 1;
	if (rule->match & SOCKTRACE_MATCH_PIDNS)
		rule->pidns = rng_next(rng) | 1;
	if (rule->match & SOCKTRACE_MATCH_ERROR)
		rule->error = between(rng, 1, 4095);
	if (rule->match & (SOCKTRACE_MATCH_CGROUP | SOCKTRACE_MATCH_CGROUP_TREE))
		rule->cgroup = between(rng, 1, 100);
	if (rule->match & SOCKTRACE_MATCH_DURATION)
		rule->min_duration_ns = below(rng, 1000000);
	if (rule->match & (SOCKTRACE_MATCH_COMM | SOCKTRACE_MATCH_COMM_PREFIX))
		memset(rule->comm, 'a' + below(rng, 26), between(rng, 1, sizeof(rule->comm) - 1));
	random_endpoint(rng, &rule->remote, rule->match & SOCKTRACE_MATCH_REMOTE_NET,
			rule->match & SOCKTRACE_MATCH_REMOTE_PORT);
	random_endpoint(rng, &rule->local, rule->match & SOCKTRACE_MATCH_LOCAL_NET,
			rule->match & SOCKTRACE_MATCH_LOCAL_PORT);
	if (rule->match & SOCKTRACE_MATCH_PATH) {
		rule->path_len = between(rng, 1, sizeof(rule->path));
		memset(rule->path, one_in(rng, 3) ? 0 : '/', rule->path_len);
		if (!rule->path[0] && rule->path_len > 1)
			rule->path[1] = 'x';
	}
}

bool random_rules(struct rng *rng, uint8_t *to, unsigned int nr, size_t rule_size)
{
	bool good = true;

	for (unsigned int i = 0; i < nr; i++) {
		struct socktrace_rule rule;

		random_rule(rng, &rule);
		if (one_in(rng, 128)) {
			((uint8_t *)&rule)[below(rng, sizeof(rule))] ^= 1 << below(rng, 8);
			good = false;
		}
		memset(to + i * rule_size, 0, rule_size);
		memcpy(to + i * rule_size, &rule,
		       rule_size < sizeof(rule) ? rule_size : sizeof(rule));
	}
	return good;
}

/* Where what a structure points to goes, of which the kernel takes less than there is. */
static struct place place_behind(struct worker *w, struct request *r, size_t size)
{
	struct place p = place(&w->rng, &w->behind,
			       size < ARENA_SIZE / 2 ? size : ARENA_SIZE / 2, 12);

	if (!is_good(&p))
		r->spoilt = true;
	return p;
}

static void check_probes(const uint8_t *at, const struct socktrace_info *info)
{
	const unsigned int known = SOCKTRACE_PROBE_BOUND | SOCKTRACE_PROBE_ARMED |
				   SOCKTRACE_PROBE_FACTS | SOCKTRACE_PROBE_ADDRESS;

	for (unsigned int i = 0; i < info->nr_probes; i++, at += info->probe_size) {
		struct socktrace_probe probe;

		memcpy(&probe, at, sizeof(probe));
		EXPECT(RESULTS,
		       name_is_clean(probe.symbol, sizeof(probe.symbol)) &&
			       !(probe.flags & ~known) &&
			       is_zero(at + sizeof(probe), info->probe_size - sizeof(probe)),
		       "GET_INFO: probe %u", i);
	}
}

static void do_get_info(struct worker *w, struct session *s, struct request *r)
{
	struct rng *rng = &w->rng;
	struct socktrace_info info = {
		.nr_probes = below(rng, 40), .probe_size = sizeof(struct socktrace_probe),
	};
	uint32_t room;
	struct place p;
	bool odd;
	int error;

	if (one_in(rng, 16))
		info.nr_probes = rng_next(rng);
	odd = one_in(rng, 4);
	if (odd)
		info.probe_size = below(rng, one_in(rng, 2) ? 5000 : 100);
	room = info.nr_probes;
	p = place_behind(w, r, (size_t)room * info.probe_size);
	info.probes = (uintptr_t)p.at;
	memcpy(r->bytes, &info, sizeof(info));
	request_place(w, r, sizeof(info));
	error = request_make(w, s, r, SOCKTRACE_IOC_GET_INFO);
	EXPECT(RESULTS, ONE_OF(error, 0, EINVAL, E2BIG, EFAULT), "GET_INFO: %s",
	       strerror(error));
	EXPECT(RESULTS, !error || r->spoilt || odd, "GET_INFO: %s", strerror(error));
	if (error || !is_good(&r->place))
		return;
	memcpy(&info, r->bytes, sizeof(info));
	EXPECT(RESULTS, is_zero(r->bytes + sizeof(info), r->size - sizeof(info)),
	       "GET_INFO: what it does not know is not zero");
	EXPECT(RESULTS,
	       info.abi_version == SOCKTRACE_ABI_VERSION && info.record_size == RECORD &&
		       info.possible_cpus == possible_cpus && !info.reserved &&
		       info.max_rules == SOCKTRACE_MAX_RULES && info.sessions &&
		       info.started <= info.sessions && info.memory <= info.memory_max &&
		       info.nr_probes == (room < info.total_probes ? room : info.total_probes) &&
		       name_is_clean(info.module_version, sizeof(info.module_version)),
	       "GET_INFO: sessions %u started %u memory %llu of %llu probes %u of %u",
	       info.sessions, info.started, (unsigned long long)info.memory,
	       (unsigned long long)info.memory_max, info.nr_probes, info.total_probes);
	if (is_good(&p) && info.nr_probes <= room)
		check_probes(p.at, &info);
}

static unsigned int random_nr_rules(struct rng *rng)
{
	return one_in(rng, 3) ? below(rng, 71) : below(rng, 5);
}

static size_t random_rule_size(struct rng *rng)
{
	if (!one_in(rng, 5))
		return sizeof(struct socktrace_rule);
	return one_in(rng, 2) ? below(rng, 4400) :
				between(rng, sizeof(struct socktrace_rule), 300);
}

static void do_set_filter(struct worker *w, struct session *s, struct request *r)
{
	static _Thread_local uint8_t bytes[ARENA_SIZE / 2];
	struct rng *rng = &w->rng;
	struct socktrace_filter header = {
		.nr_rules = random_nr_rules(rng),
		.rule_size = random_rule_size(rng),
		.default_action = one_in(rng, 4) ? SOCKTRACE_REJECT : SOCKTRACE_ACCEPT,
	};
	struct place p = place_behind(w, r, (size_t)header.nr_rules * header.rule_size);
	bool good = random_rules(rng, bytes, header.nr_rules, header.rule_size);
	int error;

	did(DID_FILTER);
	place_fill(&p, bytes, p.size);
	header.rules = (uintptr_t)p.at;
	good = good && is_good(&p) && header.nr_rules <= SOCKTRACE_MAX_RULES &&
	       header.rule_size >= sizeof(struct socktrace_rule) && header.rule_size <= 4096;
	if (one_in(rng, 12)) {
		uint32_t *field = (uint32_t *)&header + below(rng, sizeof(header) / 4);

		*field = one_in(rng, 2) ? below(rng, 100) : rng_next(rng);
		good = false;
		r->spoilt = true;
	}
	memcpy(r->bytes, &header, sizeof(header));
	request_place(w, r, sizeof(header));
	error = request_make(w, s, r, SOCKTRACE_IOC_SET_FILTER);
	EXPECT(RESULTS, ONE_OF(error, 0, EINVAL, ESRCH, E2BIG, EFAULT, ENOMEM, EINTR), "SET_FILTER: %s",
	       strerror(error));
	EXPECT(RESULTS, !error || error == ENOMEM || !good || r->spoilt,
	       "SET_FILTER of %u good rules: %s", header.nr_rules, strerror(error));
	if (is_good(&r->place) && r->size >= sizeof(header) && error == EINVAL) {
		memcpy(&header, r->bytes, sizeof(header));
		EXPECT(RESULTS,
		       header.error_rule == ~0U ?
			       header.error_field < sizeof(header) :
			       header.error_rule < SOCKTRACE_MAX_RULES &&
				       header.error_field < sizeof(struct socktrace_rule),
		       "SET_FILTER: rule %#x field %u is no good", header.error_rule,
		       header.error_field);
	}
}

static void do_get_filter(struct worker *w, struct session *s, struct request *r)
{
	struct rng *rng = &w->rng;
	struct socktrace_filter header = {
		.nr_rules = one_in(rng, 4) ? rng_next(rng) : random_nr_rules(rng),
		.rule_size = random_rule_size(rng),
	};
	size_t room = (size_t)header.nr_rules * header.rule_size;
	struct place p = place_behind(w, r, room);
	struct socktrace_filter out;
	int error;

	header.rules = (uintptr_t)p.at;
	memcpy(r->bytes, &header, sizeof(header));
	request_place(w, r, sizeof(header));
	error = request_make(w, s, r, SOCKTRACE_IOC_GET_FILTER);
	EXPECT(RESULTS, ONE_OF(error, 0, EINVAL, E2BIG, EFAULT, ENOSPC) ||
	       !is_good(&p), "GET_FILTER: %s", strerror(error));
	if (error || !is_good(&r->place) || r->size < sizeof(header))
		return;
	memcpy(&out, r->bytes, sizeof(out));
	EXPECT(RESULTS,
	       out.nr_rules <= SOCKTRACE_MAX_RULES && out.nr_rules <= header.nr_rules &&
		       !out.flags &&
		       ONE_OF((int)out.default_action, SOCKTRACE_ACCEPT, SOCKTRACE_REJECT),
	       "GET_FILTER: %u rules, default %u", out.nr_rules, out.default_action);
	for (unsigned int i = 0; is_good(&p) && i < out.nr_rules; i++) {
		const uint8_t *at = p.at + (size_t)i * header.rule_size;
		struct socktrace_rule rule;

		memcpy(&rule, at, sizeof(rule));
		EXPECT(RESULTS,
		       !(rule.match & ~SOCKTRACE_MATCH_ALL_BITS) &&
			       !rule.reserved &&
			       is_zero(at + sizeof(rule), header.rule_size - sizeof(rule)),
		       "GET_FILTER: rule %u of %u", i, out.nr_rules);
	}
}

static void do_get_stats(struct worker *w, struct session *s, struct request *r)
{
	int error;

	request_place(w, r, sizeof(struct socktrace_stats));
	error = request_make(w, s, r, SOCKTRACE_IOC_GET_STATS);
	if (is_good(&r->place))
		EXPECT(RESULTS, !error || !r->size || error == EINTR, "GET_STATS: %s",
		       strerror(error));
	else
		EXPECT(RESULTS, !r->size || error, "GET_STATS succeeded without memory");
	if (!error && is_good(&r->place) && r->size > sizeof(struct socktrace_stats))
		EXPECT(RESULTS, is_zero(r->bytes + sizeof(struct socktrace_stats),
					r->size - sizeof(struct socktrace_stats)),
		       "GET_STATS: what it does not know is not zero");
}

static void check_inflight_calls(const uint8_t *at, const struct socktrace_inflight *head,
				 uint64_t now_ns)
{
	for (unsigned int i = 0; i < head->nr_records; i++, at += head->record_size) {
		struct socktrace_event call;

		memcpy(&call, at, sizeof(call));
		did(DID_INFLIGHT_CALL);
		EXPECT(RESULTS,
		       call.size == sizeof(call) && call.phase == SOCKTRACE_ENTER && call.tgid && call.tid && call.call_id &&
			       call.time_ns <= now_ns && call.type >= SOCKTRACE_SOCKET &&
			       call.type <= SOCKTRACE_LISTEN &&
			       name_is_clean(call.comm, sizeof(call.comm)) &&
			       is_zero(at + sizeof(call), head->record_size - sizeof(call)),
		       "GET_INFLIGHT: call %u of %u: type %u tgid %u entered at %llu of %llu", i,
		       head->nr_records, call.type, call.tgid, (unsigned long long)call.time_ns,
		       (unsigned long long)now_ns);
	}
}

static void do_get_inflight(struct worker *w, struct session *s, struct request *r)
{
	struct rng *rng = &w->rng;
	struct socktrace_inflight head = {
		.nr_records = below(rng, 64),
		.record_size = sizeof(struct socktrace_event),
	};
	struct socktrace_inflight out;
	bool odd = false;
	struct place p;
	int error;

	if (one_in(rng, 64)) /* takes the kernel long */
		head.nr_records = one_in(rng, 2) ? ~0U : rng_next(rng);
	if (one_in(rng, 4)) {
		head.record_size = below(rng, one_in(rng, 2) ? 5000 : 100);
		odd = true;
	}
	if (one_in(rng, 4)) {
		head.flags = one_in(rng, 2) ? SOCKTRACE_INFLIGHT_WANTED : rng_next(rng);
		odd = true; /* it may not be started */
	}
	p = place_behind(w, r, (size_t)head.nr_records * head.record_size);
	head.records = (uintptr_t)p.at;
	memcpy(r->bytes, &head, sizeof(head));
	request_place(w, r, sizeof(head));
	error = request_make(w, s, r, SOCKTRACE_IOC_GET_INFLIGHT);
	EXPECT(RESULTS, ONE_OF(error, 0, EINVAL, E2BIG, EFAULT, ENOMEM, EINTR),
	       "GET_INFLIGHT: %s", strerror(error));
	EXPECT(RESULTS, !error || r->spoilt || odd || !is_good(&p) ||
	       ONE_OF(error, ENOMEM, EINTR), "GET_INFLIGHT: %s", strerror(error));
	if (error || !is_good(&r->place))
		return;
	memcpy(&out, r->bytes, sizeof(out));
	EXPECT(RESULTS,
	       out.nr_records <= head.nr_records && out.nr_records <= out.total && out.flags == head.flags &&
		       out.record_size == head.record_size,
	       "GET_INFLIGHT: %u calls of %u, room %u", out.nr_records, out.total, head.nr_records);
	if (is_good(&p) && out.nr_records <= head.nr_records)
		check_inflight_calls(p.at, &out, out.now_ns);
}

static void do_unknown_ioctl(struct worker *w, struct session *s)
{
	struct rng *rng = &w->rng;
	struct place p = place(rng, &w->arena, below(rng, 4096), 3);
	unsigned int dir = below(rng, 4), type = SOCKTRACE_IOC_MAGIC;
	unsigned int nr = one_in(rng, 2) ? 0 : between(rng, 10, 255);
	int error;

	did(DID_UNKNOWN_IOCTL);
	if (one_in(rng, 4)) { /* another's number */
		type = one_in(rng, 2) ? SOCKTRACE_IOC_MAGIC ^ 1 << below(rng, 8) : 'T';
		nr = below(rng, 32);
		if (type == 'T') /* FIONBIO and its like are the kernel's own */
			nr = 0;
	} else if (one_in(rng, 2)) { /* a known one in a wrong direction */
		static const unsigned int known[] = {
			SOCKTRACE_IOC_GET_INFO, SOCKTRACE_IOC_SET_CONFIG,
			SOCKTRACE_IOC_SET_FILTER, SOCKTRACE_IOC_GET_FILTER,
			SOCKTRACE_IOC_START, SOCKTRACE_IOC_STOP, SOCKTRACE_IOC_GET_STATS,
			SOCKTRACE_IOC_FLUSH, SOCKTRACE_IOC_GET_INFLIGHT,
		};
		unsigned int cmd = known[below(rng, sizeof(known) / sizeof(known[0]))];

		nr = _IOC_NR(cmd);
		dir = _IOC_DIR(cmd) ^ between(rng, 1, 3);
	}
	error = ioctl(s->fd, _IOC(dir, type, nr, below(rng, 4096)), p.at) < 0 ? errno : 0;
	EXPECT(RESULTS, error == ENOTTY, "unknown ioctl: direction %u type %#x number %u: %s",
	       dir, type, nr, strerror(error));
}

/* START and STOP stop the machine for a moment: seldom. */
static void do_command(struct worker *w, struct session *s)
{
	struct rng *rng = &w->rng;
	int error;

	if (one_in(rng, 8)) { /* they take no structure */
		unsigned int nr = one_in(rng, 2) ? SOCKTRACE_IOC_STOP : SOCKTRACE_IOC_FLUSH;

		error = ioctl(s->fd, nr | between(rng, 1, MAX_IOCTL_SIZE) << _IOC_SIZESHIFT,
			      NULL) < 0 ? errno : 0;
		EXPECT(RESULTS, error == EINVAL, "ioctl %#x with a size: %s", nr,
		       strerror(error));
		return;
	}
	if (s->flushes && !one_in(rng, 3)) {
		did(DID_FLUSH);
		error = ioctl(s->fd, SOCKTRACE_IOC_FLUSH, rng_next(rng)) < 0 ? errno : 0;
		EXPECT(RESULTS, ONE_OF(error, 0, EINTR), "FLUSH: %s", strerror(error));
		return;
	}
	if (one_in(rng, 8)) {
		error = ioctl(s->fd, SOCKTRACE_IOC_STOP) < 0 ? errno : 0;
		EXPECT(RESULTS, ONE_OF(error, 0, EINTR), "STOP: %s", strerror(error));
		return;
	}
	did(DID_START);
	error = ioctl(s->fd, SOCKTRACE_IOC_START) < 0 ? errno : 0;
	EXPECT(RESULTS, ONE_OF(error, 0, ENOMEM, EINTR), "START: %s", strerror(error));
}

/* No session is started any more, if nobody starts one meanwhile: probes are disarmed. */
static void do_stop_all(void)
{
	did(DID_STOP_ALL);
	for (size_t i = 0; i < NR_SESSIONS; i++) {
		struct session *s = &sessions[i];

		pthread_rwlock_rdlock(&s->lock);
		if (s->fd >= 0)
			ioctl(s->fd, SOCKTRACE_IOC_STOP);
		pthread_rwlock_unlock(&s->lock);
	}
}

static void do_ioctl(struct worker *w, struct session *s)
{
	static _Thread_local struct request r;

	memset(&r, 0, sizeof(r));
	switch (below(&w->rng, 16)) {
	case 0:
	case 1:
		do_get_info(w, s, &r);
		break;
	case 2:
		do_set_config(w, s, &r);
		break;
	case 3:
	case 4:
	case 5:
		do_set_filter(w, s, &r);
		break;
	case 6:
	case 7:
		do_get_filter(w, s, &r);
		break;
	case 8:
	case 9:
		do_get_stats(w, s, &r);
		break;
	case 10:
	case 11:
		do_get_inflight(w, s, &r);
		break;
	default:
		do_unknown_ioctl(w, s);
	}
}

/* --- all else ---------------------------------------------------------------- */

static void do_poll(struct worker *w, struct session *s)
{
	const short known = POLLIN | POLLRDNORM | POLLERR;
	struct pollfd pollfd = { .fd = s->fd, .events = one_in(&w->rng, 4) ? ~0 : POLLIN };
	int ready = poll(&pollfd, 1, one_in(&w->rng, 16) ? (int)below(&w->rng, 4) : 0);

	did(DID_POLL);
	EXPECT(RESULTS, ready >= 0 || ONE_OF(errno, EINTR, ENOMEM), "poll: %s", strerror(errno));
	EXPECT(RESULTS, ready <= 0 || !(pollfd.revents & ~known), "poll: %#x", pollfd.revents);
}

static void do_epoll(struct worker *w, struct session *s)
{
	struct epoll_event event = { .events = EPOLLIN | (one_in(&w->rng, 2) ? EPOLLET : 0) };
	int fd = dup(s->fd);

	did(DID_EPOLL);
	if (fd < 0)
		return;
	/* The number may be of one that stayed. */
	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event))
		EXPECT(RESULTS, errno == EEXIST, "epoll_ctl: %s", strerror(errno));
	if (epoll_wait(w->epoll, &event, 1, one_in(&w->rng, 16) ? 2 : 0) < 0)
		EXPECT(RESULTS, errno == EINTR, "epoll_wait: %s", strerror(errno));
	if (one_in(&w->rng, 2)) /* else it stays, until the session is gone */
		epoll_ctl(w->epoll, EPOLL_CTL_DEL, fd, NULL);
	close(fd);
}

static void do_fcntl(struct worker *w, struct session *s)
{
	struct rng *rng = &w->rng;
	int other;

	did(DID_FCNTL);
	switch (below(rng, 6)) {
	case 0: /* most often it does not block */
		fcntl(s->fd, F_SETFL,
		      (one_in(rng, 6) ? 0 : O_NONBLOCK) | (one_in(rng, 4) ? O_ASYNC : 0) |
			      (one_in(rng, 4) ? O_APPEND : 0) | (one_in(rng, 8) ? O_DIRECT : 0));
		break;
	case 1:
		fcntl(s->fd, F_SETFD, one_in(rng, 2) ? FD_CLOEXEC : 0);
		break;
	case 2:
		fcntl(s->fd, F_SETOWN, getpid());
		fcntl(s->fd, F_SETSIG, SIGURG);
		break;
	case 3:
		flock(s->fd, (one_in(rng, 2) ? LOCK_EX : LOCK_UN) | LOCK_NB);
		break;
	default:
		other = one_in(rng, 2) ? dup(s->fd) : fcntl(s->fd, F_DUPFD, between(rng, 0, 200));
		if (other < 0)
			break;
		if (one_in(rng, 2)) {
			int third = open("/dev/null", O_RDONLY | O_CLOEXEC);

			if (third >= 0)
				close(dup2(other, third));
		}
		close(other);
	}
}

/* What a session has no use for. */
static void do_refused(struct worker *w, struct session *s)
{
	struct rng *rng = &w->rng;
	struct place p = place(rng, &w->arena, below(rng, 1000), 3);
	off_t offset = below(rng, 4096);
	const char *what;
	long got = -1;
	int pipes[2];
	void *map;

	did(DID_REFUSED);
	if (pipe2(pipes, O_NONBLOCK | O_CLOEXEC))
		return;
	errno = 0;
	switch (below(rng, 10)) {
	case 0:
		what = "write";
		got = write(s->fd, p.at, p.size);
		break;
	case 1:
		what = "pwritev2";
		got = pwritev2(s->fd, &(struct iovec){ p.at, p.size }, 1, -1, 0);
		break;
	case 2:
		what = "lseek";
		got = lseek(s->fd, offset, below(rng, 5));
		break;
	case 3:
		what = "mmap";
		map = mmap(NULL, 4096 << below(rng, 4), one_in(rng, 2) ? PROT_READ : PROT_NONE,
			   one_in(rng, 2) ? MAP_SHARED : MAP_PRIVATE, s->fd, 0);
		got = map == MAP_FAILED ? -1 : 0;
		break;
	case 4:
		what = "splice";
		got = splice(s->fd, one_in(rng, 2) ? NULL : &offset, pipes[1], NULL,
			     below(rng, 100000), SPLICE_F_NONBLOCK);
		break;
	case 5:
		what = "splice to it";
		if (write(pipes[1], "x", 1) == 1)
			got = splice(pipes[0], NULL, s->fd, NULL, 1, SPLICE_F_NONBLOCK);
		break;
	case 6:
		what = "sendfile";
		got = sendfile(pipes[1], s->fd, one_in(rng, 2) ? NULL : &offset,
			       between(rng, 1, 100000));
		break;
	case 7:
		what = "copy_file_range";
		got = copy_file_range(s->fd, NULL, pipes[1], NULL, 1000, 0);
		break;
	case 8:
		what = "ftruncate";
		got = ftruncate(s->fd, offset);
		break;
	default:
		what = "fallocate";
		got = fallocate(s->fd, 0, 0, 4096);
	}
	/* Of nothing at all some succeed. */
	EXPECT(RESULTS, got < 0 || (!got && strcmp(what, "mmap") && strcmp(what, "lseek")),
	       "%s: %ld", what, got);
	close(pipes[0]);
	close(pipes[1]);
}

static void read_small_file(struct rng *rng, const char *path, enum done what)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	did(what);
	if (fd < 0) {
		fail(RESULTS, "%s: %s", path, strerror(errno));
		return;
	}
	if (read(fd, text, one_in(rng, 4) ? below(rng, sizeof(text)) : sizeof(text)) < 0)
		EXPECT(RESULTS, errno == EINTR, "%s: %s", path, strerror(errno));
	if (one_in(rng, 4) && pread(fd, text, sizeof(text), below(rng, 100)) < 0)
		EXPECT(RESULTS, errno == EINTR, "%s: %s", path, strerror(errno));
	close(fd);
}

#define SYSFS "/sys/class/misc/socktrace"

static char *sysfs_files[128];
static unsigned int nr_sysfs_files;

static void find_files(const char *dir)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;

	while (stream && (entry = readdir(stream)) && nr_sysfs_files < 128) {
		char *path;

		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "power") ||
		    asprintf(&path, "%s/%s", dir, entry->d_name) < 0)
			continue;
		if (entry->d_type == DT_REG)
			sysfs_files[nr_sysfs_files++] = path;
		else if (entry->d_type == DT_DIR)
			find_files(path);
	}
	if (stream)
		closedir(stream);
}

void find_sysfs_files(void)
{
	find_files(SYSFS);
	if (!nr_sysfs_files) {
		printf("Bail out! nothing in " SYSFS "\n");
		exit(2);
	}
}

static void do_proc(struct worker *w, struct session *s)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/fdinfo/%d",
		 one_in(&w->rng, 2) ? "self" : "thread-self", s->fd);
	read_small_file(&w->rng, path, DID_PROC);
}

static void do_sysfs(struct worker *w)
{
	read_small_file(&w->rng, sysfs_files[below(&w->rng, nr_sysfs_files)], DID_SYSFS);
}

/* --- which ------------------------------------------------------------------- */

static void do_call(struct worker *w, struct session *s)
{
	unsigned int what = below(&w->rng, 1000);

	if (what < 260)
		do_read(w, s);
	else if (what < 400)
		do_readv(w, s);
	else if (what < 780)
		do_ioctl(w, s);
	else if (what < 840)
		do_poll(w, s);
	else if (what < 870)
		do_epoll(w, s);
	else if (what < 910)
		do_fcntl(w, s);
	else if (what < 950)
		do_refused(w, s);
	else if (what < 970)
		do_proc(w, s);
	else if (what < 988)
		do_sysfs(w);
	else if (what < 998)
		do_command(w, s);
	else
		do_child(w, s);
}

void do_something(struct worker *w)
{
	struct session *s = &sessions[below(&w->rng, NR_SESSIONS)];

	did(DID_CALL);
	if (one_in(&w->rng, 1500)) {
		do_stop_all();
		return;
	}
	if (one_in(&w->rng, 500)) {
		pthread_rwlock_wrlock(&s->lock);
		session_end(&w->rng, s);
		session_open(&w->rng, s);
		pthread_rwlock_unlock(&s->lock);
		return;
	}
	pthread_rwlock_rdlock(&s->lock);
	w->busy = true;
	if (s->fd >= 0)
		do_call(w, s);
	w->busy = false;
	pthread_rwlock_unlock(&s->lock);
}
