/* SPDX-License-Identifier: Apache-2.0 */
/* The untyped half of the typed arrays. */
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

bool vec_reserve(void *items, size_t item_size, size_t count, size_t *room, size_t maximum)
{
	void *old, *bigger;

	if (count < *room)
		return true;
	if (count >= maximum)
		return false;
	size_t next = *room ? *room * 2 : 8;
	if (next > maximum)
		next = maximum;
	memcpy(&old, items, sizeof old); /* a T ** of unknown T */
	bigger = reallocarray(old, next, item_size);
	if (!bigger)
		abort();
	memcpy(items, &bigger, sizeof bigger);
	*room = next;
	return true;
}
