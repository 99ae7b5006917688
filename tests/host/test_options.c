// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

#include <sys/socket.h>

#include "habits.h"
#include "options.h"
#include "rules.h"

static struct options options;
static char message[OPTIONS_MESSAGE_MAX];
static struct socktrace_rule made[SOCKTRACE_MAX_RULES];
static struct filter_error error;

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
	options_free(&options);
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
	 1U << SOCKTRACE_ACCEPT4 | 1U << SOCKTRACE_ADDR_MISMATCH |              \
	 1U << SOCKTRACE_SOCKETPAIR | 1U << SOCKTRACE_CONNECTED)

static void defaults(void **state)
{
	(void)state;
	assert_int_equal(parse(NULL), OPTIONS_RUN);
	assert_null(options.filter);
	assert_int_equal(filter_build(&options, 0, made, &error), 1);
	assert_int_equal(made[0].events, DEFAULT);
	assert_false(options.explain || options.inflight || options.selftest);
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
	assert_int_equal(filter_build(&options, 0, made, &error), 2);
	assert_int_equal(made[1].events, 1U << SOCKTRACE_CONNECT | 1U << SOCKTRACE_ACCEPT4 |
						 1U << SOCKTRACE_SOCKET);
	assert_int_equal(made[0].ancestor, 1);
	assert_int_equal(made[1].ancestor, 22);
	assert_true(made[1].families == (1ULL << AF_INET | 1ULL << AF_UNIX | 1ULL << 63));
	assert_int_equal(options.format, FORMAT_JSON);
	assert_string_equal(options.file, "/tmp/a:b");
	assert_true(options.follow && options.enter && options.stats && options.quiet);
	assert_int_equal(options.count, 7);
	assert_int_equal(options.color, COLOR_ALWAYS);
	assert_string_equal(options.device, "/x");
	assert_int_equal(options.records, 128);
	assert_int_equal(options.latency_ms, 0);
	assert_int_equal(parse("-e", "all", NULL), OPTIONS_RUN);
	assert_int_equal(filter_build(&options, 0, made, &error), 1);
	assert_int_equal(made[0].events, SOCKTRACE_EVENTS_ALL);
	assert_int_equal(parse("--selftest", "-o", "json", NULL), OPTIONS_RUN);
	assert_true(options.selftest);
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
	/* So is all from the first word on that is no option. */
	assert_int_equal(parse("-q", "ls", "-e", "--", "x", NULL), OPTIONS_RUN);
	assert_string_equal(options.command[0], "ls");
	assert_string_equal(options.command[2], "--");
	assert_wrong("'port'", "--filter 'port ...'", "port", "80");
	assert_wrong("'connect'", "after --", "-q", "connect");
	assert_wrong("'not'", "--filter", "not", "port", "22");
	assert_int_equal(parse("--", "port", "80", NULL), OPTIONS_RUN);
	assert_string_equal(options.command[0], "port");
	assert_wrong("command", "'--'", "-q", "--");
	assert_wrong("-p", "only one", "-p", "1", "--", "ls");
	assert_wrong("-p", "only one", "-p", "1", "ls");
}

/* As fingers know them from elsewhere. */
static void habits(void **state)
{
	(void)state;
	assert_int_equal(parse("-j", "-4", "-6", "-Z", "-p", " 5 6\n7 ", NULL), OPTIONS_RUN);
	assert_int_equal(options.format, FORMAT_JSON);
	assert_int_equal(filter_build(&options, 0, made, &error), 3);
	assert_int_equal(made[2].tgid, 7);
	assert_true(made[2].match & SOCKTRACE_MATCH_FAILED);
	assert_true(made[2].families == (1ULL << AF_INET | 1ULL << AF_INET6));
	assert_wrong("no process", "pidof", "-p", " \n");
	assert_int_equal(parse("-z", "-e", "trace=connect,accept", "-et=socket", NULL), OPTIONS_RUN);
	assert_int_equal(filter_build(&options, 0, made, &error), 1);
	assert_true(made[0].match & SOCKTRACE_MATCH_OK);
	assert_int_equal(made[0].events, 1U << SOCKTRACE_CONNECT | 1U << SOCKTRACE_ACCEPT4 |
						 1U << SOCKTRACE_SOCKET);
	assert_int_equal(parse("-e", "%net", NULL), OPTIONS_RUN);
	assert_int_equal(filter_build(&options, 0, made, &error), 1);
	assert_int_equal(made[0].events,
			 SOCKTRACE_EVENTS_ALL & ~(1U << SOCKTRACE_SECURITY_SOCKET_CONNECT));
	/* All that is told by default but these: naming them asks for nothing. */
	assert_int_equal(parse("-e", "trace=!connect,bind", "-e", "!accept", NULL), OPTIONS_RUN);
	assert_int_equal(filter_build(&options, 0, made, &error), 1);
	assert_int_equal(made[0].events,
			 DEFAULT & ~(1U << SOCKTRACE_CONNECT | 1U << SOCKTRACE_ACCEPT4));
	assert_int_equal(parse("-e", "all", "-e", "!connect", NULL), OPTIONS_RUN);
	assert_int_equal(filter_build(&options, 0, made, &error), 1);
	assert_int_equal(made[0].events, SOCKTRACE_EVENTS_ALL & ~(1U << SOCKTRACE_CONNECT));
	assert_int_equal(parse("-e", "!all", NULL), OPTIONS_RUN);
	assert_int_equal(filter_build(&options, 0, made, &error), 0);
	assert_wrong("'conect'", "(socket, connect, ", "-e", "!conect");
	assert_wrong("'signal=none'", "(socket, connect, ", "-e", "signal=none");
}

/* Other tools' options are refused by a hint, each; none of them is one of ours. */
static void foreign_options(void **state)
{
	const char *name;
	unsigned int row, other;
	char word[64];

	(void)state;
	for (row = 0; (name = habits_name(row)); row++) {
		bool letter = !name[1];
		const char *hint = habits_hint(name, strlen(name));

		snprintf(word, sizeof(word), "%s%s", letter ? "-" : "--", name);
		assert_wrong(word, hint, word);
		for (other = 0; other < row; other++)
			assert_string_not_equal(habits_name(other), name);
		snprintf(word, sizeof(word), letter ? "-q%s" : "--%s=1", name);
		assert_wrong(letter ? name : word, hint, word);
	}
	assert_true(row > 60);
	assert_null(habits_hint("bogus", 5));
	assert_wrong("'--interface'", "--net", "--interface", "eth0");
}

static void outputs(void **state)
{
	(void)state;
	assert_int_equal(parse("-o", "/tmp/a:b", NULL), OPTIONS_RUN);
	assert_int_equal(options.format, FORMAT_TEXT);
	assert_string_equal(options.file, "/tmp/a:b");
	assert_int_equal(parse("-o", "a.log", "-j", NULL), OPTIONS_RUN);
	assert_int_equal(options.format, FORMAT_JSON);
	assert_string_equal(options.file, "a.log");
	assert_int_equal(parse("-o", "-", "-o", "json", NULL), OPTIONS_RUN);
	assert_string_equal(options.file, "-");
	assert_int_equal(parse("-o", "json:text", NULL), OPTIONS_RUN);
	assert_string_equal(options.file, "text");
	assert_wrong("'xml'", "./xml", "-o", "xml:/tmp/x");
	assert_wrong("''", "text or json", "-o", "");
	assert_wrong("'b.c'", "two files", "-o", "json:a", "-o", "b.c");
	assert_wrong("two formats", "one output", "-j", "-o", "text");
}

static void wrong_values(void **state)
{
	char many[400] = "1";
	int i;

	(void)state;
	assert_wrong("'sendto'", "(socket, connect, accept4, ", "-e", "connect,sendto");
	assert_wrong("'lost'", ", all)", "-e", "lost");
	assert_wrong("''", "socket", "-e", "");
	assert_wrong("''", "socket", "-e", "connect,");
	assert_wrong("'0'", "1 to 4194304", "-p", "0");
	assert_wrong("'-5'", "1 to 4194304", "-p", "-5");
	assert_wrong("'12x'", "1 to 4194304", "-p", "1,12x");
	assert_wrong("'4194305'", "1 to 4194304", "-p", "4194305");
	assert_wrong("'99999999999999999999'", "1 to", "-p", "99999999999999999999");
	for (i = 2; i <= 65; i++)
		sprintf(many + strlen(many), ",%d", i);
	assert_int_equal(parse("-p", many, NULL), OPTIONS_RUN);
	assert_int_equal(filter_build(&options, 0, made, &error), -1);
	assert_string_equal(error.text, "needs 65 rules, the kernel takes 64");
	*strrchr(many, ',') = '\0';
	assert_int_equal(parse("-p", many, NULL), OPTIONS_RUN);
	assert_int_equal(filter_build(&options, 0, made, &error), 64);
	assert_int_equal(made[63].tgid, 64);
	assert_wrong("'foo'", "inet, inet6, unix", "--family", "inet,foo");
	assert_wrong("'64'", "0 to 63", "--family", "64");
	assert_wrong("'xml'", "text or json", "-o", "xml");
	assert_wrong("'jsonx'", "text or json", "-o", "jsonx:/x");
	assert_wrong("'json:'", "standard output", "-o", "json:");
	assert_wrong("'0'", "from 1", "-n", "0");
	assert_wrong("'3k'", "from 1", "-n", "3k");
	assert_wrong("'blue'", "auto, always or never", "--color", "blue");
	assert_wrong("'0'", "--records", "--records", "0");
	assert_wrong("'4294967296'", "2147483647", "--records", "4294967296");
	assert_wrong("'10001'", "0 to 10000", "--latency", "10001");
	assert_wrong("'1.5'", "0 to 10000", "--latency", "1.5");
	assert_wrong("-f", "-p PID", "-f");
	assert_wrong("--wait-all", "COMMAND", "--wait-all");
	assert_wrong("--user", "--uid NAME", "--user", "root");
	assert_wrong("'x'", "from 1", "--ready-fd", "x");
}

static void wrong_options(void **state)
{
	(void)state;
	assert_wrong("'--bogus'", "--help", "--bogus");
	assert_wrong("'--port'", "--rport", "--port", "80");
	assert_wrong("'--nett'", "--help", "--nett", "10.0.0.0/8");
	assert_wrong("'--net'", "NET[,NET]", "--net");
	assert_wrong("'-u'", "USER", "-u");
	assert_wrong("'--failed=3'", "no value", "--failed=3");
	assert_wrong("'--json=3'", "no value", "--json=3");
	assert_wrong("--inflight", "no conditions", "--inflight", "-u", "0");
	assert_wrong("--inflight", "no command", "--inflight", "--", "ls");
	assert_wrong("--selftest", "no conditions", "--selftest", "-e", "socket");
	assert_wrong("--selftest", "no conditions", "--selftest", "--filter", "ok");
	assert_wrong("--selftest", "no command", "--selftest", "--", "ls");
	assert_wrong("--selftest", "no command", "--selftest", "--inflight");
	assert_wrong("'-J'", "--help", "-J");
	assert_wrong("'-J'", "--help", "-qJ");
	assert_wrong("'-e'", "EVENT", "-e");
	assert_wrong("'--family'", "FAMILY", "--family");
	assert_wrong("'--stats=3'", "no value", "--stats=3");
}

static void rules(void **state)
{
	(void)state;
	parse(NULL, NULL);
	assert_int_equal(filter_build(&options, 0, made, &error), 1);
	assert_int_equal(made[0].match, SOCKTRACE_MATCH_EVENTS);
	assert_int_equal(made[0].action, SOCKTRACE_ACCEPT);
	assert_int_equal(made[0].events, DEFAULT);
	assert_int_equal(filter_events(made, 1), DEFAULT);

	parse("-e", "socket", "--family", "inet6", "--", "ls", NULL);
	assert_int_equal(filter_build(&options, 4711, made, &error), 1);
	assert_int_equal(made[0].match, SOCKTRACE_MATCH_EVENTS | SOCKTRACE_MATCH_FAMILIES |
						SOCKTRACE_MATCH_ANCESTOR);
	assert_int_equal(made[0].events, 1U << SOCKTRACE_SOCKET);
	assert_int_equal(made[0].ancestor, 4711);
	assert_true(made[0].families == 1ULL << AF_INET6);

	/* Fields without their bit must be 0, or the module refuses the rule. */
	parse("-p", "5,6", NULL);
	assert_int_equal(filter_build(&options, 0, made, &error), 2);
	assert_int_equal(made[1].match, SOCKTRACE_MATCH_EVENTS | SOCKTRACE_MATCH_TGID);
	assert_int_equal(made[0].tgid, 5);
	assert_int_equal(made[1].tgid, 6);
	assert_int_equal(made[1].ancestor | made[1].tid, 0);
	assert_true(made[1].families == 0);

	parse("-f", "-p", "5,6", NULL);
	assert_int_equal(filter_build(&options, 0, made, &error), 2);
	assert_int_equal(made[1].match, SOCKTRACE_MATCH_EVENTS | SOCKTRACE_MATCH_ANCESTOR);
	assert_int_equal(made[1].ancestor, 6);
	assert_int_equal(made[1].tgid, 0);
}

/* Options are ANDed with each other and with --filter, their values are ORed. */
static void options_and_filter(void **state)
{
	char words[FILTER_WORDS_MAX];

	(void)state;
	parse("-e", "connect", "-u", "0,5-6,7", "--failed", "--filter", "net 10/8 or pid 3",
	      "--filter", "not exit or tid 4", NULL);
	assert_int_equal(filter_build(&options, 0, made, &error), 4);
	filter_words(words, &made[3]);
	assert_string_equal(words,
			    "event connect and pid 3 and user 5-7 and failed and tid 4");
	/* Naming an event asks for it; naming entries asks for them. */
	parse("--filter", "security_socket_connect and uid 0 or enter", NULL);
	assert_true(options.enter);
	assert_int_equal(filter_build(&options, 0, made, &error), 2);
	assert_int_equal(filter_events(made, 2), SOCKTRACE_EVENTS_DEFAULT);
	/* Events that are not told by default, by their name alone. */
	parse("-e", "bind,listen", NULL);
	assert_int_equal(filter_build(&options, 0, made, &error), 1);
	assert_int_equal(filter_events(made, 1), SOCKTRACE_EVENT_BIT(SOCKTRACE_BIND) |
							 SOCKTRACE_EVENT_BIT(SOCKTRACE_LISTEN));
	parse("--filter", "not socket", NULL);
	assert_int_equal(filter_build(&options, 0, made, &error), 1);
	assert_false(filter_events(made, 1) & SOCKTRACE_EVENT_BIT(SOCKTRACE_BIND));
	parse("--filter", "listen and failed", NULL);
	assert_int_equal(filter_build(&options, 0, made, &error), 1);
	assert_int_equal(filter_events(made, 1), SOCKTRACE_EVENT_BIT(SOCKTRACE_LISTEN));
	/* -e says it for all. */
	parse("-e", "socket", "--filter", "connect", NULL);
	assert_false(options.enter);
	assert_int_equal(filter_build(&options, 0, made, &error), 0);
	parse("--ok", "--failed", NULL);
	assert_int_equal(filter_build(&options, 0, made, &error), 0);
}

/* The message, the expression and the mark, each on a line. */
static void filter_mistakes(void **state)
{
	char text[300], *line;

	(void)state;
	assert_int_equal(parse("--filter", "connect and (net 10/8 or pth /run/)", NULL),
			 OPTIONS_WRONG);
	line = strchr(message, '\n');
	assert_memory_equal(message, "--filter: unknown condition 'pth' (event, pid, ", 47);
	assert_string_equal(line + 1, "  connect and (net 10/8 or pth /run/)\n"
				     "                           ^");
	/* Nothing of it moves the cursor; what takes no column does not count. */
	assert_int_equal(parse("--filter", "comm \"\xc3\xa4\n\033[0m\" x", NULL), OPTIONS_WRONG);
	assert_string_equal(message, "--filter: 'and' or 'or' is missing here\n"
				     "  comm \"\xc3\xa4  [0m\" x\n"
				     "                ^");
	/* A long one is shown around the mistake. */
	memset(text, ' ', sizeof(text));
	memcpy(text, "uid 0 or", 8);
	memcpy(text + 250, "here", 4);
	text[299] = '\0';
	assert_int_equal(parse("--filter", text, NULL), OPTIONS_WRONG);
	line = strchr(message, '\n') + 1;
	assert_memory_equal(line, "  ...   ", 8);
	assert_int_equal(strchr(line, '^') - strchr(line, '\n') - 1, strstr(line, "here") - line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),	cmocka_unit_test(everything),
		cmocka_unit_test(command),	cmocka_unit_test(wrong_values),
		cmocka_unit_test(habits),	cmocka_unit_test(outputs),
		cmocka_unit_test(foreign_options),
		cmocka_unit_test(wrong_options), cmocka_unit_test(rules),
		cmocka_unit_test(options_and_filter), cmocka_unit_test(filter_mistakes),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
