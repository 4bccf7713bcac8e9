/* SPDX-License-Identifier: Apache-2.0 */
/* Results that stay with a template. The file's first line says for whom they count. */
#include "host/run/boot_results.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "host/store/folder.h"

#define FILE_NAME	 "results.jsonl"
#define WIDE_DIGEST_SIZE (2 * EVP_MAX_MD_SIZE + 1)

static void add_program(struct text *out, const char *path)
{
	struct stat st;

	if (!path || stat(path, &st) < 0)
		return;
	text_addf(out, "%llu %llu %lld %lld.%09ld\n", (unsigned long long)st.st_dev,
		  (unsigned long long)st.st_ino, (long long)st.st_size,
		  (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

/* Who asks, and what: another agent may ask otherwise, another plan may promise otherwise. */
static void identify(const struct engine *engine, const struct cell_run *cell,
		     char digest[WIDE_DIGEST_SIZE])
{
	CLEAN_TEXT struct text text = TEXT_INIT(BOOT_RESULTS_MAX);
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned length = 0;

	text_addf(&text, "assay %s\n", ASSAY_VERSION);
	add_program(&text, "/proc/self/exe");
	add_program(&text, engine->setup->agent_path);
	text_adds(&text, cell->parameters);
	digest[0] = '\0';
	if (text.overflowed ||
	    !EVP_Digest(text.buf, text.length, hash, &length, EVP_sha256(), NULL))
		return; /* "" is nobody's */
	for (unsigned i = 0; i < length; i++)
		(void)snprintf(digest + 2 * (size_t)i, 3, "%02x", hash[i]);
}

void boot_results_add(struct text *lines, const struct record *record)
{
	if (record->result.attempt > 1)
		text_clear(lines); /* the ones before were of another boot */
	if (record->result.outcome == OUTCOME_PASS && !record->result.sabotaged)
		record_encode(record, lines);
}

int boot_results_write(const char *folder, const struct engine *engine, const struct cell_run *cell,
		       const struct text *lines, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/" FILE_NAME, folder);
	CLEAN_TEXT struct text content = TEXT_INIT(2 * BOOT_RESULTS_MAX);
	char digest[WIDE_DIGEST_SIZE];

	identify(engine, cell, digest);
	if (lines->overflowed || digest[0] == '\0')
		return 0;
	text_addf(&content, "%s\n", digest);
	text_add(&content, lines->buf, lines->length);
	return file_write(path, content.buf, content.length, e);
}

/* As if it had been found now, with a word on when it was. */
static void renew(struct record *record, const struct cell_run *cell)
{
	char iso[CLOCK_ISO_SIZE];

	result_set(&record->result, OUTCOME_PASS, "as of the boot of %.19sZ, which was frozen",
		   clock_iso(record->result.wall_ns, iso));
	record->cell = cell->cell->index;
	record->name[0] = '\0';
	record->wall_ns = record->result.wall_ns = clock_wall_ns();
	record->result.duration_ns = 0;
	/* That boot was measured once, when it was. */
	vec_done(&record->result.measures);
}

static struct record *find_line(const char *at, const struct plan_item *item)
{
	for (size_t length; *at; at += length + (at[length] == '\n')) {
		struct record *record = NULL;
		struct err ignored = {0};
		length = strcspn(at, "\n");
		if (record_decode(at, length, &record, &ignored) < 0)
			return NULL;
		if (record->type == RECORD_RESULT && strcmp(record->result.id, item->it->id) == 0)
			return record;
		record_free(record);
	}
	return NULL;
}

struct record *boot_results_find(const char *folder, const struct engine *engine,
				 const struct cell_run *cell, const struct plan_item *item)
{
	CLEAN_FREE char *path = xasprintf("%s/" FILE_NAME, folder);
	CLEAN_TEXT struct text content = TEXT_INIT(2 * BOOT_RESULTS_MAX);
	char digest[WIDE_DIGEST_SIZE];

	identify(engine, cell, digest);
	if (item->sabotaged || digest[0] == '\0' || text_read_file(&content, path) < 0 ||
	    !has_prefix(content.buf, digest) || content.buf[strlen(digest)] != '\n')
		return NULL;
	struct record *record = find_line(content.buf + strlen(digest) + 1, item);
	if (record)
		renew(record, cell);
	return record;
}
