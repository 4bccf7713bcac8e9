/* SPDX-License-Identifier: Apache-2.0 */
/* Packages' files against the digests that dpkg has recorded. */
#include "guest/kit/case.h"
#include "guest/kit/dpkg.h"
#include "guest/kit/md5.h"
#include "guest/kit/policy.h"

#define INFO_FOLDER   "/var/lib/dpkg/info"
#define DIVERSIONS    "/var/lib/dpkg/diversions"
#define OFFENDERS_MAX 20
#define LIST_MAX      (8U << 20)
#define HEX_LENGTH    (MD5_HEX_SIZE - 1)
#define PIECE	      (256U << 10)

/* What small images leave out by dpkg's path-exclude, though packages have it. */
static const char *const often_left_out[] = {
	"/usr/share/doc/",    "/usr/share/man/",     "/usr/share/info/",
	"/usr/share/locale/", "/usr/share/lintian/", "/usr/share/groff/",
	"/usr/share/linda/",  "/usr/share/bug/",     "/usr/share/help/"};

struct digest_check {
	struct trial *t;
	const char *diversions; /* "" none */
	unsigned char *piece;
	unsigned files, lists, offenders;
};

static bool may_be_left_out(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(often_left_out); i++)
		if (has_prefix(path, often_left_out[i]))
			return true;
	return false;
}

/* A diverted file lies elsewhere, and another's lies there: groups of three lines, the first is the place that packages name. */
static bool is_diverted(const struct digest_check *check, const char *path)
{
	size_t length = strlen(path);

	for (const char *at = check->diversions; (at = strstr(at, path)); at++)
		if ((at == check->diversions || at[-1] == '\n') &&
		    (at[length] == '\n' || at[length] == '\0'))
			return true;
	return false;
}

static void complain(struct digest_check *check, const char *path, const char *what)
{
	if (check->offenders++ < OFFENDERS_MAX)
		FAIL(check->t, "%s %s", path, what);
}

/* Reads the file piece by piece: some are large. */
static void compare(struct digest_check *check, const char *path, const char *wanted)
{
	struct tree *tree = case_tree(check->t);
	struct md5 md5;
	char hex[MD5_HEX_SIZE];
	uint64_t offset = 0;
	ssize_t got;

	md5_begin(&md5);
	while ((got = tree_pread(tree, path, offset, check->piece, PIECE)) > 0) {
		md5_add(&md5, check->piece, (size_t)got);
		offset += (uint64_t)got;
	}
	md5_end(&md5, hex);
	check->files++;
	if (got == -ENOENT || got == -ENOTDIR) {
		if (may_be_left_out(path) || is_diverted(check, path))
			return;
		complain(check, path, "is not there");
	} else if (got < 0) {
		complain(check, path, "cannot be read");
	} else if (strncmp(hex, wanted, HEX_LENGTH) == 0) {
		check_passed(check->t);
	} else if (!is_diverted(check, path)) {
		complain(check, path, "is not what its package brought");
	}
}

/* Lines "digest  usr/bin/env"; nothing is copied, for there are tens of thousands. */
static void compare_list(struct digest_check *check, const char *text)
{
	char path[TREE_PATH_MAX];

	for (const char *line = text, *end; *line; line = *end ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		const char *name = line + HEX_LENGTH + 2;
		if (end - line <= HEX_LENGTH + 2 || end - name >= TREE_PATH_MAX - 1)
			continue;
		(void)snprintf(path, sizeof path, "/%.*s", (int)(end - name), name);
		compare(check, path, line);
	}
}

static void done(void *arg)
{
	text_done(arg);
}

AUDIT(packages, files_match_digests,
      .title = "Installed package files have the recorded checksums, configuration aside",
      .priority = P1, .needs = "policy:file_digests", .timeout_s = 600,
      .sources = "AZCERT:hygiene/package-verify,AZCERT:lynis/pkgs-7370",
      .why = "A file that is not what its package brought was changed by hand, by a bad disk or by an "
	     "intruder; the next update undoes it, or fails.",
      .remedy =
	      "Install the package again, and bring changes by configuration, diversion or a package.")
{
	/* Every byte of every package is read: seconds, where all other audits together take a fraction of one. */
	if (!policy_is_on(t, "file_digests"))
		case_skip(t, "policy:file_digests", "the policy does not ask for it");
	struct digest_check *check = case_alloc(t, sizeof *check);
	struct text *list = case_alloc(t, sizeof *list);
	const char *diversions = file_text(t, DIVERSIONS);

	*check = (struct digest_check){
		.t = t, .diversions = diversions ? diversions : "", .piece = case_alloc(t, PIECE)};
	text_init(list, LIST_MAX);
	case_defer(t, done, list);
	for (const char *const *name = file_names(t, INFO_FOLDER); *name; name++) {
		if (!has_suffix(*name, ".md5sums"))
			continue;
		text_clear(list);
		const char *path = case_format(t, INFO_FOLDER "/%s", *name);
		if (tree_read(case_tree(t), path, list) < 0)
			case_broken(t, "%s cannot be read whole", path);
		check->lists++;
		compare_list(check, list->buf);
	}
	if (check->lists == 0)
		case_skip(t, "distro:debian-like", "only dpkg's digests are read for this");
	note(t, "%u files of %u packages", check->files, check->lists);
}

SABOTAGE(packages, files_match_digests, "a byte was added to a program")
{
	const char *path = file_exists(t, "/usr/bin/env") ? "/usr/bin/env" : "/bin/true";
	struct tree_stat stat;

	if (!file_exists(t, DPKG_STATUS) || !file_stat(t, path, &stat))
		case_skip(t, "distro:debian-like", "only dpkg's digests are read for this");
	char *bytes = case_alloc(t, stat.size + 1);
	if (tree_pread(case_tree(t), path, 0, bytes, stat.size) != (ssize_t)stat.size)
		case_broken(t, "%s cannot be read whole", path);
	tree_plant_file(case_tree(t), path, bytes, stat.size + 1, 0755, 0);
}
