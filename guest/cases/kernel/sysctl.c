/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel settings that files ask for. */
#include <ctype.h>

#include "guest/kit/case.h"
#include "guest/kit/line.h"

#define KEYS_MAX 1000

/* From the least to the most important; a file of the same name in a later one replaces that of an earlier one. */
static const char *const folders[] = {"/usr/lib/sysctl.d", "/usr/local/lib/sysctl.d",
				      "/run/sysctl.d", "/etc/sysctl.d"};

struct setting {
	const char *path, *value, *file;
};

struct settings {
	struct setting *at;
	size_t count;
};

/* "net.ipv4.ip_forward" or "net/ipv4/ip_forward" to its path: the first separator decides which of the two it is. */
static const char *key_path(struct trial *t, const char *key)
{
	const char *path = case_format(t, "/proc/sys/%s", key);
	char first = key[strcspn(key, "./")];

	for (char *at = (char *)(uintptr_t)path + strlen("/proc/sys/"); *at && first == '.'; at++)
		*at = (char)(*at == '.' ? '/' : *at == '/' ? '.' : *at);
	return path;
}

/* One blank for any white space, none at the ends. */
static const char *normalize(struct trial *t, const char *value)
{
	char *copy = case_alloc(t, strlen(value) + 1), *to = copy;

	for (const char *from = value; *from; from++) {
		if (!isspace((unsigned char)*from))
			*to++ = *from;
		else if (to > copy && to[-1] != ' ')
			*to++ = ' ';
	}
	while (to > copy && to[-1] == ' ')
		*--to = '\0';
	return copy;
}

static void take_line(struct trial *t, struct settings *settings, const char *file,
		      const char *line)
{
	char *copy = (char *)(uintptr_t)case_format(t, "%s", line), *key = line_trim(copy);
	char *equals = strchr(key, '=');

	if (*key == '\0' || *key == '#' || *key == ';')
		return;
	/* A leading dash says that failing is no matter, or alone that patterns leave the key out. */
	if (!equals && *key != '-')
		FAIL(t, "%s: \"%s\" is no setting", file, key);
	/* A pattern stands for whatever there is. */
	if (!equals || *key == '-' || strpbrk(key, "*?["))
		return;
	*equals = '\0';
	const char *path = key_path(t, line_trim(key));
	size_t i = 0;
	while (i < settings->count && strcmp(settings->at[i].path, path) != 0)
		i++;
	if (i == KEYS_MAX)
		case_broken(t, "there are more than %d settings", KEYS_MAX);
	settings->at[i] = (struct setting){path, normalize(t, equals + 1), file};
	settings->count += i == settings->count;
}

static void take_file(struct trial *t, struct settings *settings, const char *file)
{
	const char *text = file_text(t, file);

	for (const char *at = text, *line; text && (line = text_line(t, &at));)
		take_line(t, settings, file, line);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The path of the file of that name which counts. */
static const char *winner(struct trial *t, const char *name)
{
	const char *path = NULL;

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		const char *candidate = case_format(t, "%s/%s", folders[i], name);
		if (file_exists(t, candidate))
			path = candidate;
	}
	return path;
}

static struct settings read_settings(struct trial *t)
{
	struct settings settings = {.at = case_alloc(t, KEYS_MAX * sizeof *settings.at)};
	const char **names = case_alloc(t, KEYS_MAX * sizeof *names);
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		for (const char *const *name = file_names(t, folders[i]); *name && count < KEYS_MAX;
		     name++) {
			if (has_suffix(*name, ".conf"))
				names[count++] = *name;
		}
	}
	qsort(names, count, sizeof *names, compare_names);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
			take_file(t, &settings, winner(t, names[i]));
	}
	return settings;
}

/* The kernel takes numbers in C's bases (0x01b6, 0666) and shows them in decimal. */
static bool is_same_value(const char *asked, const char *now)
{
	char *asked_end, *now_end;

	if (strcmp(asked, now) == 0)
		return true;
	errno = 0;
	long long a = strtoll(asked, &asked_end, 0), b = strtoll(now, &now_end, 0);
	return errno == 0 && asked_end != asked && now_end != now && *asked_end == '\0' &&
	       *now_end == '\0' && a == b;
}

CASE(kernel, sysctl_files_are_applied,
     .title = "Every key set in sysctl files has that value at run time", .priority = P1,
     .needs = "systemd",
     .why = "A hardening that is written down and not in force is worse than none: it is counted on.",
     .remedy = "Check the log of systemd-sysctl, and what sets the key later in the boot.",
     .sources = "own")
{
	struct settings settings = read_settings(t);

	note(t, "%zu settings", settings.count);
	check_passed(t);
	for (size_t i = 0; i < settings.count; i++) {
		const struct setting *setting = &settings.at[i];
		const char *text = file_text(t, setting->path);
		/* A key that is not there belongs to a part of the kernel that is not loaded. */
		if (!text)
			continue;
		const char *now = normalize(t, text);
		if (is_same_value(setting->value, now))
			check_passed(t);
		else
			FAIL(t, "%s asks for %s = %s, but it is %s", setting->file,
			     setting->path + strlen("/proc/sys/"), setting->value, now);
	}
}

SABOTAGE(kernel, sysctl_files_are_applied, "a setting was written down and never made")
{
	sabotage_file(t, "/etc/sysctl.d/zz-assay.conf", "kernel.threads-max = 4711\n");
}
