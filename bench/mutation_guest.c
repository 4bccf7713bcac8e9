/* SPDX-License-Identifier: Apache-2.0 */
/* Mutations in guests: the agent plants them in the process of the case, on copies of a template that a run has kept. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "bench/mutation_bench.h"
#include "host/driver/driver.h"
#include "host/machine/accel.h"
#include "host/machine/machine.h"
#include "host/machine/template.h"
#include "host/run/template_cache.h"
#include "host/store/folder.h"
#include "wire/need.h"
#include "wire/network.h"

#define FORK_SPAN_NS	(300 * NS_PER_S)
#define CASE_SPAN_NS	(3600 * NS_PER_S) /* each case has its own, shorter limit */
#define HOT_DISK_MIB	1024
#define PARAMETERS_MAX	65536
#define MACHINES_FOLDER "/tmp/assay-mutation-XXXXXX"

struct mutation_guest {
	char *cache;
	struct image_options image_options;
	struct image *image;
	struct size size;
	struct machine_spec spec;
	struct offer offer;
	char *template;
	int lock_fd; /* shared while it is used */
	char folder[sizeof MACHINES_FOLDER];
	struct machine *machine; /* NULL: none */
	const struct case_def *used_by;
};

void mutation_guest_free(struct mutation_guest *guest)
{
	if (!guest)
		return;
	machine_free(guest->machine);
	scope_close(&guest->lock_fd);
	if (guest->folder[0])
		template_remove(guest->folder);
	image_free(guest->image);
	free(guest->template);
	free(guest->cache);
	free(guest);
}
DEFINE_CLEANUP(mutation_guest);

/* ---- the template ---- */

static int describe_machine(struct mutation_guest *guest, const struct arguments *arguments,
			    const struct patience *p, struct err *e)
{
	enum accel accel;
	int r = accel_choose(ACCEL_AUTO, NULL, guest->cache, p, &accel, e);

	if (r < 0)
		return r;
	guest->spec = (struct machine_spec){
		.image = guest->image,
		.image_options = &guest->image_options,
		.size = &guest->size,
		.firmware = image_firmware(guest->image),
		.accel = accel,
		.entry = image_entry(guest->image),
		.agent_path = arguments->agent,
		.folder = guest->folder,
		.netpeer = guest->size.nics > 0,
		.run_name = "bench-mutation",
	};
	guest->offer = (struct offer){
		.size = &guest->size,
		.uefi = guest->spec.firmware == FIRMWARE_UEFI,
		.kvm = accel == ACCEL_KVM,
		.netpeer = guest->spec.netpeer,
		.devices = offer_devices,
		.hotplug_slots = SIZE_HOTPLUG_PORTS,
		.memory_slots = guest->size.max_mem_mib ? SIZE_MEMORY_SLOTS : 0,
		.cpus_max = size_cpus_max(&guest->size),
		.plugs_disks = true,
		.vms = 1,
	};
	return 0;
}

static int find_template(struct mutation_guest *guest, const struct patience *p, struct err *e)
{
	CLEAN_FREE char *templates = NULL;
	CLEAN_TEXT struct text why = TEXT_INIT(512);
	char key[TEMPLATE_KEY_SIZE];
	int r = cache_folder("templates", &templates, e);

	if (r == 0)
		r = template_cache_key(&guest->spec, p, key, e);
	if (r == 0)
		r = template_cache_open(templates, key, &guest->lock_fd, e);
	if (r == 0)
		r = template_cache_share(guest->lock_fd, p, e);
	if (r < 0)
		return r;
	guest->template = xasprintf("%s/%s", templates, key);
	if (!template_is_usable(guest->template, &guest->spec, &why))
		return err_set(e, BLAME_USER, ENOENT,
			       "no template of %.100s is kept (%.100s): `assay run --case "
			       "boot.reaches_ready` makes one",
			       guest->image->name, why.buf);
	return 0;
}

static int guest_open(struct mutation_guest *guest, const char *path,
		      const struct arguments *arguments, struct err *e)
{
	const struct patience p = patience_for(-1, OPEN_SPAN_NS);
	int r = cache_folder("", &guest->cache, e);

	if (r < 0)
		return r;
	guest->image_options = (struct image_options){.cache_folder = guest->cache,
						      .agent_path = arguments->agent};
	r = size_parse(arguments->size, &guest->size, e);
	if (r == 0)
		r = image_open(path, &guest->image_options, &p, &guest->image, e);
	if (r == 0)
		r = describe_machine(guest, arguments, &p, e);
	if (r == 0)
		r = find_template(guest, &p, e);
	if (r < 0)
		return r;
	memcpy(guest->folder, MACHINES_FOLDER, sizeof guest->folder);
	if (mkdtemp(guest->folder))
		return 0;
	r = err_set(e, BLAME_HOST, errno, "make a folder in /tmp: %m");
	guest->folder[0] = '\0';
	return r;
}

int mutation_guest_open(const char *path, const struct arguments *arguments,
			struct mutation_guest **ret, struct err *e)
{
	CLEANUP(mutation_guest) struct mutation_guest *guest = xnew(sizeof *guest);

	guest->lock_fd = -1;
	int r = guest_open(guest, path, arguments, e);
	if (r == 0)
		*ret = STEAL_PTR(guest);
	return r;
}

/* ---- one trial ---- */

static unsigned hot_disk_mib(const struct mutation_guest *guest)
{
	return guest->size.data_disk_mib > 0 ? guest->size.data_disk_mib : HOT_DISK_MIB;
}

static void add_parameters(const struct mutation_guest *guest, const struct hot_devices *hot,
			   const struct mutation_trial *trial, const struct mutation_setup *setup,
			   struct text *out)
{
	struct size size = guest->size;

	if (hot->disks > 0)
		size.data_disk_mib = hot_disk_mib(guest);
	size.data_disks += hot->disks;
	size_parameters(&size, out);
	network_parameters(size.nics, out);
	text_addf(out, "firmware=%s\naccel=%s\nentry=%s\nmachines=1\n%s",
		  firmware_name(guest->spec.firmware), accel_name(guest->spec.accel),
		  entry_name(guest->spec.entry), setup->parameters);
	text_addf(out, MUTATION_PARAMETER "=%s\n", mutation_name(trial->mutation));
	if (trial->mutation != MUTATION_NONE)
		text_addf(out, MUTATION_PATH "=%s\n" MUTATION_SEED "=%llu\n", trial->path,
			  (unsigned long long)setup->seed);
}

/* What changes nothing in its guest finds there what the trial before it found, with the devices that were plugged in for it. */
static bool is_fit(const struct mutation_guest *guest, const struct case_def *def)
{
	return guest->machine && machine_is_alive(guest->machine) && guest->used_by == def &&
	       def->info.isolation == ISOLATION_SHARED;
}

static int take_machine(struct mutation_guest *guest, const struct case_def *def,
			const struct hot_devices *hot, struct err *e)
{
	const struct patience p = patience_for(-1, FORK_SPAN_NS);
	int r;

	if (is_fit(guest, def))
		return 0;
	machine_free(STEAL_PTR(guest->machine));
	guest->spec.cuts_power = def->info.cuts_power;
	guest->spec.owns_ram = needs_name(def->info.needs, "dev:virtio-balloon");
	guest->spec.serves_time = needs_name(def->info.needs, "netpeer:ntp");
	r = template_fork(guest->template, &guest->spec, &p, &guest->machine, e);
	guest->used_by = def;
	if (r == 0 && hot->disks + hot->nvmes > 0)
		r = machine_plug(guest->machine, hot, hot_disk_mib(guest), &p, e);
	return r;
}

/* The lines by which the agent tells what there is to mutate. */
static void take_files(struct mutation_trial *trial, const char *evidence)
{
	CLEAN_TEXT struct text files = TEXT_INIT(RESULT_EVIDENCE_MAX);
	size_t skip = strlen(MUTATION_NOTE);

	for (const char *line = evidence; *line;) {
		size_t length = strcspn(line, "\n");
		if (length > skip + 2 && strncmp(line, MUTATION_NOTE, skip) == 0) {
			(void)text_add(&files, line + skip, 1);
			(void)text_add(&files, line + skip + 2, length - skip - 2);
			(void)text_add(&files, "", 1);
		}
		line += length + (line[length] == '\n');
	}
	mutation_trial_set_files(trial, files.buf, files.length);
}

static void conclude(struct mutation_trial *trial, enum outcome outcome, const char *message)
{
	trial->has_ended = true;
	trial->outcome = outcome;
	(void)snprintf(trial->message, sizeof trial->message, "%s", message);
}

static int run_trial(struct mutation_guest *guest, struct mutation_trial *trial,
		     const struct mutation_setup *setup, struct err *e)
{
	const struct case_info *info = &trial->def->info;
	const struct hot_devices hot = offer_plugs(&guest->offer, info->needs);
	const struct patience p = patience_for(-1, CASE_SPAN_NS);
	CLEAN_TEXT struct text parameters = TEXT_INIT(PARAMETERS_MAX);
	CLEAN_DONE(result) struct result result;
	char id[CASE_ID_SIZE];
	struct need need;

	result_init(&result, case_id(info, id));
	if (offer_judge(&guest->offer, info->needs, &need) != OFFER_MEETS) {
		conclude(trial, OUTCOME_SKIP, "the machine does not offer what it needs");
		return 0;
	}
	int r = take_machine(guest, trial->def, &hot, e);
	if (r < 0)
		return r;
	add_parameters(guest, &hot, trial, setup, &parameters);
	r = machine_run_case(guest->machine, info, 0, parameters.buf, &p, &result, e);
	conclude(trial, r < 0 ? OUTCOME_INFRA : result.outcome, r < 0 ? e->text : result.message);
	err_clear(e);
	if (trial->mutation == MUTATION_NONE)
		take_files(trial, result.evidence.buf);
	return 0;
}

int mutation_guest_run(struct mutation_guest *guest, struct mutation_trial *trials, size_t count,
		       const struct mutation_setup *setup, struct err *e)
{
	char id[CASE_ID_SIZE];

	guest->offer.policy = setup->parameters;
	for (size_t i = 0; i < count; i++) {
		int r = run_trial(guest, &trials[i], setup, e);
		if (r < 0)
			return err_wrap(e, "%s", case_id(&trials[i].def->info, id));
	}
	machine_free(STEAL_PTR(guest->machine));
	return 0;
}
