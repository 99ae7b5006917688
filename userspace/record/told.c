// SPDX-License-Identifier: GPL-2.0
#include "record/told.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 64

/* Where the number is, or would be. */
static struct told_text *slot_of(const struct told *told, uint64_t number)
{
	size_t at = (size_t)((number * 0x9e3779b97f4a7c15ULL) >> 20);

	for (;; at++) {
		struct told_text *slot = &told->slots[at & (told->size - 1)];

		if (!slot->text || slot->number == number)
			return slot;
	}
}

static int grow(struct told *told)
{
	struct told larger = { .size = told->size ? 2 * told->size : FIRST_SIZE };
	size_t i;

	larger.slots = calloc(larger.size, sizeof(*larger.slots));
	if (!larger.slots)
		return -1;
	for (i = 0; i < told->size; i++)
		if (told->slots[i].text)
			*slot_of(&larger, told->slots[i].number) = told->slots[i];
	larger.count = told->count;
	free(told->slots);
	*told = larger;
	return 0;
}

int told_put(struct told *told, uint64_t number, const char *text, size_t length)
{
	struct told_text *slot;
	char *copy;

	if (told->count + 1 > told->size / 2 && grow(told))
		return -1;
	copy = malloc(length + 1);
	if (!copy)
		return -1;
	memcpy(copy, text, length);
	slot = slot_of(told, number);
	told->count += !slot->text;
	free(slot->text);
	*slot = (struct told_text){ .number = number, .length = length, .text = copy };
	return 0;
}

const char *told_find(const struct told *told, uint64_t number, size_t *length)
{
	const struct told_text *slot;

	if (!told->size)
		return NULL;
	slot = slot_of(told, number);
	*length = slot->length;
	return slot->text;
}

void told_free(struct told *told)
{
	size_t i;

	for (i = 0; i < told->size; i++)
		free(told->slots[i].text);
	free(told->slots);
	*told = (struct told){ 0 };
}
