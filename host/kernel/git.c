/* SPDX-License-Identifier: Apache-2.0 */
/* git as a child. */
#include "host/kernel/git.h"

#include <stdio.h>
#include <string.h>

#include "base/child.h"

#define WORDS_MAX 1024

/* No hook of the user's, no question on the terminal, nothing written that was only to save time later; and its words in English. */
static const char *const quiet[] = {
	"--no-pager",		"-c", "core.hooksPath=/dev/null", "-c",
	"core.fsmonitor=false", "-c", "log.showSignature=false",
};
static const char *const plain_env[] = {"GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
					NULL};

/* The first line of what it complained of. */
static int complain(const struct child_output *out, const char *what, struct err *e)
{
	const char *text = out->stderr_text.buf;
	char status[64];

	if (has_prefix(text, "fatal: "))
		text += strlen("fatal: ");
	if (text[0])
		return err_set(e, BLAME_USER, EINVAL, "git: %.*s", (int)strcspn(text, "\n"), text);
	return err_set(e, BLAME_USER, EINVAL, "git %s %s", what,
		       child_status_text(out->status, status, sizeof status));
}

static void take_output(struct child_output *from, struct text *out)
{
	(void)text_add(out, from->stdout_text.buf, from->stdout_text.length);
}

static int run(const char *const *prefix, size_t prefix_count, const char *const *words,
	       const char *const *env, const struct patience *p, struct text *out, struct err *e)
{
	const char *argv[WORDS_MAX] = {"git"};
	CLEAN_DONE(child_output) struct child_output output = CHILD_OUTPUT_INIT(out->maximum);
	const struct child_spec spec = {.argv = argv, .env = env};
	size_t count = 1;

	for (size_t i = 0; i < ARRAY_LEN(quiet); i++)
		argv[count++] = quiet[i];
	for (size_t i = 0; i < prefix_count; i++)
		argv[count++] = prefix[i];
	for (size_t i = 0; words[i] && count + 1 < WORDS_MAX; i++)
		argv[count++] = words[i];
	int r = child_run(&spec, p, &output, e);
	if (r == -ENOENT && e->blame == BLAME_HOST)
		return err_set(e, BLAME_HOST, ENOENT, "git is not installed (package git)");
	if (r < 0)
		return r;
	take_output(&output, out);
	return output.status == 0 ? 0 : complain(&output, words[0], e);
}

int git_run(const struct git *git, const char *const *words, const struct patience *p,
	    struct text *out, struct err *e)
{
	CLEAN_FREE char *folder = xasprintf("--git-dir=%s", git->folder);
	const char *const prefix[] = {folder};

	return run(prefix, 1, words, plain_env, p, out, e);
}

/* ---- life ---- */

static char *first_line(const struct text *text)
{
	return xasprintf("%.*s", (int)strcspn(text->buf, "\n"), text->buf);
}

/* In a bare one git refuses to say. */
static void find_top(const char *path, const struct patience *p, struct git *git)
{
	static const char *const words[] = {"rev-parse", "--show-toplevel", NULL};
	const char *const prefix[] = {"-C", path};
	CLEAN_TEXT struct text out = TEXT_INIT(8192);
	struct err none = {0};

	if (run(prefix, 2, words, plain_env, p, &out, &none) == 0 && out.length > 1)
		git->top = first_line(&out);
}

int git_open(const char *path, const struct patience *p, struct git *ret, struct err *e)
{
	static const char *const words[] = {"rev-parse", "--absolute-git-dir", NULL};
	const char *const prefix[] = {"-C", path};
	CLEAN_TEXT struct text out = TEXT_INIT(8192);

	*ret = (struct git){.folder = NULL};
	int r = run(prefix, 2, words, plain_env, p, &out, e);
	if (r < 0 && strstr(e->text, "not a git repository")) {
		err_clear(e);
		return -ENOENT;
	}
	if (r < 0)
		return r;
	ret->folder = first_line(&out);
	find_top(path, p, ret);
	return 0;
}

void git_done(struct git *git)
{
	free(git->folder);
	free(git->top);
	*git = (struct git){.folder = NULL};
}

/* ---- revisions ---- */

bool is_git_id(const char *text)
{
	size_t length = strspn(text, "0123456789abcdef");

	return text[length] == '\0' && (length == 40 || length == 64);
}

static int resolve(const struct git *git, const char *revision, const char *kind,
		   const struct patience *p, char ret[GIT_ID_SIZE], struct err *e)
{
	CLEAN_FREE char *wanted = xasprintf("%s^{%s}", revision, kind);
	const char *const words[] = {"rev-parse", "--quiet", "--verify", wanted, NULL};
	CLEAN_TEXT struct text out = TEXT_INIT(256);

	/* It would be an option. */
	int r = revision[0] == '-' || revision[0] == '\0' ? -EINVAL
							  : git_run(git, words, p, &out, e);
	if (r == -ECANCELED || r == -ETIMEDOUT || (r < 0 && e->blame == BLAME_HOST))
		return r;
	text_cut(&out, strcspn(out.buf, "\n"));
	if (r < 0 || !is_git_id(out.buf))
		return err_set(e, BLAME_USER, ENOENT,
			       "'%.100s' is no revision of %s (git rev-parse knows no such %s)",
			       revision, git->top ? git->top : git->folder, kind);
	(void)snprintf(ret, GIT_ID_SIZE, "%s", out.buf);
	return 0;
}

int git_commit(const struct git *git, const char *revision, const struct patience *p,
	       char ret[GIT_ID_SIZE], struct err *e)
{
	return resolve(git, revision, "commit", p, ret, e);
}

int git_tree(const struct git *git, const char *revision, const struct patience *p,
	     char ret[GIT_ID_SIZE], struct err *e)
{
	return resolve(git, revision, "tree", p, ret, e);
}

/* ---- files ---- */

int git_put_files(const struct git *git, const char *revision, const char *folder,
		  const char *index, const struct patience *p, struct err *e)
{
	CLEAN_FREE char *git_dir = xasprintf("--git-dir=%s", git->folder);
	CLEAN_FREE char *work_tree = xasprintf("--work-tree=%s", folder);
	CLEAN_FREE char *index_file = xasprintf("GIT_INDEX_FILE=%s", index);
	CLEAN_FREE char *lock = xasprintf("%s.lock", index);
	const char *const env[] = {"GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
				   index_file, NULL};
	const char *const prefix[] = {"-C", folder, git_dir, work_tree, "-c", "core.bare=false"};
	const char *const put[] = {"checkout", "--quiet", "--force", "--no-overlay",
				   revision,   "--",	  ".",	     NULL};
	static const char *const clean[] = {"clean", "-ffdxq", NULL};
	CLEAN_TEXT struct text out = TEXT_INIT(1U << 20);

	(void)unlink(lock); /* of who was killed: we alone are here */
	int r = run(prefix, ARRAY_LEN(prefix), put, env, p, &out, e);
	if (r == 0)
		r = run(prefix, ARRAY_LEN(prefix), clean, env, p, &out, e);
	return r < 0 ? err_wrap(e, "put the files of %.40s into %s", revision, folder) : 0;
}
