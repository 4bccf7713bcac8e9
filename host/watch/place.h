/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Putting an image and its papers to their place, so that nothing that lies there is ever overwritten, and whoever was killed in the
 * middle can do it again.
 *
 *	r = place_reserve(&place, "debian.qcow2", sha256, as, e);        ("debian-2.qcow2" where that is taken)
 *	...keep the name...
 *	r = place_paper(&place, "/…/report.html", as, ".report.html", e);
 *	r = place_image(&place, "/inbox/debian.qcow2", &file, as, false, e);
 *	...keep that it is done...
 *	place_release(&place, as, sha256);
 */
#ifndef ASSAY_HOST_WATCH_PLACE_H
#define ASSAY_HOST_WATCH_PLACE_H

#include "base/err.h"
#include "host/watch/arrival.h"

/* What lies beside an image by its name with one of these at the end; NULL-terminated. */
extern const char *const place_papers[];

struct place_to {
	const char *folder; /* where things go */
	const char *names;  /* the folder of reservations, one for all who put things there */
};

/* Chooses a name of which nothing lies there, and reserves it: nobody else who reserves there gets it. */
int place_reserve(const struct place_to *to, const char *wanted, const char *owner,
		  char as[ARRIVAL_NAME_SIZE], struct err *e) NONNULL(1, 2, 3, 4, 5);
/* Gives a name back, when it is the owner's. */
void place_release(const struct place_to *to, const char *as, const char *owner) NONNULL(1, 2, 3);

/* Puts a copy of a file there. Fine when the same is there already; -EEXIST when something else is. */
int place_paper(const struct place_to *to, const char *from, const char *as, const char *ending,
		struct err *e) NONNULL(1, 2, 3, 4, 5);

/* Takes back what place_paper has put there of the papers in that folder: the image does not come there. */
void place_withdraw(const struct place_to *to, const char *papers, const char *as) NONNULL(1, 2, 3);

/* Moves an image there, or, with `links`, gives it a second name; where that cannot be, since another file system is there, it is
 * copied whole. -EEXIST when something lies there; -ESTALE when what lies at `from` is not, or did not stay, that file: whoever puts
 * another one there just now does not have it shipped. All is on the disk when it returns. */
int place_image(const struct place_to *to, const char *from, const struct arrival_file *file,
		const char *as, bool links, struct err *e) NONNULL(1, 2, 3, 4, 6);

#endif
