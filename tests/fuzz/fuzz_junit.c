/* SPDX-License-Identifier: Apache-2.0 */
/* JUnit XML from a program that may write anything. */
#include <stdint.h>
#include <stdlib.h>

#include "wire/junit.h"
#include "wire/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = size > 0 ? (const char *)data : "";
	CLEANUP(tap_tree) struct tap_tree *tree = junit_read(bytes, size);
	struct xml xml = XML_INIT(bytes, size);
	enum xml_piece piece;
	size_t count = 0;
	char text[64];

	while ((piece = xml_next(&xml)) != XML_END && piece != XML_BAD)
		if (piece == XML_TEXT)
			xml_decode(xml.text, xml.is_raw, text, sizeof text);
	/* What is no XML is never without a fault. */
	if (piece == XML_BAD && tree->faults == 0)
		abort();
	vec_each (&tree->levels, level)
		for (size_t i = level->first; i != TAP_NONE; i = tree->points.items[i].next)
			count += tree->points.items[i].name[0] != '\0';
	if (count != tree->points.count || (tree->faults > 0) != (tap_first_fault(tree) != NULL))
		abort();
	return 0;
}
