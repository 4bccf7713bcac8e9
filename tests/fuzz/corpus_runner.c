/* SPDX-License-Identifier: Apache-2.0 */
/* Gives every file of a corpus to a fuzz target, each as one test. Without libFuzzer; with it, see -Dfuzzer=true. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/child.h"
#include "base/text.h"

#define INPUT_MAX (16U << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* A copy of exactly the input's size: the address sanitizer sees a read beyond it. */
static void try_bytes(const char *bytes, size_t length)
{
	CLEAN_FREE uint8_t *copy = malloc(length ? length : 1);

	if (!copy)
		abort();
	memcpy(copy, bytes, length);
	(void)LLVMFuzzerTestOneInput(copy, length);
}

/* The input, and its beginnings: foreign bytes like to end early. */
static bool try_file(const char *path)
{
	CLEAN_TEXT struct text input = TEXT_INIT(INPUT_MAX);

	if (text_read_file(&input, path) < 0)
		return false;
	try_bytes(input.buf, input.length);
	size_t step = input.length / 64 + 1;
	for (size_t length = 0; length < input.length; length += step)
		try_bytes(input.buf, length);
	return true;
}

int main(int argc, char **argv)
{
	struct dirent **entries = NULL;
	int failed = 0;

	child_init(argc, argv);
	int count = argc == 2 ? scandir(argv[1], &entries, is_input, alphasort) : -1;
	if (count <= 0) {
		(void)printf("1..1\nnot ok 1 corpus # no input in %s\n", argc == 2 ? argv[1] : "?");
		return 1;
	}
	(void)printf("1..%d\n", count);
	for (int i = 0; i < count; i++) {
		CLEAN_FREE char *path = xasprintf("%s/%s", argv[1], entries[i]->d_name);
		(void)fflush(stdout); /* a crash is then seen to be the next one's */
		bool ok = try_file(path);
		failed += !ok;
		(void)printf("%sok %d %s\n", ok ? "" : "not ", i + 1, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return failed > 0;
}
