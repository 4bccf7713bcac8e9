/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed growable arrays with a maximum.
 *
 *	DEFINE_VEC(name_vec, char *);
 *	struct name_vec names = VEC_INIT(1000);
 *	if (!vec_add(&names, xstrdup("eth0")))
 *		return err_set(e, BLAME_GUEST, E2BIG, "more than %zu interfaces", names.maximum);
 *	vec_each (&names, name)
 *		puts(*name);
 *	vec_done(&names);       (the array only; what the items own is the owner's to free)
 */
#ifndef ASSAY_BASE_VEC_H
#define ASSAY_BASE_VEC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/scope.h"

#define DEFINE_VEC(name, T)                                                                        \
	struct name {                                                                              \
		T *items;                                                                          \
		size_t count, room, maximum;                                                       \
	}

#define VEC_INIT(max)                                                                              \
	{                                                                                          \
		.maximum = (max)                                                                   \
	}

/* Adds a copy of `item`; false (and nothing added) when the maximum is reached. */
#define vec_add(vec, item)                                                                         \
	(vec_reserve(&(vec)->items, sizeof *(vec)->items, (vec)->count, &(vec)->room,              \
		     (vec)->maximum)                                                               \
		 ? ((vec)->items[(vec)->count++] = (item), true)                                   \
		 : false)

/* Not the type of items itself: in a const vec that is a pointer that cannot be moved. */
#define vec_each(vec, it)                                                                          \
	for (__typeof__(*(vec)->items) *it = (vec)->items; it && it < (vec)->items + (vec)->count; \
	     it++)

#define vec_done(vec)                                                                              \
	do {                                                                                       \
		free((vec)->items);                                                                \
		(vec)->items = NULL;                                                               \
		(vec)->count = (vec)->room = 0;                                                    \
	} while (0)

/* The grower behind vec_add: aborts when memory is out, false at the maximum. `items` is a T **. */
bool vec_reserve(void *items, size_t item_size, size_t count, size_t *room, size_t maximum);

#endif
