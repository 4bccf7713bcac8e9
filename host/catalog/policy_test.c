/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: what they tell the cases, how later ones replace earlier ones, and every way in which they are refused. */
#include "host/catalog/policy.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"
#include "host/catalog/select.h"

static void expect_parameters(const struct policy *policy, const char *want)
{
	CLEAN_TEXT struct text parameters = TEXT_INIT(2 * POLICY_MAX);

	policy_parameters(policy, &parameters);
	EXPECT_TEXT(parameters.buf, want);
}

static void expect_problems(const char *yaml, const char *want)
{
	CLEANUP(policy) struct policy *policy = policy_new();
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	unsigned count = policy_parse(policy, "p.yaml", yaml, strlen(yaml), &problems);

	EXPECT((count > 0) == (want[0] != '\0'));
	EXPECT_TEXT(problems.buf, want);
}

static void parse(struct policy *policy, const char *yaml)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);

	EXPECT_NUMBER(policy_parse(policy, "p.yaml", yaml, strlen(yaml), &problems), 0);
	EXPECT_TEXT(problems.buf, "");
}

TEST(policy, keys_are_sorted_and_are_no_words_of_the_plan)
{
	static const char *const plan[] = {"accel", "cpus", "disks", "entry",	"firmware",
					   "mac0",  "nics", "numa",  "mem_mib", "root"};
	const char *before = "";

	for (const struct policy_key *key = policy_keys(); key->name; key++) {
		EXPECT(strcmp(before, key->name) < 0);
		for (size_t i = 0; i < ARRAY_LEN(plan); i++)
			EXPECT(strcmp(plan[i], key->name) != 0);
		before = key->name;
	}
}

TEST(policy, each_kind_of_value_is_told)
{
	CLEANUP(policy) struct policy *policy = policy_new();

	parse(policy, "title: Mine\nrequired_packages: [openssh-server, 'a|b']\nlvm: yes\n"
		      "sysctl: ['net.ipv4.tcp_rmem = 1 2 3', kernel.kptr_restrict=1]\n"
		      "disk_size_unit_mib: 1024\nfile_name: '*.vhd'\nrepositories: []\n");
	EXPECT_TEXT(policy_title(policy), "Mine");
	EXPECT(policy_terms(policy) == NULL);
	expect_parameters(policy, "disk_size_unit_mib=1024\nfile_name=*.vhd\nlvm=yes\n"
				  "repositories=\nrequired_packages=openssh-server a|b\n"
				  "sysctl=net.ipv4.tcp_rmem = 1 2 3\tkernel.kptr_restrict=1\n");
}

TEST(policy, later_ones_replace_keys_as_a_whole)
{
	CLEANUP(policy) struct policy *policy = policy_new();

	expect_parameters(policy, "");
	parse(policy, "title: First\ncases: [area=boot]\nrequired_tools: [a, b]\nssh: yes\n");
	parse(policy, "required_tools: [c]\nlvm: no\n");
	EXPECT_TEXT(policy_title(policy), "First");
	EXPECT_TEXT(policy_terms(policy), "area=boot");
	expect_parameters(policy, "lvm=no\nrequired_tools=c\nssh=yes\n");
	parse(policy, "cases: [id=time.*, -kind=guest]\nrequired_tools: []\n");
	EXPECT_TEXT(policy_terms(policy), "id=time.* -kind=guest");
	expect_parameters(policy, "lvm=no\nrequired_tools=\nssh=yes\n");
}

TEST(policy, all_problems_are_told_at_once)
{
	expect_problems("requierd_tools: [a]\nlvm: yess\nsysctl: [x]\n"
			"support_end: soon\ndisk_size_unit_mib: 0\nrequired_tools: ['a b']\n",
			"p.yaml:1:1: there is no key `requierd_tools`; did you mean "
			"`required_tools`?\n"
			"p.yaml:2:6: `lvm` is yes or no, not 'yess'; did you mean 'yes'?\n"
			"p.yaml:3:10: `sysctl`: 'x' is not of the form NAME=VALUE\n"
			"p.yaml:4:14: `support_end`: 'soon' is not a date such as 2028-06-30\n"
			"p.yaml:5:21: `disk_size_unit_mib` is a number from 1 to 1048576, not '0'\n"
			"p.yaml:6:19: `required_tools`: 'a b' is not one word; a list has one in "
			"each entry\n");
}

TEST(policy, forms_of_entries)
{
	expect_problems(
		"eol: [debian-12 2028-06-30, openssl 2026-01-01, linux-6.1 soon]\n",
		"p.yaml:1:29: `eol`: 'openssl 2026-01-01' is not of the form PRODUCT-BRANCH "
		"DATE, as openssl-3.0 2026-09-07\n"
		"p.yaml:1:49: `eol`: 'linux-6.1 soon' is not of the form PRODUCT-BRANCH DATE, "
		"as openssl-3.0 2026-09-07\n");
	expect_problems(
		"agent_minimum: [waagent]\nagent_settings: [/etc/x]\npam: [auth required]\n"
		"mount_options: [/tmp]\nsupport_end: 2028-13-01\npresent_files: [etc]\n",
		"p.yaml:1:17: `agent_minimum`: 'waagent' is not of the form PACKAGE VERSION\n"
		"p.yaml:2:18: `agent_settings`: '/etc/x' is not of the form /PATH NAME=VALUE\n"
		"p.yaml:3:7: `pam`: 'auth required' is not of the form FILE: LINE\n"
		"p.yaml:4:17: `mount_options`: '/tmp' is not a path, a blank and a word\n"
		"p.yaml:5:14: `support_end`: '2028-13-01' is not a date such as 2028-06-30\n"
		"p.yaml:6:17: `present_files`: 'etc' is not a path from the root\n");
	expect_problems("eol: ['debian-12 2028-06-30']\nagent_minimum: [a 1.0]\n"
			"pam: ['login: auth required']\nmount_options: [/tmp nodev]\n"
			"support_end: 2028-12-01\npresent_files: [/etc]\nsshd: [UseDNS=no]\n",
			"");
}

TEST(policy, too_much_of_it_is_refused)
{
	CLEAN_TEXT struct text yaml = TEXT_INIT(YAML_FILE_MAX);
	CLEANUP(policy) struct policy *policy = policy_new();
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);

	(void)text_adds(&yaml, "required_packages:\n");
	for (unsigned i = 0; i < 200; i++)
		(void)text_addf(&yaml, "- %0300u\n", i);
	EXPECT_NUMBER(policy_parse(policy, "p.yaml", yaml.buf, yaml.length, &problems), 1);
	EXPECT_TEXT(problems.buf, "p.yaml: with it the policy has 60218 bytes; 49152 are the most "
				  "that cases are told\n");
}

static void write_file(const char *name, const char *content)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", test_folder(), name);
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	EXPECT(write(fd, content, strlen(content)) == (ssize_t)strlen(content));
}

TEST(policy, named_files_are_beside_it)
{
	CLEANUP(policy) struct policy *policy = policy_new();
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX), want = TEXT_INIT(4096);
	CLEAN_FREE char *path = xasprintf("%s/p.yaml", test_folder());

	write_file("p.yaml", "advisories: known.txt\n");
	EXPECT_NUMBER(policy_read(policy, path, &problems), 1);
	(void)text_addf(&want,
			"%s:1:13: `advisories`: read %s/known.txt: No such file or directory\n",
			path, test_folder());
	write_file("known.txt", "# all of them\nopenssl 3.0.1\tCVE-1 # bad\n\nzlib 1:1.3\n");
	EXPECT_NUMBER(policy_read(policy, path, &problems), 0);
	expect_parameters(policy, "advisories=openssl 3.0.1 CVE-1 \tzlib 1:1.3\n");
	write_file("known.txt", "openssl\n\na b c d\n");
	EXPECT_NUMBER(policy_read(policy, path, &problems), 2);
	(void)text_addf(&want,
			"%s/known.txt:1:1: 'openssl' is not of the form PACKAGE VERSION [ID]\n"
			"%s/known.txt:3:1: 'a b c d' is not of the form PACKAGE VERSION [ID]\n",
			test_folder(), test_folder());
	EXPECT_TEXT(problems.buf, want.buf);
	expect_parameters(policy, "advisories=openssl 3.0.1 CVE-1 \tzlib 1:1.3\n");
}

TEST(policy, cases_are_held_against_the_catalogue)
{
	static const struct case_info info = {.area = "boot",
					      .name = "entry_is_there",
					      .title = "It holds",
					      .sources = "LISA:x, AZCERT:gcp/size"};
	const struct case_info *infos[] = {&info};
	CLEANUP(catalog) struct catalog *catalog = NULL;
	CLEANUP(policy) struct policy *policy = policy_new();
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	struct err e = {0};

	EXPECT(catalog_parse("{\"cases\":[]}", 12, infos, 1, &catalog, &e) == 0);
	parse(policy, "cases: [area=boot, 'id=boot.*', 'source=AZCERT:gcp/*', kind=audit]\n");
	(void)policy_check_cases(policy, catalog, &problems);
	EXPECT_TEXT(problems.buf, "");
	parse(policy,
	      "cases:\n- area=bot\n- id=boot.entry_is_here\n- source=AZCERT:aws/*\n- boot\n");
	EXPECT_NUMBER(policy_check_cases(policy, catalog, &problems), 4);
	EXPECT_TEXT(
		problems.buf,
		"p.yaml:2:3: `cases`: no case matches 'area=bot'; did you mean 'boot'?\n"
		"p.yaml:3:3: `cases`: no case matches 'id=boot.entry_is_here'; did you mean "
		"'boot.entry_is_there'?\n"
		"p.yaml:4:3: `cases`: no case matches 'source=AZCERT:aws/*'\n"
		"p.yaml:5:3: `cases`: suite: 'boot' is not a term; write kind=audit, area=boot, "
		"id=time.*, source=kola:* or priority<=P1\n");
}
