// SPDX-License-Identifier: Apache-2.0
// Units: what must start does, and what is enabled can be started.
#include "guest/kit/line.h"
#include "guest/kit/unit.h"

static void require_systemd(struct trial *t)
{
	if (!systemd_is_installed(t))
		case_skip(t, "systemd", "systemd is not installed");
}

AUDIT(systemd, ssh_server_is_enabled, .title = "The SSH server is installed and starts by default",
      .priority = P0, .needs = "systemd",
      .sources = "AZCERT:ms-policy/200.4d-ssh-server,AZCERT:openstack/sshd",
      .why = "Without a server that starts by itself nobody gets into a machine that has "
	     "only a network.",
      .remedy = "Install openssh-server and enable its service or socket; an image meant "
		"without one says ssh: no in the policy.")
{
	static const char *const units[] = {"ssh.service", "sshd.service",     "ssh.socket",
					    "sshd.socket", "dropbear.service", "dropbear.socket"};
	unsigned installed = 0;

	require_systemd(t);
	if (strcmp(plan_text(t, "ssh", "yes"), "no") == 0)
		case_skip(t, "cmd:sshd", "the policy says that the image has no SSH server");
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (!unit_path(t, units[i]) || unit_is_masked(t, units[i]))
			continue;
		installed++;
		if (unit_is_enabled(t, units[i])) {
			note(t, "%s is enabled", units[i]);
			check_passed(t);
			return;
		}
	}
	if (installed)
		FAIL(t, "an SSH server is installed, but nothing starts it");
	else
		FAIL(t, "no SSH server is installed that is not masked");
}

SABOTAGE(systemd, ssh_server_is_enabled, "the SSH service and socket are masked")
{
	static const char *const units[] = {"ssh.service", "sshd.service", "ssh.socket",
					    "sshd.socket"};

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		const char *path = case_format(t, "/etc/systemd/system/%s", units[i]);
		struct tree_stat stat;
		if (file_lstat(t, path, &stat))
			sabotage_remove(t, path);
		sabotage_link(t, path, "/dev/null");
	}
}

AUDIT(systemd, default_target_is_designed, .title = "The default target is the designed one",
      .priority = P1, .needs = "systemd",
      .sources = "CIV:test_inittab_and_systemd,AZCERT:gcp/multi-user-target",
      .why = "A machine whose default is the rescue target waits for a person at its console.",
      .remedy = "Run systemctl set-default multi-user.target; the policy's default_target names "
		"the one that is meant.")
{
	static const char *const no_default[] = {
		"rescue.target",   "emergency.target", "halt.target",
		"poweroff.target", "reboot.target",    "shutdown.target",
		"kexec.target",	   "basic.target",     "sysinit.target"};

	require_systemd(t);
	const char *path = unit_path(t, "default.target"),
		   *wanted = plan_text(t, "default_target", NULL);
	char real[TREE_PATH_MAX];

	REQUIRE(t, path != NULL);
	if (tree_resolve(case_tree(t), path, real, sizeof real) < 0) {
		FAIL(t, "%s leads nowhere", path);
		return;
	}
	const char *name = strrchr(real, '/') + 1;
	note(t, "the default target is %s", name);
	if (wanted)
		CHECK_EQ(t, name, wanted);
	for (size_t i = 0; i < ARRAY_LEN(no_default); i++)
		CHECK_NE(t, name, no_default[i]);
}

SABOTAGE(systemd, default_target_is_designed, "the default target is the rescue target")
{
	struct tree_stat stat;

	require_systemd(t);
	if (file_lstat(t, "/etc/systemd/system/default.target", &stat))
		sabotage_remove(t, "/etc/systemd/system/default.target");
	sabotage_link(t, "/etc/systemd/system/default.target",
		      "/usr/lib/systemd/system/rescue.target");
}

/* ---- programs of enabled units ---- */

struct service {
	const char *name;
	bool is_conditional; /* it may be meant to start only where its program is */
	bool does_something; /* it has one of the settings without which systemd refuses it */
};

static bool is_executable(struct trial *t, const char *path)
{
	struct tree_stat stat;

	return file_stat(t, path, &stat) && S_ISREG(stat.mode) && (stat.mode & 0111);
}

static bool is_in_search_path(struct trial *t, const char *name)
{
	static const char *const folders[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
					      "/usr/bin",	 "/sbin",	   "/bin"};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (is_executable(t, case_format(t, "%s/%s", folders[i], name)))
			return true;
	return false;
}

static void check_command(struct trial *t, void *arg, const char *section, const char *key,
			  const char *value)
{
	const struct service *service = arg;
	struct words words;

	if (strcmp(section, "Service") != 0 || strcmp(key, "ExecStart") != 0)
		return;
	words_split(value, &words);
	if (words.count == 0)
		return; /* an empty one takes back what was before */
	const char *program = words.at[0] + strspn(words.at[0], "@:+!|");
	/* '-' says that a failure does not matter; %-specifiers stand for what only the manager knows. */
	if (program[0] == '-' || strchr(program, '%') || strchr(program, '$') ||
	    service->is_conditional)
		return;
	bool found = program[0] == '/' ? is_executable(t, program) : is_in_search_path(t, program);
	if (found)
		check_passed(t);
	else
		FAIL(t, "%s is enabled, but its program %s cannot be started", service->name,
		     program);
}

static void look_at_setting(struct trial *t UNUSED, void *arg, const char *section, const char *key,
			    const char *value)
{
	struct service *service = arg;

	if (strcmp(key, "SuccessAction") == 0 ||
	    (strcmp(section, "Service") == 0 &&
	     (strcmp(key, "ExecStart") == 0 || strcmp(key, "ExecStop") == 0)))
		service->does_something = true;
	if (strcmp(section, "Unit") == 0 &&
	    (has_prefix(key, "ConditionPath") || has_prefix(key, "ConditionFile")) &&
	    value[0] != '!')
		service->is_conditional = true;
}

/* Who masks a unit does it in /etc; a package's file that is empty has lost what was in it. */
static void check_mask(struct trial *t, const char *name)
{
	const char *path = unit_path(t, name);

	if (!file_link(t, path) && (has_prefix(path, "/usr/lib/") || has_prefix(path, "/lib/")))
		FAIL(t, "%s is enabled, but %s is empty", name, path);
}

static void check_enabled(struct trial *t, const char *folder, const char *name)
{
	struct service service = {.name = name};

	if (unit_is_masked(t, name)) {
		check_mask(t, name);
		return;
	}
	/* Generators make units for fstab, and others, only when the machine runs. */
	if (!unit_path(t, name)) {
		FAIL(t, "%s is enabled in %s, but there is no such unit", name, folder);
		return;
	}
	check_passed(t);
	if (!has_suffix(name, ".service"))
		return;
	unit_each_setting(t, name, look_at_setting, &service);
	unit_each_setting(t, name, check_command, &service);
	if (!service.does_something)
		FAIL(t, "%s is enabled, but has no ExecStart: systemd refuses it", name);
}

AUDIT(systemd, unit_programs_exist,
      .title = "Every enabled unit exists and its program is executable", .priority = P1,
      .needs = "systemd", .sources = "AZCERT:hygiene/broken-symlinks-systemd-links",
      .why = "The unit fails at every boot, and what it was enabled for does not happen.",
      .remedy = "Install the program, or disable the unit.")
{
	static const char *const root = "/etc/systemd/system";

	require_systemd(t);
	for (const char *const *entry = file_names(t, root); *entry; entry++) {
		if (!has_suffix(*entry, ".wants") && !has_suffix(*entry, ".requires"))
			continue;
		const char *folder = case_format(t, "%s/%s", root, *entry);
		for (const char *const *name = file_names(t, folder); *name; name++)
			check_enabled(t, folder, *name);
	}
	check_passed(t);
}

SABOTAGE(systemd, unit_programs_exist, "a unit that is enabled names a program that is not there")
{
	require_systemd(t);
	sabotage_file(t, "/etc/systemd/system/planted.service",
		      "[Unit]\nDescription=Planted\n[Service]\nExecStart=/usr/bin/missing --now\n");
	sabotage_link(t, "/etc/systemd/system/multi-user.target.wants/planted.service",
		      "/etc/systemd/system/planted.service");
}

AUDIT(systemd, generators_are_executable,
      .title = "Every shipped generator is executable and ran without error", .priority = P2,
      .needs = "systemd", .sources = "kola:files/system-generators",
      .why = "A generator that is not executable is passed over in silence: its mounts and "
	     "consoles are missing.",
      .remedy = "chmod 0755 the generator.")
{
	static const char *const folders[] = {
		"/etc/systemd/system-generators", "/usr/local/lib/systemd/system-generators",
		"/usr/lib/systemd/system-generators", "/lib/systemd/system-generators"};
	unsigned count = 0;

	require_systemd(t);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		for (const char *const *name = file_names(t, folders[i]); *name; name++) {
			const char *path = case_format(t, "%s/%s", folders[i], *name);
			const char *target = file_link(t, path);
			count++;
			if ((target && strcmp(target, "/dev/null") == 0) || is_executable(t, path))
				check_passed(t);
			else
				FAIL(t, "%s cannot be executed", path);
		}
	if (count == 0)
		case_skip(t, "systemd", "there are no generators");
}

SABOTAGE(systemd, generators_are_executable, "a generator is not executable")
{
	require_systemd(t);
	tree_plant_file(case_tree(t), "/etc/systemd/system-generators/planted", "#!/bin/sh\n", 10,
			0644, 0);
}

AUDIT(storage, trim_timer_is_enabled,
      .title = "The weekly trim timer is enabled on thin-provisioned platforms", .priority = P2,
      .needs = "systemd",
      .why = "Blocks that were freed are never given back, and the disk grows to its full "
	     "size in the pool.",
      .remedy = "Enable fstrim.timer, or mount with discard.")
{
	require_systemd(t);
	if (!unit_path(t, "fstrim.timer"))
		case_skip(t, "systemd", "fstrim.timer is not installed");
	CHECK(t, !unit_is_masked(t, "fstrim.timer"));
	CHECK(t, unit_is_enabled(t, "fstrim.timer"));
}

SABOTAGE(storage, trim_timer_is_enabled, "the trim timer is masked")
{
	struct tree_stat stat;

	if (file_lstat(t, "/etc/systemd/system/fstrim.timer", &stat))
		sabotage_remove(t, "/etc/systemd/system/fstrim.timer");
	sabotage_link(t, "/etc/systemd/system/fstrim.timer", "/dev/null");
}
