// SPDX-License-Identifier: GPL-2.0
#include "filter/expr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/escape.h"
#include "record/decode.h"

#define DEPTH_MAX 100 /* parentheses and nots within each other */
#define VALUE_MAX 4096
#define LENGTH(n) ((int)((n) < 64 ? (n) : 64)) /* of what a message quotes */

enum token { END, WORD, STRING, OPEN, CLOSE, NOT, AND, OR, COMPARE };

struct parser {
	struct filter_pool *pool;
	struct filter_error *error;
	const char *text, *at; /* `at`: behind the token */
	enum token token;
	const char *start; /* of the token */
	unsigned int depth;
	size_t length; /* of value */
	char value[VALUE_MAX]; /* WORD, COMPARE; STRING: without its quotes */
};

/* --- trees ------------------------------------------------------------------ */

void filter_pool_free(struct filter_pool *pool)
{
	struct filter_cgroup *cgroup;
	struct filter_node *node;

	while ((node = pool->all)) {
		pool->all = node->next;
		free(node);
	}
	while ((cgroup = pool->cgroups)) {
		pool->cgroups = cgroup->next;
		free(cgroup->directory);
		free(cgroup);
	}
}

/* Without memory it is not followed. */
static void remember_cgroup(struct filter_pool *pool, uint64_t id, const char *s, size_t length)
{
	char *directory = value_cgroup_directory(s, length);
	struct filter_cgroup *cgroup = directory ? malloc(sizeof(*cgroup)) : NULL;

	if (!cgroup) {
		free(directory);
		return;
	}
	*cgroup = (struct filter_cgroup){ directory, id, pool->cgroups };
	pool->cgroups = cgroup;
}

/* `extra`: bytes of a text behind it. */
static struct filter_node *new_node(struct filter_pool *pool, enum filter_op op, size_t extra)
{
	struct filter_node *node;

	if (pool->nodes == FILTER_NODES_MAX)
		return NULL;
	node = calloc(1, sizeof(*node) + extra);
	if (!node)
		return NULL;
	node->op = op;
	node->next = pool->all;
	pool->all = node;
	pool->nodes++;
	return node;
}

const struct filter_node *filter_join(struct filter_pool *pool, enum filter_op op,
				      const struct filter_node *left,
				      const struct filter_node *right)
{
	struct filter_node *node;

	if (op != FILTER_NOT && (!left || !right))
		return left ? left : right;
	node = new_node(pool, op, 0);
	if (node) {
		node->left = left;
		node->right = right;
	}
	return node;
}

const struct filter_node *filter_leaf(struct filter_pool *pool,
				      const struct socktrace_rule *cond)
{
	struct filter_node *node = new_node(pool, FILTER_COND, 0);

	if (node)
		node->cond = *cond;
	return node;
}

/* Of what only the reader knows: a path's wildcard at the end says nothing more. */
static const struct filter_node *told_leaf(struct filter_pool *pool, enum filter_told told,
					   const char *s, size_t length)
{
	struct filter_node *node;

	if (told == FILTER_TOLD_EXE && s[length - 1] == '*')
		length--;
	node = new_node(pool, FILTER_TOLD, length);
	if (!node)
		return NULL;
	memcpy(node + 1, s, length);
	node->told = told;
	node->text = (const char *)(node + 1);
	node->length = length;
	pool->told |= 1U << told;
	return node;
}

const struct filter_node *filter_value(struct filter_pool *pool,
				       const struct filter_cond *cond, const char *s,
				       size_t length, struct filter_error *error)
{
	const struct filter_node *any = NULL, *leaf;
	const char *item = s, *end = s + length, *comma;

	for (;;) {
		struct socktrace_rule rule = { 0 };

		comma = cond->list ? memchr(item, ',', (size_t)(end - item)) : NULL;
		error->at = (size_t)(item - s);
		if (cond->parse(&rule, item, (size_t)((comma ? comma : end) - item), error))
			return NULL;
		pool->events |= rule.events;
		pool->phases |= rule.phases;
		if (rule.match & SOCKTRACE_MATCH_CGROUP_TREE)
			remember_cgroup(pool, rule.cgroup, item,
					(size_t)((comma ? comma : end) - item));
		if (filter_cond_told(cond))
			leaf = told_leaf(pool, filter_cond_told(cond), item,
					 (size_t)((comma ? comma : end) - item));
		else
			leaf = filter_leaf(pool, &rule);
		if (leaf)
			any = filter_join(pool, FILTER_OR, any, leaf);
		if (!leaf || !any) {
			filter_wrong(error, "too many conditions");
			return NULL;
		}
		if (!comma)
			return any;
		item = comma + 1;
	}
}

static size_t told_words(char *buffer, size_t size, const struct filter_node *node)
{
	const char *name = node->told == FILTER_TOLD_EXE ? "exe" : "container";
	char text[4 * VALUE_MAX + 1];

	*escape_text(text, node->text, node->length, 1) = '\0';
	return (size_t)snprintf(buffer, size, "%s \"%s\"", name, text);
}

/* Within an operator that binds closer it stands in parentheses. */
static size_t within(char *buffer, size_t size, size_t at, const struct filter_node *node,
		     enum filter_op op)
{
	bool parentheses = node->op > op;

	if (at < size && parentheses)
		at += (size_t)snprintf(buffer + at, size - at, "(");
	if (at < size)
		at += filter_node_words(buffer + at, size - at, node);
	if (at < size && parentheses)
		at += (size_t)snprintf(buffer + at, size - at, ")");
	return at;
}

size_t filter_node_words(char *buffer, size_t size, const struct filter_node *node)
{
	char rule[FILTER_WORDS_MAX];
	size_t at;

	switch (node->op) {
	case FILTER_COND:
		filter_words(rule, &node->cond);
		return (size_t)snprintf(buffer, size, "%s", rule);
	case FILTER_TOLD:
		return told_words(buffer, size, node);
	case FILTER_NOT:
		at = (size_t)snprintf(buffer, size, "not ");
		return within(buffer, size, at, node->left, node->op);
	default:
		at = within(buffer, size, 0, node->left, node->op);
		if (at < size)
			at += (size_t)snprintf(buffer + at, size - at, "%s",
					       node->op == FILTER_AND ? " and " : " or ");
		return within(buffer, size, at, node->right, node->op);
	}
}

/* --- tokens ----------------------------------------------------------------- */

static const void *wrong_at(struct parser *parser, const char *at, const char *what)
{
	filter_wrong(parser->error, "%s", what);
	parser->error->at = (size_t)(at - parser->text);
	return NULL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* A byte of a string, which may be written \\, \", \' or \xNN. */
static bool string_byte(struct parser *parser, const char **p, char *byte)
{
	const char *s = *p;
	int high, low;

	*byte = *s++;
	if (*byte == '\\') {
		*byte = *s++;
		if (*byte == 'x') {
			high = hex_digit(*s);
			low = high < 0 ? -1 : hex_digit(s[1]);
			if (low < 0) {
				wrong_at(parser, *p, "\\x takes two digits of 0-9a-f");
				return false;
			}
			*byte = (char)(high * 16 + low);
			s += 2;
		} else if (!*byte || !strchr("\\\"'", *byte)) {
			wrong_at(parser, *p, "a backslash takes \\, \", ' or xNN after it");
			return false;
		}
	}
	*p = s;
	return true;
}

static bool string(struct parser *parser, char quote)
{
	const char *p = parser->start + 1;
	char byte;

	parser->token = STRING;
	while (*p != quote) {
		if (!*p) {
			wrong_at(parser, parser->start, "this quote is not closed");
			return false;
		}
		if (!string_byte(parser, &p, &byte))
			return false;
		if (parser->length == VALUE_MAX) {
			wrong_at(parser, parser->start, "this is too long");
			return false;
		}
		parser->value[parser->length++] = byte;
	}
	parser->at = p + 1;
	return true;
}

static enum token keyword(const char *s, size_t length)
{
	if (length == 3 && !strncasecmp(s, "and", 3))
		return AND;
	if (length == 2 && !strncasecmp(s, "or", 2))
		return OR;
	if (length == 3 && !strncasecmp(s, "not", 3))
		return NOT;
	return WORD;
}

/* A word ends before a "!=", too. */
static size_t word_length(const char *p)
{
	size_t length = strcspn(p, " \t\n\r()\"'<>=&|");

	return length && p[length] == '=' && p[length - 1] == '!' ? length - 1 : length;
}

/* The next token; false with an error. */
static bool next(struct parser *parser)
{
	const char *p = parser->at + strspn(parser->at, " \t\n\r");
	size_t length = 1;

	parser->start = p;
	parser->length = 0;
	switch (*p) {
	case '\0':
		parser->token = END;
		length = 0;
		break;
	case '(':
		parser->token = OPEN;
		break;
	case ')':
		parser->token = CLOSE;
		break;
	case '"':
	case '\'':
		return string(parser, *p);
	case '<':
	case '>':
	case '=':
		parser->token = COMPARE;
		length += p[1] == '=';
		break;
	case '!':
		parser->token = p[1] == '=' ? COMPARE : NOT;
		length += p[1] == '=';
		break;
	case '&':
	case '|':
		if (p[1] != *p) {
			wrong_at(parser, p, *p == '&' ? "a single '&' ('and', or '&&')" :
							"a single '|' ('or', or '||')");
			return false;
		}
		parser->token = *p == '&' ? AND : OR;
		length = 2;
		break;
	default:
		length = word_length(p);
		parser->token = keyword(p, length);
		break;
	}
	if (length > VALUE_MAX) {
		wrong_at(parser, p, "this is too long");
		return false;
	}
	memcpy(parser->value, p, length);
	parser->length = length;
	parser->at = p + length;
	return true;
}

/* --- grammar ---------------------------------------------------------------- */

static const struct filter_node *expression(struct parser *parser);

static const struct filter_node *made(struct parser *parser, const struct filter_node *node)
{
	if (!node)
		wrong_at(parser, parser->start, "too many conditions");
	return node;
}

/* The value's error, reported where it stands; of a string, where that begins. */
static const struct filter_node *value(struct parser *parser,
				       const struct filter_cond *cond)
{
	const struct filter_node *node;
	size_t start = (size_t)(parser->start - parser->text);

	node = filter_value(parser->pool, cond, parser->value, parser->length, parser->error);
	if (!node) {
		parser->error->at = start + (parser->token == WORD ? parser->error->at : 0);
		return NULL;
	}
	return next(parser) ? node : NULL;
}

/* duration > 1s, >=, <, <=: what is shorter than that must have ended, too. */
static const struct filter_node *duration(struct parser *parser)
{
	struct socktrace_rule any = { .match = SOCKTRACE_MATCH_DURATION };
	struct socktrace_rule longer = { .match = SOCKTRACE_MATCH_DURATION };
	const struct filter_node *left, *right;
	char op, or_equal;
	uint64_t ns;

	if (parser->token != COMPARE || !strchr("<>", parser->value[0]))
		return wrong_at(parser, parser->start, "duration takes >, >=, < or <=, and a time");
	op = parser->value[0];
	or_equal = parser->length == 2;
	if (!next(parser))
		return NULL;
	if (parser->token != WORD && parser->token != STRING)
		return wrong_at(parser, parser->start, "a time is missing (as in 10ms, 1.5s)");
	if (value_time(parser->value, parser->length, &ns, parser->error)) {
		parser->error->at = (size_t)(parser->start - parser->text);
		return NULL;
	}
	/* Greater, and not less or equal, is at least one more. */
	ns += (op == '>') != or_equal;
	longer.min_duration_ns = ns;
	left = made(parser, filter_leaf(parser->pool, &longer));
	if (left && op == '<') {
		right = made(parser, filter_join(parser->pool, FILTER_NOT, left, NULL));
		left = made(parser, filter_leaf(parser->pool, &any));
		if (left && right)
			left = made(parser, filter_join(parser->pool, FILTER_AND, left, right));
	}
	return left && next(parser) ? left : NULL;
}

/* Events and phases are conditions by their names alone. */
static const struct filter_node *named(struct parser *parser)
{
	static const char *const keywords[] = { "event", "phase" };
	char keywords_text[256];
	size_t i;

	for (i = 0; i < 2; i++) {
		const struct filter_cond *cond = filter_cond_by_keyword(keywords[i], 5);
		struct filter_error ignored;
		struct socktrace_rule rule = { 0 };

		if (!cond->parse(&rule, parser->value, parser->length, &ignored))
			return value(parser, cond);
	}
	filter_wrong(parser->error, "unknown condition '%.*s' (%s; or an event or a phase by its "
				    "name)",
		     LENGTH(parser->length), parser->value,
		     filter_cond_keywords(keywords_text, sizeof(keywords_text)));
	parser->error->at = (size_t)(parser->start - parser->text);
	return NULL;
}

static const void *no_order(struct parser *parser, const struct filter_cond *cond)
{
	filter_wrong(parser->error, "'%s' takes = and !=: < and > are for duration, users and ports",
		     cond->keyword);
	parser->error->at = (size_t)(parser->start - parser->text);
	return NULL;
}

/* rport > 1023: as a range, to the highest number that there is. */
static const struct filter_node *ordered(struct parser *parser, const struct filter_cond *cond,
					 char op, bool or_equal)
{
	uint64_t number, min = 0, max = cond->most;
	const struct filter_node *node;
	char range[48];
	int length;

	if (value_number(parser->value, parser->length, 0, UINT32_MAX, &number))
		return wrong_at(parser, parser->start, "a number is missing after < or >");
	if (op == '>')
		min = number + !or_equal;
	else if (number + or_equal)
		max = number + or_equal - 1;
	else
		min = 1, max = 0;
	if (max > cond->most)
		max = cond->most;
	if (min > max)
		return wrong_at(parser, parser->start, "no number is so");
	length = snprintf(range, sizeof(range), "%llu-%llu", (unsigned long long)min,
			  (unsigned long long)max);
	node = filter_value(parser->pool, cond, range, (size_t)length, parser->error);
	if (!node) {
		parser->error->at = (size_t)(parser->start - parser->text);
		return NULL;
	}
	return next(parser) ? node : NULL;
}

static const struct filter_node *condition(struct parser *parser)
{
	const struct filter_cond *cond = filter_cond_by_keyword(parser->value, parser->length);
	const struct filter_node *node;
	const char *start = parser->start;
	bool or_equal = false;
	char op = '=';

	if (!cond)
		return named(parser);
	if (!cond->argument)
		return value(parser, cond);
	if (!next(parser))
		return NULL;
	if (cond->bits == SOCKTRACE_MATCH_DURATION)
		return duration(parser);
	if (parser->token == COMPARE) {
		op = parser->value[0];
		or_equal = parser->length == 2;
		if ((op == '<' || op == '>') && !cond->most)
			return no_order(parser, cond);
		if (!next(parser))
			return NULL;
	}
	if (parser->token != WORD && parser->token != STRING) {
		filter_wrong(parser->error, "'%s' needs a value: %s", cond->keyword,
			     cond->argument);
		parser->error->at = (size_t)((parser->token == END ? start : parser->start) -
					     parser->text);
		return NULL;
	}
	if (op == '<' || op == '>')
		return ordered(parser, cond, op, or_equal);
	node = value(parser, cond);
	if (node && op == '!')
		node = made(parser, filter_join(parser->pool, FILTER_NOT, node, NULL));
	return node;
}

static const struct filter_node *factor(struct parser *parser)
{
	const struct filter_node *node;
	const char *start = parser->start;
	enum token token = parser->token;

	if (token == WORD)
		return condition(parser);
	if (token == STRING)
		return wrong_at(parser, start, "a condition is missing before this value");
	if (token != OPEN && token != NOT)
		return wrong_at(parser, start, "a condition is missing here");
	if (parser->depth == DEPTH_MAX)
		return wrong_at(parser, start, "nested too deeply");
	parser->depth++;
	if (!next(parser))
		return NULL;
	if (token == NOT) {
		node = factor(parser);
		if (node)
			node = made(parser, filter_join(parser->pool, FILTER_NOT, node, NULL));
	} else {
		node = expression(parser);
		if (node && parser->token == END)
			return wrong_at(parser, start, "this parenthesis is not closed");
		if (node && parser->token != CLOSE)
			return wrong_at(parser, parser->start, "'and', 'or' or ')' is missing here");
		if (node && !next(parser))
			return NULL;
	}
	parser->depth--;
	return node;
}

/* Operands of one precedence, with `op` between them. */
static const struct filter_node *chain(struct parser *parser, enum token token,
				       enum filter_op op,
				       const struct filter_node *(*operand)(struct parser *))
{
	const struct filter_node *left = operand(parser), *right;

	while (left && parser->token == token) {
		if (!next(parser))
			return NULL;
		right = operand(parser);
		if (!right)
			return NULL;
		left = made(parser, filter_join(parser->pool, op, left, right));
	}
	return left;
}

static const struct filter_node *term(struct parser *parser)
{
	return chain(parser, AND, FILTER_AND, factor);
}

static const struct filter_node *expression(struct parser *parser)
{
	return chain(parser, OR, FILTER_OR, term);
}

const struct filter_node *filter_parse(struct filter_pool *pool, const char *text,
				       struct filter_error *error)
{
	struct parser parser = { .pool = pool, .error = error, .text = text, .at = text };
	const struct filter_node *node;

	if (!next(&parser))
		return NULL;
	node = expression(&parser);
	if (node && parser.token == CLOSE)
		return wrong_at(&parser, parser.start, "this parenthesis was not opened");
	if (node && parser.token != END)
		return wrong_at(&parser, parser.start, "'and' or 'or' is missing here");
	return node;
}
