/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at this host, and planting defects into what is seen of it. */
#include "host/cases/host_side.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/timex.h>

#include "host/cases/host_trial.h"

#define NAMES_MAX 65536

/* ---- reading ---- */

const char *host_side_root(struct host_trial *t)
{
	return t->side ? t->side : "";
}

const char *host_side_path(struct host_trial *t, const char *path)
{
	struct stat stat_;

	if (!t->side)
		return path;
	const char *planted = host_format(t, "%s%s", t->side, path);
	return lstat(planted, &stat_) == 0 ? planted : path;
}

bool host_side_is_there(struct host_trial *t, const char *path)
{
	return access(host_side_path(t, path), F_OK) == 0;
}

/* What is left out of /dev/kmsg because the kernel went on is no error. */
static int read_rest(int fd, struct text *out)
{
	char chunk[16384];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof chunk);
		if (n == 0 || (n < 0 && errno == EAGAIN))
			return 0;
		if (n < 0 && errno != EPIPE && errno != EINTR)
			return -errno;
		if (n > 0 && text_add(out, chunk, (size_t)n) < 0)
			return -EFBIG;
	}
}

static int read_file(const char *path, struct text *out)
{
	CLEAN_FD int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	text_clear(out);
	return fd < 0 ? -errno : read_rest(fd, out);
}

const char *host_side_read(struct host_trial *t, const char *path)
{
	int r = read_file(host_side_path(t, path), &t->scratch);

	if (r == 0)
		return host_keep(t, t->scratch.buf, t->scratch.length);
	errno = -r;
	return NULL;
}

long long host_side_number(struct host_trial *t, const char *path, long long fallback)
{
	const char *content = host_side_read(t, path);
	long long number = fallback;

	if (content)
		(void)number_parse(host_format(t, "%.*s", (int)strcspn(content, "\n"), content),
				   INT64_MIN, INT64_MAX, &number);
	return number;
}

static int is_plain(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

const char *const *host_side_names(struct host_trial *t, const char *path)
{
	struct dirent **entries = NULL;
	int count = scandir(host_side_path(t, path), &entries, is_plain, alphasort);
	size_t kept = count < 0 ? 0 : count < NAMES_MAX ? (size_t)count : NAMES_MAX;
	const char **names = host_alloc(t, (kept + 1) * sizeof *names);

	for (int i = 0; i < count; i++) {
		if (i < NAMES_MAX)
			names[i] = host_keep(t, entries[i]->d_name, strlen(entries[i]->d_name));
		free(entries[i]);
	}
	free(entries);
	return names;
}

/* ---- planting ---- */

static void make_folders(struct host_trial *t, char *path)
{
	for (char *slash = strchr(path + strlen(t->side) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			host_broken(t, "make the folder %s: %m", path);
		*slash = '/';
	}
}

/* The place for what is planted, with the folders above it. */
static const char *place(struct host_trial *t, const char *path)
{
	if (!t->side) {
		const char *folder = host_format(t, "%s/side", machine_spec(t->machine)->folder);
		if (mkdir(folder, 0755) < 0)
			host_broken(t, "make the folder %s: %m", folder);
		t->side = folder;
	}
	size_t size = strlen(t->side) + strlen(path) + 1;
	char *planted = host_alloc(t, size);
	(void)snprintf(planted, size, "%s%s", t->side, path);
	make_folders(t, planted);
	return planted;
}

void host_side_plant(struct host_trial *t, const char *path, const char *content)
{
	const char *planted = place(t, path);
	FILE *file = fopen(planted, "we");

	if (!file)
		host_broken(t, "plant %s: %m", planted);
	bool is_written = fputs(content, file) >= 0;
	if (fclose(file) != 0 || !is_written)
		host_broken(t, "plant %s: %m", planted);
}

void host_side_plant_link(struct host_trial *t, const char *path, const char *target)
{
	const char *planted = place(t, path);

	if (symlink(target, planted) < 0)
		host_broken(t, "plant %s: %m", planted);
}

void host_side_plant_folder(struct host_trial *t, const char *path)
{
	const char *planted = place(t, path);

	if (mkdir(planted, 0755) < 0)
		host_broken(t, "plant %s: %m", planted);
}

/* ---- the clock ---- */

int host_side_adjtimex(struct host_trial *t, struct timex *state)
{
	return t->adjtimex ? t->adjtimex(state) : adjtimex(state);
}

void host_side_replace_adjtimex(struct host_trial *t, host_adjtimex_fn *fn)
{
	t->adjtimex = fn;
}

/* ---- the end ---- */

struct child *host_side_left(struct host_trial *t)
{
	return &t->left;
}

static int remove_one(const char *path, const struct stat *stat_ UNUSED, int type UNUSED,
		      struct FTW *at UNUSED)
{
	return remove(path);
}

void host_side_done(struct host_trial *t)
{
	child_done(&t->left);
	if (t->side)
		(void)nftw(t->side, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
