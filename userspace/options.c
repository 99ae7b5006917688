// SPDX-License-Identifier: GPL-2.0
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"

#define DEFAULT_EVENTS                                                          \
	(SOCKTRACE_EVENTS_ALL &                                                 \
	 ~SOCKTRACE_EVENT_BIT(SOCKTRACE_SECURITY_SOCKET_CONNECT))
#define DEFAULT_LATENCY_MS 20
#define LATENCY_MS_MAX 10000 /* what the module takes */
#define PID_LIMIT 4194304 /* PID_MAX_LIMIT of the kernel */
#define EVENT_NAMES                                                             \
	"socket, connect, accept4, security_socket_connect, addr_mismatch, all"

struct parse {
	struct options *options;
	char *message;
	size_t size;
	bool format_given;
};

/* Says what is wrong; -1, for the caller to return. */
__attribute__((format(printf, 2, 3)))
static int wrong(struct parse *parse, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parse->message, parse->size, format, args);
	va_end(args);
	return -1;
}

/* A decimal number from min to max, and nothing else. */
static int number(const char *s, size_t length, uint64_t min, uint64_t max,
		  uint64_t *value)
{
	uint64_t v = 0;
	size_t i;

	if (!length || length > 19)
		return -1;
	for (i = 0; i < length; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (uint64_t)(s[i] - '0');
	}
	if (v < min || v > max)
		return -1;
	*value = v;
	return 0;
}

/* Calls `item` for each part between commas, the empty ones too. */
static int each(struct parse *parse, const char *list,
		int (*item)(struct parse *parse, const char *s, int length))
{
	for (;;) {
		size_t length = strcspn(list, ",");

		if (item(parse, list, (int)length))
			return -1;
		if (!list[length])
			return 0;
		list += length + 1;
	}
}

static int add_event(struct parse *parse, const char *s, int length)
{
	unsigned int type = decode_event_by_name(s, (unsigned int)length);

	if (length == 3 && !strncmp(s, "all", 3))
		parse->options->events |= SOCKTRACE_EVENTS_ALL;
	else if (type)
		parse->options->events |= SOCKTRACE_EVENT_BIT(type);
	else
		return wrong(parse, "-e: unknown event '%.*s' (%s)", length, s,
			     EVENT_NAMES);
	return 0;
}

static int add_pid(struct parse *parse, const char *s, int length)
{
	struct options *options = parse->options;
	unsigned int i;
	uint64_t pid;

	if (number(s, (size_t)length, 1, PID_LIMIT, &pid))
		return wrong(parse, "-p: '%.*s' is no process id (1 to %d)", length, s,
			     PID_LIMIT);
	for (i = 0; i < options->nr_pids; i++) {
		if (options->pids[i] == pid)
			return 0;
	}
	if (options->nr_pids == SOCKTRACE_MAX_RULES)
		return wrong(parse, "-p: too many processes at '%.*s' (at most %d)",
			     length, s, SOCKTRACE_MAX_RULES);
	options->pids[options->nr_pids++] = (uint32_t)pid;
	return 0;
}

static int add_family(struct parse *parse, const char *s, int length)
{
	int family = decode_family_by_name(s, (unsigned int)length);
	uint64_t value;

	if (family >= 0)
		value = (uint64_t)family;
	else if (number(s, (size_t)length, 0, 63, &value))
		return wrong(parse,
			     "--family: unknown family '%.*s' (inet, inet6, unix, netlink, "
			     "packet, vsock, ..., or a number from 0 to 63)",
			     length, s);
	parse->options->families |= 1ULL << value;
	return 0;
}

static int set_format(struct parse *parse, const char *s)
{
	struct options *options = parse->options;
	size_t length = strcspn(s, ":");

	if (parse->format_given)
		return wrong(parse, "-o: given twice, at '%s' (there is one output)", s);
	parse->format_given = true;
	if (length == 4 && !strncmp(s, "text", 4))
		options->format = FORMAT_TEXT;
	else if (length == 4 && !strncmp(s, "json", 4))
		options->format = FORMAT_JSON;
	else
		return wrong(parse, "-o: unknown format '%.*s' (text or json)",
			     (int)length, s);
	if (!s[length])
		return 0;
	if (!s[length + 1])
		return wrong(parse, "-o: no file after '%s' (a path, or - for standard output)",
			     s);
	options->file = s + length + 1;
	return 0;
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

static int set_number(struct parse *parse, const char *option, const char *s,
		      uint64_t min, uint64_t max, uint64_t *value)
{
	if (number(s, strlen(s), min, max, value))
		return wrong(parse, "%s: '%s' is no number from %llu to %llu", option, s,
			     (unsigned long long)min, (unsigned long long)max);
	return 0;
}

enum { OPT_FAMILY = 256, OPT_ENTER, OPT_STATS, OPT_COLOR, OPT_DEVICE, OPT_RECORDS,
       OPT_LATENCY };

static const struct row {
	int code; /* the short option's letter, or an OPT_ of no letter */
	const char *name;
	const char *argument; /* NULL: takes none */
	const char *help;
} rows[] = {
	{ 'e', "event", "EVENT[,EVENT]", "only these events, see below" },
	{ 'p', "pid", "PID[,PID]", "only these processes (initial pid namespace)" },
	{ 'f', "follow", NULL, "with -p: their descendants too" },
	{ OPT_FAMILY, "family", "FAMILY[,FAMILY]", "only these: inet, inet6, unix, netlink, ..." },
	{ 'o', "output", "FORMAT[:FILE]", "text or json; FILE - is standard output" },
	{ 'n', "count", "COUNT", "stop after COUNT events" },
	{ OPT_ENTER, "enter", NULL, "records of entry to a call too" },
	{ OPT_STATS, "stats", NULL, "statistics at the end and on SIGUSR1" },
	{ 'q', "quiet", NULL, "no banner, no header; loss is told all the same" },
	{ OPT_COLOR, "color", "WHEN", "auto (default), always or never" },
	{ OPT_DEVICE, "device", "PATH", "instead of " SOCKTRACE_DEVICE },
	{ OPT_RECORDS, "records", "N", "ring size: records per CPU" },
	{ OPT_LATENCY, "latency", "MS", "longest wait for a full batch (default 20)" },
	{ 'h', "help", NULL, "this text" },
	{ 'V', "version", NULL, "the version" },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

void options_help(FILE *to)
{
	size_t i;

	fputs("Usage: socktrace-read [OPTION]... [-- COMMAND [ARGUMENT]...]\n"
	      "Traces socket(), connect() and accept() of all processes, or of COMMAND and\n"
	      "its descendants, by the kernel module socktrace.\n\n", to);
	for (i = 0; i < ROWS; i++) {
		char left[40];

		snprintf(left, sizeof(left), "--%s%s%s", rows[i].name,
			 rows[i].argument ? " " : "",
			 rows[i].argument ? rows[i].argument : "");
		if (rows[i].code < 256)
			fprintf(to, "  -%c, ", rows[i].code);
		else
			fputs("      ", to);
		fprintf(to, "%-25s%s%s\n", left, strlen(left) < 25 ? "" : "\n                               ",
			rows[i].help);
	}
	fputs("\nEVENT: " EVENT_NAMES ".\n"
	      "Without -e it is all but security_socket_connect.\n", to);
	fputs("\nThe trace goes to standard output; of a COMMAND to standard error, unless\n"
	      "FILE is named. The exit status is the COMMAND's; else 0, 1 trouble, 2 usage.\n",
	      to);
}

/* What getopt_long() takes, from the same rows. */
static void getopt_tables(char *letters, struct option *longs)
{
	size_t i;

	/* '+': options end at the command; ':': a missing value is told apart */
	*letters++ = '+';
	*letters++ = ':';
	for (i = 0; i < ROWS; i++) {
		longs[i] = (struct option){
			.name = rows[i].name,
			.has_arg = rows[i].argument ? required_argument : no_argument,
			.val = rows[i].code,
		};
		if (rows[i].code >= 256)
			continue;
		*letters++ = (char)rows[i].code;
		if (rows[i].argument)
			*letters++ = ':';
	}
	*letters = '\0';
	longs[ROWS] = (struct option){ 0 };
}

static const struct row *row_of(int code)
{
	size_t i;

	for (i = 0; i < ROWS; i++) {
		if (rows[i].code == code)
			return &rows[i];
	}
	return NULL;
}

/* getopt_long() gave '?' or ':'. */
static int bad_option(struct parse *parse, int code, const char *word)
{
	const struct row *row = row_of(optopt);

	if (code == ':' && row)
		return wrong(parse, "option '%s' needs a value: %s", word, row->argument);
	if (row && !row->argument && !strncmp(word, "--", 2))
		return wrong(parse, "option '%s' takes no value", word);
	if (optopt && !row)
		return wrong(parse, "unknown option '-%c' (see --help)", optopt);
	return wrong(parse, "unknown option '%s' (see --help)", word);
}

static int apply(struct parse *parse, int code, const char *word)
{
	struct options *options = parse->options;
	uint64_t value;

	switch (code) {
	case 'e':
		return each(parse, optarg, add_event);
	case 'p':
		return each(parse, optarg, add_pid);
	case 'f':
		options->follow = true;
		return 0;
	case OPT_FAMILY:
		return each(parse, optarg, add_family);
	case 'o':
		return set_format(parse, optarg);
	case 'n':
		return set_number(parse, "-n", optarg, 1, INT64_MAX / 2, &options->count);
	case OPT_ENTER:
		options->enter = true;
		return 0;
	case OPT_STATS:
		options->stats = true;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
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

/* What no option can see alone; `rest` is the index after the options. */
static int finish(struct parse *parse, int argc, char **argv, int rest)
{
	struct options *options = parse->options;
	bool dashes = rest > 1 && !strcmp(argv[rest - 1], "--");

	if (rest < argc && !dashes)
		return wrong(parse, "'%s' is no option (a command comes after --)", argv[rest]);
	if (rest == argc && dashes)
		return wrong(parse, "no command after '--'");
	if (rest < argc)
		options->command = argv + rest;
	if (options->follow && !options->nr_pids && !options->command)
		return wrong(parse, "-f needs -p PID (a command is followed anyway)");
	if (options->nr_pids && options->command)
		return wrong(parse, "-p and a command: only one of them can be traced");
	if (!options->events)
		options->events = DEFAULT_EVENTS;
	return 0;
}

enum options_result options_parse(struct options *options, int argc, char **argv,
				  char *message, size_t size)
{
	struct parse parse = { .options = options, .message = message, .size = size };
	char letters[2 * ROWS + 3];
	struct option longs[ROWS + 1];
	int code;

	*options = (struct options){
		.device = SOCKTRACE_DEVICE,
		.latency_ms = DEFAULT_LATENCY_MS,
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
		if (apply(&parse, code, at < argc ? argv[at] : ""))
			return OPTIONS_WRONG;
	}
	return finish(&parse, argc, argv, optind) ? OPTIONS_WRONG : OPTIONS_RUN;
}
