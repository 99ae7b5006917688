// SPDX-License-Identifier: GPL-2.0
#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "habits.h"
#include "options_parse.h"

#define DEFAULT_LATENCY_MS 20
#define LATENCY_MS_MAX 10000 /* what the module takes */

static int set_format(struct parse *parse, enum options_format format)
{
	if (parse->format_given && parse->options->format != format)
		return wrong(parse, "two formats: text and json (there is one output)");
	parse->format_given = true;
	parse->options->format = format;
	return 0;
}

static int set_file(struct parse *parse, const char *path)
{
	if (parse->options->file)
		return wrong(parse, "-o: two files, at '%s' (there is one output)", path);
	parse->options->file = path;
	return 0;
}

static const char *const formats[] = { [FORMAT_TEXT] = "text", [FORMAT_JSON] = "json" };

/* FORMAT, FORMAT:FILE, or a FILE that can be nothing else. */
static int set_output(struct parse *parse, const char *s)
{
	size_t length = strcspn(s, ":"), i;

	parse->options->output = true;
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strlen(formats[i]) != length || strncmp(s, formats[i], length))
			continue;
		if (set_format(parse, (enum options_format)i))
			return -1;
		if (!s[length])
			return 0;
		if (!s[length + 1])
			return wrong(parse, "-o: no file after '%s' (a path, or - for standard "
					    "output)", s);
		return set_file(parse, s + length + 1);
	}
	if (!strcmp(s, "-") || (length && strcspn(s, "/.") < length))
		return set_file(parse, s);
	return wrong(parse, "-o: unknown format '%.*s' (text or json; a file has a / or a dot in "
			    "its name: ./%.*s)",
		     (int)length, s, (int)length, s);
}

static int set_color(struct parse *parse, const char *s)
{
	if (!strcmp(s, "auto"))
		parse->options->color = COLOR_AUTO;
	else if (!strcmp(s, "always"))
		parse->options->color = COLOR_ALWAYS;
	else if (!strcmp(s, "never"))
		parse->options->color = COLOR_NEVER;
	else
		return wrong(parse, "--color: unknown value '%s' (auto, always or never)", s);
	return 0;
}

static int set_user(struct parse *parse, const char *name)
{
	struct options *options = parse->options;

	if (!*name || strchr(name, ':') ||
	    users_find(&options->user, USERS_PASSWD, name, strlen(name)))
		return wrong(parse, "--user: unknown user '%.64s': not in " USERS_PASSWD
				    " (else: setpriv or runuser, as the command)", name);
	if (users_groups(&options->user, USERS_GROUP, name))
		return wrong(parse, "--user: '%.64s' is in more than %d groups", name,
			     USERS_GROUPS_MAX);
	options->run_as = name;
	return 0;
}

static int set_time(struct parse *parse, const char *s)
{
	parse->options->time = walltime_format_by_name(s);
	if (parse->options->time < 0)
		return wrong(parse, "--time: unknown format '%s' (none, time, date, utc, unix or "
				    "delta)", s);
	return 0;
}

static int set_columns(struct parse *parse, const char *s)
{
	char message[512];

	if (columns_choose(&parse->options->columns, s, message, sizeof(message)))
		return wrong(parse, "--columns: %s", message);
	return 0;
}

static int set_fields(struct parse *parse, const char *s)
{
	char message[OPTIONS_MESSAGE_MAX - 16];

	if (json_fields(&parse->options->fields, s, message, sizeof(message)))
		return wrong(parse, "--fields: %s", message);
	return 0;
}

static int set_number(struct parse *parse, const char *option, const char *s,
		      uint64_t min, uint64_t max, uint64_t *value)
{
	if (value_number(s, strlen(s), min, max, value))
		return wrong(parse, "%s: '%s' is no number from %llu to %llu", option, s,
			     (unsigned long long)min, (unsigned long long)max);
	return 0;
}

/* In millions of bytes, as tcpdump's; with a letter in units of 1024. */
static int set_size(struct parse *parse, const char *s)
{
	static const char letters[] = "kmg";
	size_t length = strlen(s);
	const char *letter = length ? strchr(letters, s[length - 1] | 0x20) : NULL;
	uint64_t unit = letter && *letter ? 1024ULL << 10 * (letter - letters) : 1000000, n;

	if (value_number(s, length - (unit != 1000000), 1, INT32_MAX, &n))
		return wrong(parse, "-C: '%s' is no size (10, in millions of bytes; 64k, 10m, 1g)",
			     s);
	parse->options->rotation.bytes = n * unit;
	return 0;
}

enum { OPT_FILTER = 256, OPT_EXPLAIN, OPT_INFLIGHT, OPT_SELFTEST, OPT_ENTER, OPT_PROCESSES, OPT_STATS,
       OPT_COLUMNS, OPT_FIELDS, OPT_TIME, OPT_DELTA, OPT_USER,
       OPT_WAIT_ALL, OPT_READY, OPT_COLOR, OPT_EVERY, OPT_TOP,
       OPT_DEVICE, OPT_RECORDS, OPT_LATENCY,
       OPT_CONDITION /* and those of the conditions' rows */ };

struct row {
	int code; /* the short option's letter, or an OPT_ of no letter */
	const char *name;
	const char *argument; /* NULL: takes none */
	const char *help;
};
static const struct row rows[] = {
	{ '4', "ipv4", NULL, "as --family inet; with -6: both" },
	{ '6', "ipv6", NULL, "as --family inet6" },
	{ 'f', "follow", NULL, "with -p: their descendants too" },
	{ OPT_FILTER, "filter", "EXPRESSION", "only what this holds for; @FILE: what that has" },
	{ OPT_EXPLAIN, "explain", NULL, "print the rules of all that, and end" },
	{ 'o', "output", "FORMAT[:FILE]", "text or json; or FILE alone, - is standard output" },
	{ 'j', "json", NULL, "as -o json" },
	{ 'c', "summary", NULL, "no lines: who to whom, how often, errors, times" },
	{ OPT_EVERY, "every", "SECONDS", "-c: so often, of what came since the last one" },
	{ OPT_TOP, "top", "SECONDS", "-c --every SECONDS, redrawn on a terminal" },
	{ 'w', "write", "FILE", "records to FILE, for -r; with -o: lines, too" },
	{ 'r', "read", "FILE", "of FILE, which -w wrote, not of the device" },
	{ 'C', "rotate-size", "SIZE", "next file after SIZE (million bytes; k, m, g)" },
	{ 'G', "rotate-seconds", "SECONDS", "next file each time; FILE as of strftime(3)" },
	{ 'W', "rotate-count", "COUNT", "-C: so many files, in a ring; -G: then end" },
	{ 'n', "count", "COUNT", "stop after COUNT events" },
	{ OPT_ENTER, "enter", NULL, "records of entry to a call too" },
	{ OPT_PROCESSES, "processes", NULL, "a line for each program whose calls are told, too" },
	{ OPT_INFLIGHT, "inflight", NULL, "print the calls that did not return yet, and end" },
	{ OPT_SELFTEST, "selftest", NULL, "try each way to make these calls: is it seen?" },
	{ OPT_STATS, "stats", NULL, "statistics at the end and on SIGUSR1" },
	{ 'q', "quiet", NULL, "no banner, no header; losses are reported" },
	{ OPT_COLUMNS, "columns", "LIST", "of the text: time,process,exe,...; help: which" },
	{ OPT_TIME, "time", "TIMES", "none, time, date, utc, unix or delta" },
	{ 't', "absolute-timestamps", NULL, "-tt too: as --time time; -ttt: --time unix" },
	{ OPT_DELTA, "relative-timestamps", NULL, "as --time delta" },
	{ OPT_FIELDS, "fields", "LIST", "of the JSON: time,event,pid,comm,addr,ret,..." },
	{ OPT_COLOR, "color", "WHEN", "auto (default), always or never" },
	{ OPT_USER, "user", "USER", "run COMMAND as this user" },
	{ OPT_WAIT_ALL, "wait-all", NULL, "until all descendants of COMMAND have ended" },
	{ OPT_READY, "ready-fd", "N", "write a newline there once tracing is on" },
	{ OPT_DEVICE, "device", "PATH", "instead of " SOCKTRACE_DEVICE },
	{ OPT_RECORDS, "records", "N", "ring size: records per CPU" },
	{ OPT_LATENCY, "latency", "MS", "longest wait for a full batch (default 20)" },
	{ 'h', "help", NULL, "this text" },
	{ 'V', "version", NULL, "the version" },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))
#define ROWS_ALL (FILTER_CONDS + ROWS)

/* Conditions first, then all else. False: of a condition that is no option. */
static bool get_row(size_t i, struct row *row)
{
	const struct filter_cond *cond;

	if (i >= FILTER_CONDS) {
		*row = rows[i - FILTER_CONDS];
		return true;
	}
	cond = filter_cond((unsigned int)i);
	*row = (struct row){ cond->letter ? cond->letter : OPT_CONDITION + (int)i,
			     cond->option, cond->argument, cond->help };
	return cond->option;
}

/* The condition of the option; NULL: it is none's. */
static const struct filter_cond *condition_of(int code)
{
	struct row row;
	unsigned int i;

	for (i = 0; i < FILTER_CONDS; i++) {
		if (get_row(i, &row) && row.code == code)
			return filter_cond(i);
	}
	return NULL;
}

void options_help(FILE *to)
{
	struct row row;
	size_t i;

	fputs("Usage: socktrace-read [OPTION]... [COMMAND [ARGUMENT]...]\n"
	      "Traces socket(), socketpair(), connect() and accept() of all processes, or of\n"
	      "COMMAND and its descendants, by the kernel module socktrace.\n\n"
	      "Conditions, all of which must hold; of values between commas, one:\n", to);
	for (i = 0; i < ROWS_ALL; i++) {
		char left[40];

		if (!get_row(i, &row))
			continue;
		if (row.code == 'o')
			fputs("\nAll else:\n", to);
		snprintf(left, sizeof(left), "--%s%s%s", row.name, row.argument ? " " : "",
			 row.argument ? row.argument : "");
		if (row.code < 256)
			fprintf(to, "  -%c, ", row.code);
		else
			fputs("      ", to);
		fprintf(to, "%-25s%s%s\n", left,
			strlen(left) < 25 ? "" : "\n                               ", row.help);
	}
	fputs("\nEVENT: socket, socketpair, connect, accept4, addr_mismatch, connected; if named\n"
	      "here or by --filter also bind, listen, security_socket_connect. Or all, %net.\n"
	      "After a !: all but these.\n", to);
	fputs("\nThe trace goes to standard output; of a COMMAND to standard error, unless\n"
	      "FILE is named, or it is JSON and standard output is a pipe. The exit status is\n"
	      "the COMMAND's; else 0, 1 trouble, 2 usage.\n",
	      to);
}

/* What getopt_long() takes, from the same rows. */
static void getopt_tables(char *letters, struct option *longs)
{
	struct row row;
	size_t i;

	/* '+': options end at the command; ':': a missing value is told apart */
	*letters++ = '+';
	*letters++ = ':';
	for (i = 0; i < ROWS_ALL; i++) {
		if (!get_row(i, &row))
			continue;
		*longs++ = (struct option){
			.name = row.name,
			.has_arg = row.argument ? required_argument : no_argument,
			.val = row.code,
		};
		if (row.code >= 256)
			continue;
		*letters++ = (char)row.code;
		if (row.argument)
			*letters++ = ':';
	}
	*letters = '\0';
	*longs = (struct option){ 0 };
}

static const struct row *row_of(int code)
{
	static struct row row;
	size_t i;

	for (i = 0; i < ROWS_ALL; i++) {
		if (get_row(i, &row) && row.code == code)
			return &row;
	}
	return NULL;
}

static int unknown(struct parse *parse, const char *word)
{
	size_t dashes = strspn(word, "-");
	const char *hint = habits_hint(word + dashes, strcspn(word + dashes, "="));

	if (hint)
		return wrong(parse, "there is no option '%s' here: %s", word, hint);
	return wrong(parse, "unknown option '%s' (see --help)", word);
}

/* getopt_long() gave '?' or ':'. */
static int bad_option(struct parse *parse, int code, const char *word)
{
	const struct row *row = row_of(optopt);
	char letter[] = { '-', (char)optopt, '\0' };

	if (code == ':' && row)
		return wrong(parse, "option '%s' needs a value: %s", word, row->argument);
	if (row && !row->argument && !strncmp(word, "--", 2))
		return wrong(parse, "option '%s' takes no value", word);
	return unknown(parse, optopt && !row ? letter : word);
}

static int apply(struct parse *parse, int code, const char *word)
{
	const struct filter_cond *cond = condition_of(code);
	struct options *options = parse->options;
	uint64_t value;

	if (code == 'p')
		return add_processes(parse, cond, optarg);
	if (code == 'e')
		return add_events(parse, cond, optarg);
	if (cond)
		return add_condition(parse, cond, optarg ? optarg : "");
	switch (code) {
	case '4':
	case '6':
		return add_condition(parse, filter_cond_by_keyword("family", 6),
				     code == '4' ? "inet" : "inet6");
	case OPT_FILTER:
		return add_filter(parse, optarg);
	case OPT_EXPLAIN:
		options->explain = true;
		return 0;
	case OPT_INFLIGHT:
		options->inflight = true;
		return 0;
	case OPT_SELFTEST:
		options->selftest = true;
		return 0;
	case 'f':
		options->follow = true;
		return 0;
	case 'c':
		options->summary = true;
		return 0;
	case OPT_EVERY:
		return set_number(parse, "--every", optarg, 1, INT32_MAX, &options->every);
	case OPT_TOP:
		options->summary = options->top = true;
		return set_number(parse, "--top", optarg, 1, INT32_MAX, &options->every);
	case 'w':
		options->capture = optarg;
		return 0;
	case 'r':
		options->replay = optarg;
		return 0;
	case 'C':
		return set_size(parse, optarg);
	case 'G':
		return set_number(parse, "-G", optarg, 1, INT32_MAX, &options->rotation.seconds);
	case 'W':
		return set_number(parse, "-W", optarg, 1, INT32_MAX, &options->rotation.count);
	case 'o':
		return set_output(parse, optarg);
	case 'j':
		options->output = true;
		return set_format(parse, FORMAT_JSON);
	case 'n':
		return set_number(parse, "-n", optarg, 1, INT64_MAX / 2, &options->count);
	case OPT_ENTER:
		options->enter = true;
		return 0;
	case OPT_PROCESSES:
		options->processes = true;
		return 0;
	case OPT_STATS:
		options->stats = true;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case OPT_COLUMNS:
		return set_columns(parse, optarg);
	case OPT_TIME:
		return set_time(parse, optarg);
	case OPT_DELTA:
		return set_time(parse, "delta");
	case 't':
		return set_time(parse, ++parse->ts < 3 ? "time" : "unix");
	case OPT_WAIT_ALL:
		options->wait_all = true;
		return 0;
	case OPT_READY:
		if (set_number(parse, "--ready-fd", optarg, 1, INT32_MAX, &value))
			return -1;
		options->ready_fd = (int)value;
		return 0;
	case OPT_USER:
		return set_user(parse, optarg);
	case OPT_FIELDS:
		return set_fields(parse, optarg);
	case OPT_COLOR:
		return set_color(parse, optarg);
	case OPT_DEVICE:
		options->device = optarg;
		return 0;
	case OPT_RECORDS:
		if (set_number(parse, "--records", optarg, 1, INT32_MAX, &value))
			return -1;
		options->records = (uint32_t)value;
		return 0;
	case OPT_LATENCY:
		if (set_number(parse, "--latency", optarg, 0, LATENCY_MS_MAX, &value))
			return -1;
		options->latency_ms = (uint32_t)value;
		return 0;
	default:
		return bad_option(parse, code, word);
	}
}

/* "-" is a standard stream. */
static bool is_file(const char *name)
{
	return name && strcmp(name, "-");
}

/* tcpdump's habit: conditions without an option. Few commands are called so. */
static bool is_condition(const char *word)
{
	static const char *const others[] = { "event", "phase" };
	struct socktrace_rule rule = { 0 };
	struct filter_error ignored;
	size_t i;

	if (filter_cond_by_keyword(word, strlen(word)) || !strcmp(word, "not"))
		return true;
	for (i = 0; i < 2; i++) {
		if (!filter_cond_by_keyword(others[i], 5)->parse(&rule, word, strlen(word), &ignored))
			return true;
	}
	return false;
}

/* What no option can see alone; `rest` is the index after the options. */
static int finish(struct parse *parse, int argc, char **argv, int rest)
{
	struct options *options = parse->options;
	bool dashes = rest > 1 && !strcmp(argv[rest - 1], "--");
	bool conditions = options->filter != NULL;
	const struct filter_node *pids;
	unsigned int i;

	if (rest < argc && !dashes && is_condition(argv[rest]))
		return wrong(parse, "'%s' is a condition: --filter '%s ...' (a command of that name "
				    "comes after --)",
			     argv[rest], argv[rest]);
	if (rest == argc && dashes)
		return wrong(parse, "no command after '--'");
	if (rest < argc)
		options->command = argv + rest;
	pids = options->conditions[filter_cond_row(condition_of('p'))];
	if (options->follow && !pids && !options->command)
		return wrong(parse, "-f needs -p PID (a command is followed anyway)");
	if (pids && options->command)
		return wrong(parse, "-p and a command: only one of them can be traced");
	if (options->run_as && !options->command)
		return wrong(parse, "--user NAME runs a COMMAND as NAME: the calls of a user are "
				    "-u NAME, or --uid NAME");
	if (options->wait_all && !options->command)
		return wrong(parse, "--wait-all is for a COMMAND");
	for (i = 0; i < FILTER_CONDS; i++)
		conditions |= options->conditions[i] != NULL;
	if (options->inflight && (conditions || options->command || options->explain))
		return wrong(parse, "--inflight takes no conditions and no command: it prints "
				    "all calls that did not return yet");
	if (options->selftest &&
	    (conditions || options->command || options->explain || options->inflight))
		return wrong(parse, "--selftest takes no conditions and no command: it makes "
				    "the calls itself");
	if (options->columns.count && (options->format == FORMAT_JSON || options->inflight ||
				       options->selftest))
		return wrong(parse, "--columns is for the text of a trace: JSON has all of them");
	if (options->replay && (options->command || options->follow || options->capture ||
				options->inflight || options->selftest))
		return wrong(parse, "-r takes no command, -f, -w, --inflight or --selftest: "
				    "it reads what was traced");
	if (options->fields != JSON_ALL &&
	    (options->format != FORMAT_JSON || options->summary || options->selftest))
		return wrong(parse, "--fields is for the JSON of a trace: -o json");
	if (options->every && !options->summary)
		return wrong(parse, "--every is for -c");
	if (options->summary && (options->inflight || options->selftest || options->processes ||
				 options->columns.count))
		return wrong(parse, "-c prints no lines: --inflight, --selftest, --processes and "
				    "--columns are not for it");
	if (options->capture && (options->inflight || options->selftest))
		return wrong(parse, "-w is for a trace: --inflight and --selftest have none");
	if (options->capture && options->pool.told)
		return wrong(parse, "-w has what the kernel's rules let through, which know no exe and "
				    "container: ask for these when it is read, by -r");
	if ((options->rotation.bytes || options->rotation.seconds || options->rotation.count) &&
	    !is_file(options->file) && !is_file(options->capture))
		return wrong(parse, "-C, -G and -W need a file: -o FORMAT:FILE, or -w FILE");
	if (options->rotation.count && !options->rotation.bytes && !options->rotation.seconds)
		return wrong(parse, "-W needs -C or -G: when is there to be a next file?");
	if (options->capture && !strcmp(options->capture, "-") && options->output &&
	    !options->command && (!options->file || !strcmp(options->file, "-")))
		return wrong(parse, "-w - and -o: standard output can't take both");
	if (options->time >= 0 && (options->format == FORMAT_JSON || options->inflight ||
				   options->selftest))
		return wrong(parse, "--time and -t are for the text of a trace: JSON has one form");
	/* Who asks for entries gets some. */
	options->enter |= options->pool.phases >> SOCKTRACE_ENTER & 1;
	return 0;
}

void options_free(struct options *options)
{
	filter_pool_free(&options->pool);
}

enum options_result options_parse(struct options *options, int argc, char **argv,
				  char *message, size_t size)
{
	struct parse parse = { .options = options, .message = message, .size = size };
	char letters[2 * ROWS_ALL + 3];
	struct option longs[ROWS_ALL + 1];
	int code;

	*options = (struct options){
		.device = SOCKTRACE_DEVICE,
		.latency_ms = DEFAULT_LATENCY_MS,
		.time = -1,
		.ready_fd = -1,
		.fields = JSON_ALL,
	};
	getopt_tables(letters, longs);
	opterr = 0;
	/* Start afresh: 0 resets glibc's scan, 1 is all that musl knows. */
#ifdef __GLIBC__
	optind = 0;
#else
	optind = 1;
#endif
	for (;;) {
		int at = optind ? optind : 1;

		code = getopt_long(argc, argv, letters, longs, NULL);
		if (code < 0)
			break;
		if (code == 'h')
			return OPTIONS_HELP;
		if (code == 'V')
			return OPTIONS_VERSION;
		if (code == OPT_COLUMNS && !strcmp(optarg, "help"))
			return OPTIONS_COLUMNS;
		if (apply(&parse, code, at < argc ? argv[at] : ""))
			return OPTIONS_WRONG;
	}
	return finish(&parse, argc, argv, optind) ? OPTIONS_WRONG : OPTIONS_RUN;
}
