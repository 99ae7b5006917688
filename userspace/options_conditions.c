// SPDX-License-Identifier: GPL-2.0
/* The options that say which calls: words into conditions. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "options_parse.h"

#define SHOWN 70 /* columns of an expression, around the mistake */
#define FILTER_FILE_MAX 65536 /* bytes */

int wrong(struct parse *parse, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parse->message, parse->size, format, args);
	va_end(args);
	return -1;
}

int add_condition(struct parse *parse, const struct filter_cond *cond, const char *s)
{
	struct options *options = parse->options;
	const struct filter_node **any = &options->conditions[filter_cond_row(cond)], *node;
	struct filter_error error = { .text = "too many conditions" };
	char name[32];

	node = filter_value(&options->pool, cond, s, strlen(s), &error);
	if (node)
		node = filter_join(&options->pool, FILTER_OR, *any, node);
	if (!node)
		return wrong(parse, "%s: %s", filter_cond_name(cond, name, sizeof(name)),
			     error.text);
	*any = node;
	return 0;
}

/* As pidof(8) prints them, and strace(1) takes them: blanks are commas, too. */
int add_processes(struct parse *parse, const struct filter_cond *cond, const char *s)
{
	const char *blanks = " \t\n";
	char *list = malloc(strlen(s) + 1), *p = list;
	int ret;

	if (!list)
		return wrong(parse, "no memory");
	for (s += strspn(s, blanks); *s; s += strspn(s, blanks)) {
		size_t length = strcspn(s, blanks);

		if (p != list)
			*p++ = ',';
		memcpy(p, s, length);
		p += length;
		s += length;
	}
	*p = '\0';
	ret = *list ? add_condition(parse, cond, list) :
		      wrong(parse, "-p: no process is named (did pidof find none?)");
	free(list);
	return ret;
}

/* Events as strace(1) has them: trace=LIST; after a '!', all but these. */
int add_events(struct parse *parse, const struct filter_cond *cond, const char *s)
{
	static const char *const prefixes[] = { "trace=", "t=" };
	struct filter_error error = { .text = "too many conditions" };
	struct options *options = parse->options;
	const struct filter_node *node;
	uint32_t named;
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (!strncmp(s, prefixes[i], strlen(prefixes[i]))) {
			s += strlen(prefixes[i]);
			break;
		}
	}
	if (*s != '!')
		return add_condition(parse, cond, s);
	/* Their names are no reason to trace them. */
	named = options->pool.events;
	options->pool.events = 0;
	node = filter_value(&options->pool, cond, s + 1, strlen(s + 1), &error);
	options->without |= options->pool.events;
	options->pool.events = named;
	return node ? 0 : wrong(parse, "-e: %s", error.text);
}

/*
 * A line with the expression and one with a mark at `at`. Bytes that could move
 * the cursor become blanks; UTF-8's following bytes take no column.
 */
static void show_mistake(struct parse *parse, const char *text, size_t at)
{
	size_t used = strlen(parse->message), from = at > SHOWN / 2 ? at - SHOWN / 2 : 0, i;
	int column = from ? 3 : 0;
	char line[SHOWN + 1];

	while (from && ((unsigned char)text[from] & 0xc0) == 0x80)
		from--;
	snprintf(line, sizeof(line), "%s", text + from);
	for (i = 0; line[i]; i++) {
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = ' ';
		column += from + i < at && ((unsigned char)line[i] & 0xc0) != 0x80;
	}
	snprintf(parse->message + used, parse->size - used, "\n  %s%s%s\n  %*s^",
		 from ? "..." : "", line, strlen(text + from) > i ? "..." : "", column, "");
}

static int add_expression(struct parse *parse, const char *s)
{
	struct options *options = parse->options;
	struct filter_error error = { .text = "too many conditions" };
	const struct filter_node *node = filter_parse(&options->pool, s, &error);
	size_t at = error.at;

	if (node)
		node = filter_join(&options->pool, FILTER_AND, options->filter, node);
	if (!node) {
		wrong(parse, "--filter: %s", error.text);
		show_mistake(parse, s, at);
		return -1;
	}
	options->filter = node;
	return 0;
}

/* Comments, lines that begin with a '#', become blanks. */
static void blank_comments(char *text)
{
	char *line = text, *p;
	size_t length;

	for (; *line; line += length + (line[length] == '\n')) {
		length = strcspn(line, "\n");
		p = line + strspn(line, " \t");
		if (*p == '#')
			memset(p, ' ', (size_t)(line + length - p));
	}
}

static int add_filter_file(struct parse *parse, const char *path)
{
	char *text = malloc(FILTER_FILE_MAX + 1);
	FILE *file = fopen(path, "re");
	size_t length;
	int ret;

	if (!text || !file) {
		ret = wrong(parse, "--filter: cannot open %.200s: %s", path, strerror(errno));
	} else {
		length = fread(text, 1, FILTER_FILE_MAX + 1, file);
		text[length <= FILTER_FILE_MAX ? length : 0] = '\0';
		blank_comments(text);
		if (ferror(file))
			ret = wrong(parse, "--filter: cannot read %.200s: %s", path,
				    strerror(errno));
		else if (length > FILTER_FILE_MAX || strlen(text) != length)
			ret = wrong(parse, "--filter: %.200s is no text of up to %d bytes", path,
				    FILTER_FILE_MAX);
		else
			ret = add_expression(parse, text);
	}
	if (file)
		fclose(file);
	free(text);
	return ret;
}

int add_filter(struct parse *parse, const char *s)
{
	return *s == '@' ? add_filter_file(parse, s + 1) : add_expression(parse, s);
}
