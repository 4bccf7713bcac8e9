// SPDX-License-Identifier: Apache-2.0
// Owners and modes of all files: nobody may change what others trust, and nothing gives rights away unseen.
#include "guest/kit/census.h"
#include "guest/kit/line.h"

#define OFFENDERS_MAX 20

static bool is_in(const char *path, const char *const *folders, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(folders[i]);
		if (strncmp(path, folders[i], length) == 0 && path[length] == '/')
			return true;
	}
	return false;
}

AUDIT(security, no_world_writable_files,
      .title = "No file outside the allowlist is writable by everyone", .priority = P1,
      .sources = "kola:fcos.filesystem,kola:files/file-directory-permissions,"
		 "LISA:verify_vm_not_compromised,AZCERT:hygiene/world-writable",
      .why = "Any account, a broken-into web server's too, can change what others read or "
	     "run.",
      .remedy = "chmod o-w the file, or name it in the policy's world_writable.")
{
	const struct census *census = census_take(t);
	const char *allowed = plan_text(t, "world_writable", "");
	unsigned offenders = 0;

	for (size_t i = 0; i < census->count; i++) {
		const struct census_item *item = &census->items[i];
		if (!S_ISREG(item->stat.mode) || !(item->stat.mode & S_IWOTH) ||
		    list_has(allowed, item->path, " ,"))
			continue;
		if (offenders++ < OFFENDERS_MAX)
			FAIL(t, "%s is writable by everyone (mode %04o)", item->path,
			     item->stat.mode & 07777);
	}
	note(t, "%zu files were looked at", census->total);
	check_passed(t);
}

SABOTAGE(security, no_world_writable_files, "everybody may write to /etc/hosts")
{
	sabotage_file_mode(t, "/etc/hosts", 0666, 0);
}

AUDIT(security, shared_directories_are_sticky,
      .title = "Every directory writable by everyone has the sticky bit", .priority = P1,
      .sources = "kola:fcos.filesystem",
      .why = "In such a folder everybody can remove others' files and put his own in their "
	     "place.",
      .remedy = "chmod +t the folder, or take the write right from others.")
{
	const struct census *census = census_take(t);
	unsigned offenders = 0;

	for (size_t i = 0; i < census->count; i++) {
		const struct census_item *item = &census->items[i];
		if (!S_ISDIR(item->stat.mode))
			continue;
		if (item->stat.mode & S_ISVTX)
			check_passed(t);
		else if (offenders++ < OFFENDERS_MAX)
			FAIL(t, "%s is writable by everyone, but not sticky (mode %04o)",
			     item->path, item->stat.mode & 07777);
	}
	check_passed(t);
}

SABOTAGE(security, shared_directories_are_sticky, "/var/tmp is not sticky")
{
	tree_plant_mode(case_tree(t), "/var/tmp", 0777, 0);
}

/* Programs that are set-id in distributions, by name: their place in the tree must be a system's. */
static const char *const known_setid[] = {"Xorg.wrap",
					  "at",
					  "bbsuid",
					  "bwrap",
					  "chage",
					  "chfn",
					  "chrome-sandbox",
					  "chsh",
					  "crontab",
					  "dbus-daemon-launch-helper",
					  "doas",
					  "dotlockfile",
					  "exim4",
					  "expiry",
					  "fusermount",
					  "fusermount3",
					  "gpasswd",
					  "grub2-set-bootflag",
					  "ksu",
					  "locate",
					  "lockfile",
					  "lxc-user-nic",
					  "mail-lock",
					  "mail-touchlock",
					  "mail-unlock",
					  "maildrop",
					  "mlocate",
					  "mount",
					  "mount.cifs",
					  "mount.ecryptfs_private",
					  "mount.nfs",
					  "newgidmap",
					  "newgrp",
					  "newuidmap",
					  "ntfs-3g",
					  "pam_extrausers_chkpwd",
					  "pam_timestamp_check",
					  "passwd",
					  "ping",
					  "ping4",
					  "ping6",
					  "pkexec",
					  "plocate",
					  "polkit-agent-helper-1",
					  "postdrop",
					  "postqueue",
					  "pppd",
					  "procmail",
					  "sendmail",
					  "sg",
					  "snap-confine",
					  "ssh-agent",
					  "ssh-keysign",
					  "staprun",
					  "su",
					  "sudo",
					  "sudoedit",
					  "traceroute6.iputils",
					  "umount",
					  "unix2_chkpwd",
					  "unix_chkpwd",
					  "userhelper",
					  "usernetctl",
					  "utempter",
					  "vmware-user-suid-wrapper",
					  "wall",
					  "wbinfo",
					  "write",
					  "write.ul"};

static bool is_known_setid(const char *path)
{
	static const char *const folders[] = {"/usr/bin",     "/usr/sbin",  "/usr/lib",
					      "/usr/libexec", "/usr/lib64", "/bin",
					      "/sbin",	      "/lib",	    "/lib64"};
	const char *base = strrchr(path, '/') + 1;

	if (!is_in(path, folders, ARRAY_LEN(folders)) || has_prefix(path, "/usr/local/"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(known_setid); i++)
		if (strcmp(base, known_setid[i]) == 0)
			return true;
	return false;
}

AUDIT(security, setuid_files_match_allowlist,
      .title = "Set-id files are exactly the allowlisted ones", .priority = P1,
      .sources = "kola:files/setuid,kola:files/setgid,AZCERT:hygiene/suid-list",
      .why = "A set-id program that nobody knows of is the usual way to keep root after a "
	     "break-in, or a hole that waits.",
      .remedy = "chmod u-s,g-s the file, or name it in the policy's setid_files.")
{
	const struct census *census = census_take(t);
	const char *allowed = plan_text(t, "setid_files", "");
	unsigned offenders = 0, seen = 0;

	for (size_t i = 0; i < census->count; i++) {
		const struct census_item *item = &census->items[i];
		if (!S_ISREG(item->stat.mode) || !(item->stat.mode & (S_ISUID | S_ISGID)))
			continue;
		seen++;
		/* Set-gid without the group's right to execute says mandatory locking, not a program. */
		if (!(item->stat.mode & 0111) || is_known_setid(item->path) ||
		    list_has(allowed, item->path, " ,"))
			check_passed(t);
		else if (offenders++ < OFFENDERS_MAX)
			FAIL(t, "%s is set-id (mode %04o, uid %u, gid %u)", item->path,
			     item->stat.mode & 07777, item->stat.uid, item->stat.gid);
	}
	note(t, "%u set-id files among %zu", seen, census->total);
	check_passed(t);
}

SABOTAGE(security, setuid_files_match_allowlist,
	 "a set-uid copy of the shell lies in /usr/local/bin")
{
	tree_plant_file(case_tree(t), "/usr/local/bin/sh", "\177ELF", 4, 04755, 0);
}

/* Numbers of the accounts, as text to look them up in is slow and there are few. */
static bool has_id(struct trial *t, const char *path, uint32_t id)
{
	const char *text = file_text(t, path);
	struct fields fields;

	for (const char *at = text ? text : ""; fields_next(&at, &fields);)
		if (fields_number(&fields, 2) == id)
			return true;
	return false;
}

static void check_owners(struct trial *t, const struct census_owner *owners, size_t count,
			 const char *path, const char *what)
{
	for (size_t i = 0; i < count; i++) {
		/* systemd hands these out while a service runs (DynamicUser). */
		bool is_dynamic = owners[i].id >= 61184 && owners[i].id <= 65519 && !is_offline(t);
		if (is_dynamic || has_id(t, path, owners[i].id))
			check_passed(t);
		else
			FAIL(t, "%s belongs to %s %u, which is not in %s", owners[i].path, what,
			     owners[i].id, path);
	}
}

AUDIT(security, every_file_has_known_owner,
      .title = "Every file's user and group exist in the account files", .priority = P1,
      .why = "The next account that is made gets the number, and with it the files.",
      .remedy = "chown the files, or remove them: they were left by an account that is gone.")
{
	const struct census *census = census_take(t);

	if (!file_exists(t, "/etc/passwd") || !file_exists(t, "/etc/group"))
		case_skip(t, "accounts", "there is no /etc/passwd or /etc/group");
	/* Accounts that systemd makes, or that come from elsewhere, need not stand in the files. */
	if (file_exists(t, "/usr/lib/passwd"))
		case_skip(t, "accounts", "accounts stand in /usr/lib/passwd too");
	check_owners(t, census->users, census->user_count, "/etc/passwd", "user");
	check_owners(t, census->groups, census->group_count, "/etc/group", "group");
}

SABOTAGE(security, every_file_has_known_owner, "a file belongs to a user who does not exist")
{
	tree_plant_file(case_tree(t), "/srv/planted", "left\n", 5, 0644, 54321);
}
