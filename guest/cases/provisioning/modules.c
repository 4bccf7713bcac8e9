/* SPDX-License-Identifier: Apache-2.0 */
/* What cloud-init makes of a configuration: a module is run once more, with one of our own. */
#include "guest/kit/line.h"
#include "guest/kit/logs.h"
#include "guest/kit/program.h"
#include "guest/kit/seccomp.h"

#define RUN_S	120
#define CONFIG	"/etc/cloud/cloud.cfg.d/zz-assay.cfg" /* the last one is the one that counts */
#define FOLDER	"/var/lib/assay-provisioned"
#define USER	"assay-user"
#define GROUP	"assay-group"
#define USER_ID 4242
#define SECRET	"Correct-Assay-Horse-2718"

static void remove_config(void *arg UNUSED)
{
	(void)unlink(CONFIG);
}

/* Runs one of cloud-init's modules as it runs at an instance's first boot. */
static void run_module(struct trial *t, const char *module, const char *config)
{
	int fd = open(CONFIG, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	case_defer(t, remove_config, NULL);
	if (fd < 0 || write(fd, config, strlen(config)) != (ssize_t)strlen(config))
		case_broken(t, "write %s: %m", CONFIG);
	close(fd);
	struct program_result run = program_run(t, RUN_S, "cloud-init", "single", "--name", module,
						"--frequency", "always", NULL);
	if (run.exit_code != 0)
		FAIL(t, "cloud-init's module %s ended with %d: %.300s", module, run.exit_code,
		     run.output);
	else
		check_passed(t);
}

CASE(provisioning, files_and_links_are_written,
     .title = "Files in the configuration are written with content, owner and mode", .priority = P1,
     .needs = "cloud-init", .isolation = ISOLATION_FORK, .timeout_s = 150,
     .why = "It is how instances get their certificates, keys and services' settings.",
     .remedy = "Read /var/log/cloud-init.log; check the module write_files.", .sources = "own")
{
	struct tree_stat stat;

	run_module(t, "write_files",
		   "#cloud-config\nwrite_files:\n"
		   "- path: " FOLDER "/plain\n  content: |\n    two\n    lines\n"
		   "  permissions: '0640'\n  owner: root:root\n"
		   "- path: " FOLDER "/deep/coded\n  content: YXNzYXkK\n  encoding: b64\n"
		   "  permissions: '0755'\n");
	const char *plain = file_text(t, FOLDER "/plain");
	const char *coded = file_text(t, FOLDER "/deep/coded");
	CHECK_EQ(t, plain, "two\nlines\n");
	CHECK_EQ(t, coded, "assay\n");
	REQUIRE(t, file_stat(t, FOLDER "/plain", &stat));
	CHECK_EQ(t, stat.mode & 07777, 0640U);
	CHECK_EQ(t, stat.uid, 0U);
	REQUIRE(t, file_stat(t, FOLDER "/deep/coded", &stat));
	CHECK_EQ(t, stat.mode & 07777, 0755U);
}

SABOTAGE(provisioning, files_and_links_are_written, "modes are not set")
{
	sabotage_syscall(t, SYS_chmod, 0);
}

/* The line of passwd or group that begins with that name; NULL when there is none. */
static const struct fields *find_line(struct trial *t, const char *path, const char *name)
{
	struct fields *fields = case_alloc(t, sizeof *fields);

	for (const char *at = file_text(t, path); at && fields_next(&at, fields);) {
		if (strcmp(fields->at[0], name) == 0)
			return fields;
	}
	return NULL;
}

CASE(provisioning, user_and_groups_are_created,
     .title = "Configured users and groups exist with their ids and homes", .priority = P1,
     .needs = "cloud-init,cmd:useradd", .isolation = ISOLATION_FORK, .timeout_s = 150,
     .why = "Whom the configuration names is to log in; nobody else can.",
     .remedy = "Read /var/log/cloud-init.log; check the module users_groups and useradd.",
     .sources = "own")
{
	struct tree_stat home;

	/* cloud-init 20.4 passes on strings alone and leaves a number out. */
	run_module(t, "users_groups",
		   "#cloud-config\ngroups: [" GROUP "]\nusers:\n- name: " USER "\n  uid: '4242'\n"
		   "  homedir: /home/" USER "\n  shell: /bin/sh\n  groups: " GROUP
		   "\n  lock_passwd: true\n");
	const struct fields *user = find_line(t, "/etc/passwd", USER);
	const struct fields *group = find_line(t, "/etc/group", GROUP);
	REQUIRE(t, user && user->count == 7);
	CHECK_EQ(t, fields_number(user, 2), USER_ID);
	CHECK_EQ(t, user->at[5], "/home/" USER);
	REQUIRE(t, group && group->count == 4);
	CHECK(t, list_has(group->at[3], USER, ","));
	REQUIRE(t, file_stat(t, "/home/" USER, &home));
	CHECK_EQ(t, home.uid, (unsigned)USER_ID);
	CHECK(t, S_ISDIR(home.mode));
}

SABOTAGE(provisioning, user_and_groups_are_created, "the tool that makes users does nothing")
{
	sabotage_file(t, "/usr/sbin/useradd", "#!/bin/sh\nexit 0\n");
}

CASE(provisioning, logs_hold_no_password,
     .title = "No password or key from user data appears in any log", .priority = P1,
     .needs = "cloud-init,cmd:useradd", .isolation = ISOLATION_FORK, .timeout_s = 150,
     .why = "Logs are sent to places where many read them.",
     .remedy = "Update cloud-init, and look for commands that print what they were given.",
     .fixes = "CVE-2021-3429, CVE-2022-2084", .sources = "own")
{
	run_module(t, "users_groups",
		   "#cloud-config\nusers:\n- name: " USER "\n  plain_text_passwd: " SECRET
		   "\n  lock_passwd: false\n");
	REQUIRE(t, find_line(t, "/etc/shadow", USER) != NULL);
	/* The password was taken, so that there was something to log. */
	CHECK(t, strlen(find_line(t, "/etc/shadow", USER)->at[1]) > 10);
	CHECK(t, !logs_hold(t, SECRET));
}

SABOTAGE(provisioning, logs_hold_no_password, "a command has put it into a log of its own")
{
	sabotage_file(t, "/var/log/assay-vendor.log",
		      "user data: {\"password\": \"" SECRET "\"}\n");
}
