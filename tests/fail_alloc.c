/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail_alloc.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);

static _Thread_local bool counting;
static _Thread_local unsigned calls;
static _Thread_local unsigned fail_at;

void qm_fail_alloc(unsigned nth)
{
	fail_at = nth;
	calls = 0;
	counting = true;
}

unsigned qm_fail_alloc_end(void)
{
	counting = false;
	return calls;
}

static bool fails(void)
{
	if (counting && ++calls == fail_at) {
		errno = ENOMEM;
		return true;
	}
	return false;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
	const size_t size = strlen(s) + 1;
	char *copy = __wrap_malloc(size);

	return copy ? memcpy(copy, s, size) : NULL;
}
