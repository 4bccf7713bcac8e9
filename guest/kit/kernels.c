// SPDX-License-Identifier: Apache-2.0
// The kernels installed in a tree, and what belongs to each.
#include "guest/kit/kernels.h"

#include "guest/kit/dpkg.h"

static const char *const image_prefixes[] = {"Image-", "kernel-", "vmlinux-", "vmlinuz-"};

/* Patterns with one %s for what follows the prefix in the image's name, or for the release. */
static const char *const initrd_patterns[] = {
	"/boot/initrd.img-%s",
	"/boot/initramfs-%s.img",
	"/boot/initrd-%s",
	"/boot/initramfs-%s",
	"/boot/initrd-%s.img",
	"/usr/lib/modules/%s/initrd",
	"/usr/lib/modules/%s/initramfs.img",
};
static const char *const config_patterns[] = {"/boot/config-%s", "/lib/modules/%s/config",
					      "/usr/lib/modules/%s/config"};
static const char *const symbol_patterns[] = {"/boot/System.map-%s", "/lib/modules/%s/System.map",
					      "/usr/lib/modules/%s/System.map"};
static const char *const module_patterns[] = {"/lib/modules/%s", "/usr/lib/modules/%s"};

/* The first pattern, filled in with `word`, that is there. */
static const char *first_of(struct trial *t, const char *const *patterns, size_t count,
			    const char *word)
{
	for (size_t i = 0; i < count; i++) {
		const char *mark = strstr(patterns[i], "%s");
		const char *path = case_format(t, "%.*s%s%s", (int)(mark - patterns[i]),
					       patterns[i], word, mark + 2);
		if (file_exists(t, path))
			return path;
	}
	return NULL;
}
#define FIRST_OF(t, patterns, word) first_of((t), (patterns), ARRAY_LEN(patterns), (word))

/* The release in a bzImage's own header (Linux, Documentation/arch/x86/boot.rst); NULL when it is another format. */
static const char *release_inside(struct trial *t, const char *path)
{
	unsigned char header[0x230];
	char version[128];

	if (tree_pread(case_tree(t), path, 0, header, sizeof header) != (ssize_t)sizeof header ||
	    memcmp(header + 0x202, "HdrS", 4) != 0)
		return NULL;
	uint64_t at = 0x200 + (header[0x20e] | (uint64_t)header[0x20f] << 8);
	ssize_t got = tree_pread(case_tree(t), path, at, version, sizeof version - 1);
	if (got <= 0 || at == 0x200)
		return NULL;
	version[got] = '\0';
	version[strcspn(version, " \n")] = '\0';
	return version[0] ? case_format(t, "%s", version) : NULL;
}

/* How long a bzImage is by its own header; what is appended to sign it comes on top. */
static uint64_t size_inside(const unsigned char *header)
{
	uint64_t setup_sectors = header[0x1f1] ? header[0x1f1] : 4, paragraphs = 0;

	for (unsigned i = 4; i-- > 0;)
		paragraphs = paragraphs << 8 | header[0x1f4 + i];
	return (setup_sectors + 1) * 512 + paragraphs * 16;
}

/* ELF, an EFI program, and what kernels and EFI programs are compressed with. */
static bool is_other_kernel(const unsigned char *header)
{
	static const char *const magics[] = {
		"\177ELF",	    "MZ",  "\x1f\x8b",	      "\3757zXZ",
		"\x28\xb5\x2f\xfd", "BZh", "\x02\x21\x4c\x18"};

	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		if (memcmp(header, magics[i], strlen(magics[i])) == 0)
			return true;
	return false;
}

/* Other machines have formats that are not to be told from anything else. */
static bool is_for_x86(struct trial *t)
{
	return file_exists(t, "/lib64/ld-linux-x86-64.so.2") ||
	       file_exists(t, "/lib/ld-musl-x86_64.so.1");
}

const char *kernel_image_problem(struct trial *t, const struct kernel *kernel)
{
	const uint64_t page = 4096; /* builds pad differently */
	unsigned char header[0x230];
	struct tree_stat stat;

	if (!file_stat(t, kernel->image, &stat))
		return "is not there";
	if (stat.size == 0)
		return "is empty";
	if (tree_pread(case_tree(t), kernel->image, 0, header, sizeof header) !=
	    (ssize_t)sizeof header)
		return "is cut off";
	if (memcmp(header + 0x202, "HdrS", 4) == 0)
		return stat.size + page < size_inside(header) ? "is cut off" : NULL;
	return is_for_x86(t) && !is_other_kernel(header) ? "is no kernel" : NULL;
}

/* Whoever looks for an option would take it for switched off in what is left of a file. */
const char *kernel_config_text(struct trial *t, const struct kernel *kernel)
{
	const char *text = kernel->config ? file_text(t, kernel->config) : NULL;

	if (!text)
		return NULL;
	if (!strstr(text, "CONFIG_"))
		case_broken(t, "%s holds no configuration", kernel->config);
	/* kconfig writes where each menu ends (since 5.4), and this one comes last. */
	bool is_whole = !strstr(text, "\n# end of ") || strstr(text, "\n# end of Kernel hacking");
	if (!is_whole || !has_suffix(text, "\n"))
		case_broken(t, "%s is cut off", kernel->config);
	return text;
}

/* The part of the name that its other files share; NULL when it is no kernel's name. */
static const char *suffix_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(image_prefixes); i++)
		if (has_prefix(name, image_prefixes[i]) && name[strlen(image_prefixes[i])])
			return name + strlen(image_prefixes[i]);
	return NULL;
}

static const char *either(const char *a, const char *b)
{
	return a ? a : b;
}

static struct kernel describe(struct trial *t, const char *image, const char *suffix)
{
	const char *inside = release_inside(t, image);
	const char *release = inside ? inside : suffix;

	return (struct kernel){
		.release = release,
		.image = image,
		.initrd = either(FIRST_OF(t, initrd_patterns, suffix),
				 FIRST_OF(t, initrd_patterns, release)),
		.config = either(FIRST_OF(t, config_patterns, release),
				 FIRST_OF(t, config_patterns, suffix)),
		.symbols = either(FIRST_OF(t, symbol_patterns, release),
				  FIRST_OF(t, symbol_patterns, suffix)),
		.modules = FIRST_OF(t, module_patterns, release),
		.is_rescue = has_prefix(suffix, "0-rescue"),
	};
}

/* Adds a kernel; the same release found in /boot and beside its modules is one kernel. */
static void add(struct kernel *kernels, size_t *count, struct kernel kernel)
{
	if (*count == KERNELS_MAX)
		return;
	for (size_t i = 0; i < *count; i++)
		if (!kernel.is_rescue && !kernels[i].is_rescue &&
		    strcmp(kernels[i].release, kernel.release) == 0)
			return;
	size_t at = *count;
	while (at > 0 && dpkg_version_compare(kernels[at - 1].release, kernel.release) > 0) {
		kernels[at] = kernels[at - 1];
		at--;
	}
	kernels[at] = kernel;
	(*count)++;
}

size_t kernels_find(struct trial *t, struct kernel **ret)
{
	struct kernel *kernels = case_alloc(t, KERNELS_MAX * sizeof *kernels);
	size_t count = 0;

	for (const char *const *name = file_names(t, "/boot"); *name; name++) {
		const char *suffix = suffix_of(*name);
		struct tree_stat stat;
		const char *path = case_format(t, "/boot/%s", *name);
		if (suffix && !has_suffix(*name, ".old") && file_stat(t, path, &stat) &&
		    S_ISREG(stat.mode))
			add(kernels, &count, describe(t, path, suffix));
	}
	for (const char *const *name = file_names(t, "/usr/lib/modules"); *name; name++) {
		const char *path = case_format(t, "/usr/lib/modules/%s/vmlinuz", *name);
		if (file_exists(t, path))
			add(kernels, &count, describe(t, path, *name));
	}
	*ret = kernels;
	return count;
}

struct kernel *kernels_newest(struct trial *t)
{
	struct kernel *kernels;

	for (size_t i = kernels_find(t, &kernels); i > 0; i--)
		if (!kernels[i - 1].is_rescue)
			return &kernels[i - 1];
	case_skip(t, "kernel", "no kernel is found in /boot or /usr/lib/modules");
}

struct kernel *kernels_by_image(struct trial *t, const char *path)
{
	struct kernel *kernels;
	char wanted[TREE_PATH_MAX], real[TREE_PATH_MAX];
	size_t count = kernels_find(t, &kernels);

	if (tree_resolve(case_tree(t), path, wanted, sizeof wanted) < 0)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (tree_resolve(case_tree(t), kernels[i].image, real, sizeof real) == 0 &&
		    strcmp(real, wanted) == 0)
			return &kernels[i];
	const char *base = strrchr(path, '/');
	const char *suffix = base ? suffix_of(base + 1) : NULL;
	const char *release = release_inside(t, path);
	if (!suffix && !release)
		return NULL;
	/* A kernel elsewhere, such as on the EFI system partition. */
	struct kernel *kernel = case_alloc(t, sizeof *kernel);
	*kernel = describe(t, case_format(t, "%s", path), suffix ? suffix : release);
	return kernel;
}

static char same(char c)
{
	return c == '-' ? '_' : c;
}

bool module_is_in(const char *paths, const char *name)
{
	char first[32];
	size_t length = strlen(name), head = strcspn(name, "-_");

	/* The search goes by the part before the first dash: strstr is fast, and the rest is compared by hand. */
	(void)snprintf(first, sizeof first, "/%.*s", (int)(head < 30 ? head : 30), name);
	for (const char *at = paths; (at = strstr(at, first)); at++) {
		size_t i = 0;
		while (i < length && same(at[1 + i]) == same(name[i]))
			i++;
		if (i == length && strncmp(at + 1 + i, ".ko", 3) == 0)
			return true;
	}
	return false;
}

/* One of the lists that depmod and the kernel's build write, "" when it is not there. */
static const char *read_list(struct trial *t, const struct kernel *kernel, const char *name)
{
	const char *path = kernel->modules ? case_format(t, "%s/%s", kernel->modules, name) : NULL;
	const char *text = path ? file_text(t, path) : NULL;

	if (text && text[0] && !has_suffix(text, "\n"))
		case_broken(t, "%s is cut off", path);
	return text ? text : "";
}

bool kernel_has_builtin(struct trial *t, struct kernel *kernel, const char *name)
{
	return module_is_in(read_list(t, kernel, "modules.builtin"), name);
}

bool kernel_has_driver(struct trial *t, struct kernel *kernel, const char *name)
{
	/* A path alone on a line begins without a slash where it is relative: every name has one before it. */
	if (!kernel->drivers)
		kernel->drivers = case_format(t, "%s\n%s", read_list(t, kernel, "modules.builtin"),
					      read_list(t, kernel, "modules.dep"));
	return module_is_in(kernel->drivers, name);
}
