/* SPDX-License-Identifier: Apache-2.0 */
/* Which one to try next: of commits git weighs them, of files their order does. */
#include <stdio.h>
#include <string.h>

#include "host/cli/bisect.h"

#define GOODS_MAX 900

void bisect_next_done(struct bisect_next *next)
{
	free(next->subject.path);
	free(next->subject.name);
	vec_each (&next->suspects, id)
		free(*id);
	vec_done(&next->suspects);
}

/* ---- commits ---- */

int bisect_name_commit(struct bisecting *b, const char *id, char **ret, struct err *e)
{
	const char *const words[] = {
		"log", "-1", "--no-decorate", "--abbrev=12", "--format=%h %s", id, "--", NULL};
	CLEAN_TEXT struct text out = TEXT_INIT(65536);
	int r = git_run(&b->git, words, &b->p, &out, e);

	if (r < 0)
		return r;
	text_cut(&out, strcspn(out.buf, "\n"));
	*ret = xasprintf("%.140s", out.buf);
	return 0;
}

/* Each bad one that was tried is an ancestor of those before. */
static const char *last_bad(const struct bisect *state)
{
	const char *bad = state->subjects.items[state->subjects.count - 1].id;

	vec_each (&state->tries, it)
		if (it->verdict == SEARCH_BAD)
			bad = it->id;
	return bad;
}

static int list_candidates(struct bisecting *b, const char *bad, struct text *out, struct err *e)
{
	const char *words[GOODS_MAX + 16] = {"rev-list", "--bisect-all", bad};
	size_t count = 3, goods = 0;

	if (b->state.first_parent)
		words[count++] = "--first-parent";
	words[count++] = "--not";
	words[count++] = b->state.subjects.items[0].id;
	vec_each (&b->state.tries, it)
		if (it->verdict == SEARCH_GOOD && goods++ < GOODS_MAX)
			words[count++] = it->id;
	return git_run(&b->git, words, &b->p, out, e);
}

DEFINE_VEC(ids, const char *);

/* "<id> (dist=7)" lines, the best first; the ids, but that of the bad one. */
static int take_ids(struct text *list, const char *bad, struct ids *ret, struct err *e)
{
	for (char *line = list->buf, *end; *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		line[strcspn(line, " ")] = '\0';
		if (!is_git_id(line))
			return err_set(e, BLAME_HOST, EPROTO, "git rev-list gave no commit: %.80s",
				       line);
		if (strcmp(line, bad) != 0 && !vec_add(ret, line))
			return err_set(e, BLAME_USER, E2BIG,
				       "there are more than %zu commits between them",
				       ret->maximum);
	}
	return 0;
}

static void add_suspect(struct bisect_next *next, const char *id)
{
	(void)bisect_add_word(&next->suspects, id); /* as many as were tried at most */
}

static int choose_of(struct bisecting *b, const struct ids *ids, const char *bad,
		     enum search_state *ret_state, struct bisect_next *ret, struct err *e)
{
	CLEAN_FREE bool *is_skipped = xnew((ids->count + 1) * sizeof *is_skipped);

	for (size_t i = 0; i < ids->count; i++) {
		const struct bisect_try *tried = bisect_find(&b->state, ids->items[i]);
		is_skipped[i] = tried != NULL;
		ret->left += tried == NULL;
	}
	size_t chosen = search_choose(is_skipped, ids->count);
	if (chosen == ids->count) {
		*ret_state = ids->count == 0 ? SEARCH_FOUND : SEARCH_STUCK;
		for (size_t i = 0; i < ids->count; i++)
			add_suspect(ret, ids->items[i]);
		add_suspect(ret, bad);
		return 0;
	}
	*ret_state = SEARCH_NEXT;
	(void)snprintf(ret->subject.id, sizeof ret->subject.id, "%s", ids->items[chosen]);
	ret->subject.path = xstrdup("");
	return bisect_name_commit(b, ids->items[chosen], &ret->subject.name, e);
}

static int choose_commit(struct bisecting *b, enum search_state *ret_state, struct bisect_next *ret,
			 struct err *e)
{
	CLEAN_TEXT struct text list = TEXT_INIT(GIT_OUTPUT_MAX);
	struct ids ids = VEC_INIT(GIT_OUTPUT_MAX / 40);
	const char *bad = last_bad(&b->state);
	int r = list_candidates(b, bad, &list, e);

	if (r == 0)
		r = take_ids(&list, bad, &ids, e);
	if (r == 0)
		r = choose_of(b, &ids, bad, ret_state, ret, e);
	vec_done(&ids);
	return r;
}

/* ---- files ---- */

static int choose_file(const struct bisect *state, enum search_state *ret_state,
		       struct bisect_next *ret)
{
	const struct bisect_subjects *subjects = &state->subjects;
	CLEAN_FREE enum search_verdict *verdicts = xnew(subjects->count * sizeof *verdicts);
	struct search_line_end end;

	for (size_t i = 0; i < subjects->count; i++) {
		const struct bisect_try *tried = bisect_find(state, subjects->items[i].id);
		verdicts[i] = tried ? tried->verdict : SEARCH_UNTRIED;
	}
	*ret_state = search_line(verdicts, subjects->count, &end);
	ret->left = end.left;
	if (*ret_state == SEARCH_NEXT) {
		const struct bisect_subject *it = &subjects->items[end.next];
		ret->subject = (struct bisect_subject){.path = xstrdup(it->path),
						       .name = xstrdup(it->name)};
		(void)snprintf(ret->subject.id, sizeof ret->subject.id, "%s", it->id);
		return 0;
	}
	for (size_t i = end.good + 1; i <= end.bad; i++)
		add_suspect(ret, subjects->items[i].id);
	return 0;
}

int bisect_choose(struct bisecting *b, enum search_state *ret_state, struct bisect_next *ret,
		  struct err *e)
{
	*ret = (struct bisect_next){.suspects = VEC_INIT(BISECT_TRIES_MAX)};
	return b->state.kind == BISECT_COMMITS ? choose_commit(b, ret_state, ret, e)
					       : choose_file(&b->state, ret_state, ret);
}
