/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting a cell into jobs. */
#include "host/run/jobs.h"

#include <string.h>

#include "wire/bundle.h"
#include "wire/need.h"

#define BATCH_MIN_NS                                                                               \
	(2 * NS_PER_S) /* a fork costs something too: shorter batches are not worth one */

static const char *const kind_names[] = {
	[JOB_AUDIT] = "audit", [JOB_TEMPLATE] = "boot", [JOB_SHARED] = "shared",
	[JOB_FORK] = "fork",   [JOB_COLD] = "cold",	[JOB_VERIFY] = "verify",
};

const char *job_kind_name(enum job_kind kind)
{
	return kind_names[kind];
}

uint64_t boot_span_ns(uint64_t boot_ns)
{
	return boot_ns + boot_ns / 2;
}

bool job_needs_template(const struct job *job)
{
	return job->kind == JOB_SHARED || job->kind == JOB_FORK;
}

/* Names apart: a size of another name is no other machine. */
static bool is_same_size(const struct size *a, const struct size *b)
{
	return a->cpus == b->cpus && a->mem_mib == b->mem_mib && a->max_mem_mib == b->max_mem_mib &&
	       a->numa_nodes == b->numa_nodes && a->data_disks == b->data_disks &&
	       a->data_disk_mib == b->data_disk_mib && a->nics == b->nics && a->tpm == b->tpm &&
	       strcmp(a->cpu_model, b->cpu_model) == 0 && strcmp(a->controller, b->controller) == 0;
}

static bool is_same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

bool cells_share_template(const struct plan_cell *a, const struct plan_cell *b)
{
	return !a->cold && !b->cold && is_same_size(&a->size, &b->size) &&
	       strcmp(a->image_digest, b->image_digest) == 0 &&
	       is_same_text(a->kernel_key, b->kernel_key) &&
	       strcmp(a->firmware, b->firmware) == 0 && strcmp(a->accel, b->accel) == 0 &&
	       strcmp(a->entry, b->entry) == 0 && strcmp(a->qemu, b->qemu) == 0 &&
	       strcmp(a->machine, b->machine) == 0;
}

bool sabotage_is_same(const struct case_sabotage *a, const struct case_sabotage *b)
{
	return a->kind == b->kind && is_same_text(a->argument, b->argument) &&
	       is_same_text(a->path, b->path);
}

static struct job *job_new(enum job_kind kind, const struct plan_cell *cell, struct jobs *ret)
{
	struct job *job = xnew(sizeof *job);

	*job = (struct job){
		.kind = kind, .cell = cell, .items = VEC_INIT(PLAN_ITEMS_MAX), .machines = 1};
	if (!vec_add(ret, job))
		abort(); /* more jobs than items cannot be */
	return job;
}

static void job_add(struct job *job, const struct plan_item *item)
{
	if (!vec_add(&job->items, item))
		abort();
	job->expected_ns += item->expected_ns;
	job->owns_ram |= needs_name(item->it->info.needs, "dev:virtio-balloon");
	long long machines = needs_number(item->it->info.needs, "vms");
	if (machines > job->machines)
		job->machines = (unsigned)machines;
}

void jobs_done(struct jobs *jobs)
{
	vec_each (jobs, job) {
		vec_done(&(*job)->items);
		free(*job);
	}
	vec_done(jobs);
}

/* ---- the items that are still to be done ---- */

struct deal {
	const struct plan_cell *cell;
	const struct jobs_layout *layout;
	struct jobs *jobs;
	size_t first; /* of the cell's own */
};

static bool is_due(const struct deal *deal, const struct plan_item *item)
{
	const struct jobs_layout *layout = deal->layout;

	return !(layout->is_done && layout->is_done(layout->arg, deal->cell, item));
}

/* The due items of a way, longest first. */
static int compare_longest(const void *a, const void *b)
{
	const struct plan_item *const *x = a, *const *y = b;

	if ((*x)->expected_ns != (*y)->expected_ns)
		return (*x)->expected_ns > (*y)->expected_ns ? -1 : 1;
	return strcmp((*x)->it->id, (*y)->it->id);
}

static void gather(const struct deal *deal, enum plan_way way, struct item_list *ret)
{
	*ret = (struct item_list)VEC_INIT(PLAN_ITEMS_MAX);
	vec_each (&deal->cell->items, item)
		if (item->way == way && is_due(deal, item) && !vec_add(ret, item))
			abort();
	if (ret->count > 0)
		qsort(ret->items, ret->count, sizeof *ret->items, compare_longest);
}

/* ---- dealing them out ---- */

static void deal_audit(const struct deal *deal)
{
	struct item_list items;
	struct job *jobs[2] = {NULL, NULL};

	gather(deal, PLAN_WAY_OFFLINE, &items);
	vec_each (&items, item) {
		struct job **job = &jobs[(*item)->sabotaged];
		if (!*job) {
			*job = job_new(JOB_AUDIT, deal->cell, deal->jobs);
			(*job)->sabotaged = (*item)->sabotaged;
		}
		job_add(*job, *item);
	}
	vec_done(&items);
}

static const struct bundle *bundle_of(const struct plan_item *item)
{
	return item->it->info.test ? item->it->info.test->bundle : NULL;
}

/* Each next-longest case goes to the batch that is shortest so far. */
static void deal_batch(const struct deal *deal, const struct item_list *items)
{
	uint64_t whole_ns = 0;

	vec_each (items, item)
		whole_ns += (*item)->expected_ns;
	size_t worth = (size_t)(whole_ns / BATCH_MIN_NS) + 1, count = deal->layout->workers;
	count = count < worth ? count : worth;
	count = count < items->count ? count : items->count;
	struct job **batches = xnew((count + 1) * sizeof(struct job *));
	for (size_t i = 0; i < count; i++)
		batches[i] = job_new(JOB_SHARED, deal->cell, deal->jobs);
	vec_each (items, item) {
		struct job *shortest = batches[0];
		for (size_t i = 1; i < count; i++)
			if (batches[i]->expected_ns < shortest->expected_ns)
				shortest = batches[i];
		job_add(shortest, *item);
	}
	free(batches);
}

/* The tests of a suite share machines with each other alone: they change what Assay's own cases look at, and the machine gets
 * their disks. */
static void deal_batches(const struct deal *deal, const struct item_list *items)
{
	CLEAN_FREE bool *is_dealt = xnew((items->count + 1) * sizeof *is_dealt);

	for (size_t i = 0; i < items->count; i++) {
		const struct bundle *bundle = bundle_of(items->items[i]);
		struct item_list group = VEC_INIT(PLAN_ITEMS_MAX);
		for (size_t other = i; other < items->count && !is_dealt[i]; other++) {
			if (is_dealt[other] || bundle_of(items->items[other]) != bundle)
				continue;
			(void)vec_add(&group, items->items[other]);
			is_dealt[other] = other > i;
		}
		is_dealt[i] = true;
		if (group.count > 0)
			deal_batch(deal, &group);
		vec_done(&group);
	}
}

/* What is planted for one case would be there for all. */
static bool shares_reboot(const struct deal *deal, const struct plan_item *item)
{
	const struct case_info *info = &item->it->info;

	return deal->layout->groups_max > 1 && !item->sabotaged && item->it->of_host &&
	       !plan_item_is_tried_otherwise(item) && info->isolation == ISOLATION_REBOOT &&
	       !info->program && !info->cuts_power && !plan_item_is_plugged(item);
}

/* The job to which one more case that shares a reboot can go. */
static struct job *find_meeting(const struct deal *deal)
{
	for (size_t i = deal->first; i < deal->jobs->count; i++) {
		struct job *job = deal->jobs->items[i];
		if (job->kind == JOB_FORK && job->items.count < deal->layout->groups_max &&
		    shares_reboot(deal, job->items.items[0]))
			return job;
	}
	return NULL;
}

/* A host case under its defect mostly waits as well: for what does not come. */
static bool item_waits(const struct plan_item *item)
{
	const struct case_info *info = &item->it->info;

	return info->waits || (item->sabotaged && item->it->of_host && !info->boots_again &&
			       info->isolation != ISOLATION_REBOOT);
}

static void deal_forks(const struct deal *deal)
{
	struct item_list items;

	gather(deal, PLAN_WAY_FORK, &items);
	vec_each (&items, item) {
		struct job *job = shares_reboot(deal, *item) ? find_meeting(deal) : NULL;
		if (job) {
			/* Nearly all of what it takes is the reboot. */
			uint64_t expected_ns = job->expected_ns;
			job_add(job, *item);
			job->expected_ns = expected_ns;
			continue;
		}
		job = job_new(JOB_FORK, deal->cell, deal->jobs);
		job->waits = item_waits(*item);
		job_add(job, *item);
	}
	vec_done(&items);
}

static const struct case_sabotage *built_in(const struct plan_item *item)
{
	const struct case_sabotage *sabotage = &item->it->info.sabotage;

	return item->sabotaged && sabotage->kind > SABOTAGE_CODE ? sabotage : NULL;
}

/* Cases that leave the machine as it was may share one that is sabotaged in the same way. */
static struct job *find_group(const struct deal *deal, const struct plan_item *item)
{
	const struct case_sabotage *sabotage = built_in(item);

	if (!sabotage || item->it->of_host || item->it->info.isolation != ISOLATION_SHARED ||
	    plan_item_is_plugged(item))
		return NULL;
	for (size_t i = deal->first; i < deal->jobs->count; i++) {
		struct job *job = deal->jobs->items[i];
		const struct plan_item *first = job->kind == JOB_COLD ? job->items.items[0] : NULL;
		if (first && job->sabotage && !first->it->of_host && !plan_item_is_plugged(first) &&
		    first->it->info.isolation == ISOLATION_SHARED &&
		    sabotage_is_same(job->sabotage, sabotage))
			return job;
	}
	return NULL;
}

/* Cases that judge a boot leave it as it is: without a built-in sabotage all of them share the template's own boot, but those that
 * are to see more than one. */
static struct job *find_boot(const struct deal *deal, const struct plan_item *item)
{
	if (!deal->layout->has_templates || item->sabotaged || plan_item_is_tried_again(item) ||
	    item->it->info.isolation != ISOLATION_COLD)
		return NULL;
	for (size_t i = deal->first; i < deal->jobs->count; i++)
		if (deal->jobs->items[i]->kind == JOB_TEMPLATE)
			return deal->jobs->items[i];
	return NULL;
}

static void deal_cold(const struct deal *deal)
{
	struct item_list items;

	gather(deal, PLAN_WAY_COLD, &items);
	vec_each (&items, item) {
		struct job *job = find_boot(deal, *item);
		if (!job)
			job = find_group(deal, *item);
		if (!job) {
			job = job_new(JOB_COLD, deal->cell, deal->jobs);
			job->sabotage = built_in(*item);
		}
		job_add(job, *item);
	}
	vec_done(&items);
}

static bool is_reaches_ready(const struct plan_item *item)
{
	return strcmp(item->it->id, CASE_REACHES_READY) == 0;
}

/* The boot, the shared cases that stand on it, and what the engine itself knows at the end. */
static void deal_boot(const struct deal *deal)
{
	struct item_list own, shared;
	struct job *boot = NULL, *verify = NULL;
	bool has_ready = false; /* a run that is gone on with may have its result */

	gather(deal, PLAN_WAY_RUN, &own);
	gather(deal, PLAN_WAY_SHARED, &shared);
	size_t before = deal->jobs->count;
	deal_forks(deal);
	bool is_needed = deal->jobs->count > before || shared.count > 0;
	vec_each (&own, item)
		is_needed = is_needed || is_reaches_ready(*item);
	if (is_needed)
		boot = job_new(JOB_TEMPLATE, deal->cell, deal->jobs);
	vec_each (&own, item) {
		if (is_reaches_ready(*item)) {
			job_add(boot, *item);
			boot->expected_ns = boot_span_ns((*item)->expected_ns);
			has_ready = true;
			continue;
		}
		if (!verify)
			verify = job_new(JOB_VERIFY, deal->cell, deal->jobs);
		job_add(verify, *item);
	}
	if (boot && !has_ready)
		boot->expected_ns += boot_span_ns(PLAN_BOOT_NS);
	if (deal->layout->has_templates && shared.count > 0)
		deal_batches(deal, &shared);
	else /* suites last: the machine is not what it was after them */
		for (int is_suite = 0; is_suite <= 1; is_suite++)
			vec_each (&shared, item)
				if (is_suite == (bundle_of(*item) != NULL))
					job_add(boot, *item);
	vec_done(&own);
	vec_done(&shared);
}

/* What hangs on a boot makes it urgent. */
static void chain_jobs(const struct jobs *jobs, size_t from)
{
	struct job *boot = NULL;

	for (size_t i = from; i < jobs->count; i++) {
		struct job *job = jobs->items[i];
		job->chain_ns = job->expected_ns;
		if (job->kind == JOB_TEMPLATE)
			boot = job;
	}
	for (size_t i = from; boot && i < jobs->count; i++)
		if (job_needs_template(jobs->items[i]))
			boot->chain_ns += jobs->items[i]->expected_ns;
}

void jobs_make(const struct plan_cell *cell, const struct jobs_layout *layout, struct jobs *ret)
{
	struct deal deal = {cell, layout, ret, ret->count};

	deal_audit(&deal);
	deal_boot(&deal);
	deal_cold(&deal);
	chain_jobs(ret, deal.first);
}
