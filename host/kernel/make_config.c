/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration that a kernel is built by. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "guest/kit/kernel_config.h"
#include "host/kernel/config.h"
#include "host/kernel/make.h"
#include "host/store/folder.h"

#define CONFIG_DEFAULT "defconfig"

/* These ask the user. */
static const char *const asking[] = {"config",	       "oldconfig", "menuconfig", "nconfig",
				     "xconfig",	       "gconfig",   "syncconfig", "localmodconfig",
				     "localyesconfig", NULL};

static const char *config_name(const struct build_order *order)
{
	return order->config ? order->config : CONFIG_DEFAULT;
}

/* A word that may be a target of the tree: "defconfig". */
static bool is_target(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return name[0] != '-' && name[length] == '\0' && length < 64 && has_suffix(name, "config");
}

static int read_config(const char *path, struct text *out, struct err *e)
{
	int r = text_read_file(out, path);

	if (r == -EMSGSIZE)
		return err_set(e, BLAME_USER, EFBIG, "%s is larger than any configuration (%u MiB)",
			       path, KERNEL_CONFIG_MAX >> 20);
	if (r < 0)
		return err_set(e, BLAME_USER, -r, "read %s: %m", path);
	return strlen(out->buf) == out->length
		       ? 0
		       : err_set(e, BLAME_USER, EINVAL,
				 "%s is no configuration: it has a NUL in it", path);
}

/* The text that it begins with; nothing where the tree's own target makes it. */
static int read_base(const struct build_order *order, struct text *out, bool *ret_is_target,
		     struct err *e)
{
	const char *name = config_name(order);

	*ret_is_target = !order->config_text && is_target(name);
	if (order->config_text) {
		(void)text_adds(out, order->config_text);
		return 0;
	}
	for (size_t i = 0; *ret_is_target && asking[i]; i++)
		if (strcmp(asking[i], name) == 0)
			return err_set(
				e, BLAME_USER, EINVAL,
				"--config %s would ask questions: give a file, or a target that "
				"asks none, such as defconfig",
				name);
	if (*ret_is_target)
		return 0;
	int r = read_config(name, out, e);
	if (r == 0 && !kernel_config_is_one(out->buf))
		r = err_set(e, BLAME_USER, EINVAL,
			    "%s is no kernel configuration: it has no line CONFIG_X=…", name);
	return r < 0 ? err_wrap(e, "--config") : 0;
}

static int read_fragments(const struct build_order *order, struct text *out, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < order->fragment_count; i++) {
		CLEAN_TEXT struct text one = TEXT_INIT(KERNEL_CONFIG_MAX);
		r = read_config(order->fragments[i], &one, e);
		if (r < 0)
			return err_wrap(e, "--fragment");
		(void)text_addf(out, "\n%s\n", one.buf);
	}
	return r;
}

int make_config_identity(const struct build_order *order, struct text *out, struct err *e)
{
	CLEAN_TEXT struct text base = TEXT_INIT(KERNEL_CONFIG_MAX),
			       more = TEXT_INIT(BUILD_FRAGMENTS_MAX * KERNEL_CONFIG_MAX);
	bool is_a_target;
	int r = read_base(order, &base, &is_a_target, e);

	if (r == 0)
		r = read_fragments(order, &more, e);
	if (r < 0)
		return r;
	(void)text_addf(out, "config %s\n%s\nfragments\n%s\nneeds\n",
			is_a_target ? config_name(order) : "text", base.buf, more.buf);
	if (is_a_target)
		kernel_config_needs(out);
	for (size_t i = 0; i < order->word_count; i++)
		(void)text_addf(out, "word %s\n", order->words[i]);
	return 0;
}

/* ---- making it ---- */

static char *config_path(const struct make *make)
{
	return xasprintf("%s/.config", make->source->objects);
}

/* The tree's own tool takes the last of several lines for an option. */
static int add_to_config(const struct make *make, const struct text *more, struct err *e)
{
	CLEAN_FREE char *path = config_path(make);
	CLEAN_TEXT struct text all = TEXT_INIT((BUILD_FRAGMENTS_MAX + 2) * KERNEL_CONFIG_MAX);

	(void)text_read_file(&all, path);
	(void)text_add(&all, more->buf, more->length);
	return file_write(path, all.buf, all.length, e);
}

/* What is built anew because of another configuration, the tree's own tool decides. */
static int begin_config(struct make *make, bool is_a_target, const struct text *base,
			const struct patience *p, int *ret_status, struct err *e)
{
	const char *const targets[] = {config_name(make->order), NULL};
	CLEAN_FREE char *path = config_path(make);

	(void)unlink(path);
	if (is_a_target)
		return make_run(make, targets, p, ret_status, e);
	return file_write(path, base->buf, base->length, e);
}

/* "CONFIG_X=y", or "# CONFIG_X is not set": the option and the value that it is to have. */
static bool split_option(const char *line, char name[128], char value[256])
{
	bool is_off = has_prefix(line, "# CONFIG_") && strstr(line, " is not set");
	const char *at = is_off ? line + 2 : line;
	size_t length = strcspn(at, "= \n");

	if (!has_prefix(at, "CONFIG_") || length >= 128 || (!is_off && at[length] != '='))
		return false;
	(void)snprintf(name, 128, "%.*s", (int)length, at);
	(void)snprintf(value, 256, "%.*s", is_off ? 0 : (int)strcspn(at + length + 1, "\r\n"),
		       is_off ? "" : at + length + 1);
	return true;
}

static void check_line(const char *line, const char *path, unsigned number, const char *config,
		       struct text *remarks)
{
	char name[128], wanted[256], got[256] = "";

	if (!split_option(line, name, wanted))
		return;
	(void)kernel_config_value(config, name, got, sizeof got);
	const char *want = strcmp(wanted, "n") == 0 ? "" : wanted;
	if (strcmp(want, got) != 0)
		text_addf(remarks,
			  "%s:%u: %s does not hold: it is %s (its dependencies are not met, or "
			  "another line overrides it)\n",
			  path, number, name, got[0] ? got : "not set");
}

static void check_fragments(const struct make *make, const char *config)
{
	const struct build_order *order = make->order;

	for (size_t i = 0; i < order->fragment_count; i++) {
		CLEAN_TEXT struct text one = TEXT_INIT(KERNEL_CONFIG_MAX);
		unsigned number = 0;
		if (text_read_file(&one, order->fragments[i]) < 0)
			continue;
		for (const char *line = one.buf; *line;) {
			check_line(line, order->fragments[i], ++number, config,
				   &make->build->remarks);
			line += strcspn(line, "\n");
			line += *line == '\n';
		}
	}
}

int make_config(struct make *make, const struct patience *p, int *ret_status, struct err *e)
{
	static const char *const finish[] = {"olddefconfig", NULL};
	CLEAN_TEXT struct text base = TEXT_INIT(KERNEL_CONFIG_MAX),
			       more = TEXT_INIT(BUILD_FRAGMENTS_MAX * KERNEL_CONFIG_MAX),
			       config = TEXT_INIT(KERNEL_CONFIG_MAX);
	bool is_a_target;
	int r = read_base(make->order, &base, &is_a_target, e);

	*ret_status = 0;
	if (r == 0 && is_a_target)
		kernel_config_needs(&more);
	if (r == 0)
		r = read_fragments(make->order, &more, e);
	if (r == 0)
		r = begin_config(make, is_a_target, &base, p, ret_status, e);
	if (r < 0 || *ret_status != 0)
		return r;
	r = add_to_config(make, &more, e);
	if (r == 0)
		r = make_run(make, finish, p, ret_status, e);
	if (r < 0 || *ret_status != 0)
		return r;
	CLEAN_FREE char *path = config_path(make);
	if (text_read_file(&config, path) == 0)
		check_fragments(make, config.buf);
	return 0;
}

bool make_has_modules(const struct make *make)
{
	CLEAN_TEXT struct text config = TEXT_INIT(KERNEL_CONFIG_MAX);
	CLEAN_FREE char *path = config_path(make);
	char value[8];

	return text_read_file(&config, path) == 0 &&
	       kernel_config_value(config.buf, "MODULES", value, sizeof value) &&
	       strstr(config.buf, "=m\n");
}
