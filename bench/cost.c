// SPDX-License-Identifier: GPL-2.0
/*
 * cost [--json] [--rounds N] [--calls N] [--iterations N] [--no-live] [--module FILE]
 *
 * What tracing costs, in instructions.  To be run as root in a virtual machine
 * with one processor whose counter counts instructions (tests/vm/vm --icount):
 * bench/run does that, and bench/machine.  Loads and unloads socktrace: FILE, or what
 * modprobe finds.
 *
 * Two meters.  Of single calls: the counter before and after each, the mean of
 * the middle half of them, since a timer's interrupt in the others is no cost of
 * the call.  Of a live reader, which works at other times than the call: the
 * time that the scheduler gave to any task, from before the workload until the
 * reader had written everything.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <math.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../tests/appliance/module.h"
#include "../uapi/socktrace.h"

#define MAX_ROUNDS 9
#define MAX_SESSIONS 10
#define WARM_UP 50
#define UNIX_PATH "/run/socktrace-bench.sock"
#define OUTPUT "/run/socktrace-bench.out"

static unsigned int rounds = 3;
static unsigned int calls = 800; /* of each kind, measured */
static unsigned int iterations = 4000; /* with a live reader */

__attribute__((format(printf, 1, 2), noreturn))
static void die(const char *format, ...)
{
	va_list args;

	fputs("cost: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static void check(bool fine, const char *what)
{
	if (!fine)
		die("%s: %s", what, strerror(errno));
}

/* --- the meters ------------------------------------------------------------ */

/* QEMU's counters go by nanoseconds, which --icount makes one for an instruction. */
#if defined(__x86_64__) || defined(__i386__)
static inline uint64_t count(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}
#elif defined(__aarch64__)
static inline uint64_t count(void)
{
	uint64_t now;

	__asm__ volatile("isb; mrs %0, cntvct_el0; isb" : "=r"(now) : : "memory");
	return now;
}
#elif defined(__arm__)
static inline uint64_t count(void)
{
	uint64_t now;

	__asm__ volatile("isb; mrrc p15, 1, %Q0, %R0, c14; isb" : "=r"(now) : : "memory");
	return now;
}
#else
#error "which counter can a program read here?"
#endif

/* Nanoseconds that the scheduler gave to all tasks but the idle one. */
static uint64_t busy(void)
{
	unsigned long long sum = 0, ns;
	char line[512];
	FILE *f = fopen("/proc/schedstat", "r");

	check(f, "/proc/schedstat");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "cpu%*d %*u %*u %*u %*u %*u %*u %llu", &ns) == 1)
			sum += ns;
	fclose(f);
	return sum;
}

static void sleep_ms(long ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

/*
 * This machine has no source of randomness, and until the kernel has its seed,
 * each connect() pays for an attempt: some boots would cost three times as much.
 */
static void seed(void)
{
	struct {
		struct rand_pool_info info;
		uint32_t bytes[16];
	} pool = { { .entropy_count = 512, .buf_size = sizeof(pool.bytes) }, { 1 } };
	int fd = open("/dev/urandom", O_RDWR);

	check(fd >= 0 && !ioctl(fd, RNDADDENTROPY, &pool), "RNDADDENTROPY");
	close(fd);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double middle_mean(double *samples, unsigned int n)
{
	unsigned int from = n / 4, to = n - n / 4, i;
	double sum = 0;

	qsort(samples, n, sizeof(*samples), ascending);
	for (i = from; i < to; i++)
		sum += samples[i];
	return sum / (to - from);
}

static double median(const double *values, unsigned int n)
{
	double sorted[MAX_ROUNDS];

	memcpy(sorted, values, n * sizeof(*values));
	qsort(sorted, n, sizeof(*sorted), ascending);
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/* --- the workload ---------------------------------------------------------- */

enum kind { SOCKET, CONNECT, ACCEPT4, REFUSED, UNIX_CONNECT, NR_KINDS };
/* Of these one loopback connection is made, and the mean is taken. */
#define NR_CONN 3

static const char *const kind_names[] = {
	"socket", "connect", "accept4", "refused", "unix",
};
static const char *const kind_keys[] = {
	"socket", "connect", "accept4", "connect_refused", "connect_unix",
};

static struct sockaddr_in listener_addr = { .sin_family = AF_INET };
static struct sockaddr_in refusing_addr = { .sin_family = AF_INET };
static struct sockaddr_un unix_addr = { .sun_family = AF_UNIX };
static int listener, unix_listener;

static double *samples[NR_KINDS]; /* shared with the child that calls */

static int checked(int fd, const char *what)
{
	check(fd >= 0, what);
	return fd;
}

static void make_listeners(void)
{
	/* Reset on close: no TIME_WAIT that makes the next port dearer. */
	struct linger reset = { 1, 0 };
	socklen_t len = sizeof(listener_addr);
	int fd;

	listener_addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	refusing_addr = listener_addr;
	listener = checked(socket(AF_INET, SOCK_STREAM, 0), "socket");
	check(!setsockopt(listener, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) &&
		      !bind(listener, (void *)&listener_addr, len) &&
		      !listen(listener, 16) &&
		      !getsockname(listener, (void *)&listener_addr, &len),
	      "listener");
	/* A port that is taken, but does not listen, for ever. */
	fd = checked(socket(AF_INET, SOCK_STREAM, 0), "socket");
	check(!bind(fd, (void *)&refusing_addr, len) &&
		      !getsockname(fd, (void *)&refusing_addr, &len),
	      "bind");
	strcpy(unix_addr.sun_path, UNIX_PATH);
	unlink(UNIX_PATH);
	unix_listener = checked(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
	check(!bind(unix_listener, (void *)&unix_addr, sizeof(unix_addr)) &&
		      !listen(unix_listener, 16),
	      UNIX_PATH);
}

static void connect_once(double *cost)
{
	uint64_t t[6];
	int client, server;

	t[0] = count();
	client = socket(AF_INET, SOCK_STREAM, 0);
	t[1] = count();
	check(client >= 0, "socket");
	t[2] = count();
	check(!connect(client, (void *)&listener_addr, sizeof(listener_addr)), "connect");
	t[3] = count();
	t[4] = count();
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	t[5] = count();
	check(server >= 0, "accept4");
	close(server);
	close(client);
	cost[SOCKET] = t[1] - t[0];
	cost[CONNECT] = t[3] - t[2];
	cost[ACCEPT4] = t[5] - t[4];
}

static double refused_once(void)
{
	int fd = checked(socket(AF_INET, SOCK_STREAM, 0), "socket");
	uint64_t t0, t1;
	int ret;

	t0 = count();
	ret = connect(fd, (void *)&refusing_addr, sizeof(refusing_addr));
	t1 = count();
	check(ret < 0 && errno == ECONNREFUSED, "connect was not refused");
	close(fd);
	return t1 - t0;
}

static double unix_once(void)
{
	int fd = checked(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
	uint64_t t0, t1;
	int ret;

	t0 = count();
	ret = connect(fd, (void *)&unix_addr, sizeof(unix_addr));
	t1 = count();
	check(!ret, UNIX_PATH);
	close(checked(accept(unix_listener, NULL, NULL), "accept"));
	close(fd);
	return t1 - t0;
}

static void once(unsigned int i)
{
	double cost[NR_KINDS];
	unsigned int kind;

	connect_once(cost);
	cost[REFUSED] = refused_once();
	cost[UNIX_CONNECT] = unix_once();
	for (kind = 0; kind < NR_KINDS; kind++)
		samples[kind][i] = cost[kind];
}

static void call_each(void)
{
	unsigned int i;

	for (i = 0; i < WARM_UP; i++)
		once(i);
	for (i = 0; i < calls; i++)
		once(i);
}

static void call_conn(void)
{
	double cost[NR_KINDS];
	unsigned int i;

	for (i = 0; i < iterations; i++)
		connect_once(cost);
}

/* In a process of its own, since a session does not trace its opener. */
static pid_t in_child(void (*workload)(void))
{
	pid_t pid = fork();
	int status;

	check(pid >= 0, "fork");
	if (!pid) {
		workload();
		_exit(0);
	}
	check(waitpid(pid, &status, 0) == pid, "waitpid");
	if (status)
		die("the workload failed");
	return pid;
}

/* --- what is measured ------------------------------------------------------ */

/* One row of the table. */
struct setup {
	const char *label, *key;
	bool loaded; /* the module */
	unsigned int sessions;
	unsigned int rules; /* that look at the process, and never match */
	uint32_t default_action;
	uint32_t events; /* 0: all */
	bool processes; /* PROCESS records, too */
	bool paths; /* PATH records, too */
	unsigned int records; /* of one turn of the workload, at each session */

	double value[NR_KINDS][MAX_ROUNDS];
};

#define CALLS (SOCKTRACE_EVENT_BIT(SOCKTRACE_SOCKET) |                         \
	       SOCKTRACE_EVENT_BIT(SOCKTRACE_CONNECT) |                        \
	       SOCKTRACE_EVENT_BIT(SOCKTRACE_ACCEPT4))
/* One turn: 3 sockets, 3 connects (each with its LSM hook), 2 accepts. */
#define TURN 8
#define TURN_ALL (TURN + 3)

#define ALL(nr_sessions, nr_rules)                                             \
	.loaded = true, .sessions = nr_sessions, .rules = nr_rules,            \
	.default_action = SOCKTRACE_ACCEPT, .records = TURN_ALL

static struct setup setups[] = {
	{ .label = "module not loaded", .key = "unloaded" },
	{ .label = "loaded, nobody reads", .key = "loaded", .loaded = true },
	{ .label = "1 session, the calls", .key = "calls", .loaded = true, .sessions = 1,
	  .default_action = SOCKTRACE_REJECT, .events = CALLS, .records = TURN },
	{ .label = "  and their programs", .key = "processes", .loaded = true, .sessions = 1,
	  .default_action = SOCKTRACE_REJECT, .events = CALLS, .records = TURN,
	  .processes = true },
	{ .label = "  and their peers' paths", .key = "paths", .loaded = true, .sessions = 1,
	  .default_action = SOCKTRACE_REJECT, .events = CALLS, .records = TURN,
	  .paths = true },
	{ .label = "1 session, all events", .key = "all", ALL(1, 0) },
	{ .label = "  rejected at entry", .key = "rejected", .loaded = true, .sessions = 1,
	  .default_action = SOCKTRACE_REJECT, .rules = 1 },
	{ .label = "  1 rule does not match", .key = "rules_1", ALL(1, 1) },
	{ .label = "  8 rules do not match", .key = "rules_8", ALL(1, 8) },
	{ .label = "  64 rules do not match", .key = "rules_64", ALL(1, 64) },
	{ .label = "2 sessions, all events", .key = "sessions_2", ALL(2, 0) },
	{ .label = "10 sessions, all events", .key = "sessions_10", ALL(10, 0) },
};
#define NR_SETUPS (sizeof(setups) / sizeof(setups[0]))

/* What the other rows are compared with. */
#define BASE (&setups[0])

static const char *module_file; /* NULL: as modprobe finds it */

static void command(const char *line)
{
	if (system(line))
		die("%s failed", line);
}

static void load(void)
{
	if (!module_file) {
		command("modprobe socktrace");
		return;
	}
	errno = module_load(module_file, "");
	check(!errno, module_file);
}

static void unload(void)
{
	if (!module_file) {
		command("rmmod socktrace");
		return;
	}
	errno = module_unload("socktrace");
	check(!errno, "rmmod");
}

static void set_filter(int fd, const struct setup *setup)
{
	struct socktrace_rule rules[SOCKTRACE_MAX_RULES] = { 0 };
	struct socktrace_filter filter = {
		.nr_rules = setup->rules,
		.rule_size = sizeof(rules[0]),
		.default_action = setup->default_action,
		.rules = (uintptr_t)rules,
	};
	unsigned int i;

	for (i = 0; i < setup->rules; i++) {
		rules[i].match = SOCKTRACE_MATCH_TGID;
		rules[i].tgid = 1; /* one that is there, and makes no such call */
		rules[i].action = setup->default_action == SOCKTRACE_ACCEPT ?
					  SOCKTRACE_REJECT : SOCKTRACE_ACCEPT;
	}
	if (setup->events) {
		rules[i].match = SOCKTRACE_MATCH_EVENTS;
		rules[i].events = setup->events;
		rules[i].action = SOCKTRACE_ACCEPT;
		filter.nr_rules++;
	}
	check(!ioctl(fd, SOCKTRACE_IOC_SET_FILTER, &filter), "SET_FILTER");
}

static int session_open(const struct setup *setup)
{
	struct socktrace_config config = {
		.records_per_cpu = (calls + WARM_UP) * TURN_ALL,
		.flags = (setup->processes ? SOCKTRACE_CONFIG_PROCESSES : 0) |
			 (setup->paths ? SOCKTRACE_CONFIG_PATHS : 0),
	};
	int fd = checked(open(SOCKTRACE_DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK),
			 SOCKTRACE_DEVICE);

	check(!ioctl(fd, SOCKTRACE_IOC_SET_CONFIG, &config), "SET_CONFIG");
	set_filter(fd, setup);
	check(!ioctl(fd, SOCKTRACE_IOC_START), "START");
	return fd;
}

/* A figure of a run that lost something would be too good. */
static void session_check(int fd, const struct setup *setup)
{
	uint64_t expected = (uint64_t)setup->records * (calls + WARM_UP);
	struct socktrace_stats stats;

	check(!ioctl(fd, SOCKTRACE_IOC_STOP), "STOP");
	check(!ioctl(fd, SOCKTRACE_IOC_GET_STATS, &stats), "GET_STATS");
	if (stats.dropped || stats.missed || stats.queued != expected)
		die("%s: %llu records, not %llu (dropped %llu, missed %llu)",
		    setup->label, (unsigned long long)stats.queued,
		    (unsigned long long)expected, (unsigned long long)stats.dropped,
		    (unsigned long long)stats.missed);
	close(fd);
}

static void measure(struct setup *setup, unsigned int round)
{
	int fd[MAX_SESSIONS];
	unsigned int i, kind;

	for (i = 0; i < setup->sessions; i++)
		fd[i] = session_open(setup);
	/* The kernel patches itself with some delay; and RCU's work is done. */
	sleep_ms(500);
	in_child(call_each);
	for (i = 0; i < setup->sessions; i++)
		session_check(fd[i], setup);
	for (kind = 0; kind < NR_KINDS; kind++)
		setup->value[kind][round] = middle_mean(samples[kind], calls);
}

/* --- a live reader --------------------------------------------------------- */

struct live {
	const char *label, *key, *format; /* format NULL: no reader */
	bool stopped; /* the reader, while the calls are made, and not counted */
	double value[MAX_ROUNDS]; /* per traced call */
};

static struct live lives[] = {
	{ .label = "no reader", .key = "none" },
	{ .label = "a reader that is stopped", .key = "stopped", .format = "json",
	  .stopped = true },
	{ .label = "socktrace-read -o json > FILE", .key = "json", .format = "json" },
	{ .label = "socktrace-read -o text > FILE", .key = "text", .format = "text" },
};
#define NR_LIVES (sizeof(lives) / sizeof(lives[0]))

static pid_t start_reader(const struct live *live)
{
	char records[16];
	pid_t pid = fork();
	int fd;

	check(pid >= 0, "fork");
	if (pid)
		return pid;
	fd = checked(open(OUTPUT, O_WRONLY | O_CREAT | O_TRUNC, 0644), OUTPUT);
	dup2(fd, STDOUT_FILENO);
	/* A stopped one leaves all in the ring; else it is as users run it. */
	snprintf(records, sizeof(records), "%u", iterations * NR_CONN);
	if (live->stopped)
		execlp("socktrace-read", "socktrace-read", "-o", live->format,
		       "--records", records, (char *)NULL);
	else
		execlp("socktrace-read", "socktrace-read", "-o", live->format,
		       (char *)NULL);
	_exit(127);
}

static void wait_for_start(void)
{
	int fd = checked(open(SOCKTRACE_DEVICE, O_RDWR | O_CLOEXEC), SOCKTRACE_DEVICE);
	struct socktrace_info info = { 0 };
	unsigned int i;

	for (i = 0; i < 100 && !info.started; i++) {
		sleep_ms(100);
		check(!ioctl(fd, SOCKTRACE_IOC_GET_INFO, &info), "GET_INFO");
	}
	if (!info.started)
		die("socktrace-read does not start");
	close(fd);
}

static off_t output_size(void)
{
	struct stat st;

	return stat(OUTPUT, &st) ? 0 : st.st_size;
}

/* Until nothing more is written for half a second. */
static void wait_for_drain(void)
{
	off_t before;

	do {
		before = output_size();
		sleep_ms(500);
	} while (output_size() != before);
}

/* Each call that was made has its line. */
static void check_output(pid_t child, const char *format)
{
	static const char *const calls_seen[] = { "socket", "connect", "accept4" };
	char pattern[64], line[4096];
	unsigned int seen[3] = { 0 }, i;
	FILE *f = fopen(OUTPUT, "r");

	check(f, OUTPUT);
	snprintf(pattern, sizeof(pattern), "%d", child);
	while (fgets(line, sizeof(line), f)) {
		if (!strstr(line, pattern))
			continue;
		for (i = 0; i < 3; i++) {
			char name[32];

			snprintf(name, sizeof(name),
				 strcmp(format, "json") ? " %s(" : "\"%s\"",
				 calls_seen[i]);
			seen[i] += !!strstr(line, name);
		}
	}
	fclose(f);
	for (i = 0; i < 3; i++)
		if (seen[i] < iterations)
			die("-o %s: of %u %s() only %u were told", format, iterations,
			    calls_seen[i], seen[i]);
}

static void measure_live(struct live *live, unsigned int round)
{
	pid_t reader = 0, child;
	uint64_t start;

	unlink(OUTPUT);
	if (live->format) {
		reader = start_reader(live);
		wait_for_start();
	}
	sleep_ms(1000);
	if (live->stopped)
		kill(reader, SIGSTOP);
	start = busy();
	child = in_child(call_conn);
	wait_for_drain();
	live->value[round] = (double)(busy() - start) / (iterations * NR_CONN);
	if (!reader)
		return;
	kill(reader, SIGCONT);
	wait_for_drain();
	check(!kill(reader, SIGINT) && waitpid(reader, NULL, 0) == reader, "socktrace-read");
	check_output(child, live->format);
}

/* --- the tables ------------------------------------------------------------ */

static double cost(const struct setup *setup, unsigned int kind)
{
	return median(setup->value[kind], rounds);
}

static double added(const struct setup *setup, unsigned int kind)
{
	return cost(setup, kind) - cost(BASE, kind);
}

static double conn_mean(const struct setup *setup,
			double (*of)(const struct setup *setup, unsigned int kind))
{
	double sum = 0;
	unsigned int kind;

	for (kind = 0; kind < NR_CONN; kind++)
		sum += of(setup, kind);
	return sum / NR_CONN;
}

/* The widest that two rounds are apart, in per cent of the whole call. */
static double noise(void)
{
	double worst = 0;
	size_t s;
	unsigned int kind, round;

	for (s = 0; s < NR_SETUPS; s++)
		for (kind = 0; kind < NR_KINDS; kind++)
			for (round = 0; round < rounds; round++) {
				double whole = cost(&setups[s], kind);
				double off = setups[s].value[kind][round] - whole;

				off = (off < 0 ? -off : off) / whole;
				worst = off > worst ? off : worst;
			}
	return worst * 100;
}

static void print_row(const struct setup *setup,
		      double (*of)(const struct setup *setup, unsigned int kind))
{
	const char *format = of == cost ? "%9.0f" : "%+9.0f";
	unsigned int kind;

	printf("%-26s", setup->label);
	/* + 0.0: no minus before a rounded zero. */
	printf(format, nearbyint(conn_mean(setup, of)) + 0.0);
	fputs(" |", stdout);
	for (kind = 0; kind < NR_KINDS; kind++)
		printf(format, nearbyint(of(setup, kind)) + 0.0);
	putchar('\n');
}

static void print_text(const char *kernel, bool with_live)
{
	unsigned int kind;
	size_t i;

	printf("Instructions per call, Linux %s.  Mean: of socket, connect, accept4.\n\n",
	       kernel);
	printf("%-26s%9s |", "", "mean");
	for (kind = 0; kind < NR_KINDS; kind++)
		printf("%9s", kind_names[kind]);
	putchar('\n');
	print_row(BASE, cost);
	puts("added to that:");
	for (i = 1; i < NR_SETUPS; i++)
		print_row(&setups[i], added);
	printf("\nRounds differ by at most %.2f %% of a call.\n", noise());
	if (!with_live)
		return;
	puts("\nAll CPU time per call, a live reader's included:");
	for (i = 0; i < NR_LIVES; i++) {
		double whole = median(lives[i].value, rounds);

		printf("  %-32s%8.0f", lives[i].label, whole);
		if (i)
			printf("%+9.0f", whole - median(lives[0].value, rounds));
		putchar('\n');
	}
}

static void print_json(const char *kernel, bool with_live)
{
	unsigned int kind;
	size_t i;

	printf("{\"kernel\":\"%s\",\"rounds\":%u,\"calls\":%u,\"noise_percent\":%.3f,"
	       "\"setups\":{", kernel, rounds, calls, noise());
	for (i = 0; i < NR_SETUPS; i++) {
		printf("%s\"%s\":{\"mean\":%.1f,\"added\":%.1f", i ? "," : "",
		       setups[i].key, conn_mean(&setups[i], cost),
		       conn_mean(&setups[i], added));
		for (kind = 0; kind < NR_KINDS; kind++)
			printf(",\"%s\":{\"mean\":%.1f,\"added\":%.1f}", kind_keys[kind],
			       cost(&setups[i], kind), added(&setups[i], kind));
		putchar('}');
	}
	putchar('}');
	for (i = 0; with_live && i < NR_LIVES; i++) {
		double whole = median(lives[i].value, rounds);

		printf("%s\"%s\":{\"mean\":%.1f,\"added\":%.1f}%s",
		       i ? "," : ",\"live\":{", lives[i].key, whole,
		       whole - median(lives[0].value, rounds),
		       i == NR_LIVES - 1 ? "}" : "");
	}
	puts("}");
}

static unsigned int number(const char *text, unsigned int max)
{
	char *end;
	unsigned long n = text ? strtoul(text, &end, 10) : 0;

	if (!text || *end || n < 1 || n > max)
		die("%s: must be 1 to %u", text ? text : "a number", max);
	return n;
}

int main(int argc, char **argv)
{
	bool json = false, with_live = true;
	struct utsname name;
	unsigned int round, kind;
	size_t i;

	for (i = 1; i < (size_t)argc; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
		else if (!strcmp(argv[i], "--no-live"))
			with_live = false;
		else if (!strcmp(argv[i], "--rounds"))
			rounds = number(argv[++i], MAX_ROUNDS);
		else if (!strcmp(argv[i], "--calls"))
			calls = number(argv[++i], 5000);
		else if (!strcmp(argv[i], "--iterations"))
			iterations = number(argv[++i], 1000000);
		else if (!strcmp(argv[i], "--module") && argv[i + 1])
			module_file = argv[++i];
		else
			die("unknown option %s", argv[i]);
	}
	uname(&name);
	for (kind = 0; kind < NR_KINDS; kind++) {
		samples[kind] = mmap(NULL, calls * sizeof(double), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		check(samples[kind] != MAP_FAILED, "mmap");
	}
	seed();
	make_listeners();
	/* Newer kernels have much to do for themselves after the boot. */
	sleep_ms(30000);
	in_child(call_each);

	for (round = 0; round < rounds; round++) {
		for (i = 0; i < NR_SETUPS; i++) {
			if (i && setups[i].loaded && !setups[i - 1].loaded)
				load();
			measure(&setups[i], round);
		}
		for (i = 0; with_live && i < NR_LIVES; i++)
			measure_live(&lives[i], round);
		unload();
	}
	if (json)
		print_json(name.release, with_live);
	else
		print_text(name.release, with_live);
	return 0;
}
