/* SPDX-License-Identifier: Apache-2.0 */
/* The files of kernel modules: built for their kernel, signed, there when they are promised, and kept out when they are not. */
#include "guest/kit/kernels.h"
#include "guest/kit/line.h"
#include "guest/kit/module_file.h"
#include "guest/kit/policy.h"

#define OFFENDERS_MAX 5

struct module_visit {
	struct trial *t;
	const char *release;
	const char *path; /* of the one that is read */
	unsigned plain, packed, foreign, sealed, open, offenders;
	const char *first_open;
};

static ssize_t read_path(void *arg, uint64_t offset, void *buf, size_t size)
{
	struct module_visit *visit = arg;

	return tree_pread(case_tree(visit->t), visit->path, offset, buf, size);
}

static bool is_plain_module(const char *path)
{
	return has_suffix(path, ".ko");
}

static bool is_packed_module(const char *path)
{
	return has_suffix(path, ".ko.xz") || has_suffix(path, ".ko.zst") ||
	       has_suffix(path, ".ko.gz");
}

/* "6.1.0-30-amd64 SMP …" is of the release 6.1.0-30-amd64. */
static bool is_built_for(const char *vermagic, const char *release)
{
	size_t length = strlen(release);

	return has_prefix(vermagic, release) &&
	       (vermagic[length] == ' ' || vermagic[length] == '\0');
}

static const char *say(struct trial *t, const char *path, const char *what)
{
	return case_format(t, "%s %s", path, what);
}

static void judge_release(struct module_visit *visit, const struct module_file *module)
{
	struct trial *t = visit->t;

	if (is_built_for(module->vermagic, visit->release))
		check_passed(t);
	else if (visit->offenders++ < OFFENDERS_MAX)
		FAIL(t, "%s",
		     say(t, visit->path, case_format(t, "is built for \"%s\"", module->vermagic)));
}

static int visit_module(void *arg, const char *path, const struct tree_stat *stat)
{
	struct module_visit *visit = arg;
	struct module_file module;

	if (!S_ISREG(stat->mode) || !(is_plain_module(path) || is_packed_module(path)))
		return 0;
	visit->packed += is_packed_module(path);
	if (is_packed_module(path))
		return 0;
	visit->path = path;
	visit->plain++;
	int r = module_file_read(read_path, visit, stat->size, &module);
	if (r == 0) {
		judge_release(visit, &module);
	} else if (visit->offenders++ < OFFENDERS_MAX) {
		errno = -r;
		FAIL(visit->t, "%s is no module that can be read: %m", path);
	}
	return 0;
}

/* Walks the modules of the newest kernel. */
static void visit_all(struct trial *t, struct module_visit *visit, tree_walk_fn *fn)
{
	const struct kernel *kernel = kernels_newest(t);
	char real[TREE_PATH_MAX];

	if (!kernel->modules || tree_resolve(case_tree(t), kernel->modules, real, sizeof real) < 0)
		case_skip(t, "kernel", "kernel %s has no modules", kernel->release);
	visit->t = t;
	visit->release = kernel->release;
	if (tree_walk(case_tree(t), real, fn, visit) < 0)
		case_skip(t, "kernel", "%s cannot be listed", real);
}

AUDIT(kernel, modules_match_release,
      .title = "Every module file is built for its directory's kernel release", .priority = P1,
      .sources = "own",
      .why = "A kernel refuses a module of another build: the device that it drives is not there.",
      .remedy = "Install the kernel's package again, and build modules of others for this kernel.")
{
	struct module_visit visit = {.t = t};

	visit_all(t, &visit, visit_module);
	if (visit.plain == 0)
		case_skip(t, "kmod:plain", "all %u modules are compressed, and are not unpacked",
			  visit.packed);
	note(t, "%u modules read, %u of them compressed and not looked into",
	     visit.plain + visit.packed, visit.packed);
}

static int find_plain(void *arg, const char *path, const struct tree_stat *stat)
{
	struct module_visit *visit = arg;

	if (!S_ISREG(stat->mode) || !is_plain_module(path) || visit->plain++ > 0)
		return 0;
	visit->path = case_format(visit->t, "%s", path);
	return 0;
}

/* The content of the first module that is not compressed. */
static const char *first_module(struct trial *t, struct module_visit *visit, char **ret,
				size_t *ret_size)
{
	struct tree_stat stat;

	visit_all(t, visit, find_plain);
	if (!visit->path || !file_stat(t, visit->path, &stat))
		case_skip(t, "kmod:plain", "there is no module that is not compressed");
	*ret = case_alloc(t, stat.size + 1);
	*ret_size = stat.size;
	if (tree_pread(case_tree(t), visit->path, 0, *ret, stat.size) != (ssize_t)stat.size)
		case_broken(t, "%s cannot be read whole", visit->path);
	return visit->path;
}

SABOTAGE(kernel, modules_match_release, "a module is built for another kernel")
{
	struct module_visit visit = {.t = t};
	char *bytes;
	size_t size;
	const char *path = first_module(t, &visit, &bytes, &size);
	char *at = memmem(bytes, size, "vermagic=", strlen("vermagic="));

	if (!at)
		case_broken(t, "%s does not say what it is built for", path);
	at[strlen("vermagic=")] ^= 1; /* 6.1 becomes 7.1 */
	tree_plant_file(case_tree(t), path, bytes, size, 0644, 0);
}

/* ---- signatures ---- */

static int visit_signature(void *arg, const char *path, const struct tree_stat *stat)
{
	struct module_visit *visit = arg;

	if (!S_ISREG(stat->mode) || !(is_plain_module(path) || is_packed_module(path)))
		return 0;
	visit->packed += is_packed_module(path);
	if (is_packed_module(path))
		return 0; /* the signature is inside */
	visit->path = path;
	if (module_file_signed(read_path, visit, stat->size) > 0) {
		visit->sealed++;
	} else {
		visit->open++;
		if (!visit->first_open)
			visit->first_open = case_format(visit->t, "%s", path);
	}
	return 0;
}

static void require_signing(struct trial *t)
{
	const struct kernel *kernel = kernels_newest(t);
	const char *config = kernel_config_text(t, kernel);
	const char *value = config ? text_value(t, config, "CONFIG_MODULE_SIG") : NULL;

	if (!value || strcmp(value, "y") != 0)
		case_skip(t, "kconfig:MODULE_SIG", "kernel %s does not look at signatures",
			  kernel->release);
}

AUDIT(security, modules_are_signed, .title = "Every kernel module file carries a signature",
      .priority = P1, .sources = "own",
      .why = "With Secure Boot the kernel refuses the module that has none, and without it nobody "
	     "knows who made it.",
      .remedy = "Install the distribution's signed modules, and sign those of others.")
{
	struct module_visit visit = {.t = t};

	require_signing(t);
	visit_all(t, &visit, visit_signature);
	if (visit.sealed + visit.open == 0)
		case_skip(t, "kmod:plain", "all %u modules are compressed, and are not unpacked",
			  visit.packed);
	/* Whoever builds a kernel for himself may leave the signing to nobody: then no module has one. */
	if (visit.sealed == 0)
		case_skip(t, "kconfig:MODULE_SIG_ALL", "no module of this kernel is signed");
	if (visit.open > 0)
		FAIL(t, "%u of %u modules carry no signature, the first is %s", visit.open,
		     visit.open + visit.sealed, visit.first_open);
	else
		check_passed(t);
}

SABOTAGE(security, modules_are_signed, "the signature of one module was stripped")
{
	struct module_visit visit = {.t = t};
	char *bytes;
	size_t size;

	require_signing(t);
	const char *path = first_module(t, &visit, &bytes, &size);
	tree_plant_file(case_tree(t), path, bytes, size > 64 ? size - 64 : 0, 0644, 0);
}

/* ---- what the policy wants of them ---- */

static const char *const settings_folders[] = {"/etc/modprobe.d", "/run/modprobe.d",
					       "/usr/lib/modprobe.d", "/lib/modprobe.d"};

static char as_underscore(char c)
{
	return c == '-' ? '_' : c;
}

static bool is_same_module(const char *a, const char *b)
{
	while (*a && as_underscore(*a) == as_underscore(*b))
		a++, b++;
	return *a == *b;
}

enum barrier { BARRIER_NONE, BARRIER_BLACKLIST, BARRIER_INSTALL };

/* "install NAME /bin/false" keeps a module out; "blacklist NAME" only keeps it from loading by itself. */
static enum barrier barrier_of_line(const char *line, const char *module)
{
	struct words words;

	words_split(line, &words);
	if (words.count > 1 && strcmp(words.at[0], "blacklist") == 0 &&
	    is_same_module(words.at[1], module))
		return BARRIER_BLACKLIST;
	if (words.count > 2 && strcmp(words.at[0], "install") == 0 &&
	    is_same_module(words.at[1], module) &&
	    (has_suffix(words.at[2], "/false") || has_suffix(words.at[2], "/true")))
		return BARRIER_INSTALL;
	return BARRIER_NONE;
}

static enum barrier find_barrier(struct trial *t, const char *module)
{
	enum barrier found = BARRIER_NONE;

	for (size_t i = 0; i < ARRAY_LEN(settings_folders); i++)
		for (const char *const *name = file_names(t, settings_folders[i]); *name; name++) {
			const char *text =
				has_suffix(*name, ".conf")
					? file_text(t, case_format(t, "%s/%s", settings_folders[i],
								   *name))
					: NULL;
			for (const char *line; text && (line = text_line(t, &text));) {
				enum barrier barrier = barrier_of_line(line, module);
				found = barrier > found ? barrier : found;
			}
		}
	return found;
}

struct wanted_module {
	struct kernel *kernel;
};

static bool is_available(struct trial *t, void *arg, const char *name)
{
	struct wanted_module *wanted = arg;

	return kernel_has_driver(t, wanted->kernel, name) &&
	       find_barrier(t, name) != BARRIER_INSTALL;
}

AUDIT(kernel, required_modules_are_available,
      .title = "Every module the platform demands is built in or loadable", .priority = P1,
      .needs = "policy:required_modules",
      .sources = "LISA:verify_essential_kernel_modules,AZCERT:lisa-std/p1-essential-kernel-config",
      .why = "The device or filesystem of the platform that it is for cannot be used.",
      .remedy = "Install the kernel's further modules, take the install line out of modprobe.d, or "
		"correct required_modules in the policy.")
{
	struct wanted_module wanted = {.kernel = kernels_newest(t)};

	for (const char *const *name = policy_words(t, "required_modules"); *name; name++)
		if (policy_has_alternative(t, *name, is_available, &wanted))
			check_passed(t);
		else
			FAIL(t, "kernel %s has no module %s that can be loaded",
			     wanted.kernel->release, *name);
}

SABOTAGE(kernel, required_modules_are_available, "modprobe is told not to load a required module")
{
	const char *name = policy_words(t, "required_modules")[0];

	sabotage_file(t, "/etc/modprobe.d/planted.conf",
		      case_format(t, "install %.*s /bin/false\n", (int)strcspn(name, "|"), name));
	if (strchr(name, '|'))
		case_broken(t, "the first of required_modules has an alternative");
}

AUDIT(kernel, rare_modules_are_blocked,
      .title = "Rare protocols and storage buses are blocked where policy asks", .priority = P3,
      .needs = "policy:blocked_modules", .sources = "AZCERT:lynis/usb-1000,AZCERT:lynis/netw-3200",
      .why = "Any user may have the kernel load them, and their holes with them.",
      .remedy = "Write \"install NAME /bin/false\" for each into /etc/modprobe.d.")
{
	struct kernel *kernel = kernels_newest(t);

	for (const char *const *name = policy_words(t, "blocked_modules"); *name; name++)
		if (!kernel_has_driver(t, kernel, *name) ||
		    (!kernel_has_builtin(t, kernel, *name) &&
		     find_barrier(t, *name) == BARRIER_INSTALL))
			check_passed(t);
		else
			FAIL(t, "%s can be loaded", *name);
}

SABOTAGE(kernel, rare_modules_are_blocked, "a blocked module is built in")
{
	struct kernel *kernel = kernels_newest(t);

	if (!kernel->modules)
		case_skip(t, "kernel", "kernel %s has no modules", kernel->release);
	sabotage_append(
		t, case_format(t, "%s/modules.builtin", kernel->modules),
		case_format(t, "kernel/planted/%s.ko", policy_words(t, "blocked_modules")[0]));
}
