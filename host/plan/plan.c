/* SPDX-License-Identifier: Apache-2.0 */
/* Making a plan. */
#include "host/plan/plan.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static const char *const way_names[] = {
	[PLAN_WAY_SKIP] = "skip",     [PLAN_WAY_BROKEN] = "broken", [PLAN_WAY_OFFLINE] = "offline",
	[PLAN_WAY_SHARED] = "shared", [PLAN_WAY_FORK] = "fork",	    [PLAN_WAY_COLD] = "cold",
	[PLAN_WAY_RUN] = "run",
};

static const struct case_info reaches_ready = {
	.area = "boot",
	.name = "reaches_ready",
	.title = "The image boots from power-on to a usable system within its limit",
	.kind = CASE_KIND_HOST,
	.priority = P0,
	.isolation = ISOLATION_COLD,
	.timeout_s = 600,
	.why = "An image that does not come up by its own boot loader is of no use to anybody",
	.remedy = "Read the end of the console log; it names the stage that was not left",
	.sabotage = {.kind = SABOTAGE_CMDLINE,
		     .text = "the kernel is told to start an init that is not there",
		     .argument = "init=/nonexistent rdinit=/nonexistent"},
};

static const struct case_info image_unchanged = {
	.area = "host",
	.name = "base_image_is_never_changed",
	.title = "The image file is the same after the run as before it",
	.kind = CASE_KIND_HOST,
	.priority = P0,
	.isolation = ISOLATION_SHARED,
	.why = "A verdict is about one exact file; had it changed meanwhile, the verdict would be about nothing",
	.remedy = "Keep other programs away from the image during a run, and run again",
	.sources = "own",
	.sabotage = {.kind = SABOTAGE_CODE,
		     .text = "the digest known from the start is another one"},
};

static const struct case_info container_intact = {
	.area = "image",
	.name = "container_format_is_intact",
	.title = "The image's qcow2 container has no corrupt or leaked structures",
	.kind = CASE_KIND_AUDIT,
	.priority = P0,
	.isolation = ISOLATION_SHARED,
	.needs = "image:qcow2",
	.why = "A container that one program reads somehow is refused, or read as another disk, by the next",
	.remedy =
		"Make the image anew: qemu-img convert copies what can still be read into a whole container",
	.sources = "own",
	.sabotage = {.kind = SABOTAGE_CODE,
		     .text = "an entry of the refcount table is zero, in a copy of the qcow2"},
};

static const struct case_info size_aligned = {
	.area = "image",
	.name = "virtual_size_is_aligned",
	.title = "The virtual size is a whole number of the platform's size units",
	.kind = CASE_KIND_AUDIT,
	.priority = P1,
	.isolation = ISOLATION_SHARED,
	.needs = "image:file",
	.why = "A platform refuses a disk of another size, or cuts its end off, with what stands there",
	.remedy =
		"Resize the image to whole MiB, or to the unit that the policy's disk_size_unit_mib says",
	.sources = "AZCERT:ms-policy/200.3.3b-size-alignment,AZCERT:ms-prep/qemu-img-force-size,"
		   "AZCERT:gcp/size",
	.sabotage = {.kind = SABOTAGE_CODE, .text = "the disk is 512 bytes larger"},
};

static const struct case_info size_promised = {
	.area = "image",
	.name = "virtual_size_matches_policy",
	.title = "The image's virtual disk size is the documented one",
	.kind = CASE_KIND_AUDIT,
	.priority = P2,
	.isolation = ISOLATION_SHARED,
	.needs = "image:file,policy:disk_size_mib",
	.why = "The platform takes disks of some sizes only, and the user pays for each GiB",
	.remedy = "Resize the image, or correct disk_size_mib in the policy",
	.sources = "CIV:test_osdisk_size,AZCERT:ms-policy/200.4a-os-disk-size",
	.sabotage = {.kind = SABOTAGE_CODE, .text = "the disk is 512 bytes larger"},
};

static const struct case_info name_allowed = {
	.area = "image",
	.name = "file_name_is_allowed",
	.title = "The image file's name uses only characters and ending the platform accepts",
	.kind = CASE_KIND_AUDIT,
	.priority = P4,
	.isolation = ISOLATION_SHARED,
	.needs = "image:file,policy:file_name",
	.why = "The platform refuses the upload",
	.remedy = "Rename the file, or correct file_name in the policy",
	.sources = "AZCERT:ms-faq/vhd-file-name",
	.sabotage = {.kind = SABOTAGE_CODE, .text = "the name has a blank and no ending"},
};

static const struct case_info vhd_footer = {
	.area = "image",
	.name = "vhd_footer_is_valid",
	.title = "A fixed VHD has a right footer: cookie, checksum, type and size",
	.kind = CASE_KIND_AUDIT,
	.priority = P1,
	.isolation = ISOLATION_SHARED,
	.needs = "image:vhd",
	.why = "The footer is all that says how large the disk is: the platform refuses one that is wrong",
	.remedy = "Make the file anew: qemu-img convert -O vpc -o subformat=fixed,force_size",
	.sources = "AZCERT:ms-policy/200.3.3a-vhd-footer,AZCERT:ms-faq/footer-cookie,"
		   "AZCERT:ms-prep/fixed-vhd-not-vhdx",
	.sabotage = {.kind = SABOTAGE_CODE, .text = "the footer's cookie is zero"},
};

static const struct case_info *const own_cases[] = {
	&reaches_ready, &image_unchanged, &container_intact, &size_aligned,
	&size_promised, &name_allowed,	  &vhd_footer,	     NULL};

const struct case_info *const *plan_own_cases(size_t *ret_count)
{
	*ret_count = ARRAY_LEN(own_cases) - 1;
	return own_cases;
}

const char *plan_way_name(enum plan_way way)
{
	return way_names[way];
}

/* ---- life ---- */

struct plan *plan_new(const char *run_id, const struct catalog *catalog)
{
	struct plan *plan = xnew(sizeof *plan);

	plan->run_id = xstrdup(run_id);
	plan->catalog = catalog;
	plan->cells = (struct plan_cells)VEC_INIT(10000);
	plan->left_out = (struct plan_left_outs)VEC_INIT(PLAN_LEFT_OUT_MAX);
	return plan;
}

static void cell_free(struct plan_cell *cell)
{
	char *const strings[] = {cell->image_path,    cell->image_name,	    cell->image_digest,
				 cell->image_format,  cell->os_name,	    cell->arch,
				 cell->firmware,      cell->accel,	    cell->entry,
				 cell->policy,	      cell->variants,	    cell->image_called,
				 cell->host,	      cell->qemu,	    cell->qemu_version,
				 cell->machine,	      cell->kernel_path,    cell->kernel_name,
				 cell->kernel_digest, cell->kernel_modules, cell->kernel_release,
				 cell->kernel_key,    cell->kernel_called,  cell->image_filesystem};

	for (size_t i = 0; i < ARRAY_LEN(strings); i++)
		free(strings[i]);
	vec_each (&cell->items, item)
		free(item->carried);
	vec_done(&cell->items);
	free(cell);
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	vec_each (&plan->cells, cell)
		cell_free(*cell);
	vec_done(&plan->cells);
	vec_each (&plan->left_out, it) {
		free(it->values);
		free(it->why);
	}
	vec_done(&plan->left_out);
	free(plan->run_id);
	free(plan->retests);
	free(plan);
}

static char *copy_or_empty(const char *string)
{
	return xstrdup(string ? string : "");
}

struct plan_cell *plan_add_cell(struct plan *plan, const struct plan_cell_spec *spec)
{
	struct plan_cell *cell = xnew(sizeof *cell);
	static const struct plan_kernel none = {0};
	const struct plan_kernel *kernel = spec->kernel ? spec->kernel : &none;

	assert(!plan->frozen);
	*cell = (struct plan_cell){
		.index = (unsigned)plan->cells.count,
		.image_path = copy_or_empty(spec->image_path),
		.image_name = copy_or_empty(spec->image_name),
		.image_digest = copy_or_empty(spec->image_digest),
		.image_format = copy_or_empty(spec->image_format),
		.os_name = copy_or_empty(spec->os_name),
		.arch = copy_or_empty(spec->arch),
		.image_filesystem = copy_or_empty(spec->image_filesystem),
		.image_called = copy_or_empty(spec->image_called),
		.firmware = copy_or_empty(spec->firmware),
		.accel = copy_or_empty(spec->accel),
		.entry = copy_or_empty(spec->entry),
		.policy = copy_or_empty(spec->policy),
		.variants = copy_or_empty(spec->variants),
		.host = copy_or_empty(spec->host),
		.qemu = copy_or_empty(spec->qemu),
		.qemu_version = copy_or_empty(spec->qemu_version),
		.machine = copy_or_empty(spec->machine),
		.kernel_called = copy_or_empty(kernel->called),
		.kernel_path = copy_or_empty(kernel->path),
		.kernel_name = copy_or_empty(kernel->name),
		.kernel_digest = copy_or_empty(kernel->digest),
		.kernel_modules = copy_or_empty(kernel->modules),
		.kernel_release = copy_or_empty(kernel->release),
		.kernel_key = copy_or_empty(kernel->key),
		.size = spec->size,
		.offer = spec->offer,
		.cold = spec->cold,
		.items = VEC_INIT(PLAN_ITEMS_MAX),
	};
	cell->offer.size = &cell->size;
	cell->offer.policy = cell->policy;
	cell->offer.image_format = cell->image_format[0] ? cell->image_format : NULL;
	cell->offer.kernel = spec->kernel ? cell->kernel_release : NULL;
	if (!vec_add(&plan->cells, cell))
		abort();
	return cell;
}

bool plan_leave_out(struct plan *plan, const struct plan_left_out *left_out)
{
	struct plan_left_out copy = *left_out;

	assert(!plan->frozen);
	if (plan->left_out.count == plan->left_out.maximum)
		return false;
	copy.values = copy_or_empty(left_out->values);
	copy.why = copy_or_empty(left_out->why);
	return vec_add(&plan->left_out, copy);
}

/* ---- cases ---- */

static bool is_own(const struct catalog_case *it, const char *id)
{
	return it->of_host && strcmp(it->id, id) == 0;
}

/* Sabotages that have to be there before the machine is. */
static bool is_built_in(enum sabotage_kind kind)
{
	switch (kind) {
	case SABOTAGE_NONE:
	case SABOTAGE_CODE:
		return false;
	case SABOTAGE_CMDLINE:
	case SABOTAGE_DROP:
	case SABOTAGE_DISK_FILE:
	case SABOTAGE_MACHINE:
		return true;
	}
	return false;
}

static enum plan_way way_of(const struct plan_cell *cell, const struct catalog_case *it,
			    bool sabotaged)
{
	if (it->of_host && case_is_of_file(it->id))
		return PLAN_WAY_RUN;
	if (is_own(it, CASE_REACHES_READY))
		return sabotaged ? PLAN_WAY_COLD : PLAN_WAY_RUN;
	if (it->info.kind == CASE_KIND_AUDIT && cell->offer.image_format)
		return PLAN_WAY_OFFLINE;
	if (it->info.isolation == ISOLATION_COLD ||
	    (sabotaged && is_built_in(it->info.sabotage.kind)))
		return PLAN_WAY_COLD;
	/* A planted defect is nothing to share, and a host case may end the machine, unless it looks at this host alone. */
	if (it->info.isolation == ISOLATION_SHARED && !sabotaged &&
	    (!it->of_host || case_judges_host(it)))
		return PLAN_WAY_SHARED;
	return PLAN_WAY_FORK;
}

/* For cases never run before: only the order and the batches depend on it. */
static uint64_t guess_ns(const struct catalog_case *it, enum plan_way way)
{
	static const unsigned kind_ms[] = {
		[CASE_KIND_AUDIT] = 30,	  [CASE_KIND_GUEST] = 300,     [CASE_KIND_HOST] = 5000,
		[CASE_KIND_PERF] = 20000, [CASE_KIND_STRESS] = 120000, [CASE_KIND_TEST] = 500,
	};
	uint64_t guess = kind_ms[it->info.kind] * NS_PER_MS;

	if (is_own(it, CASE_REACHES_READY) && way == PLAN_WAY_RUN)
		return PLAN_BOOT_NS;
	if (it->info.isolation == ISOLATION_REBOOT || way == PLAN_WAY_COLD)
		guess += 60 * NS_PER_S;
	if (it->info.waits) /* what is waited for is not made shorter by other cases' going first */
		guess += 30 * NS_PER_S;
	return guess;
}

static bool has_item(const struct plan_cell *cell, const struct catalog_case *it, bool sabotaged)
{
	vec_each (&cell->items, item)
		if (item->it == it && item->sabotaged == sabotaged)
			return true;
	return false;
}

/* A machine that judges a boot is as it was booted, and one whose power is cut comes back as it was made. */
static bool may_be_plugged(const struct plan_item *item)
{
	const struct case_info *info = &item->it->info;

	return (item->way == PLAN_WAY_SHARED || item->way == PLAN_WAY_FORK ||
		item->way == PLAN_WAY_COLD) &&
	       info->isolation != ISOLATION_COLD && !info->cuts_power;
}

/* What is plugged in for one case is nothing to share. */
static void plan_devices(struct plan_item *item, const struct offer *offer)
{
	item->hot = offer_plugs(offer, item->it->info.needs);
	if (item->way == PLAN_WAY_SHARED && plan_item_is_plugged(item))
		item->way = PLAN_WAY_FORK;
}

void plan_add_case(struct plan *plan, struct plan_cell *cell, const struct catalog_case *it,
		   bool sabotaged, uint64_t expected_ns)
{
	struct plan_item item = {
		.it = it, .sabotaged = sabotaged, .way = way_of(cell, it, sabotaged)};
	struct offer offer = cell->offer;
	struct need need;

	assert(!plan->frozen);
	if (has_item(cell, it, sabotaged))
		return;
	item.expected_ns = expected_ns ? expected_ns : guess_ns(it, item.way);
	offer.pristine = item.way == PLAN_WAY_OFFLINE;
	offer.plugs_disks = offer.plugs_disks && may_be_plugged(&item);
	enum offer_verdict verdict = offer_judge(&offer, it->info.needs, &need);
	if (verdict != OFFER_MEETS) {
		item.way = verdict == OFFER_LACKS ? PLAN_WAY_SKIP : PLAN_WAY_BROKEN;
		(void)snprintf(item.need, sizeof item.need, "%s", need.text);
	} else {
		plan_devices(&item, &offer);
	}
	plan->proves = plan->proves || sabotaged;
	if (!vec_add(&cell->items, item))
		abort(); /* the catalogue has a smaller maximum */
}

static bool is_sure_rate(double rate)
{
	return rate >= PLAN_SURE_LEAST && rate <= PLAN_SURE_MOST;
}

/* What is read offline, and what the engine itself knows, comes out the same each time. */
static bool runs_on_machines(const struct plan_item *item)
{
	return item->way == PLAN_WAY_SHARED || item->way == PLAN_WAY_FORK ||
	       item->way == PLAN_WAY_COLD;
}

int plan_be_sure(struct plan *plan, struct plan_cell *cell, double rate)
{
	assert(!plan->frozen);
	if (!is_sure_rate(rate))
		return -ERANGE;
	vec_each (&cell->items, item)
		if (!item->sabotaged && runs_on_machines(item) && item->trial.until_sure == 0)
			item->trial.until_sure = rate;
	return 0;
}

int plan_repeat(struct plan *plan, struct plan_cell *cell, unsigned times)
{
	assert(!plan->frozen);
	if (times > PLAN_TRIES_MAX)
		return -ERANGE;
	vec_each (&cell->items, item) {
		if (item->sabotaged || !runs_on_machines(item) || item->trial.repeat > 0)
			continue;
		item->trial.repeat = times;
		item->expected_ns *= times > 0 ? times : 1;
	}
	return 0;
}

void plan_doubt(struct plan *plan, struct plan_cell *cell, const char *id)
{
	assert(!plan->frozen);
	vec_each (&cell->items, item)
		if (!item->sabotaged && item->trial.until_sure > 0 && strcmp(item->it->id, id) == 0)
			item->trial.is_doubted = true;
}

int plan_set_trial(struct plan *plan, struct plan_cell *cell, const struct catalog_case *it,
		   bool sabotaged, const struct plan_trial *trial)
{
	assert(!plan->frozen);
	if (trial->timeout_s > PLAN_TIMEOUT_MAX_S || trial->retries > PLAN_TRIES_MAX ||
	    trial->repeat > PLAN_TRIES_MAX ||
	    (trial->until_sure != 0 && !is_sure_rate(trial->until_sure)))
		return -ERANGE;
	vec_each (&cell->items, item) {
		if (item->it != it || item->sabotaged != sabotaged)
			continue;
		item->trial = *trial;
		if (trial->repeat > 1)
			item->expected_ns *= trial->repeat;
		return 0;
	}
	return -ENOENT;
}

bool plan_carry(struct plan *plan, struct plan_cell *cell, const struct catalog_case *it,
		bool sabotaged, const struct plan_carried *carried)
{
	assert(!plan->frozen);
	vec_each (&cell->items, item) {
		if (item->it != it || item->sabotaged != sabotaged)
			continue;
		if (item->way == PLAN_WAY_SKIP || item->way == PLAN_WAY_BROKEN)
			return false;
		free(item->carried);
		item->carried = xnew(sizeof *item->carried);
		*item->carried = *carried;
		return true;
	}
	return false;
}

static int compare_items(const void *a, const void *b)
{
	const struct plan_item *x = a, *y = b;
	int order = strcmp(x->it->id, y->it->id);

	return order ? order : (int)x->sabotaged - (int)y->sabotaged;
}

const struct plan *plan_freeze(struct plan *plan)
{
	vec_each (&plan->cells, cell)
		if ((*cell)->items.count > 0)
			qsort((*cell)->items.items, (*cell)->items.count, sizeof(struct plan_item),
			      compare_items);
	plan->frozen = true;
	return plan;
}

/* ", policy=azure" for each, as far as there is room. */
static void add_variants(const char *variants, char label[PLAN_LABEL_SIZE], size_t length)
{
	while (*variants && length < PLAN_LABEL_SIZE) {
		size_t line = strcspn(variants, "\n");
		length += (size_t)snprintf(label + length, PLAN_LABEL_SIZE - length, ", %.*s",
					   (int)line, variants);
		variants += line + strspn(variants + line, "\n");
	}
}

/* Without an image the kernel is what is tried. */
static const char *subject_of(const struct plan_cell *cell)
{
	if (cell->kernel_called[0] && !cell->image_format[0])
		return cell->kernel_called;
	return cell->image_called[0] ? cell->image_called : cell->image_name;
}

const char *plan_cell_label(const struct plan *plan, const struct plan_cell *cell,
			    char label[PLAN_LABEL_SIZE])
{
	const char *image = subject_of(cell);
	bool has_both = cell->kernel_called[0] && cell->image_format[0];

	if (plan->cells.count == 1)
		(void)snprintf(label, PLAN_LABEL_SIZE, "%.190s", image);
	else
		add_variants(
			cell->variants, label,
			(size_t)snprintf(label, PLAN_LABEL_SIZE, "%.80s, %s%.60s%s%s%s%.20s%s%.60s",
					 image, has_both ? "kernel " : "",
					 has_both ? cell->kernel_called : "", has_both ? ", " : "",
					 cell->size.name, cell->firmware[0] ? ", " : "",
					 cell->firmware, cell->host[0] ? ", " : "", cell->host));
	return label;
}

bool plan_cell_boots(const struct plan_cell *cell)
{
	vec_each (&cell->items, item)
		if (!item->carried && item->way >= PLAN_WAY_SHARED &&
		    !(item->way == PLAN_WAY_RUN && case_is_of_file(item->it->id)))
			return true;
	return false;
}

size_t plan_item_count(const struct plan *plan)
{
	size_t count = 0;

	vec_each (&plan->cells, cell)
		count += (*cell)->items.count;
	return count;
}
