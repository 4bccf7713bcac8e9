/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue: every case that exists, as the agent binary and the host program tell it. Immutable once loaded.
 *
 *	CLEANUP(catalog) struct catalog *catalog = NULL;
 *	r = catalog_load("build/guest/assay-guest", host_infos, host_count, &patience, &catalog, e);
 *	const struct catalog_case *found = catalog_find(catalog, "time.clocksource_is_stable");
 */
#ifndef ASSAY_HOST_CATALOG_CATALOG_H
#define ASSAY_HOST_CATALOG_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/vec.h"
#include "base/wait.h"
#include "host/catalog/case_folder.h"
#include "wire/case_info.h"

#define CATALOG_JSON_MAX  (16U << 20)
#define CATALOG_CASES_MAX 20000

/* The cases that the engine itself decides (host/plan has their records): the boot that everything else stands on, and
 * the image file, looked at from outside. */
#define CASE_REACHES_READY    "boot.reaches_ready"
#define CASE_IMAGE_UNCHANGED  "host.base_image_is_never_changed"
#define CASE_CONTAINER_INTACT "image.container_format_is_intact"
#define CASE_SIZE_ALIGNED     "image.virtual_size_is_aligned"
#define CASE_SIZE_PROMISED    "image.virtual_size_matches_policy"
#define CASE_NAME_ALLOWED     "image.file_name_is_allowed"
#define CASE_VHD_FOOTER	      "image.vhd_footer_is_valid"

/* True for those that need the image file and no machine. */
bool case_is_of_file(const char *id) NONNULL(1);

/* Cases of this area that run on the host judge the host: when one fails, that is no fault of the image's. */
#define AREA_HOST "host"

struct catalog_case {
	struct case_info info; /* its strings belong to the catalogue */
	char id[CASE_ID_SIZE];
	bool of_host; /* runs in the host program; false: in the agent */
};

bool case_judges_host(const struct catalog_case *it) NONNULL(1);

/* Cases picked from a catalogue, by id; they are borrowed from it. */
DEFINE_VEC(case_list, const struct catalog_case *);

struct catalog {
	struct catalog_case *cases; /* sorted by id */
	size_t count;
	struct catalog_strings *strings;
	struct case_folders *folders; /* owned; NULL: none */
	struct catalog_owned *owned;  /* NULL: none */
};

/* What the infos of added cases belong to. */
struct catalog_owned {
	void *it;
	void (*free)(void *it);
	struct catalog_owned *next;
};

/* Asks the agent binary, and adds `host_infos` (borrowed until the catalogue is freed). Errors: the binary does not
 * run (blame host), or what it says is no catalogue (blame bug). */
int catalog_load(const char *agent_path, const struct case_info *const *host_infos,
		 size_t host_count, const struct patience *p, struct catalog **ret, struct err *e)
	NONNULL(1, 4, 5, 6);

/* The same from the JSON itself, as cases_json writes it. Every string is checked and copied. */
int catalog_parse(const char *json, size_t length, const struct case_info *const *host_infos,
		  size_t host_count, struct catalog **ret, struct err *e) NONNULL(1, 5, 6);

/* Adds the cases of `folders`, and takes these on success. -EEXIST (blame user) names the folder whose id is taken. */
int catalog_add_folders(struct catalog *catalog, struct case_folders *folders, struct err *e)
	NONNULL(1, 2, 3);

/* Adds these cases; on success `owner`, which their infos belong to, is the catalogue's to free. -EEXIST (blame user): an id is
 * another case's. */
int catalog_add_cases(struct catalog *catalog, const struct case_info *const *infos, size_t count,
		      void *owner, void (*free_owner)(void *), struct err *e) NONNULL(1, 4, 5, 6);

void catalog_free(struct catalog *catalog);
DEFINE_CLEANUP(catalog);

/* The case of that id, NULL when there is none. */
const struct catalog_case *catalog_find(const struct catalog *catalog, const char *id)
	NONNULL(1, 2);

/* The id or area nearest to a misspelt word, NULL when none is near. */
const char *catalog_nearest(const struct catalog *catalog, const char *word) NONNULL(1, 2);

/* True when a case of that area exists. */
bool catalog_has_area(const struct catalog *catalog, const char *area) NONNULL(1, 2);

#endif
