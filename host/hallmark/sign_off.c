/* SPDX-License-Identifier: Apache-2.0 */
/* Holding a hallmark against what a gate wants of a sign-off. */
#include "host/hallmark/sign_off.h"

#include <string.h>

#include "base/clock.h"
#include "host/hallmark/envelope.h"

static char *find_lack(const struct hallmark *hallmark, const struct sign_off_terms *terms)
{
	char at[HALLMARK_TIME_SIZE];

	if (hallmark->sign_off[0] == '\0')
		return xstrdup("its hallmark is no sign-off: `assay sign --sign-off` makes one");
	if (strcmp(hallmark->sign_off, terms->name) != 0)
		return xasprintf("its hallmark is the sign-off of %s", hallmark->sign_off);
	if (strcmp(hallmark->gate_sha256, terms->gate_sha256) != 0)
		return xstrdup("it was by another gate, or the gate has changed since");
	if (strcmp(hallmark->plan_sha256, terms->plan_sha256) != 0 ||
	    strcmp(hallmark->journal_sha256, terms->journal_sha256) != 0)
		return xstrdup("it was of another run, or results have been added since");
	if (hallmark->verdict == VERDICT_BLOCK)
		return xstrdup("its hallmark says block");
	if (terms->now_ns >= hallmark->expires_ns)
		return xasprintf("its hallmark has expired on %s",
				 hallmark_time(hallmark->expires_ns, at));
	if (terms->within_ns > 0 && terms->now_ns > hallmark->made_ns &&
	    terms->now_ns - hallmark->made_ns > terms->within_ns)
		return xasprintf("its hallmark is of %s, which is too long ago",
				 hallmark_time(hallmark->made_ns, at));
	return NULL;
}

int sign_off_check(const struct sign_off_terms *terms, char **ret_lack, struct err *e)
{
	CLEAN_TEXT struct text bytes = TEXT_INIT(ENVELOPE_MAX), statement = TEXT_INIT(ENVELOPE_MAX);
	CLEAN_DONE(hallmark) struct hallmark hallmark = {0};
	CLEANUP(key) struct key *key = NULL;
	struct err why = {0};

	*ret_lack = NULL;
	int r = key_read_public(terms->key_path, &key, e);
	if (r < 0)
		return err_wrap(e, "the sign-off of %s", terms->name);
	r = text_read_file(&bytes, terms->path);
	if (r == -ENOENT) {
		*ret_lack = xasprintf("there is no %s", terms->path);
		return 0;
	}
	if (r < 0)
		r = err_set(&why, BLAME_USER, -r, "read %s: %m", terms->path);
	if (r == 0)
		r = envelope_open(key, HALLMARK_TYPE, bytes.buf, bytes.length, &statement, &why);
	if (r == 0)
		r = hallmark_read(statement.buf, statement.length, &hallmark, &why);
	*ret_lack = r < 0 ? xstrdup(why.text) : find_lack(&hallmark, terms);
	return 0;
}
