/* SPDX-License-Identifier: Apache-2.0 */
/* From a source tree to a kernel in the cache. */
#include "host/kernel/build.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/child.h"
#include "base/sha256.h"
#include "host/kernel/bzimage.h"
#include "host/kernel/kept_build.h"
#include "host/kernel/make.h"
#include "host/kernel/prepare.h"
#include "host/store/folder.h"

#define BUILD_FORMAT 1 /* another one when other things are kept of the same build */
#define IMAGE	     "arch/x86/boot/bzImage"
#define IDENTITY_MAX ((BUILD_FRAGMENTS_MAX + 2) * (3U << 20))

void build_done(struct build *build)
{
	vec_done(&build->found);
	text_done(&build->remarks);
	free(build->folder);
	free(build->kernel);
	free(build->modules);
	free(build->log);
	scope_close(&build->lock_fd);
	*build = (struct build){.remarks = TEXT_INIT(0), .lock_fd = -1};
}

/* ---- what it is ---- */

/* The first line of what the compiler says of itself; another one makes another kernel. */
static void add_compiler(const struct build_order *order, const struct patience *p,
			 struct text *out)
{
	const char *compiler = "gcc";

	for (size_t i = 0; i < order->word_count; i++)
		if (has_prefix(order->words[i], "LLVM="))
			compiler = "clang";
	const char *argv[] = {compiler, "--version", NULL};
	const struct child_spec spec = {.argv = argv};
	CLEAN_DONE(child_output) struct child_output version = CHILD_OUTPUT_INIT(65536);
	struct err none = {0};
	if (child_run(&spec, p, &version, &none) == 0)
		(void)text_addf(out, "compiler %.*s\n", (int)strcspn(version.stdout_text.buf, "\n"),
				version.stdout_text.buf);
}

static int identify(const struct build_order *order, const struct source *source,
		    const struct patience *p, char ret[DIGEST_SIZE], struct err *e)
{
	CLEAN_TEXT struct text identity = TEXT_INIT(IDENTITY_MAX);

	(void)text_addf(&identity, "format %d\nsource %s\n", BUILD_FORMAT, source->digest);
	add_compiler(order, p, &identity);
	int r = make_config_identity(order, &identity, e);
	if (r == 0)
		sha256_text(identity.buf, identity.length, ret);
	return r;
}

/* ---- building ---- */

static bool is_good(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int build_targets(struct make *make, const struct patience *p, int *status, struct err *e)
{
	static const char *const alone[] = {"bzImage", NULL}, *const both[] = {"bzImage", "modules",
									       NULL};

	return make_run(make, make_has_modules(make) ? both : alone, p, status, e);
}

static void forget_found(struct build *build)
{
	build->found.count = 0;
	build->errors = build->warnings = 0;
	text_clear(&build->remarks);
}

static int open_log(struct make *make, struct err *e)
{
	struct build *build = make->build;

	free(build->log);
	build->log = xasprintf("%s/build.log", make->source->place);
	scope_close(&make->log_fd);
	make->log_fd = open(build->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	make->logged = 0;
	return make->log_fd < 0 ? err_set(e, BLAME_HOST, errno, "open %s: %m", build->log) : 0;
}

static int try_once(struct make *make, const struct patience *p, int *status, struct err *e)
{
	int r = open_log(make, e);

	forget_found(make->build);
	make->compiled = 0;
	make->lack[0] = '\0';
	if (r == 0)
		r = make_config(make, p, status, e);
	if (r == 0 && is_good(*status))
		r = build_targets(make, p, status, e);
	return r;
}

static void tell(const struct build_order *order, const char *line)
{
	if (order->tell)
		order->tell(order->arg, line);
}

static bool has_objects(const struct source *source)
{
	CLEAN_FREE char *config = xasprintf("%s/.config", source->objects);

	return access(config, F_OK) == 0;
}

/* What lies there from a build before may be what is wrong: only a build from nothing blames the tree. */
static int try_again(struct make *make, const struct patience *p, int *status, struct err *e)
{
	tell(make->order, "it did not build on what was built before: once more from nothing");
	int r = folder_remove(make->source->objects, e);

	if (r == 0)
		r = folder_make(make->source->objects, e);
	return r == 0 ? try_once(make, p, status, e) : r;
}

static int check_lack(const struct make *make, struct err *e)
{
	if (make->lack[0])
		return err_set(e, BLAME_HOST, ENOENT,
			       "%s cannot be built: this host lacks %s (see %.150s)",
			       make->source->name, make->lack, make->build->log);
	return 0;
}

/* "The source tree is not clean": by its own make's words, with ours. */
static int check_clean(const struct make *make, struct err *e)
{
	vec_each (&make->build->found, it)
		if (strstr(it->text, "source tree is not clean"))
			return err_set(
				e, BLAME_USER, EINVAL,
				"%s was built in its own folder: run `make mrproper` there, or make it "
				"a git repository",
				make->source->path);
	return 0;
}

static int run_make(struct make *make, const struct patience *p, struct err *e)
{
	bool had_objects = has_objects(make->source);
	int status = 0;
	int r = try_once(make, p, &status, e);

	if (r == 0 && !is_good(status) && !make->lack[0] && had_objects)
		r = try_again(make, p, &status, e);
	if (r == 0 && !is_good(status))
		r = check_lack(make, e);
	if (r == 0 && !is_good(status))
		r = check_clean(make, e);
	if (r < 0)
		return r;
	make->build->failed = !is_good(status);
	return 0;
}

/* ---- keeping it ---- */

static int install_modules(struct make *make, const char *folder, const struct patience *p,
			   struct err *e)
{
	CLEAN_FREE char *into = xasprintf("INSTALL_MOD_PATH=%s/" BUILT_MODULES, folder);
	const char *const targets[] = {into, "modules_install", NULL};
	int status = 0;

	if (!make_has_modules(make))
		return 0;
	int r = make_run(make, targets, p, &status, e);
	if (r == 0 && !is_good(status))
		r = check_lack(make, e);
	if (r == 0 && !is_good(status))
		make->build->failed = true;
	return r;
}

static int fail_without_image(struct build *build, const char *why)
{
	struct diagnostic one = {.kind = DIAGNOSTIC_ERROR};

	(void)snprintf(one.text, sizeof one.text, "%s", why);
	build->failed = true;
	build->errors++;
	(void)vec_add(&build->found, one);
	return 0;
}

/* The kernel by its release and the tree, with its configuration beside it. */
static int keep_image(struct make *make, const char *folder, struct err *e)
{
	CLEAN_TEXT struct text content = TEXT_INIT(BZIMAGE_MAX), config = TEXT_INIT(1U << 22);
	CLEAN_FREE char *built = xasprintf("%s/" IMAGE, make->source->objects);
	CLEAN_FREE char *options = xasprintf("%s/.config", make->source->objects);
	struct bzimage image;
	struct err why = {0};

	if (text_read_file(&content, built) < 0)
		return fail_without_image(make->build, "make ended well, and there is no " IMAGE
						       " in its folder");
	if (bzimage_parse(content.buf, content.length, IMAGE, &image, &why) < 0)
		return fail_without_image(make->build, why.text);
	CLEAN_FREE char *path = built_kernel_path(folder, image.release, make->source->digest);
	CLEAN_FREE char *beside = xasprintf("%s/config-%s", folder, image.release);
	int r = file_write(path, content.buf, content.length, e);
	if (r == 0 && text_read_file(&config, options) == 0)
		r = file_write(beside, config.buf, config.length, e);
	return r;
}

static int keep_log(const struct build *build, const char *folder, struct err *e)
{
	CLEAN_TEXT struct text log = TEXT_INIT(BUILD_LOG_MAX);
	CLEAN_FREE char *path = xasprintf("%s/" BUILT_LOG, folder);
	int r = text_read_file(&log, build->log);

	if (r < 0)
		return err_set(e, BLAME_HOST, -r, "read %s: %m", build->log);
	return file_write(path, log.buf, log.length, e);
}

/* A folder of its own, which gets its name when all is in it. */
static int keep_all(struct make *make, const char *builds, const struct patience *p, struct err *e)
{
	struct build *build = make->build;
	CLEAN_FREE char *new_folder = xasprintf("%s/.new-XXXXXX", builds);
	CLEAN_FREE char *folder = xasprintf("%s/%s", builds, build->key);
	struct err ignored = {0};

	if (!mkdtemp(new_folder))
		return err_set(e, BLAME_HOST, errno, "make a folder in %s: %m", builds);
	int r = keep_image(make, new_folder, e);
	if (r == 0 && !build->failed)
		r = install_modules(make, new_folder, p, e);
	if (r == 0 && !build->failed)
		r = keep_log(build, new_folder, e);
	if (r == 0 && !build->failed)
		r = kept_build_save(build, new_folder, e);
	/* Another process may have made the same one meanwhile: then that is it. */
	if (r == 0 && !build->failed && rename(new_folder, folder) < 0 && errno != EEXIST &&
	    errno != ENOTEMPTY)
		r = err_set(e, BLAME_HOST, errno, "rename %s: %m", new_folder);
	(void)folder_remove(new_folder, &ignored);
	return r;
}

static int build_new(const struct build_order *order, struct source *source, const char *builds,
		     const struct patience *p, struct build *build, struct err *e)
{
	struct make make = {.order = order, .source = source, .log_fd = -1, .build = build};
	uint64_t start_ns = clock_now_ns();
	int r = source_lock(source, p, order->tell, order->arg, e);

	if (r == 0)
		r = source_put(source, p, e);
	if (r == 0)
		r = run_make(&make, p, e);
	build->span_ns = clock_now_ns() - start_ns;
	if (r == 0)
		r = source_prove_unchanged(source, p, e);
	if (r == 0 && !build->failed)
		r = keep_all(&make, builds, p, e);
	scope_close(&make.log_fd);
	/* The log is the next build's as well: whoever wants it takes it before the tree is let go, by source_done. */
	return r;
}

static int prune(const struct build_order *order, struct err *e)
{
	CLEAN_FREE char *builds = xasprintf("%s/" KEPT_BUILDS, order->cache);
	CLEAN_FREE char *sources = xasprintf("%s/" KEPT_SOURCES, order->cache);
	uint64_t freed = 0;
	int r = kept_prune(builds, BUILDS_CACHE_MAX, &freed, e);

	return r == 0 ? kept_prune(sources, SOURCES_CACHE_MAX, &freed, e) : r;
}

int build_kernel(const struct build_order *order, struct source *source, const struct patience *p,
		 struct build *ret, struct err *e)
{
	CLEAN_FREE char *builds = xasprintf("%s/" KEPT_BUILDS, order->cache);

	*ret = (struct build){
		.found = VEC_INIT(BUILD_FOUND_MAX), .remarks = TEXT_INIT(1U << 20), .lock_fd = -1};
	int r = identify(order, source, p, ret->key, e);
	if (r == 0)
		r = folder_make(builds, e);
	if (r < 0)
		return r;
	CLEAN_FREE char *folder = xasprintf("%s/%s", builds, ret->key);
	r = kept_build_load(folder, ret, e);
	if (r == 0)
		ret->was_kept = true;
	if (r != -ENOENT)
		return r;
	err_clear(e);
	r = build_new(order, source, builds, p, ret, e);
	if (r == 0 && !ret->failed) {
		uint64_t span_ns = ret->span_ns;
		r = kept_build_load(folder, ret, e);
		ret->span_ns = span_ns;
		if (r == -ENOENT && e->code == 0)
			r = err_set(e, BLAME_HOST, ENOENT, "%s vanished while it was kept", folder);
	}
	return r == 0 ? prune(order, e) : r;
}

/* ---- telling ---- */

static void add_count(struct text *out, unsigned count, const char *what)
{
	text_addf(out, "%u %s%s", count, what, count == 1 ? "" : "s");
}

/* That make gave up is told where nothing says why. */
static bool is_worth(const struct build *build, const struct diagnostic *it)
{
	return it->kind != DIAGNOSTIC_STOP || build->errors == 0;
}

void build_tell(const struct build *build, size_t count, struct text *out)
{
	static const enum diagnostic_kind order[] = {DIAGNOSTIC_ERROR, DIAGNOSTIC_STOP,
						     DIAGNOSTIC_WARNING};
	size_t told = 0;

	add_count(out, build->errors, "error");
	text_adds(out, ", ");
	add_count(out, build->warnings, "warning");
	text_adds(out, "\n");
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		vec_each (&build->found, it) {
			if (it->kind != order[i] || told == count || !is_worth(build, it))
				continue;
			text_adds(out, "    ");
			diagnostic_add(it, out);
			text_adds(out, "\n");
			told++;
		}
}

const char *build_why(const struct build *build, char *buf, size_t size)
{
	CLEAN_TEXT struct text line = TEXT_INIT(1024);
	const struct diagnostic *first = NULL;

	vec_each (&build->found, it)
		if (it->kind != DIAGNOSTIC_WARNING && is_worth(build, it) && !first)
			first = it;
	if (first)
		diagnostic_add(first, &line);
	else if (build->failed)
		text_adds(&line, "make ended without saying why");
	(void)snprintf(buf, size, "%s", line.buf);
	return buf;
}
