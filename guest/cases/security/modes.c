// SPDX-License-Identifier: Apache-2.0
// Modes of particular files, and what runs by itself or in every program.
#include "guest/kit/dpkg_status.h"
#include "guest/kit/line.h"
#include "guest/kit/unit.h"

AUDIT(security, machine_id_mode_is_right,
      .title = "The machine-id file is owned by root and not writable", .priority = P2,
      .sources = "CIV:test_etc_machine_id_permissions",
      .why = "Whoever changes the id changes keys and addresses that are derived from it.",
      .remedy = "chown root:root /etc/machine-id and chmod 0444 it.")
{
	struct tree_stat stat;

	if (!file_stat(t, "/etc/machine-id", &stat))
		case_skip(t, "systemd", "/etc/machine-id is not there");
	CHECK_EQ(t, stat.uid, 0U);
	if (stat.mode & (S_IWGRP | S_IWOTH))
		FAIL(t, "/etc/machine-id can be written by others (mode %04o)", stat.mode & 07777);
}

SABOTAGE(security, machine_id_mode_is_right, "everybody may write to the machine-id")
{
	sabotage_file_mode(t, "/etc/machine-id", 0666, 0);
}

AUDIT(security, preload_file_is_empty, .title = "No library is preloaded into every program",
      .priority = P1,
      .why = "A library that is loaded into every program sees every password; rootkits hide "
	     "in this way.",
      .remedy = "Remove /etc/ld.so.preload, or name its library in the policy's preload.")
{
	const char *text = file_text(t, "/etc/ld.so.preload"),
		   *allowed = plan_text(t, "preload", "");

	check_passed(t);
	for (const char *line; text && (line = text_line(t, &text));) {
		struct words words;
		words_split(line, &words);
		for (unsigned i = 0; i < words.count && words.at[0][0] != '#'; i++)
			if (!list_has(allowed, words.at[i], " ,"))
				FAIL(t, "/etc/ld.so.preload loads %s into every program",
				     words.at[i]);
	}
}

SABOTAGE(security, preload_file_is_empty, "a library is loaded into every program")
{
	sabotage_file(t, "/etc/ld.so.preload", "/usr/local/lib/planted.so\n");
}

static const struct sensitive {
	const char *name;   /* the path */
	unsigned forbidden; /* mode bits that must not be set */
	bool is_folder;	    /* the files in it, too */
} sensitive_files[] = {
	{"/boot/grub/grub.cfg", 0022, false},
	{"/boot/grub2/grub.cfg", 0022, false},
	{"/etc/crontab", 0022, false},
	{"/etc/cron.d", 0022, true},
	{"/etc/cron.daily", 0022, true},
	{"/etc/cron.hourly", 0022, true},
	{"/etc/cron.weekly", 0022, true},
	{"/etc/sudoers", 0027, false},
	{"/etc/sudoers.d", 0022, true},
	{"/etc/ssh/sshd_config", 0022, false},
	{"/etc/ssh/sshd_config.d", 0022, true},
	{"/etc/systemd/system", 0022, true},
	{"/etc/pam.d", 0022, true},
	{"/etc/fstab", 0022, false},
	{"/etc/hosts", 0022, false},
	{"/etc/profile", 0022, false},
	{"/etc/ld.so.conf", 0022, false},
};

static void check_mode(struct trial *t, const char *path, unsigned forbidden)
{
	struct tree_stat stat;

	if (!file_stat(t, path, &stat))
		return; /* a link that leads nowhere: another case's matter */
	if (stat.uid != 0)
		FAIL(t, "%s belongs to uid %u", path, stat.uid);
	else if (stat.mode & forbidden)
		FAIL(t, "%s has mode %04o", path, stat.mode & 07777);
	else
		check_passed(t);
}

AUDIT_EACH(security, sensitive_files_have_right_modes, sensitive_files,
	   .title = "Boot loader, cron, sudo and SSH configuration files have restrictive modes",
	   .priority = P1, .sources = "AZCERT:lynis/file-7524",
	   .why = "Whoever can write to these files decides what root runs.",
	   .remedy = "chown root:root, and take the write right from group and others.")
{
	if (!file_exists(t, c->name))
		case_skip(t, "image", "%s is not there", c->name);
	check_mode(t, c->name, c->forbidden);
	if (c->is_folder)
		for (const char *const *name = file_names(t, c->name); *name; name++) {
			const char *path = case_format(t, "%s/%s", c->name, *name);
			if (!file_link(t, path))
				check_mode(t, path, c->forbidden);
		}
}

SABOTAGE(security, sensitive_files_have_right_modes,
	 "everybody may write to the boot loader's configuration")
{
	static const char *const paths[] = {"/boot/grub/grub.cfg", "/boot/grub2/grub.cfg",
					    "/etc/fstab"};

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (file_exists(t, paths[i])) {
			sabotage_file_mode(t, paths[i], 0666, 0);
			return;
		}
	case_broken(t, "none of the files to plant in is there");
}

AUDIT(security, search_paths_are_root_owned,
      .title = "No directory on the default program or library path is writable by others",
      .priority = P1, .why = "Whoever can put a program or library there has it run by root.",
      .remedy = "chown root:root the folder and chmod 0755 it.")
{
	static const char *const folders[] = {"/",
					      "/usr",
					      "/usr/bin",
					      "/usr/sbin",
					      "/usr/local",
					      "/usr/local/bin",
					      "/usr/local/sbin",
					      "/usr/local/lib",
					      "/usr/lib",
					      "/usr/lib64",
					      "/bin",
					      "/sbin",
					      "/lib",
					      "/lib64",
					      "/etc",
					      "/etc/profile.d"};
	struct tree_stat stat;

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		if (!file_stat(t, folders[i], &stat))
			continue;
		/* Debian lets the group staff, which has no members, install to /usr/local. */
		bool is_staff = has_prefix(folders[i], "/usr/local") && stat.gid == 50;
		if (stat.uid != 0)
			FAIL(t, "%s belongs to uid %u", folders[i], stat.uid);
		else if ((stat.mode & S_IWOTH) ||
			 ((stat.mode & S_IWGRP) && stat.gid != 0 && !is_staff))
			FAIL(t, "%s can be written by others (mode %04o, gid %u)", folders[i],
			     stat.mode & 07777, stat.gid);
		else
			check_passed(t);
	}
}

SABOTAGE(security, search_paths_are_root_owned, "/usr/local/bin belongs to an ordinary user")
{
	tree_plant_mode(case_tree(t), "/usr/local/bin", 0755, 1000);
}

AUDIT(security, no_relabel_is_pending, .title = "No full relabel is scheduled for the next boot",
      .priority = P2, .sources = "AZCERT:hygiene/audit-selinux-relabel",
      .why = "The first boot labels every file anew and then reboots: minutes in which the "
	     "machine is late.",
      .remedy = "Label the image when it is built, and remove /.autorelabel.")
{
	CHECK(t, !file_exists(t, "/.autorelabel"));
}

SABOTAGE(security, no_relabel_is_pending, "a relabel is scheduled")
{
	sabotage_file(t, "/.autorelabel", "-F\n");
}

/* ---- consoles ---- */

static bool gives_login(const char *command)
{
	static const char *const signs[] = {"--autologin", "-a root", "--skip-login", "-f root"};

	for (size_t i = 0; i < ARRAY_LEN(signs); i++)
		if (strstr(command, signs[i]))
			return true;
	return false;
}

static void look_for_autologin(struct trial *t, void *arg, const char *section, const char *key,
			       const char *value)
{
	const char *unit = arg;

	if (strcmp(section, "Service") != 0 || strcmp(key, "ExecStart") != 0)
		return;
	if (gives_login(value))
		FAIL(t, "%s logs somebody in: \"%s\"", unit, value);
	check_passed(t);
}

/* Whether a command is a shell and nothing more: with a script it is a service. */
static bool is_bare_shell(const char *command)
{
	static const char *const shells[] = {"sh", "ash", "bash", "dash", "busybox"};
	struct words words;

	words_split(command, &words);
	if (words.count == 0)
		return false;
	const char *name = words.at[0] + strspn(words.at[0], "-+"), *slash = strrchr(name, '/');
	for (unsigned i = 1; i < words.count; i++)
		if (strcmp(words.at[i], "sh") != 0 && strcmp(words.at[i], "-l") != 0 &&
		    strcmp(words.at[i], "-i") != 0 && strcmp(words.at[i], "--login") != 0)
			return false;
	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (strcmp(slash ? slash + 1 : name, shells[i]) == 0)
			return true;
	return false;
}

/* A line of inittab(5), of SysV's init and BusyBox's alike: ID:RUNLEVELS:ACTION:COMMAND. */
static void check_inittab_line(struct trial *t, const char *line)
{
	const char *action = line;

	for (int i = 0; i < 2 && action; i++)
		if ((action = strchr(action, ':')))
			action++;
	const char *command = action ? strchr(action, ':') : NULL;
	if (line[0] == '#' || !command)
		return;
	command++;
	if (gives_login(command) || strstr(command, "autologin"))
		FAIL(t, "/etc/inittab logs somebody in: \"%s\"", line);
	else if ((has_prefix(action, "respawn:") || has_prefix(action, "askfirst:")) &&
		 is_bare_shell(command))
		FAIL(t, "/etc/inittab gives a shell without a login: \"%s\"", line);
	else
		check_passed(t);
}

AUDIT(security, no_console_autologin, .title = "No console logs anybody in automatically",
      .priority = P1, .sources = "AZCERT:hygiene/password-on-console",
      .why = "Whoever can open the platform's console is in, without a password.",
      .remedy = "Remove the drop-in from the getty unit.")
{
	static const char units[][40] = {"getty@tty1.service", "serial-getty@ttyS0.service",
					 "console-getty.service", "serial-getty@ttyAMA0.service",
					 "serial-getty@hvc0.service"};
	const char *inittab = file_text(t, "/etc/inittab");

	if (!systemd_is_installed(t) && !inittab)
		case_skip(t, "systemd", "neither systemd nor an inittab is there");
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		char name[sizeof units[0]];
		memcpy(name, units[i], sizeof name);
		if (unit_path(t, name))
			unit_each_setting(t, name, look_for_autologin, name);
	}
	for (const char *line; inittab && (line = text_line(t, &inittab));)
		check_inittab_line(t, line);
	check_passed(t);
}

SABOTAGE(security, no_console_autologin, "root is logged in on the serial console")
{
	if (!systemd_is_installed(t)) {
		sabotage_append(t, "/etc/inittab",
				"\nS9:2345:respawn:/sbin/agetty -a root ttyS0 115200\n");
		return;
	}
	sabotage_file(
		t, "/etc/systemd/system/serial-getty@ttyS0.service.d/autologin.conf",
		"[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin root --keep-baud %I\n");
}

/* ---- scheduled jobs ---- */

/* Whether a file is the configuration of an installed package: dpkg keeps the list in its status file. */
static bool is_of_package(const char *status, const char *path)
{
	size_t length = strlen(path);

	for (const char *at = status; (at = strstr(at, path)); at++)
		if (at > status && at[-1] == ' ' && (at[length] == ' ' || at[length] == '\n'))
			return true;
	return false;
}

AUDIT(security, scheduled_jobs_match_allowlist,
      .title = "Cron jobs and timers are those of packages or allowlisted", .priority = P1,
      .sources = "LISA:verify_vm_not_compromised,AZCERT:ms-policy/200.4h-non-os-cron-jobs",
      .why = "A job that no package brought runs as root on every machine, whoever put it "
	     "there.",
      .remedy = "Remove the job, bring it in a package, or name it in the policy's jobs.")
{
	static const char *const folders[] = {"/etc/cron.d", "/etc/cron.hourly", "/etc/cron.daily",
					      "/etc/cron.weekly", "/etc/cron.monthly"};
	const char *status = dpkg_status(t), *allowed = plan_text(t, "jobs", "");

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		for (const char *const *name = file_names(t, folders[i]); *name; name++) {
			const char *path = case_format(t, "%s/%s", folders[i], *name);
			if ((*name)[0] == '.' || is_of_package(status, path) ||
			    list_has(allowed, path, " ,"))
				check_passed(t);
			else
				FAIL(t, "%s belongs to no package", path);
		}
	for (const char *const *name = file_names(t, "/var/spool/cron/crontabs"); *name; name++)
		if (!list_has(allowed, *name, " ,"))
			FAIL(t, "\"%s\" has a crontab", *name);
	check_passed(t);
}

SABOTAGE(security, scheduled_jobs_match_allowlist, "a job of no package lies in /etc/cron.d")
{
	sabotage_file(t, "/etc/cron.d/planted", "* * * * * root /usr/local/bin/planted\n");
}
