// SPDX-License-Identifier: Apache-2.0
// Programs and libraries: what each names to the loader is there. Only ELF headers and dynamic segments are read.
#include <ctype.h>
#include <fnmatch.h>

#include "guest/kit/case.h"
#include "guest/kit/elf.h"
#include "guest/kit/line.h"

#define FOLDERS_MAX   64
#define OBJECTS_MAX   20000
#define NAMES_BUCKETS 1024
#define INCLUDE_DEPTH 4

/* A library's name that was looked for in the loader's folders, and whether it is there. */
struct asked {
	struct asked *next;
	const char *name;
	bool found;
};

struct survey {
	struct trial *t;
	const char *folders[FOLDERS_MAX]; /* where the loader looks, real paths */
	unsigned folder_count;
	const char **objects;
	size_t object_count, program_count; /* programs come first */
	const char *listing;		    /* the folder that is being listed */
	bool programs;
	struct asked *asked[NAMES_BUCKETS];
	struct elf elf;
	unsigned elf_count, missing;
	bool is_musl; /* the only loader is musl's, so libraries are for it */
};

static void add_folder(struct survey *survey, const char *folder)
{
	struct tree_stat stat;
	char real[TREE_PATH_MAX];

	if (survey->folder_count == FOLDERS_MAX || !file_stat(survey->t, folder, &stat) ||
	    !S_ISDIR(stat.mode) ||
	    tree_resolve(case_tree(survey->t), folder, real, sizeof real) < 0)
		return;
	for (unsigned i = 0; i < survey->folder_count; i++)
		if (strcmp(survey->folders[i], real) == 0)
			return;
	survey->folders[survey->folder_count++] = case_format(survey->t, "%s", real);
}

static void read_loader_config(struct survey *survey, const char *path, unsigned depth);

static void read_included(struct survey *survey, const char *pattern, unsigned depth)
{
	struct trial *t = survey->t;
	const char *full = pattern[0] == '/' ? pattern : case_format(t, "/etc/%s", pattern);
	const char *slash = strrchr(full, '/');
	const char *folder = case_format(t, "%.*s", (int)(slash - full), full);

	for (const char *const *name = file_names(t, folder); depth < INCLUDE_DEPTH && *name;
	     name++)
		if (fnmatch(slash + 1, *name, FNM_PERIOD) == 0)
			read_loader_config(survey, case_format(t, "%s/%s", folder, *name),
					   depth + 1);
}

static void read_loader_config(struct survey *survey, const char *path, unsigned depth)
{
	const char *text = file_text(survey->t, path);
	struct words words;

	for (const char *line; text && (line = text_line(survey->t, &text));) {
		words_split(line, &words);
		if (words.count > 1 && strcmp(words.at[0], "include") == 0)
			read_included(survey, case_format(survey->t, "%s", words.at[1]), depth);
		else if (words.count > 0 && words.at[0][0] == '/')
			add_folder(survey, words.at[0]);
	}
}

/* musl's loader has its folders in one file, between colons or line ends. */
static void read_musl_config(struct survey *survey)
{
	struct trial *t = survey->t;

	for (const char *const *name = file_names(t, "/etc"); *name; name++) {
		const char *text = fnmatch("ld-musl-*.path", *name, 0) == 0
					   ? file_text(t, case_format(t, "/etc/%s", *name))
					   : NULL;
		while (text && *text) {
			size_t length = strcspn(text, ":\n");
			if (length > 0)
				add_folder(survey, case_format(t, "%.*s", (int)length, text));
			text += length + (text[length] != '\0');
		}
	}
}

static bool has_file(struct survey *survey, const char *pattern)
{
	for (unsigned i = 0; i < survey->folder_count; i++) {
		for (const char *const *name = file_names(survey->t, survey->folders[i]); *name;
		     name++)
			if (fnmatch(pattern, *name, 0) == 0)
				return true;
	}
	return false;
}

static void find_folders(struct survey *survey)
{
	static const char *const defaults[] = {"/lib64",    "/usr/lib64",     "/lib",
					       "/usr/lib",  "/usr/local/lib", "/lib32",
					       "/usr/lib32"};
	static const char *const triplets[] = {"x86_64-linux-gnu",	"aarch64-linux-gnu",
					       "i386-linux-gnu",	"riscv64-linux-gnu",
					       "powerpc64le-linux-gnu", "s390x-linux-gnu"};

	read_loader_config(survey, "/etc/ld.so.conf", 0);
	read_musl_config(survey);
	for (size_t i = 0; i < ARRAY_LEN(defaults); i++)
		add_folder(survey, defaults[i]);
	for (size_t i = 0; i < ARRAY_LEN(triplets); i++) {
		add_folder(survey, case_format(survey->t, "/usr/lib/%s", triplets[i]));
		add_folder(survey, case_format(survey->t, "/lib/%s", triplets[i]));
	}
	survey->is_musl = has_file(survey, "ld-musl-*.so.1") && !has_file(survey, "ld-linux*.so.*");
}

/* ---- what to look at ---- */

static int collect(void *arg, const char *name, const struct tree_stat *stat)
{
	struct survey *survey = arg;
	bool wanted = survey->programs ? (stat->mode & S_IXUSR) != 0
				       : strstr(name, ".so") != NULL && stat->size > 64;

	if (S_ISREG(stat->mode) && wanted && survey->object_count < OBJECTS_MAX)
		survey->objects[survey->object_count++] =
			case_format(survey->t, "%s/%s", survey->listing, name);
	return 0;
}

static void find_objects(struct survey *survey)
{
	static const char *const folders[] = {"/usr/bin", "/usr/sbin", "/bin", "/sbin"};
	char seen[ARRAY_LEN(folders)][TREE_PATH_MAX];
	unsigned seen_count = 0;

	survey->programs = true;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		char *real = seen[seen_count];
		bool known =
			tree_resolve(case_tree(survey->t), folders[i], real, TREE_PATH_MAX) < 0;
		for (unsigned k = 0; k < seen_count; k++)
			known = known || strcmp(seen[k], real) == 0;
		if (known)
			continue;
		seen_count++;
		survey->listing = real;
		(void)tree_list(case_tree(survey->t), real, collect, survey);
	}
	survey->programs = false;
	survey->program_count = survey->object_count;
	for (unsigned i = 0; i < survey->folder_count; i++) {
		survey->listing = survey->folders[i];
		(void)tree_list(case_tree(survey->t), survey->listing, collect, survey);
	}
}

/* ---- what they need ---- */

/* What the loader passes over, or stumbles upon, is no library. */
static bool is_elf(struct trial *t, const char *path)
{
	char head[4];

	return tree_pread(case_tree(t), path, 0, head, sizeof head) == (ssize_t)sizeof head &&
	       memcmp(head, "\177ELF", sizeof head) == 0;
}

static bool is_in_folders(struct survey *survey, const char *name)
{
	unsigned hash = 5381;

	for (const char *at = name; *at; at++)
		hash = hash * 33 + (unsigned char)*at;
	struct asked **bucket = &survey->asked[hash % NAMES_BUCKETS];
	for (struct asked *asked = *bucket; asked; asked = asked->next)
		if (strcmp(asked->name, name) == 0)
			return asked->found;
	struct asked *asked = case_alloc(survey->t, sizeof *asked);
	*asked = (struct asked){.next = *bucket, .name = case_format(survey->t, "%s", name)};
	for (unsigned i = 0; i < survey->folder_count && !asked->found; i++)
		asked->found = is_elf(survey->t,
				      case_format(survey->t, "%s/%s", survey->folders[i], name));
	*bucket = asked;
	return asked->found;
}

/* Looks in the folders of a RPATH or RUNPATH; $ORIGIN is the object's own folder. */
static bool is_in_run_path(struct survey *survey, const char *object, const char *run_path,
			   const char *name)
{
	struct trial *t = survey->t;
	const char *slash = strrchr(object, '/');

	for (const char *at = run_path; *at;) {
		size_t length = strcspn(at, ":");
		const char *folder = case_format(t, "%.*s", (int)length, at);
		const char *origin = strstr(folder, "ORIGIN");
		if (origin && (has_prefix(folder, "$ORIGIN") || has_prefix(folder, "${ORIGIN}")))
			folder = case_format(t, "%.*s%s", (int)(slash - object), object,
					     origin + strlen("ORIGIN") + (folder[1] == '{'));
		if (folder[0] == '/' && file_exists(t, case_format(t, "%s/%s", folder, name)))
			return true;
		at += length + (at[length] == ':');
	}
	return false;
}

/* musl's loader is the C library itself: it answers for each of these, whatever follows, and looks for no file. */
static bool is_in_musl(const struct survey *survey, const char *name)
{
	static const char *const parts[] = {"libc.",  "libpthread.", "librt.",	"libm.",
					    "libdl.", "libutil.",    "libxnet."};
	const char *interpreter = survey->elf.interpreter;

	if (!(interpreter[0] ? strstr(interpreter, "/ld-musl-") != NULL : survey->is_musl))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (has_prefix(name, parts[i]))
			return true;
	return false;
}

static ssize_t read_object(void *arg, uint64_t offset, void *buf, size_t size)
{
	const struct survey *survey = arg;

	return tree_pread(case_tree(survey->t), survey->listing, offset, buf, size);
}

static void check_needed(struct survey *survey, const char *object)
{
	const struct elf *elf = &survey->elf;
	const char *run_path = elf->runpath[0] ? elf->runpath : elf->rpath;

	for (unsigned i = 0; i < elf->needed_count; i++) {
		const char *name = elf->needed[i];
		bool found = strchr(name, '/') ? file_exists(survey->t, name)
					       : is_in_folders(survey, name);
		if (found || is_in_musl(survey, name) ||
		    is_in_run_path(survey, object, run_path, name))
			continue;
		if (survey->missing++ < 20)
			FAIL(survey->t, "%s needs %s, and no library of that name is there", object,
			     name);
	}
}

/* Scripts are texts, and the kernel may have been told of formats that begin in another way; what is nothing of all that
 * was damaged. */
static const char *problem_of_script(struct trial *t, const char *path)
{
	static const char *const others[] = {"#!", "\177ELF", "MZ", "PK", "\xca\xfe\xba\xbe"};
	char head[256];
	ssize_t length = tree_pread(case_tree(t), path, 0, head, sizeof head);

	if (length <= 0)
		return length == 0 ? "is empty" : NULL;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if ((size_t)length >= strlen(others[i]) &&
		    memcmp(head, others[i], strlen(others[i])) == 0)
			return NULL;
	for (ssize_t i = 0; i < length; i++)
		if (iscntrl((unsigned char)head[i]) &&
		    !strchr("\a\b\t\n\v\f\r\33", head[i] ? head[i] : 1))
			return "is neither an ELF file nor a script";
	return NULL;
}

static void check_object(struct survey *survey, const char *object, bool is_program)
{
	survey->listing = object;
	int r = elf_read(read_object, survey, &survey->elf);
	if (r == -ENOEXEC) { /* a script, or a linker script */
		const char *problem = is_program ? problem_of_script(survey->t, object) : NULL;
		if (problem && survey->missing++ < 20)
			FAIL(survey->t, "%s %s", object, problem);
		return;
	}
	survey->elf_count++;
	if (r == -EBADMSG) {
		FAIL(survey->t, "%s is damaged: its ELF headers point nowhere", object);
		return;
	}
	if (r < 0)
		case_broken(survey->t, "read %s: error %d", object, -r);
	const char *interpreter = survey->elf.interpreter;
	if (interpreter[0] == '/' && !file_exists(survey->t, interpreter))
		FAIL(survey->t, "%s needs the loader %s, which is not there", object, interpreter);
	check_needed(survey, object);
	check_passed(survey->t);
}

AUDIT(packages, shared_libraries_resolve,
      .title = "Every program and library finds the libraries it names", .priority = P0,
      .why = "A program whose library is missing does not start; without libc's or PAM's "
	     "nobody gets in.",
      .remedy = "Install the library's package, or remove the program.")
{
	struct survey *survey = case_alloc(t, sizeof *survey);

	survey->t = t;
	survey->objects = case_alloc(t, OBJECTS_MAX * sizeof *survey->objects);
	find_folders(survey);
	find_objects(survey);
	for (size_t i = 0; i < survey->object_count; i++)
		check_object(survey, survey->objects[i], i < survey->program_count);
	note(t, "%u ELF files in %u folders of libraries and the program folders",
	     survey->elf_count, survey->folder_count);
	if (survey->elf_count == 0)
		case_skip(t, "cmd:sh", "no ELF program lies in the usual folders");
}

SABOTAGE(packages, shared_libraries_resolve, "libz.so.1 was removed")
{
	static const char *const victims[] = {"libz.so.1", "libcrypt.so.1", "libselinux.so.1",
					      "libcap.so.2"};
	struct survey *survey = case_alloc(t, sizeof *survey);
	unsigned removed = 0;

	survey->t = t;
	find_folders(survey);
	for (size_t i = 0; i < ARRAY_LEN(victims) && removed == 0; i++)
		for (unsigned k = 0; k < survey->folder_count; k++) {
			const char *path = case_format(t, "%s/%s", survey->folders[k], victims[i]);
			if (!file_exists(t, path))
				continue;
			sabotage_remove(t, path);
			removed++;
		}
	if (removed == 0)
		case_broken(t, "none of the libraries that would be removed is there");
}
