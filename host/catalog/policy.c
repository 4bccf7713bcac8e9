/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: their keys, reading them, and what they tell the cases. */
#include "host/catalog/policy.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/yaml_schema.h"
#include "host/catalog/select.h"

#define TITLE_MAX     200
#define WORD_SIZE_MAX 400
#define KEYS_MAX      96

/* ---- what values may be ---- */

/* Cases split words at blanks and commas, and take quotes off a value's ends. */
static void check_word(const char *text, struct text *why)
{
	if (strlen(text) > WORD_SIZE_MAX)
		(void)text_addf(why, "it has more than %d bytes", WORD_SIZE_MAX);
	else if (strpbrk(text, " ,"))
		(void)text_addf(why, "'%.60s' is not one word; a list has one in each entry", text);
	else if (strchr("\"'", text[0]))
		(void)text_addf(why, "'%.60s' begins with a quotation mark", text);
}

static void check_line(const char *text, struct text *why)
{
	if (strchr("\"'", text[0]))
		(void)text_addf(why, "'%.60s' begins with a quotation mark", text);
}

static void check_path(const char *text, struct text *why)
{
	check_word(text, why);
	if (why->length == 0 && text[0] != '/')
		(void)text_addf(why, "'%.60s' is not a path from the root", text);
}

/* NAME=VALUE */
static void check_pair(const char *text, struct text *why)
{
	size_t name = strcspn(text, " =");

	check_line(text, why);
	if (why->length == 0 && (name == 0 || text[name + strspn(text + name, " ")] != '='))
		(void)text_addf(why, "'%.60s' is not of the form NAME=VALUE", text);
}

static void check_word_pair(const char *text, struct text *why)
{
	check_word(text, why);
	if (why->length == 0)
		check_pair(text, why);
}

static bool is_date(const char *text)
{
	int year, month, day, end = 0;

	return sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &end) == 3 && text[end] == '\0' &&
	       month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static void check_date(const char *text, struct text *why)
{
	if (!is_date(text))
		(void)text_addf(why, "'%.60s' is not a date such as 2028-06-30", text);
}

/* PRODUCT-BRANCH DATE */
static void check_end_of_life(const char *text, struct text *why)
{
	const char *blank = strchr(text, ' '), *dash = strrchr(text, '-');

	check_line(text, why);
	if (why->length == 0 &&
	    (!blank || !is_date(blank + 1) || !dash || !memchr(text, '-', (size_t)(blank - text))))
		(void)text_addf(why,
				"'%.60s' is not of the form PRODUCT-BRANCH DATE, as openssl-3.0 "
				"2026-09-07",
				text);
}

static unsigned count_words(const char *text)
{
	unsigned count = 0;

	for (; *(text += strspn(text, " ")); text += strcspn(text, " "))
		count++;
	return count;
}

/* PACKAGE VERSION */
static void check_version(const char *text, struct text *why)
{
	check_line(text, why);
	if (why->length == 0 && count_words(text) != 2)
		(void)text_addf(why, "'%.60s' is not of the form PACKAGE VERSION", text);
}

/* /PATH WORD */
static void check_path_word(const char *text, struct text *why)
{
	if (text[0] != '/' || count_words(text) != 2)
		(void)text_addf(why, "'%.60s' is not a path, a blank and a word", text);
}

/* /PATH KEY=VALUE */
static void check_setting(const char *text, struct text *why)
{
	const char *blank = strchr(text, ' ');

	if (text[0] != '/' || !blank)
		(void)text_addf(why, "'%.60s' is not of the form /PATH NAME=VALUE", text);
	else
		check_pair(blank + 1, why);
}

/* FILE: a line of it */
static void check_file_line(const char *text, struct text *why)
{
	const char *colon = strstr(text, ": ");

	check_line(text, why);
	if (why->length == 0 &&
	    (!colon || colon == text || strcspn(text, " /") < strcspn(text, ":")))
		(void)text_addf(why, "'%.60s' is not of the form FILE: LINE", text);
}

static void check_fingerprint(const char *text, struct text *why)
{
	size_t digits = strspn(text, "0123456789ABCDEFabcdef");

	if (text[digits] != '\0' || (digits != 40 && digits != 64))
		(void)text_addf(why, "'%.80s' is not a fingerprint of 40 or 64 hexadecimal digits",
				text);
}

static void check_title(const char *text, struct text *why)
{
	if (strlen(text) > TITLE_MAX)
		(void)text_addf(why, "it has more than %d bytes", TITLE_MAX);
}

/* ---- the keys ---- */

static const char *const hierarchies[] = {"v1", "v2", NULL},
			 *const reset_keys[] = {"ignore", "reboot", NULL},
			 *const ext4_errors[] = {"continue", "panic", "remount-ro", NULL},
			 *const firewalls[] = {"off", "on", NULL},
			 *const lockdowns[] = {"confidentiality", "integrity", "none", NULL};
static const char *const yes_no[] = {"yes", "no", NULL}, *const clouds[] = {"alibaba",	 "aws",
									    "azure",	 "gcp",
									    "hetzner",	 "none",
									    "openstack", "oracle",
									    "vmware",	 NULL};

#define WORDS(n)                                                                                   \
	{                                                                                          \
		.name = (n), .kind = POLICY_WORDS, .check = check_word                             \
	}
#define WORDS_OF(n, fn)                                                                            \
	{                                                                                          \
		.name = (n), .kind = POLICY_WORDS, .check = (fn)                                   \
	}
#define LINES_OF(n, fn)                                                                            \
	{                                                                                          \
		.name = (n), .kind = POLICY_LINES, .check = (fn)                                   \
	}
#define WORD(n)                                                                                    \
	{                                                                                          \
		.name = (n), .kind = POLICY_WORD, .check = check_word                              \
	}
#define DATE(n)                                                                                    \
	{                                                                                          \
		.name = (n), .kind = POLICY_WORD, .check = check_date                              \
	}
#define CHOICE(n, list)                                                                            \
	{                                                                                          \
		.name = (n), .kind = POLICY_CHOICE, .choices = (list)                              \
	}
#define NUMBER(n, least, most)                                                                     \
	{                                                                                          \
		.name = (n), .kind = POLICY_NUMBER, .min = (least), .max = (most)                  \
	}
#define FILE_OF(n)                                                                                 \
	{                                                                                          \
		.name = (n), .kind = POLICY_FILE, .check = check_line                              \
	}

/* assay-policy(5) has them; a unit test holds that they are sorted. */
static const struct policy_key keys[] = {
	WORDS_OF("absent_files", check_path),
	WORDS("accounts"),
	FILE_OF("advisories"),
	LINES_OF("agent_minimum", check_version),
	LINES_OF("agent_settings", check_setting),
	WORDS("agent_units"),
	WORDS("allowed_arguments"),
	WORD("arch"),
	WORDS("blocked_modules"),
	WORDS("boot_drivers"),
	NUMBER("boot_limit_s", 1, 86400),
	CHOICE("cgroup", hierarchies),
	NUMBER("clock_rate_ppm", 1, 1000000),
	WORD("clocksource"),
	CHOICE("cloud", clouds),
	WORD("console"),
	WORD("controller"),
	CHOICE("ctrl_alt_del", reset_keys),
	WORD("default_target"),
	WORDS("denied_packages"),
	WORD("disk_size_mib"),
	NUMBER("disk_size_unit_mib", 1, 1LL << 20),
	LINES_OF("eol", check_end_of_life),
	CHOICE("ext4_errors", ext4_errors),
	WORDS_OF("file_capabilities", check_path),
	CHOICE("file_digests", yes_no),
	WORD("file_name"),
	CHOICE("firewall", firewalls),
	WORDS("forbidden_arguments"),
	WORDS("forbidden_services"),
	CHOICE("grow", yes_no),
	LINES_OF("grub_defaults", check_pair),
	WORD("hostname"),
	WORDS("jobs"),
	NUMBER("journal_max_mib", 1, 1LL << 30),
	WORDS_OF("kernel_config", check_word_pair),
	WORDS("listeners"),
	CHOICE("lockdown", lockdowns),
	WORDS_OF("login_defs", check_word_pair),
	CHOICE("lvm", yes_no),
	NUMBER("mem_overhead_mib", 1, 1LL << 30),
	LINES_OF("mount_options", check_path_word),
	NUMBER("mtu", 1, 65535),
	WORD("network_manager"),
	WORD("nic_driver"),
	WORDS("outside_ports"),
	LINES_OF("pam", check_file_line),
	NUMBER("panic_on_oom", 0, 2),
	NUMBER("panic_reboot_s", 1, 86400),
	WORDS("passwordless_sudo"),
	WORDS_OF("preload", check_path),
	WORDS_OF("present_files", check_path),
	WORDS("repositories"),
	WORDS("required_arguments"),
	WORDS("required_modules"),
	WORDS("required_packages"),
	WORDS("required_services"),
	WORDS("required_timers"),
	WORDS("required_tools"),
	WORDS("reserved_names"),
	NUMBER("reserved_percent", 1, 99),
	NUMBER("root_free_percent", 1, 99),
	NUMBER("root_keys", 0, 1000),
	WORDS_OF("setid_files", check_path),
	NUMBER("shutdown_limit_s", 1, 86400),
	CHOICE("single_root", yes_no),
	NUMBER("smallest_mem_mib", 32, 1LL << 20),
	CHOICE("ssh", yes_no),
	NUMBER("ssh_keepalive_max", 1, 86400),
	NUMBER("ssh_keepalive_min", 1, 86400),
	WORDS_OF("sshd", check_word_pair),
	WORDS_OF("stray_files", check_path),
	DATE("support_end"),
	LINES_OF("sysctl", check_pair),
	WORDS("system_shells"),
	NUMBER("taint_allowed", 0, INT_MAX),
	WORDS("time_sources"),
	NUMBER("timer_slack_ms", 1, 60000),
	WORD("timezone"),
	DATE("today"),
	WORDS_OF("trusted_keys", check_fingerprint),
	WORDS_OF("world_writable", check_path),
	{.name = NULL},
};

const struct policy_key *policy_keys(void)
{
	return keys;
}

/* ---- life ---- */

struct policy {
	struct yaml_text title;
	struct yaml_list cases; /* with their places in `cases_path` */
	char *cases_path, *terms;
	char *values[ARRAY_LEN(keys)];		   /* by key; NULL: no file has it */
	struct yaml_place places[ARRAY_LEN(keys)]; /* of those that name files */
};

struct policy *policy_new(void)
{
	return xnew(sizeof(struct policy));
}

static void list_free(struct yaml_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].text);
	*list = (struct yaml_list){.count = 0};
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	for (size_t i = 0; keys[i].name; i++)
		free(policy->values[i]);
	list_free(&policy->cases);
	free(policy->title.text);
	free(policy->cases_path);
	free(policy->terms);
	free(policy);
}

/* ---- one file ---- */

/* What a file says of a key, in the member that its kind has. */
struct policy_slot {
	struct yaml_text text;
	struct yaml_number number;
	struct yaml_list list;
};

struct policy_words {
	struct yaml_text title;
	struct yaml_list cases;
	struct policy_slot slots[ARRAY_LEN(keys)];
};

static struct yaml_field field_of(size_t at)
{
	const struct policy_key *key = &keys[at];
	size_t slot = offsetof(struct policy_words, slots) + at * sizeof(struct policy_slot);
	struct yaml_field field = {.key = key->name, .check = key->check};

	switch (key->kind) {
	case POLICY_WORDS:
	case POLICY_LINES:
		field.type = YAML_LIST;
		field.offset = slot + offsetof(struct policy_slot, list);
		break;
	case POLICY_WORD:
	case POLICY_FILE:
		field.type = YAML_TEXT;
		field.offset = slot + offsetof(struct policy_slot, text);
		break;
	case POLICY_CHOICE:
		field.type = YAML_WORD;
		field.words = key->choices;
		field.offset = slot + offsetof(struct policy_slot, number);
		break;
	case POLICY_NUMBER:
		field.type = YAML_NUMBER;
		field.min = key->min;
		field.max = key->max;
		field.offset = slot + offsetof(struct policy_slot, number);
		break;
	}
	return field;
}

static void make_fields(struct yaml_field fields[KEYS_MAX])
{
	size_t count = 0;

	_Static_assert(ARRAY_LEN(keys) + 2 < KEYS_MAX, "there is room for all keys");
	fields[count++] = (struct yaml_field){.key = "title",
					      .type = YAML_TEXT,
					      .offset = offsetof(struct policy_words, title),
					      .check = check_title};
	fields[count++] = (struct yaml_field){.key = "cases",
					      .type = YAML_LIST,
					      .offset = offsetof(struct policy_words, cases),
					      .check = check_word};
	for (size_t i = 0; keys[i].name; i++)
		fields[count++] = field_of(i);
	fields[count] = (struct yaml_field){.key = NULL};
}

void policy_schema(struct text *out)
{
	struct yaml_field fields[KEYS_MAX];

	make_fields(fields);
	yaml_schema(
		&(struct yaml_schema){
			.title = "What a product promises of its image, assay-policy(5)",
			.fields = fields},
		out);
}

static char *join(const struct yaml_list *list, char separator)
{
	CLEAN_TEXT struct text line = TEXT_INIT((size_t)YAML_LIST_MAX * (YAML_TEXT_MAX + 1));

	for (size_t i = 0; i < list->count; i++) {
		if (i > 0)
			(void)text_add(&line, &separator, 1);
		(void)text_adds(&line, list->items[i].text);
	}
	return text_steal(&line);
}

/* The value as the cases are told it; NULL when the file does not have the key. An empty list is a value. */
static char *value_of(const struct policy_key *key, const struct policy_slot *slot)
{
	bool is_there = slot->list.is_there || slot->number.place.line > 0;

	switch (key->kind) {
	case POLICY_WORDS:
		return is_there ? join(&slot->list, ' ') : NULL;
	case POLICY_LINES:
		return is_there ? join(&slot->list, '\t') : NULL;
	case POLICY_WORD:
	case POLICY_FILE:
		return slot->text.text ? xstrdup(slot->text.text) : NULL;
	case POLICY_CHOICE:
		return is_there ? xstrdup(key->choices[slot->number.number]) : NULL;
	case POLICY_NUMBER:
		return is_there ? xasprintf("%lld", slot->number.number) : NULL;
	}
	return NULL;
}

/* Fills a policy that has nothing yet. */
static void fill(struct policy *one, const char *path, struct policy_words *words)
{
	one->title = words->title;
	words->title.text = NULL;
	if (words->cases.count > 0) {
		one->cases = words->cases;
		words->cases.count = 0;
		one->cases_path = xstrdup(path);
		one->terms = join(&one->cases, ' ');
	}
	for (size_t i = 0; keys[i].name; i++) {
		one->values[i] = value_of(&keys[i], &words->slots[i]);
		one->places[i] = words->slots[i].text.place;
	}
}

static struct policy *parse(const char *path, const char *yaml, size_t length,
			    struct text *problems)
{
	struct yaml_field fields[KEYS_MAX];
	struct policy_words *words = xnew(sizeof *words);
	CLEANUP(policy) struct policy *one = policy_new();

	make_fields(fields);
	unsigned count = yaml_read(path, yaml, length, fields, words, problems);
	if (count == 0)
		fill(one, path, words);
	yaml_free(fields, words);
	free(words);
	return count == 0 ? STEAL_PTR(one) : NULL;
}

/* ---- the files that it names ---- */

/* The lines that say something, with tabs between. */
static unsigned fold_lines(const char *path, const char *from, struct text *out,
			   struct text *problems)
{
	unsigned number = 0, count = 0;

	for (const char *end; *from; from = *end ? end + 1 : end) {
		end = from + strcspn(from, "\n");
		CLEAN_FREE char *line = xasprintf("%.*s", (int)(end - from), from);
		number++;
		line[strcspn(line, "#\r")] = '\0';
		for (char *tab; (tab = strchr(line, '\t'));)
			*tab = ' ';
		unsigned words = count_words(line);
		if (words == 2 || words == 3) {
			(void)text_addf(out, "%s%s", out->length ? "\t" : "", line);
		} else if (words > 0) {
			yaml_problem(problems, path,
				     (struct yaml_place){.line = number, .column = 1},
				     "'%.60s' is not of the form PACKAGE VERSION [ID]", line);
			count++;
		}
	}
	return count;
}

/* A relative name is beside the policy. */
static unsigned read_named(struct policy *one, size_t at, const char *path, struct text *problems)
{
	const char *slash = strrchr(path, '/'), *name = one->values[at];
	CLEAN_FREE char *file = name[0] == '/' || !slash
					? xstrdup(name)
					: xasprintf("%.*s/%s", (int)(slash - path), path, name);
	CLEAN_TEXT struct text bytes = TEXT_INIT(4 * POLICY_MAX), lines = TEXT_INIT(4 * POLICY_MAX);
	int r = text_read_file(&bytes, file);

	if (r < 0) {
		errno = -r;
		yaml_problem(problems, path, one->places[at], "`%s`: read %.200s: %m",
			     keys[at].name, file);
		return 1;
	}
	unsigned count = fold_lines(file, bytes.buf, &lines, problems);
	free(one->values[at]);
	one->values[at] = text_steal(&lines);
	return count;
}

/* ---- one over the other ---- */

static void replace(char **old, char **fresh)
{
	if (!*fresh)
		return;
	free(*old);
	*old = STEAL_PTR(*fresh);
}

/* Moves what `one` has. */
static void merge(struct policy *policy, struct policy *one)
{
	replace(&policy->title.text, &one->title.text);
	for (size_t i = 0; keys[i].name; i++)
		replace(&policy->values[i], &one->values[i]);
	if (!one->terms)
		return;
	list_free(&policy->cases);
	policy->cases = one->cases;
	one->cases.count = 0;
	replace(&policy->cases_path, &one->cases_path);
	replace(&policy->terms, &one->terms);
}

static unsigned check_size(const struct policy *policy, const char *path, struct text *problems)
{
	size_t total = 0;

	for (size_t i = 0; keys[i].name; i++)
		if (policy->values[i])
			total += strlen(keys[i].name) + strlen(policy->values[i]) + 2;
	if (total <= POLICY_MAX)
		return 0;
	yaml_problem(problems, path, (struct yaml_place){0},
		     "with it the policy has %zu bytes; %d are the most that cases are told", total,
		     POLICY_MAX);
	return 1;
}

unsigned policy_parse(struct policy *policy, const char *path, const char *yaml, size_t length,
		      struct text *problems)
{
	CLEANUP(policy) struct policy *one = parse(path, yaml, length, problems);

	if (!one)
		return 1;
	merge(policy, one);
	return check_size(policy, path, problems);
}

unsigned policy_read(struct policy *policy, const char *path, struct text *problems)
{
	CLEAN_TEXT struct text yaml = TEXT_INIT(YAML_FILE_MAX + 1);
	int r = text_read_file(&yaml, path);

	if (r < 0) {
		errno = -r;
		yaml_problem(problems, path, (struct yaml_place){0}, "it cannot be read: %m");
		return 1;
	}
	CLEANUP(policy) struct policy *one = parse(path, yaml.buf, yaml.length, problems);
	unsigned count = one ? 0 : 1;
	for (size_t i = 0; one && keys[i].name; i++)
		if (keys[i].kind == POLICY_FILE && one->values[i])
			count += read_named(one, i, path, problems);
	if (count > 0)
		return count;
	merge(policy, one);
	return check_size(policy, path, problems);
}

/* ---- what it says ---- */

const char *policy_title(const struct policy *policy)
{
	return policy->title.text ? policy->title.text : "";
}

const char *policy_terms(const struct policy *policy)
{
	return policy->terms;
}

unsigned policy_check_cases(const struct policy *policy, const struct catalog *catalog,
			    struct text *problems)
{
	unsigned count = 0;

	for (size_t i = 0; i < policy->cases.count; i++) {
		struct err e = {0};
		if (suite_check(catalog, policy->cases.items[i].text, &e) == 0)
			continue;
		yaml_problem(problems, policy->cases_path, policy->cases.items[i].place,
			     "`cases`: %s", e.text);
		count++;
	}
	return count;
}

void policy_parameters(const struct policy *policy, struct text *out)
{
	for (size_t i = 0; keys[i].name; i++)
		if (policy->values[i])
			(void)text_addf(out, "%s=%s\n", keys[i].name, policy->values[i]);
}
