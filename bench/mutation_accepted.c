/* SPDX-License-Identifier: Apache-2.0 */
/* The list of what may pass unnoticed. */
#include "bench/mutation_accepted.h"

#include <fnmatch.h>
#include <string.h>

#define FILE_MAX (1U << 20)

static int read_line(char *line, struct accepted_line *ret, struct err *e)
{
	const char *id = strsep(&line, "\t"), *mutation = strsep(&line, "\t"),
		   *files = strsep(&line, "\t"), *reason = line;

	if (!mutation || !files || !*files || !reason || !*reason)
		return err_set(
			e, BLAME_USER, EINVAL,
			"\"%.60s\" is not a case, a mutation, its files and a reason with tabs between "
			"them",
			id);
	bool is_all = strcmp(mutation, "*") == 0;
	ret->mutation = is_all ? MUTATION_NONE : mutation_of_name(mutation);
	if (ret->mutation == MUTATION_COUNT || (!is_all && ret->mutation == MUTATION_NONE))
		return err_set(e, BLAME_USER, EINVAL, "%.60s: there is no mutation '%.40s'", id,
			       mutation);
	if (!cases_find(id))
		return err_set(e, BLAME_USER, ENOENT, "there is no case %.60s", id);
	ret->id = xstrdup(id);
	ret->files = xstrdup(files);
	ret->reason = xstrdup(reason);
	return 0;
}

int accepted_read(const char *path, struct accepted *ret, struct err *e)
{
	CLEAN_TEXT struct text text = TEXT_INIT(FILE_MAX);
	int r = text_read_file(&text, path);
	char *at = text.buf, *line;

	if (r < 0)
		return err_set(e, BLAME_USER, -r, "read %.300s: %m", path);
	for (unsigned number = 1; (line = strsep(&at, "\n")); number++) {
		struct accepted_line read;
		if (line[0] == '#' || line[0] == '\0')
			continue;
		r = read_line(line, &read, e);
		if (r < 0)
			return err_wrap(e, "%.200s:%u", path, number);
		if (!vec_add(ret, read))
			return err_set(e, BLAME_USER, E2BIG, "%.300s has too many lines", path);
	}
	return 0;
}

void accepted_done(struct accepted *accepted)
{
	vec_each (accepted, line) {
		free(line->id);
		free(line->files);
		free(line->reason);
	}
	vec_done(accepted);
}

bool accepted_is_about(const struct accepted_line *line, const char *id, enum mutation mutation,
		       const char *file)
{
	bool is_meant = line->mutation == mutation || line->mutation == MUTATION_NONE;

	if (!is_meant || strcmp(line->id, id) != 0)
		return false;
	return file ? fnmatch(line->files, file, 0) == 0 : strcmp(line->files, "*") == 0;
}

const char *accepted_reason(const struct accepted *accepted, const char *id, enum mutation mutation,
			    const char *file)
{
	vec_each (accepted, line)
		if (accepted_is_about(line, id, mutation, file))
			return line->reason;
	return NULL;
}
