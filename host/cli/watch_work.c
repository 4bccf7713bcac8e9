/* SPDX-License-Identifier: Apache-2.0 */
/* One image, from where its ticket says that it is to its place. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "host/cli/watch.h"
#include "host/image/digest.h"
#include "host/store/folder.h"
#include "host/store/claim.h"

#define NAMES_TRIED_MAX 100

bool watch_still_lies(const struct watch *watch, const struct ticket *ticket)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", watch->folder, ticket->name);

	return arrival_file_lies_at(path, &ticket->file);
}

static struct place_to place_of(const struct watch *watch, const struct ticket *ticket)
{
	return (struct place_to){.folder = watch->places[ticket->place],
				 .names = watch->names[ticket->place]};
}

/* ---- is it whole, and which one is it ---- */

/* A lease for reading is given only where nobody has the file open to write. Where none can be had, that says nothing. */
static bool is_being_written(int fd)
{
	if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
		return errno == EAGAIN || errno == EBUSY;
	(void)fcntl(fd, F_SETLEASE, F_UNLCK);
	return false;
}

static int not_now(struct err *e)
{
	return err_set(e, BLAME_USER, EAGAIN, "%s", "");
}

static int take_digest(struct watch *watch, const char *name, struct arrival_file *ret_file,
		       char digest[DIGEST_SIZE], struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", watch->folder, name);
	CLEAN_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	const struct arrival_file *seen = arrivals_file(watch->arrivals, name);
	const struct digest_progress silent = {0};
	struct patience p = patience_for_user(watch->signal_fd);
	struct file_identity identity;
	struct stat stat_;

	if (fd < 0 && errno == ENOENT)
		return not_now(e);
	if (fd < 0 || fstat(fd, &stat_) < 0)
		return err_set(e, BLAME_HOST, errno, "open %s: %m", path);
	arrival_file_read(&stat_, ret_file);
	if (!S_ISREG(stat_.st_mode) || !seen || !arrival_file_is_same(seen, ret_file) ||
	    is_being_written(fd))
		return not_now(e);
	file_identity(&stat_, &identity);
	int r = digest_of_file(fd, path, &identity, watch->cache, &p, &silent, digest, e);
	return r == -ESTALE ? not_now(e) : r;
}

/* ---- placing ---- */

static int put_papers(const struct watch *watch, const struct ticket *ticket, struct err *e)
{
	const struct place_to to = place_of(watch, ticket);
	CLEAN_FREE char *papers = watch_papers(watch, ticket);

	for (size_t i = 0; place_papers[i]; i++) {
		/* report.html is kept as that, junit.xml too. */
		CLEAN_FREE char *from = xasprintf("%s/%s", papers, place_papers[i] + 1);
		struct stat stat_;
		if (stat(from, &stat_) < 0)
			continue;
		int r = place_paper(&to, from, ticket->as, place_papers[i], e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The name that was chosen is given back, with what was put there by it. */
static void take_back(const struct watch *watch, const struct ticket *ticket)
{
	const struct place_to to = place_of(watch, ticket);
	CLEAN_FREE char *papers = watch_papers(watch, ticket);

	place_withdraw(&to, papers, ticket->as);
	place_release(&to, ticket->as, ticket->sha256);
}

/* A watcher that was killed may have put it there already: the file itself, or a whole copy. */
static bool is_placed(const struct watch *watch, const struct ticket *ticket)
{
	const struct place_to to = place_of(watch, ticket);
	CLEAN_FREE char *path = xasprintf("%s/%s", to.folder, ticket->as);
	CLEAN_FREE char *from = xasprintf("%s/%s", watch->folder, ticket->name);
	const struct digest_progress silent = {0};
	struct patience p = patience_for_user(-1);
	CLEAN_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct file_identity identity;
	char digest[DIGEST_SIZE];
	struct err none = {0};
	struct stat stat_;

	if (arrival_file_lies_at(path, &ticket->file))
		return true;
	if (fd < 0 || fstat(fd, &stat_) < 0 || !S_ISREG(stat_.st_mode) ||
	    (uint64_t)stat_.st_size != ticket->file.size)
		return false;
	file_identity(&stat_, &identity);
	if (digest_compute(fd, path, &identity, &p, &silent, digest, &none) < 0 ||
	    strcmp(digest, ticket->sha256) != 0)
		return false;
	if (!watch->arguments->link && arrival_file_lies_at(from, &ticket->file))
		(void)unlink(from); /* the copy was whole, and this was to come next */
	return true;
}

static int put_image(struct watch *watch, const struct ticket *ticket, struct err *e)
{
	const struct place_to to = place_of(watch, ticket);
	CLEAN_FREE char *from = xasprintf("%s/%s", watch->folder, ticket->name);

	if (is_placed(watch, ticket))
		return 0;
	if (!watch_still_lies(watch, ticket))
		return err_set(e, BLAME_USER, ESTALE, "it was changed while it was tried");
	return place_image(&to, from, &ticket->file, ticket->as, watch->arguments->link, e);
}

/* Of whoever was killed while a ticket was written. */
static void remove_unfinished(const struct watch *watch, const struct ticket *ticket)
{
	CLEAN_FREE char *begin = xasprintf("%s.json.new-", ticket->sha256);
	DIR *dir = opendir(watch->state);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (has_prefix(entry->d_name, begin))
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		(void)closedir(dir);
}

static int end_placing(struct watch *watch, struct ticket *ticket, struct err *e)
{
	const struct place_to to = place_of(watch, ticket);
	CLEAN_FREE char *papers = watch_papers(watch, ticket);
	CLEAN_FREE char *path = xasprintf("%s/%s", to.folder, ticket->as);

	ticket->state = TICKET_PLACED;
	ticket->placed_ns = clock_wall_ns();
	int r = ticket_save(watch->state, ticket, e);
	if (r < 0)
		return r;
	remove_unfinished(watch, ticket);
	place_release(&to, ticket->as, ticket->sha256);
	watch->placed[ticket->place]++;
	watch_tell(watch, place_name(ticket->place), ticket->name, ticket, "%s%s%s%s", path,
		   ticket->reason[0] ? " (" : "", ticket->reason, ticket->reason[0] ? ")" : "");
	return folder_remove(papers, e);
}

static int choose_name(struct watch *watch, struct ticket *ticket, struct err *e)
{
	const struct place_to to = place_of(watch, ticket);
	int r = place_reserve(&to, ticket->name, ticket->sha256, ticket->as, e);

	if (r < 0)
		return r;
	ticket->state = TICKET_PLACING;
	return ticket_save(watch->state, ticket, e);
}

/* Somebody else may put a file there by the very name that was chosen: then it is another name. */
static int put(struct watch *watch, struct ticket *ticket, struct err *e)
{
	for (unsigned i = 0; i < NAMES_TRIED_MAX; i++) {
		int r = ticket->state == TICKET_JUDGED ? choose_name(watch, ticket, e) : 0;
		if (r == 0)
			r = put_papers(watch, ticket, e);
		if (r == 0)
			r = put_image(watch, ticket, e);
		if (r == 0)
			return end_placing(watch, ticket, e);
		if (r != -EEXIST)
			return r;
		take_back(watch, ticket);
		ticket->state = TICKET_JUDGED;
	}
	return e->code ? -e->code : -EEXIST;
}

/* ---- the steps ---- */

/* The file that was tried is no more. Its run stays: should the same bytes come again, they are judged by it. */
static int tell_replaced(struct watch *watch, struct ticket *ticket, struct err *e)
{
	if (ticket->state == TICKET_PLACING)
		take_back(watch, ticket);
	watch_tell(
		watch, "replaced", ticket->name, ticket,
		"it was changed, replaced or taken away while it was tried; what lies there now is another "
		"image");
	ticket->state = TICKET_RUNNING;
	ticket->reason[0] = '\0';
	return ticket_save(watch->state, ticket, e);
}

static int run_and_judge(struct watch *watch, struct ticket *ticket, struct err *e)
{
	int r = watch_run(watch, ticket, e);

	if (r == 0 && !ticket->reason[0] && watch_still_lies(watch, ticket))
		r = watch_judge(watch, ticket, e);
	if (r < 0)
		return r;
	if (!watch_still_lies(watch, ticket))
		return err_set(e, BLAME_USER, ESTALE, "it was changed while it was tried");
	ticket->state = TICKET_JUDGED;
	ticket->tries = 0;
	watch_tell(watch, "judged", ticket->name, ticket, "%s", place_name(ticket->place));
	return ticket_save(watch->state, ticket, e);
}

static int go_on(struct watch *watch, struct ticket *ticket, struct err *e)
{
	int r = 0;

	if (ticket->state == TICKET_CLAIMED) {
		ticket->run++;
		ticket->state = TICKET_RUNNING;
		r = ticket_save(watch->state, ticket, e);
	}
	if (r == 0 && ticket->state == TICKET_RUNNING)
		r = run_and_judge(watch, ticket, e);
	if (r == 0)
		r = put(watch, ticket, e);
	if (r != -ESTALE)
		return r;
	err_clear(e);
	return tell_replaced(watch, ticket, e);
}

/* ---- from the digest to the ticket ---- */

static void begin(const struct watch *watch, const char *name, const struct arrival_file *file,
		  struct ticket *ticket)
{
	(void)snprintf(ticket->name, sizeof ticket->name, "%s", name);
	memcpy(ticket->recipe, watch->recipe, sizeof ticket->recipe);
	ticket->file = *file;
	ticket->state = TICKET_CLAIMED;
	ticket->tries = 0;
	ticket->reason[0] = ticket->as[0] = '\0';
	ticket->came_ns = clock_wall_ns();
	ticket->placed_ns = 0;
}

/* The very bytes were here before: the run that there is tells of them, and only the judge is asked again. */
static void begin_again(const struct watch *watch, const char *name,
			const struct arrival_file *file, struct ticket *ticket)
{
	bool has_run =
		ticket->run > 0 && !ticket->reason[0] && strcmp(ticket->recipe, watch->recipe) == 0;

	begin(watch, name, file, ticket);
	if (has_run)
		ticket->state = TICKET_RUNNING;
	watch_tell(watch, "again", name, ticket, "%s",
		   has_run ? "this image has been run before: it is judged anew by that run"
			   : "this image was here before");
}

/* Its file has another name now, or other options are given: what was begun by the old ones is no more. */
static int take_up(struct watch *watch, const char *name, const struct arrival_file *file,
		   struct ticket *ticket, struct err *e)
{
	if (ticket->state == TICKET_PLACING && is_placed(watch, ticket))
		return end_placing(watch, ticket, e);
	if (strcmp(ticket->name, name) != 0 && watch_still_lies(watch, ticket))
		return 0; /* that one first */
	bool is_moved =
		strcmp(ticket->name, name) != 0 || !arrival_file_is_same(&ticket->file, file);
	bool is_other = strcmp(ticket->recipe, watch->recipe) != 0;
	if (!is_moved && !is_other)
		return 0;
	if (ticket->state == TICKET_PLACING)
		take_back(watch, ticket);
	begin(watch, name, file, ticket);
	return 0;
}

static int load(struct watch *watch, const char *sha256, const char *name,
		const struct arrival_file *file, struct ticket *ticket, bool *ret_is_new,
		struct err *e)
{
	*ticket = (struct ticket){0};
	int r = ticket_load(watch->state, sha256, ticket, e);
	*ret_is_new = r < 0;
	if (r == 0 || (r != -ENOENT && r != -EBADMSG))
		return r;
	if (r == -EBADMSG)
		watch_tell(watch, "damaged", name, NULL, "%s; it is begun anew", e->text);
	err_clear(e);
	*ticket = (struct ticket){0};
	memcpy(ticket->sha256, sha256, sizeof ticket->sha256);
	begin(watch, name, file, ticket);
	return 0;
}

static int work_claimed(struct watch *watch, const char *sha256, const char *name,
			const struct arrival_file *file, struct err *e)
{
	struct ticket ticket;
	bool is_new = false;

	int r = load(watch, sha256, name, file, &ticket, &is_new, e);
	if (r == 0 && !is_new && ticket.state != TICKET_PLACED)
		r = take_up(watch, name, file, &ticket, e);
	if (r < 0)
		return r;
	if (ticket.state == TICKET_PLACED && arrival_file_is_same(&ticket.file, file) &&
	    watch->arguments->link && strcmp(ticket.name, name) == 0)
		return 0; /* it was linked, and stays */
	CLEAN_FREE char *path = xasprintf("%s/%s", watch->folder, name);
	if (!arrival_file_lies_at(path, file))
		return 0; /* whoever had the claim before has placed it */
	if (ticket.state == TICKET_PLACED)
		begin_again(watch, name, file, &ticket);
	else if (is_new)
		watch_tell(watch, "arrived", name, &ticket, "SHA-256 %.16s…", sha256);
	r = ticket_save(watch->state, &ticket, e);
	if (r == 0)
		r = go_on(watch, &ticket, e);
	/* Another file of the same bytes was finished first. */
	return r == 0 && strcmp(ticket.name, name) != 0 ? not_now(e) : r;
}

int watch_work(struct watch *watch, const char *name, struct err *e)
{
	struct arrival_file file;
	char sha256[DIGEST_SIZE];
	int claim = -1;

	int r = take_digest(watch, name, &file, sha256, e);
	if (r < 0)
		return r;
	CLEAN_FREE char *lock = xasprintf("%s/%s.lock", watch->state, sha256);
	r = claim_take(lock, &claim, e);
	if (r == -EBUSY && e->blame == BLAME_USER)
		return not_now(e);
	if (r == 0)
		r = work_claimed(watch, sha256, name, &file, e);
	claim_drop(lock, &claim);
	return r;
}

/* ---- what others have left ---- */

/* Killed between the image's last step and the line that says so: nothing in the folder leads to that ticket any more. */
static int recover_claimed(struct watch *watch, const char *sha256, struct err *e)
{
	struct ticket ticket;
	int r = ticket_load(watch->state, sha256, &ticket, e);

	if (r < 0 || ticket.state != TICKET_PLACING)
		return r;
	if (is_placed(watch, &ticket))
		return end_placing(watch, &ticket, e);
	return watch_still_lies(watch, &ticket) ? 0 : tell_replaced(watch, &ticket, e);
}

static int recover(struct watch *watch, const char *sha256, struct err *e)
{
	CLEAN_FREE char *lock = xasprintf("%s/%s.lock", watch->state, sha256);
	struct ticket ticket;
	int claim = -1;
	int r = ticket_load(watch->state, sha256, &ticket, e);

	if (r < 0 || ticket.state != TICKET_PLACING)
		return r;
	r = claim_take(lock, &claim, e);
	if (r == -EBUSY && e->blame == BLAME_USER)
		return 0;
	if (r == 0)
		r = recover_claimed(watch, sha256, e);
	claim_drop(lock, &claim);
	return r;
}

/* "<SHA-256>.json" */
static bool is_ticket(const char *name, char sha256[SHA256_SIZE])
{
	if (strlen(name) != SHA256_SIZE - 1 + strlen(".json") || !has_suffix(name, ".json"))
		return false;
	(void)snprintf(sha256, SHA256_SIZE, "%s", name);
	return is_sha256(sha256);
}

void watch_recover(struct watch *watch)
{
	DIR *dir = opendir(watch->state);
	const struct dirent *entry;
	char sha256[SHA256_SIZE];

	while (dir && (entry = readdir(dir))) {
		struct err e = {0};
		if (is_ticket(entry->d_name, sha256) && recover(watch, sha256, &e) < 0 &&
		    e.code != EBADMSG)
			watch_tell(watch, "trouble", entry->d_name, NULL, "%s", e.text);
	}
	if (dir)
		(void)closedir(dir);
}
