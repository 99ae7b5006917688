// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

#include <sys/socket.h>

#include "filter_build.h"
#include "options.h"

static struct options options;
static char message[256];

/* Parses the words up to NULL. */
static enum options_result parse(const char *first, ...)
{
	static char *argv[80];
	int argc = 0;
	const char *word;
	va_list args;

	argv[argc++] = (char *)"socktrace-read";
	va_start(args, first);
	for (word = first; word; word = va_arg(args, const char *))
		argv[argc++] = (char *)word;
	va_end(args);
	argv[argc] = NULL;
	message[0] = '\0';
	return options_parse(&options, argc, argv, message, sizeof(message));
}

/* Each wrong use is refused in words that name the culprit and what is allowed. */
#define assert_wrong(culprit, allowed, ...)                                     \
	do {                                                                    \
		assert_int_equal(parse(__VA_ARGS__, NULL), OPTIONS_WRONG);      \
		assert_non_null(strstr(message, culprit));                      \
		assert_non_null(strstr(message, allowed));                      \
		assert_null(strchr(message, '\n'));                             \
	} while (0)

#define DEFAULT                                                                 \
	(1U << SOCKTRACE_SOCKET | 1U << SOCKTRACE_CONNECT |                     \
	 1U << SOCKTRACE_ACCEPT4 | 1U << SOCKTRACE_ADDR_MISMATCH)

static void defaults(void **state)
{
	(void)state;
	assert_int_equal(parse(NULL), OPTIONS_RUN);
	assert_int_equal(options.events, DEFAULT);
	assert_int_equal(options.families, 0);
	assert_int_equal(options.nr_pids, 0);
	assert_int_equal(options.format, FORMAT_TEXT);
	assert_null(options.file);
	assert_null(options.command);
	assert_string_equal(options.device, "/dev/socktrace");
	assert_int_equal(options.latency_ms, 20);
	assert_int_equal(options.records, 0);
	assert_int_equal(options.count, 0);
	assert_false(options.follow || options.enter || options.stats || options.quiet);
}

static void everything(void **state)
{
	(void)state;
	assert_int_equal(parse("-e", "connect,accept", "--event=socket", "-p1,22", "-p", "22",
			       "-f", "--family", "inet,UNIX,63", "-o", "json:/tmp/a:b",
			       "--enter", "--stats", "-n", "7", "-q", "--color", "always",
			       "--device", "/x", "--records", "128", "--latency=0", NULL),
			 OPTIONS_RUN);
	assert_int_equal(options.events, 1U << SOCKTRACE_CONNECT | 1U << SOCKTRACE_ACCEPT4 |
						 1U << SOCKTRACE_SOCKET);
	assert_int_equal(options.nr_pids, 2);
	assert_int_equal(options.pids[0], 1);
	assert_int_equal(options.pids[1], 22);
	assert_true(options.families == (1ULL << AF_INET | 1ULL << AF_UNIX | 1ULL << 63));
	assert_int_equal(options.format, FORMAT_JSON);
	assert_string_equal(options.file, "/tmp/a:b");
	assert_true(options.follow && options.enter && options.stats && options.quiet);
	assert_int_equal(options.count, 7);
	assert_int_equal(options.color, COLOR_ALWAYS);
	assert_string_equal(options.device, "/x");
	assert_int_equal(options.records, 128);
	assert_int_equal(options.latency_ms, 0);
	assert_int_equal(parse("-e", "all", NULL), OPTIONS_RUN);
	assert_int_equal(options.events, SOCKTRACE_EVENTS_ALL);
	assert_int_equal(parse("--help", NULL), OPTIONS_HELP);
	assert_int_equal(parse("-V", NULL), OPTIONS_VERSION);
}

/* What stands behind -- is the command's, options too. */
static void command(void **state)
{
	(void)state;
	assert_int_equal(parse("-q", "--", "ls", "-e", "--bad", NULL), OPTIONS_RUN);
	assert_true(options.quiet);
	assert_string_equal(options.command[0], "ls");
	assert_string_equal(options.command[2], "--bad");
	assert_null(options.command[3]);
	assert_wrong("'ls'", "after --", "ls");
	assert_wrong("'ls'", "after --", "-q", "ls", "--", "x");
	assert_wrong("command", "'--'", "-q", "--");
	assert_wrong("-p", "only one", "-p", "1", "--", "ls");
}

static void wrong_values(void **state)
{
	char many[400] = "1";
	int i;

	(void)state;
	assert_wrong("'bind'", "socket, connect, accept4", "-e", "connect,bind");
	assert_wrong("'lost'", "addr_mismatch, all", "-e", "lost");
	assert_wrong("''", "socket", "-e", "");
	assert_wrong("''", "socket", "-e", "connect,");
	assert_wrong("'0'", "1 to 4194304", "-p", "0");
	assert_wrong("'-5'", "1 to 4194304", "-p", "-5");
	assert_wrong("'12x'", "1 to 4194304", "-p", "1,12x");
	assert_wrong("'4194305'", "1 to 4194304", "-p", "4194305");
	assert_wrong("'99999999999999999999'", "1 to", "-p", "99999999999999999999");
	for (i = 2; i <= 65; i++)
		sprintf(many + strlen(many), ",%d", i);
	assert_wrong("'65'", "at most 64", "-p", many);
	assert_wrong("'foo'", "inet, inet6, unix", "--family", "inet,foo");
	assert_wrong("'64'", "0 to 63", "--family", "64");
	assert_wrong("'xml'", "text or json", "-o", "xml");
	assert_wrong("'jsonx'", "text or json", "-o", "jsonx:/x");
	assert_wrong("'json:'", "standard output", "-o", "json:");
	assert_wrong("'text'", "twice", "-o", "json", "-o", "text");
	assert_wrong("'0'", "from 1", "-n", "0");
	assert_wrong("'3k'", "from 1", "-n", "3k");
	assert_wrong("'blue'", "auto, always or never", "--color", "blue");
	assert_wrong("'0'", "--records", "--records", "0");
	assert_wrong("'4294967296'", "2147483647", "--records", "4294967296");
	assert_wrong("'10001'", "0 to 10000", "--latency", "10001");
	assert_wrong("'1.5'", "0 to 10000", "--latency", "1.5");
	assert_wrong("-f", "-p PID", "-f");
}

static void wrong_options(void **state)
{
	(void)state;
	assert_wrong("'--bogus'", "--help", "--bogus");
	assert_wrong("'--port'", "--help", "--port", "80");
	assert_wrong("'--net'", "--help", "--net", "10.0.0.0/8");
	assert_wrong("'-z'", "--help", "-z");
	assert_wrong("'-z'", "--help", "-qz");
	assert_wrong("'-e'", "EVENT", "-e");
	assert_wrong("'--family'", "FAMILY", "--family");
	assert_wrong("'--stats=3'", "no value", "--stats=3");
}

static void rules(void **state)
{
	struct socktrace_rule made[SOCKTRACE_MAX_RULES];

	(void)state;
	parse(NULL, NULL);
	assert_int_equal(filter_build(&options, 0, made), 1);
	assert_int_equal(made[0].match, SOCKTRACE_MATCH_EVENTS);
	assert_int_equal(made[0].action, SOCKTRACE_ACCEPT);
	assert_int_equal(made[0].events, DEFAULT);

	parse("-e", "socket", "--family", "inet6", "--", "ls", NULL);
	assert_int_equal(filter_build(&options, 4711, made), 1);
	assert_int_equal(made[0].match, SOCKTRACE_MATCH_EVENTS | SOCKTRACE_MATCH_FAMILIES |
						SOCKTRACE_MATCH_ANCESTOR);
	assert_int_equal(made[0].events, 1U << SOCKTRACE_SOCKET);
	assert_int_equal(made[0].ancestor, 4711);
	assert_true(made[0].families == 1ULL << AF_INET6);

	/* Fields without their bit must be 0, or the module refuses the rule. */
	parse("-p", "5,6", NULL);
	assert_int_equal(filter_build(&options, 0, made), 2);
	assert_int_equal(made[1].match, SOCKTRACE_MATCH_EVENTS | SOCKTRACE_MATCH_TGID);
	assert_int_equal(made[0].tgid, 5);
	assert_int_equal(made[1].tgid, 6);
	assert_int_equal(made[1].ancestor | made[1].tid, 0);
	assert_true(made[1].families == 0);

	parse("-f", "-p", "5,6", NULL);
	assert_int_equal(filter_build(&options, 0, made), 2);
	assert_int_equal(made[1].match, SOCKTRACE_MATCH_EVENTS | SOCKTRACE_MATCH_ANCESTOR);
	assert_int_equal(made[1].ancestor, 6);
	assert_int_equal(made[1].tgid, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),	cmocka_unit_test(everything),
		cmocka_unit_test(command),	cmocka_unit_test(wrong_values),
		cmocka_unit_test(wrong_options), cmocka_unit_test(rules),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
