/* SPDX-License-Identifier: Apache-2.0 */
/* Telling from its bytes what a file is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/image/recognise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sample sample = {
		.head = data,
		.head_size = size < SAMPLE_HEAD ? size : SAMPLE_HEAD,
		.tail = size >= SAMPLE_TAIL ? data + size - SAMPLE_TAIL : NULL,
		.file_size = size,
	};
	struct content content;

	recognise(&sample, &content);
	/* Either it is a disk, or there is a sentence for the user; a backing file's name lies in the file. */
	if (!content.format[0] && (!content.problem || !content.remedy))
		abort();
	if (content.format[0] && content.backing_offset &&
	    (content.backing_length > size ||
	     content.backing_offset > size - content.backing_length))
		abort();
	return 0;
}
