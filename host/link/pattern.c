/* SPDX-License-Identifier: Apache-2.0 */
/* Console patterns: reading them from YAML, matching lines. */
#include "host/link/pattern.h"

#include <libfyaml.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "base/shipped.h"
#include "base/text.h"

#define PATTERNS_MAX	  200
#define PATTERNS_FILE_MAX (1U << 20)
#define REGEX_MAX	  512

struct patterns {
	struct pattern items[PATTERNS_MAX];
	regex_t compiled[PATTERNS_MAX];
	size_t count;
	regex_t any; /* all of them as one: most lines match none, and that is then known at once */
	bool has_any;
};

static const char *const severity_names[] = {"stage", "fault", "death", NULL};
static const char *const stage_names[] = {
	"none",	     "firmware",	"no-loader", "loader", "loader-shell", "kernel",
	"userspace", "initramfs-shell", "emergency", "login",  "panic",	       NULL,
};

static int name_index(const char *const *names, const char *name)
{
	for (int i = 0; names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

void patterns_free(struct patterns *patterns)
{
	if (!patterns)
		return;
	for (size_t i = 0; i < patterns->count; i++) {
		free(patterns->items[i].regex);
		for (size_t k = 0; k < PATTERN_EXAMPLES_MAX; k++) {
			free(patterns->items[i].must[k]);
			free(patterns->items[i].must_not[k]);
		}
		regfree(&patterns->compiled[i]);
	}
	if (patterns->has_any)
		regfree(&patterns->any);
	free(patterns);
}

/* An error at a node of the file. */
static int node_error(struct fy_node *node, const char *path, struct err *e, const char *what)
{
	struct fy_token *token = fy_node_is_scalar(node) ? fy_node_get_scalar_token(node) : NULL;
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;

	if (mark)
		return err_set(e, BLAME_USER, EINVAL, "%s:%d: %s", path, mark->line + 1, what);
	return err_set(e, BLAME_USER, EINVAL, "%s: %s", path, what);
}

/* Copies the scalar of `key`; an absent one is the empty string. */
static int copy_scalar(struct fy_node *map, const char *key, char *buf, size_t size,
		       const char *path, struct err *e)
{
	struct fy_node *node = fy_node_mapping_lookup_by_string(map, key, (size_t)-1);
	size_t length = 0;
	const char *text = node ? fy_node_get_scalar(node, &length) : "";

	if (!text)
		return node_error(map, path, e, "a text is expected here");
	if (length >= size)
		return node_error(node, path, e, "this is too long");
	memcpy(buf, text, length);
	buf[length] = '\0';
	return 0;
}

static int copy_examples(struct fy_node *map, const char *key, char **examples, const char *path,
			 struct err *e)
{
	struct fy_node *list = fy_node_mapping_lookup_by_string(map, key, (size_t)-1), *item;
	void *at = NULL;
	size_t count = 0;

	while (list && (item = fy_node_sequence_iterate(list, &at))) {
		size_t length = 0;
		const char *text = fy_node_get_scalar(item, &length);
		if (!text || count == PATTERN_EXAMPLES_MAX)
			return node_error(item, path, e,
					  "at most 16 lines of text are expected here");
		examples[count++] = xasprintf("%.*s", (int)length, text);
	}
	if (count == 0)
		return node_error(
			map, path, e,
			"a pattern without lines in `must` and `must_not` proves nothing");
	return 0;
}

static int read_words(struct fy_node *map, struct pattern *pattern, const char *path, struct err *e)
{
	char severity[16], stage[24], emulated[16];
	int r = copy_scalar(map, "severity", severity, sizeof severity, path, e);

	if (r == 0)
		r = copy_scalar(map, "stage", stage, sizeof stage, path, e);
	if (r == 0)
		r = copy_scalar(map, "emulated", emulated, sizeof emulated, path, e);
	if (r < 0)
		return r;
	pattern->is_doubtful_emulated = strcmp(emulated, "doubtful") == 0;
	if (emulated[0] && !pattern->is_doubtful_emulated)
		return err_set(e, BLAME_USER, EINVAL,
			       "%s: pattern %s: `emulated` can only be \"doubtful\"", path,
			       pattern->name);
	int severity_at = name_index(severity_names, severity);
	int stage_at = stage[0] ? name_index(stage_names, stage) : STAGE_NONE;
	if (severity_at < 0 || stage_at < 0)
		return err_set(e, BLAME_USER, EINVAL,
			       "%s: pattern %s: unknown severity \"%s\" or stage \"%s\"", path,
			       pattern->name, severity, stage);
	pattern->severity = (enum pattern_severity)severity_at;
	pattern->stage = (enum pattern_stage)stage_at;
	return 0;
}

static int compile(regex_t *ret, const char *regex, const char *path, const char *name,
		   struct err *e)
{
	char why[128];
	int r = regcomp(ret, regex, REG_EXTENDED | REG_NOSUB);

	if (r == 0)
		return 0;
	(void)regerror(r, ret, why, sizeof why);
	return err_set(e, BLAME_USER, EINVAL, "%s: pattern %s: %s", path, name, why);
}

static int read_pattern(struct fy_node *map, struct patterns *patterns, const char *path,
			struct err *e)
{
	char regex[REGEX_MAX];

	if (!fy_node_is_mapping(map))
		return node_error(
			map, path, e,
			"a pattern is a mapping: name, regex, severity, meaning, must, must_not");
	if (patterns->count == PATTERNS_MAX)
		return node_error(map, path, e, "these are too many patterns");
	struct pattern *pattern = &patterns->items[patterns->count];
	int r = copy_scalar(map, "name", pattern->name, sizeof pattern->name, path, e);
	if (r == 0)
		r = copy_scalar(map, "meaning", pattern->meaning, sizeof pattern->meaning, path, e);
	if (r == 0)
		r = copy_scalar(map, "regex", regex, sizeof regex, path, e);
	if (r == 0 && (!pattern->name[0] || !pattern->meaning[0] || !regex[0]))
		r = node_error(map, path, e, "a pattern needs a name, a meaning and a regex");
	if (r == 0)
		r = read_words(map, pattern, path, e);
	if (r == 0)
		r = compile(&patterns->compiled[patterns->count], regex, path, pattern->name, e);
	if (r < 0)
		return r;
	pattern->regex = xstrdup(regex);
	patterns->count++;
	r = copy_examples(map, "must", pattern->must, path, e);
	return r < 0 ? r : copy_examples(map, "must_not", pattern->must_not, path, e);
}

static int compile_any(struct patterns *patterns, const char *path, struct err *e)
{
	CLEAN_TEXT struct text regex = TEXT_INIT((size_t)PATTERNS_MAX * (REGEX_MAX + 4));

	for (size_t i = 0; i < patterns->count; i++)
		(void)text_addf(&regex, "%s(%s)", i ? "|" : "", patterns->items[i].regex);
	int r = compile(&patterns->any, regex.buf, path, "of all", e);
	patterns->has_any = r == 0;
	return r;
}

static int read_all(struct fy_document *document, struct patterns *patterns, const char *path,
		    struct err *e)
{
	struct fy_node *list = fy_node_by_path(fy_document_root(document), "/patterns", (size_t)-1,
					       FYNWF_DONT_FOLLOW);
	struct fy_node *item;
	void *at = NULL;

	while (list && (item = fy_node_sequence_iterate(list, &at))) {
		int r = read_pattern(item, patterns, path, e);
		if (r < 0)
			return r;
	}
	if (patterns->count == 0)
		return err_set(e, BLAME_USER, EINVAL, "%s: there is no list `patterns`", path);
	return compile_any(patterns, path, e);
}

/* Why the file is no YAML, with the line. */
static int syntax_error(struct fy_diag *diag, const char *path, struct err *e)
{
	void *at = NULL;
	const struct fy_diag_error *first = fy_diag_errors_iterate(diag, &at);

	if (!first)
		return err_set(e, BLAME_USER, EINVAL, "%s is not valid YAML", path);
	return err_set(e, BLAME_USER, EINVAL, "%s:%d: this is not valid YAML: %.200s", path,
		       first->line, first->msg);
}

/* Collects what libfyaml would print. */
static struct fy_diag *make_diag(void)
{
	struct fy_diag_cfg config;

	fy_diag_cfg_default(&config);
	struct fy_diag *diag = fy_diag_create(&config);
	if (!diag)
		abort(); /* out of memory */
	fy_diag_set_collect_errors(diag, true);
	return diag;
}

int patterns_load(const char *path, struct patterns **ret, struct err *e)
{
	CLEAN_TEXT struct text content = TEXT_INIT(PATTERNS_FILE_MAX);
	int r = text_read_file(&content, path);

	if (r < 0)
		return err_set(e, BLAME_USER, -r, "read %s: %m", path);
	struct fy_diag *diag = make_diag();
	struct fy_parse_cfg config = {.flags = FYPCF_QUIET, .diag = diag};
	struct fy_document *document =
		fy_document_build_from_string(&config, content.buf, content.length);
	CLEANUP(patterns) struct patterns *patterns = xnew(sizeof *patterns);
	r = document ? read_all(document, patterns, path, e) : syntax_error(diag, path, e);
	fy_document_destroy(document);
	fy_diag_destroy(diag);
	if (r == 0)
		*ret = STEAL_PTR(patterns);
	return r;
}

const struct pattern *patterns_match(const struct patterns *patterns, const char *line)
{
	if (regexec(&patterns->any, line, 0, NULL, 0) != 0)
		return NULL;
	for (size_t i = 0; i < patterns->count; i++)
		if (regexec(&patterns->compiled[i], line, 0, NULL, 0) == 0)
			return &patterns->items[i];
	return NULL;
}

const struct pattern *patterns_get(const struct patterns *patterns, size_t at)
{
	return at < patterns->count ? &patterns->items[at] : NULL;
}

static bool has_name(const struct patterns *patterns, const char *name)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (strcmp(patterns->items[i].name, name) == 0)
			return true;
	return false;
}

bool patterns_lack(const struct patterns *patterns, const char *names, char ret[PATTERN_NAME_SIZE])
{
	for (const char *at = names; at && *at; at += *at == ',') {
		(void)snprintf(ret, PATTERN_NAME_SIZE, "%.*s", (int)strcspn(at, ","), at);
		if (!has_name(patterns, ret))
			return true;
		at += strcspn(at, ",");
	}
	return false;
}

static int prove(const struct patterns *patterns, const struct pattern *pattern, struct err *e)
{
	for (char *const *line = pattern->must; *line; line++)
		if (patterns_match(patterns, *line) != pattern)
			return err_set(e, BLAME_USER, EINVAL,
				       "pattern %s does not match its line: %s", pattern->name,
				       *line);
	for (char *const *line = pattern->must_not; *line; line++)
		if (patterns_match(patterns, *line) == pattern)
			return err_set(e, BLAME_USER, EINVAL,
				       "pattern %s matches a line that it must not: %s",
				       pattern->name, *line);
	return 0;
}

int patterns_prove(const struct patterns *patterns, struct err *e)
{
	for (size_t i = 0; i < patterns->count; i++) {
		int r = prove(patterns, &patterns->items[i], e);
		if (r < 0)
			return r;
	}
	return 0;
}

static struct {
	pthread_once_t once;
	struct patterns *patterns;
	struct err error;
} shipped = {.once = PTHREAD_ONCE_INIT};

static void load_shipped(void)
{
	char path[SHIPPED_PATH_MAX];

	if (shipped_find("patterns.yaml", path, &shipped.error) == 0)
		(void)patterns_load(path, &shipped.patterns, &shipped.error);
}

const struct patterns *patterns_shipped(struct err *e)
{
	(void)pthread_once(&shipped.once, load_shipped);
	if (!shipped.patterns)
		*e = shipped.error;
	return shipped.patterns;
}
