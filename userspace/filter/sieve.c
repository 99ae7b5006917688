// SPDX-License-Identifier: GPL-2.0
#include "filter/sieve.h"

#include <string.h>

#define HEX_ID 64 /* digits of a container's id, which may be shortened */

static bool has_told(const struct filter_node *node)
{
	return node && (node->op == FILTER_TOLD || has_told(node->left) || has_told(node->right));
}

static bool has_ancestor(const struct filter_node *node)
{
	return node && ((node->op == FILTER_COND && node->cond.match & SOCKTRACE_MATCH_ANCESTOR) ||
			has_ancestor(node->left) || has_ancestor(node->right));
}

int sieve_add(struct sieve *sieve, const struct filter_node *node, struct filter_error *error)
{
	if (!has_told(node))
		return 0;
	if (node->op == FILTER_AND)
		return sieve_add(sieve, node->left, error) || sieve_add(sieve, node->right, error) ?
			       -1 : 0;
	if (has_ancestor(node))
		return filter_wrong(error, "only the kernel knows descendants, and only the reader "
					   "exe and container: no 'or' or 'not' can hold both");
	if (sieve->nr == SIEVE_MAX)
		return filter_wrong(error, "too many conditions");
	sieve->all[sieve->nr++] = node;
	return 0;
}

static const char *path_of(const void *context, uint64_t id, size_t *length)
{
	const struct sieve *sieve = context;
	uint64_t until_ns = 0;

	return cgroups_path(sieve->cgroups, id, sieve->time->now_ns, length, &until_ns);
}

void sieve_facts(struct sieve *sieve, struct walltime *time, struct procinfo *proc,
		 const struct images *images, struct cgroups *cgroups,
		 const struct paths *paths)
{
	sieve->time = time;
	sieve->proc = proc;
	sieve->images = images;
	sieve->cgroups = cgroups;
	sieve->judge = (struct judge){
		.nr_rules = 1,
		.proc = proc,
		.paths = paths,
		.cgroup_path = path_of,
		.context = sieve,
	};
}

/* As the column of that name: what the kernel told, or else what /proc has. */
static bool is_exe(struct sieve *sieve, const struct filter_node *node,
		   const struct socktrace_event *ev)
{
	const struct image *image = images_find(sieve->images, ev->image);
	const char *path;
	uint64_t until_ns;
	size_t length;

	if (image && image->exe_length) {
		path = image->text;
		length = image->exe_length;
	} else {
		path = procinfo_exe(sieve->proc, procinfo_pid(sieve->proc, ev), ev->comm,
				    sieve->time->now_ns, &length, &until_ns);
	}
	return path && length >= node->length && !memcmp(path, node->text, node->length);
}

static bool is_container(struct sieve *sieve, const struct filter_node *node,
			 const struct socktrace_event *ev)
{
	size_t length;
	const char *id, *path = path_of(sieve, ev->cgroup_id, &length);

	id = path ? cgroups_container(path, length, &length) : NULL;
	if (!id)
		return false;
	if (node->length == 1 && *node->text == '*')
		return true;
	return (length == node->length || (length == HEX_ID && node->length < length)) &&
	       !memcmp(id, node->text, node->length);
}

static bool told(struct sieve *sieve, const struct filter_node *node,
		 const struct socktrace_event *ev)
{
	return node->told == FILTER_TOLD_EXE ? is_exe(sieve, node, ev) :
					       is_container(sieve, node, ev);
}

static bool cond(struct sieve *sieve, const struct socktrace_rule *cond,
		 const struct socktrace_event *ev)
{
	struct socktrace_rule rule = *cond;

	rule.action = SOCKTRACE_ACCEPT;
	sieve->judge.rules = &rule;
	return judge_accepts(&sieve->judge, ev);
}

static bool holds(struct sieve *sieve, const struct filter_node *node,
		  const struct socktrace_event *ev)
{
	switch (node->op) {
	case FILTER_COND:
		return cond(sieve, &node->cond, ev);
	case FILTER_TOLD:
		return told(sieve, node, ev);
	case FILTER_NOT:
		return !holds(sieve, node->left, ev);
	case FILTER_AND:
		return holds(sieve, node->left, ev) && holds(sieve, node->right, ev);
	case FILTER_OR:
		return holds(sieve, node->left, ev) || holds(sieve, node->right, ev);
	}
	return false;
}

bool sieve_passes(struct sieve *sieve, const struct socktrace_event *ev)
{
	unsigned int i;

	for (i = 0; i < sieve->nr; i++) {
		if (!holds(sieve, sieve->all[i], ev)) {
			sieve->withheld++;
			return false;
		}
	}
	return true;
}

/* What is about a call, and not about who makes it, may hold or not. */
static bool may_hold(struct sieve *sieve, const struct filter_node *node, bool not,
		     const struct socktrace_event *ev)
{
	switch (node->op) {
	case FILTER_COND:
		return true;
	case FILTER_TOLD:
		return told(sieve, node, ev) != not;
	case FILTER_NOT:
		return may_hold(sieve, node->left, !not, ev);
	default:
		if ((node->op == FILTER_AND) != not)
			return may_hold(sieve, node->left, not, ev) &&
			       may_hold(sieve, node->right, not, ev);
		return may_hold(sieve, node->left, not, ev) ||
		       may_hold(sieve, node->right, not, ev);
	}
}

bool sieve_may_pass(struct sieve *sieve, const struct socktrace_event *ev)
{
	unsigned int i;

	for (i = 0; i < sieve->nr; i++) {
		if (!may_hold(sieve, sieve->all[i], false, ev))
			return false;
	}
	return true;
}
