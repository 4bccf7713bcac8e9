/* SPDX-License-Identifier: Apache-2.0 */
/* Disks for a suite: its tree, read-only; room to write; and a blank one. */
#include "host/machine/bundle.h"

#include <stdio.h>
#include <string.h>

#include "base/child.h"
#include "base/clock.h"
#include "host/machine/internal.h"

#define SCRATCH_MIB 4096 /* sparse: what is written counts */
#define SPARE_MIB   1024 /* LTP wants 300 and more */
#define PLUG_SPAN_S 120
#define REPLY_MAX   4096

/* ---- the disks ---- */

/* A filesystem made here: the guest may have no program for that. */
static int make_filesystem(const char *path, const struct patience *p, struct err *e)
{
	static const char *const places[] = {"mke2fs", "/sbin/mke2fs", "/usr/sbin/mke2fs"};
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(REPLY_MAX);
	int r = -ENOENT;

	for (size_t i = 0; i < ARRAY_LEN(places) && r == -ENOENT; i++) {
		const char *const argv[] = {
			places[i], "-q",   "-F",
			"-t",	   "ext4", "-m",
			"0",	   "-E",   "lazy_itable_init=1,lazy_journal_init=1,nodiscard",
			path,	   NULL};
		const struct child_spec spec = {.argv = argv, .no_network = true};
		err_clear(e);
		r = child_run_ok(&spec, p, &out, e);
	}
	return r < 0 ? err_wrap(e, "a filesystem for the suite's scratch disk (package e2fsprogs)")
		     : 0;
}

struct bringing {
	struct machine *machine;
	const struct bundle *bundle;
	struct patience p;
	struct result *result;
};

/* A disk whose file is of this machine alone and has no name any more when it is in. */
static int plug_blank(struct bringing *b, const char *name, unsigned number, unsigned mib,
		      bool has_filesystem, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s.raw", b->machine->spec.folder, name);
	const struct plugged_disk disk = {
		.name = name, .path = path, .driver = "virtio-blk-pci", .number = number};
	int r = plug_make_file(path, mib, e);

	if (r == 0 && has_filesystem)
		r = make_filesystem(path, &b->p, e);
	if (r == 0)
		r = plug_disk(b->machine, &disk, &b->p, e);
	(void)unlink(path);
	return r;
}

static int plug_all(struct bringing *b, struct err *e)
{
	const struct plugged_disk tree = {
		.name = BUNDLE_SERIAL_TREE,
		.path = b->bundle->disk,
		.driver = "virtio-blk-pci",
		.number = 0,
		.read_only = true,
	};
	int r = plug_disk(b->machine, &tree, &b->p, e);

	if (r == 0)
		r = plug_blank(b, BUNDLE_SERIAL_SCRATCH, 1, SCRATCH_MIB, true, e);
	return r == 0 ? plug_blank(b, BUNDLE_SERIAL_SPARE, 2, SPARE_MIB, false, e) : r;
}

/* ---- in the guest ---- */

static int refuse(struct bringing *b, const char *why)
{
	result_set(b->result, OUTCOME_BROKEN, "%s's tree cannot be brought into the guest: %s",
		   bundle_suite_name(b->bundle->suite), why);
	return 1;
}

/* What a guest says becomes part of a path in there, and of a line here. */
static bool is_device(const char *name)
{
	return name[0] && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789")] == '\0';
}

static int await(struct bringing *b, const char *serial, char *name, size_t size, struct err *e)
{
	CLEAN_TEXT struct text reply = TEXT_INIT(REPLY_MAX);
	int r = plug_await(b->machine, serial, &b->p, &reply, e);

	if (r < 0)
		return r;
	if (!is_device(reply.buf) || reply.length >= size)
		return err_set(e, BLAME_GUEST, EBADMSG, "the agent names no disk");
	(void)snprintf(name, size, "%s", reply.buf);
	return 0;
}

static int mount_disks(struct bringing *b, struct err *e)
{
	char tree[64], scratch[64];
	const char *const arguments[] = {tree, scratch, NULL};
	CLEAN_TEXT struct text reply = TEXT_INIT(REPLY_MAX);
	int code = 0;

	int r = await(b, BUNDLE_SERIAL_TREE, tree, sizeof tree, e);
	if (r == 0)
		r = await(b, BUNDLE_SERIAL_SCRATCH, scratch, sizeof scratch, e);
	if (r == 0)
		r = await(b, BUNDLE_SERIAL_SPARE, b->machine->bundle_device,
			  sizeof b->machine->bundle_device, e);
	if (r == 0)
		r = machine_call(b->machine, &b->p, "bundle-mount", arguments, &reply, &code, e);
	if (r == 0 && code != 0)
		r = err_set(e, BLAME_GUEST, code, "%s%s%m", reply.buf, reply.length ? ": " : "");
	b->machine->bundle_slow = strcmp(reply.buf, "yes") == 0;
	return r;
}

/* Once for each machine. */
static int deploy(struct bringing *b, struct err *e)
{
	if (b->machine->bundle == b->bundle)
		return 0;
	if (b->machine->bundle)
		return refuse(b, "the machine has another suite's");
	int r = plug_all(b, e);
	if (r == 0)
		r = mount_disks(b, e);
	if (r < 0 && (e->blame != BLAME_GUEST || e->code == ECANCELED))
		return r;
	if (r < 0) {
		char why[sizeof e->text];
		memcpy(why, e->text, sizeof why);
		err_clear(e);
		return refuse(b, why);
	}
	b->machine->bundle = b->bundle;
	return 0;
}

static void tell_agent(const struct machine *machine, const struct bundle_test *test,
		       struct text *parameters)
{
	(void)text_addf(parameters, "\n" BUNDLE_SUITE "=%s\n" BUNDLE_ROOT "=%s\n",
			bundle_suite_name(test->bundle->suite), test->bundle->root);
	(void)text_addf(parameters, BUNDLE_NAME "=%s\n" BUNDLE_WHERE "=%s\n", test->name,
			test->folder);
	(void)text_addf(parameters, BUNDLE_COMMAND "=%s\n", test->command);
	(void)text_addf(parameters, BUNDLE_PLANTED "=%s\n", test->planted);
	(void)text_addf(parameters, BUNDLE_BODY "=%u\n" BUNDLE_RUN "=%u\n" BUNDLE_ROUNDS "=%u\n",
			test->limit.body_s, test->limit.run_s, test->limit.rounds);
	(void)text_addf(parameters, BUNDLE_SLOWNESS "=%u\n" BUNDLE_SLOW "=%s\n",
			machine_slowness(&machine->spec), machine->bundle_slow ? "yes" : "no");
	(void)text_addf(parameters, BUNDLE_DEVICE "=%s\n", machine->bundle_device);
	if (test->is_canary)
		(void)text_addf(parameters, BUNDLE_WANTED "=%s\n", outcome_name(test->wanted));
}

int bundle_bring(struct machine *machine, const struct bundle_test *test, const struct patience *p,
		 struct text *parameters, struct result *result, struct err *e)
{
	struct bringing b = {
		.machine = machine,
		.bundle = test->bundle,
		.p = patience_within(p, PLUG_SPAN_S * NS_PER_S * machine_slowness(&machine->spec)),
		.result = result,
	};
	int r = deploy(&b, e);

	if (r == 0)
		tell_agent(machine, test, parameters);
	return r;
}
