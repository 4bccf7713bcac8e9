/* SPDX-License-Identifier: Apache-2.0 */
/* assay doctor: what this machine can do, proved, and what to do where it cannot. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/child.h"
#include "base/json.h"
#include "host/cli/verb.h"
#include "host/driver/qemu/lacks.h"
#include "host/driver/qemu/version.h"
#include "host/driver/resources.h"
#include "host/machine/accel.h"
#include "host/store/folder.h"

#define PROBE_SPAN_NS (120 * NS_PER_S)
#define TEMPLATE_MIB  2048
#define RUN_MIB	      256
#define MEMORY_MIB    2048
#define FILES_WANTED  1024

enum health {
	HEALTH_GOOD,
	HEALTH_LIMITED, /* some things cannot be done */
	HEALTH_BAD,	/* nothing can be run */
};

struct finding {
	enum health health;
	char text[512], remedy[256];
};

struct examined {
	struct image_setup images;
	struct err no_cache; /* why there is none */
	char *agent;
	bool has_qemu, has_kvm;
};

typedef void examine_fn(struct examined *x, struct finding *ret);

static void PRINTF(4, 5) find(struct finding *finding, enum health health, const char *remedy,
			      const char *format, ...)
{
	va_list args;

	finding->health = health;
	va_start(args, format);
	(void)vsnprintf(finding->text, sizeof finding->text, format, args);
	va_end(args);
	(void)snprintf(finding->remedy, sizeof finding->remedy, "%s", remedy);
}

/* ---- what is looked at ---- */

static void examine_qemu(struct examined *x, struct finding *ret)
{
	struct patience p = patience_for(-1, PROBE_SPAN_NS);
	struct err e = {0};
	char version[64];

	x->has_qemu = qemu_version(NULL, &p, version, &e) == 0;
	if (x->has_qemu)
		find(ret, HEALTH_GOOD, "", "version %s", version);
	else
		find(ret, HEALTH_BAD,
		     "install qemu-system-x86 (or qemu-kvm), from a newer release if need be", "%s",
		     e.text);
}

/* The first line that a program prints about itself. */
static bool ask_version(const char *const *argv, char *buf, size_t size)
{
	struct patience p = patience_for(-1, 20 * NS_PER_S);
	struct child_spec spec = {.argv = argv};
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(65536);
	struct err e = {0};

	if (child_run(&spec, &p, &out, &e) < 0) {
		(void)snprintf(buf, size, "%s", e.text);
		return false;
	}
	const struct text *said = out.stdout_text.length ? &out.stdout_text : &out.stderr_text;
	(void)snprintf(buf, size, "%.*s", (int)strcspn(said->buf, "\n"), said->buf);
	return out.status == 0;
}

static void examine_program(const char *const *argv, enum health without, const char *remedy,
			    struct finding *ret)
{
	char line[500];
	bool good = ask_version(argv, line, sizeof line);

	find(ret, good ? HEALTH_GOOD : without, good ? "" : remedy, "%s", line);
}

static void examine_qemu_img(struct examined *x UNUSED, struct finding *ret)
{
	static const char *const argv[] = {"qemu-img", "--version", NULL};

	examine_program(argv, HEALTH_BAD, "install qemu-utils", ret);
}

static void examine_daemon(struct examined *x UNUSED, struct finding *ret)
{
	static const char *const argv[] = {"qemu-storage-daemon", "--version", NULL};

	examine_program(
		argv, HEALTH_LIMITED,
		"install qemu-system-common or qemu-utils: it reads all images but raw and plain qcow2",
		ret);
}

static void examine_swtpm(struct examined *x UNUSED, struct finding *ret)
{
	static const char *const argv[] = {"swtpm", "--version", NULL};

	examine_program(argv, HEALTH_LIMITED, "install swtpm: sizes with a TPM need it", ret);
}

typedef const char *remedy_fn(const struct accel_answer *answer);

static bool examine_accel(struct examined *x, enum accel accel, struct finding *ret,
			  remedy_fn *remedy)
{
	struct patience p = patience_for(-1, PROBE_SPAN_NS);
	struct accel_answer answer = {0};
	struct err e = {0};

	if (!x->has_qemu) {
		find(ret, HEALTH_LIMITED, "first mend what is said of qemu",
		     "without QEMU it cannot be tried");
		return false;
	}
	if (accel_probe(accel, NULL, x->no_cache.code ? NULL : x->images.cache, &p, &answer, &e) <
	    0) {
		find(ret, HEALTH_LIMITED, "", "%s", e.text);
		return false;
	}
	find(ret, answer.proved ? HEALTH_GOOD : HEALTH_LIMITED,
	     answer.proved ? "" : remedy(&answer), "%s%s", answer.sentence,
	     !answer.remembered ? ""
	     : answer.proved	? " (remembered)"
				: " (remembered; `assay doctor --again` tries it)");
	return answer.proved;
}

static const char *remedy_of_kvm(const struct accel_answer *answer)
{
	switch (answer->refusal) {
	case ACCEL_REFUSED_ABSENT:
		return "enable virtualisation in the firmware or, in a VM, nested virtualisation on its host";
	case ACCEL_REFUSED_FORBIDDEN:
		return "put the user into group kvm, and log in again";
	case ACCEL_REFUSED_FAILED:
		return "this host's KVM does not run QEMU's guests: only another kernel or host does; until "
		       "then machines are emulated";
	}
	return "";
}

static const char *remedy_of_tcg(const struct accel_answer *answer UNUSED)
{
	return "install qemu-system-x86";
}

static void examine_kvm(struct examined *x, struct finding *ret)
{
	x->has_kvm = examine_accel(x, ACCEL_KVM, ret, remedy_of_kvm);
}

static void examine_tcg(struct examined *x, struct finding *ret)
{
	bool has_tcg = examine_accel(x, ACCEL_TCG, ret, remedy_of_tcg);

	if (!has_tcg && !x->has_kvm)
		ret->health = HEALTH_BAD;
}

static void examine_firmware(struct examined *x UNUSED, struct finding *ret)
{
	CLEAN_FREE char *path = NULL;
	struct err e = {0};

	if (qemu_firmware(&path, &e) == 0)
		find(ret, HEALTH_GOOD, "", "%s", path);
	else
		find(ret, HEALTH_LIMITED,
		     "install ovmf (or edk2-ovmf): images that boot by UEFI need it", "%s", e.text);
}

static void examine_agent(struct examined *x, struct finding *ret)
{
	CLEANUP(catalog) struct catalog *catalog = NULL;
	struct err e = {0};

	if (find_agent(NULL, &x->agent, &e) < 0)
		find(ret, HEALTH_BAD, "build it with `make`, or set ASSAY_GUEST", "%s", e.text);
	else if (load_catalog(x->agent, &catalog, &e) < 0)
		find(ret, HEALTH_BAD, "build agent and program anew, from the same sources", "%s",
		     e.text);
	else
		find(ret, HEALTH_GOOD, "", "%s, %zu cases", x->agent, catalog->count);
}

/* The program that fetches a kernel is installed beside the agent; in the build folder `make` has it. */
static void examine_kernel(struct examined *x, struct finding *ret)
{
	const char *slash = x->agent ? strrchr(x->agent, '/') : NULL;
	CLEAN_FREE char *fetch = xasprintf("%.*s/fetch-kernel", slash ? (int)(slash - x->agent) : 0,
					   slash ? x->agent : "");
	CLEAN_FREE char *real = access(fetch, X_OK) == 0 ? realpath(fetch, NULL) : NULL;
	CLEAN_FREE char *remedy = xasprintf("fetch Debian's by `%s`, or name one in ASSAY_KERNEL",
					    real ? real : "make kernel");
	const char *kernel = x->images.kernel.path;

	if (kernel && access(kernel, R_OK) == 0)
		find(ret, HEALTH_GOOD, "", "%s", kernel);
	else if (kernel)
		find(ret, HEALTH_LIMITED, "correct ASSAY_KERNEL", "%s: %m", kernel);
	else
		find(ret, HEALTH_LIMITED, remedy,
		     "no kernel: XFS, btrfs and f2fs are not audited, some sabotages not planted");
}

static long long room_mib(const char *path)
{
	struct statvfs vfs;

	return statvfs(path, &vfs) < 0 ? -1 : (long long)(vfs.f_bavail * vfs.f_frsize >> 20);
}

static void examine_cache(struct examined *x, struct finding *ret)
{
	if (x->no_cache.code) {
		find(ret, HEALTH_BAD, "set ASSAY_CACHE to a folder that can be written to", "%s",
		     x->no_cache.text);
		return;
	}
	long long mib = room_mib(x->images.cache);
	if (mib >= TEMPLATE_MIB)
		find(ret, HEALTH_GOOD, "", "%lld MiB free in %s", mib, x->images.cache);
	else
		find(ret, HEALTH_LIMITED,
		     "make room, or set ASSAY_CACHE to a folder on a larger file system",
		     "%lld MiB free in %s, a template wants about %d", mib, x->images.cache,
		     TEMPLATE_MIB);
}

/* Where runs are kept that are given no --out. */
static void examine_runs(struct examined *x UNUSED, struct finding *ret)
{
	static const char remedy[] = "give each run an --out, or set XDG_STATE_HOME";
	CLEAN_FREE char *path = NULL;
	struct err e = {0};

	if (state_folder("runs", &path, &e) < 0 || folder_make(path, &e) < 0) {
		find(ret, HEALTH_LIMITED, remedy, "%s", e.text);
		return;
	}
	long long mib = room_mib(path);
	if (mib >= RUN_MIB)
		find(ret, HEALTH_GOOD, "", "%lld MiB free in %s", mib, path);
	else
		find(ret, HEALTH_LIMITED, remedy, "%lld MiB free in %s, a run wants %d", mib, path,
		     RUN_MIB);
}

/* Machines' memory lies in files without a name, which count as tmpfs and as memory, not against the size of a mount. */
static void examine_memory(struct examined *x UNUSED, struct finding *ret)
{
	unsigned long long mib = resources_memory("") >> 20;

	if (mib == 0)
		find(ret, HEALTH_LIMITED, "", "/proc/meminfo does not tell what is available");
	else if (mib < MEMORY_MIB)
		find(ret, HEALTH_LIMITED, "end other programs, or choose a smaller --size",
		     "%llu MiB of memory are free: too little for two machines of the default size",
		     mib);
	else
		find(ret, HEALTH_GOOD, "",
		     "%llu MiB are free for machines (tmpfs /dev/shm: %lld MiB)", mib,
		     room_mib("/dev/shm"));
}

/* Nothing needs it: images are read by qemu-storage-daemon, without a mount. Who mounts an image to look at it does. */
static void examine_fuse(struct examined *x UNUSED, struct finding *ret)
{
	if (access("/dev/fuse", R_OK | W_OK) == 0)
		find(ret, HEALTH_GOOD, "", "/dev/fuse can be opened (not needed by Assay itself)");
	else
		find(ret, HEALTH_GOOD, "",
		     "/dev/fuse cannot be opened: %m (not needed by Assay itself)");
}

static void examine_limits(struct examined *x UNUSED, struct finding *ret)
{
	struct rlimit files, memory;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || getrlimit(RLIMIT_AS, &memory) < 0)
		find(ret, HEALTH_LIMITED, "", "getrlimit: %m");
	else if (files.rlim_cur < FILES_WANTED)
		find(ret, HEALTH_LIMITED, "ulimit -n 4096", "%llu open files are allowed",
		     (unsigned long long)files.rlim_cur);
	else if (memory.rlim_cur != RLIM_INFINITY)
		find(ret, HEALTH_LIMITED, "ulimit -v unlimited",
		     "address space is limited to %llu MiB",
		     (unsigned long long)(memory.rlim_cur >> 20));
	else
		find(ret, HEALTH_GOOD, "", "%llu open files, address space not limited",
		     (unsigned long long)files.rlim_cur);
}

static const struct examination {
	const char *name;
	examine_fn *examine;
} examinations[] = {
	{"agent", examine_agent},    {"qemu", examine_qemu},	 {"qemu-img", examine_qemu_img},
	{"storage", examine_daemon}, {"kvm", examine_kvm},	 {"tcg", examine_tcg},
	{"uefi", examine_firmware},  {"tpm", examine_swtpm},	 {"micro-vm", examine_kernel},
	{"cache", examine_cache},    {"runs", examine_runs},	 {"memory", examine_memory},
	{"fuse", examine_fuse},	     {"limits", examine_limits},
};

/* ---- the verb ---- */

struct arguments {
	bool json, again;
};

static const struct option_line options[] = {
	OPTION_FLAG("again", 0, struct arguments, again,
		    "forget which accelerators were tried, and try them"),
	OPTION_FLAG("json", 0, struct arguments, json, "print JSON"),
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_doctor = {
	.name = "doctor",
	.operands = "",
	.title = "show what this machine can do, and what it lacks",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details = "Accelerators are not looked up but tried, with a tiny guest.\n\n"
		   "Exit status: 0 images can be run, 70 they cannot.",
};

static void add_finding(const char *name, const struct finding *finding, bool json,
			struct text *out)
{
	static const char *const words[] = {"ok", "limited", "bad"};

	if (json) {
		json_open(out, '{');
		json_member(out, "name", name);
		json_member(out, "health", words[finding->health]);
		json_member(out, "text", finding->text);
		json_member(out, "remedy", finding->remedy[0] ? finding->remedy : NULL);
		json_close(out, '}');
		return;
	}
	text_addf(out, "%-8s %-9s %s\n", words[finding->health], name, finding->text);
	if (finding->remedy[0])
		text_addf(out, "%-18s -> %s\n", "", finding->remedy);
}

static int run(int argc, char **argv, struct err *e)
{
	struct arguments arguments = {0};
	struct examined x = {0};
	CLEAN_TEXT struct text out = TEXT_INIT(65536);
	enum health worst = HEALTH_GOOD;

	int r = verb_parse(&verb_doctor, &argc, argv, 0, 0, &arguments, e);
	if (r != 0)
		return r < 0 ? r : 0;
	(void)image_setup_make(NULL, false, &x.images, &x.no_cache);
	if (arguments.again && !x.no_cache.code)
		accel_forget(x.images.cache);
	if (arguments.json)
		json_open(&out, '[');
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(examinations); i++) {
		struct finding finding = {0};
		examinations[i].examine(&x, &finding);
		add_finding(examinations[i].name, &finding, arguments.json, &out);
		worst = finding.health > worst ? finding.health : worst;
		if (!arguments.json) { /* one by one: some of them take seconds */
			r = print_out(&out, e);
			text_clear(&out);
		}
	}
	if (arguments.json)
		text_adds(&out, "]\n");
	if (r == 0)
		r = print_out(&out, e);
	image_setup_done(&x.images);
	free(x.agent);
	return r < 0 ? r : worst == HEALTH_BAD ? EXIT_HOST : 0;
}
