/* SPDX-License-Identifier: Apache-2.0 */
/* How often what is waived has passed before a run: as far back as that can decide anything. */
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "host/cli/judge_setup.h"
#include "host/store/folder.h"
#include "host/store/store.h"

#define HISTORY_MAX 100000
#define CASE_MAX    10000 /* executions of one case, the newest */

/* A waiver that is for something in the run, while the executions of one case are read. */
struct watched {
	const struct waiver *waiver;
	bool is_of_case,
		is_known; /* is_known: no older execution of the case changes what is said of it */
	unsigned passes;
};
DEFINE_VEC(watched_list, struct watched);

struct reading {
	struct store *store;
	const struct run *run;
	struct watched_list watched;
	struct past_results *ret;
	unsigned of_case;
	struct err *e;
};

static bool is_for_run(const struct waiver *waiver, const struct run *run)
{
	vec_each (&run->cases, it)
		if (!it->sabotaged && waiver_is_for(waiver, &run->cells.items[it->cell], it->id))
			return true;
	return false;
}

static bool fits(const struct waiver *waiver, const struct store_execution *it)
{
	const struct store_cell *cell = &it->cell;

	return waiver_fits(waiver, &(struct waiver_target){.id = it->id,
							   .image = cell->image,
							   .os = cell->os,
							   .sha256 = cell->sha256,
							   .size = cell->size,
							   .arch = cell->arch,
							   .filesystem = cell->filesystem,
							   .kernel = cell->kernel});
}

/* What ended its row of passes, or as many passes as removal takes, and nothing older of this case matters. Gives whether it is for
 * that execution. */
static bool count(struct watched *watched, const struct store_execution *it)
{
	if (!watched->is_of_case || watched->is_known || !fits(watched->waiver, it))
		return false;
	if (it->outcome == OUTCOME_PASS)
		watched->is_known = ++watched->passes >= watched->waiver->removal_after;
	else
		watched->is_known = it->outcome != OUTCOME_INFRA;
	return true;
}

static int keep(struct past_results *ret, const struct store_execution *it)
{
	struct past_result past = {.ended_ns = it->ended_ns, .outcome = it->outcome};

	(void)snprintf(past.run, sizeof past.run, "%s", it->run);
	(void)snprintf(past.id, sizeof past.id, "%s", it->id);
	(void)snprintf(past.image, sizeof past.image, "%s", it->cell.image);
	(void)snprintf(past.os, sizeof past.os, "%s", it->cell.os);
	(void)snprintf(past.sha256, sizeof past.sha256, "%s", it->cell.sha256);
	(void)snprintf(past.size, sizeof past.size, "%s", it->cell.size);
	(void)snprintf(past.arch, sizeof past.arch, "%s", it->cell.arch);
	(void)snprintf(past.filesystem, sizeof past.filesystem, "%s", it->cell.filesystem);
	(void)snprintf(past.kernel, sizeof past.kernel, "%s", it->cell.kernel);
	return vec_add(ret, past) ? 0 : -E2BIG;
}

static bool are_all_known(const struct reading *reading)
{
	vec_each (&reading->watched, watched)
		if (watched->is_of_case && !watched->is_known)
			return false;
	return true;
}

/* 1: nothing older of this case is needed. */
static int take_execution(void *arg, const struct store_execution *it)
{
	struct reading *reading = arg;
	bool is_needed = false;

	if (strcmp(it->run, reading->run->id) == 0)
		return 0;
	vec_each (&reading->watched, watched)
		is_needed = count(watched, it) || is_needed;
	int r = is_needed ? keep(reading->ret, it) : 0;
	return r < 0 ? r : ++reading->of_case >= CASE_MAX || are_all_known(reading);
}

static int take_case(void *arg, const char *id)
{
	struct reading *reading = arg;
	uint64_t until_ns = reading->run->begun_ns > 0 ? reading->run->begun_ns : UINT64_MAX;
	bool is_waived = false;

	vec_each (&reading->watched, watched) {
		watched->is_of_case = waiver_names(watched->waiver, id);
		watched->is_known = false;
		watched->passes = 0;
		is_waived = is_waived || watched->is_of_case;
	}
	reading->of_case = 0;
	int r = is_waived ? store_newest(reading->store, id, until_ns, take_execution, reading,
					 reading->e)
			  : 0;
	return r < 0 ? r : 0;
}

static int read_store(const char *path, struct reading *reading)
{
	CLEANUP(store) struct store *store = NULL;
	int r = store_open(path, &store, reading->e);

	reading->store = store;
	if (r == 0)
		r = store_cases(store, take_case, reading, reading->e);
	if (r == -E2BIG)
		return err_set(reading->e, BLAME_HOST, E2BIG,
			       "more than %d kept results are of waived cases", HISTORY_MAX);
	return r;
}

static void read_into(const char *path, const struct waivers *waivers, const struct run *run,
		      struct past_results *ret)
{
	struct err e = {0};
	struct reading reading = {
		.run = run, .ret = ret, .watched = VEC_INIT(WAIVERS_MAX), .e = &e};

	vec_each (&waivers->list, waiver)
		if (is_for_run(waiver, run))
			(void)vec_add(&reading.watched, ((struct watched){.waiver = waiver}));
	/* No verdict depends on it, and a part of it would tell of a row of passes that is none. */
	if (reading.watched.count > 0 && read_store(path, &reading) < 0) {
		log_warning("how often what is waived has passed is not known: %s", e.text);
		vec_done(ret);
	}
	vec_done(&reading.watched);
}

void recall_waived(const char *path, const struct waivers *waivers, const struct run *run,
		   struct past_results *ret)
{
	CLEAN_FREE char *own = NULL;
	struct err none = {0};
	struct stat stat_;

	*ret = (struct past_results)VEC_INIT(HISTORY_MAX);
	if (!path && state_folder("assay.db", &own, &none) < 0)
		return;
	if (stat(path ? path : own, &stat_) == 0)
		read_into(path ? path : own, waivers, run, ret);
}
