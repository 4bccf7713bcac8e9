/* SPDX-License-Identifier: Apache-2.0 */
/* Checking an image's container with QEMU's own checker. */
#include "host/image/container.h"

#include <endian.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/child.h"
#include "base/json.h"

#define TOOL_MEMORY (4ULL << 30)
#define TOOL_CPU_S  1800
#define JSON_MAX    (1U << 20)

/* Where a qcow2's header says that the refcount table begins. */
#define REFCOUNT_TABLE_OFFSET 48
#define REFCOUNT_ENTRY_SIZE   8

/* qemu-img's exit codes: both mean that it has checked. */
enum { CHECK_CLEAN = 0, CHECK_CORRUPT = 2, CHECK_LEAKS = 3, CHECK_NOT_SUPPORTED = 63 };

static struct child_spec tool(const char *const *argv)
{
	return (struct child_spec){
		.argv = argv,
		.limit_memory = TOOL_MEMORY,
		.limit_cpu_s = TOOL_CPU_S,
		.no_network = true,
		.no_exec = true,
	};
}

/* The last line of what it complained of. */
static void keep_words(struct child_output *out, struct container_state *ret)
{
	struct text *said = &out->stderr_text;

	while (said->length > 0 && strchr("\r\n ", said->buf[said->length - 1]))
		text_cut(said, said->length - 1);
	const char *line = strrchr(said->buf, '\n');
	(void)snprintf(ret->words, sizeof ret->words, "%s", line ? line + 1 : said->buf);
}

static unsigned long long count_of(const json_t *report, const char *key)
{
	json_int_t count = json_integer_value(json_object_get(report, key));

	return count > 0 ? (unsigned long long)count : 0;
}

static int take_report(struct child_output *out, struct container_state *ret, struct err *e)
{
	json_t *report = json_loads(out->stdout_text.buf, 0, NULL);
	bool is_whole = json_is_object(report) && count_of(report, "check-errors") == 0;

	ret->corruptions += count_of(report, "corruptions");
	ret->leaks += count_of(report, "leaks");
	json_decref(report);
	return is_whole ? 0
			: err_set(e, BLAME_HOST, EIO, "qemu-img could not check all of it: %.200s",
				  ret->words);
}

/* `options` stand before the file's name: they tell its format. */
static int check_file(const char *const *options, const char *name, const struct patience *p,
		      struct container_state *ret, struct err *e)
{
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(JSON_MAX);
	const char *argv[10] = {"qemu-img", "check", "--output=json", "--force-share"};
	unsigned count = 4;

	while (*options)
		argv[count++] = *options++;
	argv[count] = name;
	struct child_spec spec = tool(argv);
	int r = child_run(&spec, p, &out, e);
	if (r < 0)
		return r;
	int code = WIFEXITED(out.status) ? WEXITSTATUS(out.status) : -1;
	if (code == CHECK_NOT_SUPPORTED)
		return 0;
	if (out.stderr_text.length > 0)
		keep_words(&out, ret);
	if (code == CHECK_CLEAN || code == CHECK_CORRUPT || code == CHECK_LEAKS)
		return take_report(&out, ret, e);
	return err_set(e, BLAME_HOST, EIO, "qemu-img cannot check %.200s: %.200s", name,
		       ret->words);
}

int container_check(const struct image *image, const struct patience *p,
		    struct container_state *ret, struct err *e)
{
	*ret = (struct container_state){0};
	for (unsigned i = 0; i < image->chain_count; i++) {
		const struct image_file *file = &image->chain[i];
		const char *options[] = {"-f", file->format, NULL};
		int r = check_file(options, file->path, p, ret, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- a spoilt copy ---- */

static int run_tool(const char *const *argv, const struct patience *p, struct err *e)
{
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(65536);
	struct child_spec spec = tool(argv);

	return child_run_ok(&spec, p, &out, e);
}

static int find_refcount_table(const struct image_file *file, uint64_t *ret, struct err *e)
{
	CLEAN_FD int fd = open(file->path, O_RDONLY | O_CLOEXEC);
	uint64_t offset = 0;

	if (fd < 0 || pread(fd, &offset, sizeof offset, REFCOUNT_TABLE_OFFSET) != sizeof offset)
		return err_set(e, BLAME_HOST, errno, "read %.300s: %m", file->path);
	*ret = be64toh(offset);
	return 0;
}

/* The file itself, with its tables, is what the copy is backed by: so the copy costs nothing. */
static int make_spoilt(const struct image_file *file, const char *copy, const struct patience *p,
		       struct err *e)
{
	const char *create[] = {"qemu-img", "create", "-q",  "-f", "qcow2", "-b",
				file->path, "-F",     "raw", copy, NULL};
	uint64_t table;
	int r = find_refcount_table(file, &table, e);

	if (r < 0)
		return r;
	CLEAN_FREE char *order =
		xasprintf("write -q -z %llu %d", (unsigned long long)table, REFCOUNT_ENTRY_SIZE);
	const char *spoil[] = {"qemu-io", "-f", "qcow2", "-c", order, copy, NULL};
	r = run_tool(create, p, e);
	return r < 0 ? r : run_tool(spoil, p, e);
}

/* A qcow2 whose file is a qcow2. Its backing file is not needed for a check, and would be looked for beside the copy. */
static void describe_nested(const char *copy, struct text *out)
{
	(void)text_adds(out, "json:");
	json_open(out, '{');
	json_member(out, "driver", "qcow2");
	json_key(out, "backing");
	json_text(out, NULL);
	json_key(out, "file");
	json_open(out, '{');
	json_member(out, "driver", "qcow2");
	json_key(out, "file");
	json_open(out, '{');
	json_member(out, "driver", "file");
	json_member(out, "filename", copy);
	json_close(out, '}');
	json_close(out, '}');
	json_close(out, '}');
}

int container_check_spoilt(const struct image *image, const char *folder, const struct patience *p,
			   struct container_state *ret, struct err *e)
{
	CLEAN_FREE char *copy = xasprintf("%s/spoilt.qcow2", folder);
	CLEAN_TEXT struct text name = TEXT_INIT(PATH_MAX * 6 + 256);
	static const char *const none[] = {NULL};

	*ret = (struct container_state){0};
	int r = make_spoilt(&image->chain[0], copy, p, e);
	describe_nested(copy, &name);
	if (r == 0)
		r = check_file(none, name.buf, p, ret, e);
	(void)unlink(copy);
	return r < 0 ? err_wrap(e, "a spoilt copy of %.100s", image->name) : 0;
}
