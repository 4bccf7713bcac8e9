/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Planting defects. On a disk that is not running they go into the tree's overlay. In the guest a file is covered by a
 * bind mount from a tmpfs; where a name has to come or go, its folder is covered by a mirror: a tmpfs in which each
 * entry of the folder is bound to the original. All of that stands in the case's private mount namespace, so the
 * guest's other processes see nothing of it, and it goes when the case ends.
 */
#include <dirent.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include "guest/kit/tree_running.h"
#include "guest/kit/trial_state.h"

#define MIRROR_ENTRIES_MAX 4096

/* True in the guest, with all that is needed; false on a disk. */
static bool is_in_guest(struct trial *t)
{
	if (is_offline(t))
		return false;
	if (!t->setup->private_mounts)
		case_broken(t, "there is no private mount namespace to plant the defect in");
	return true;
}

/* Ends the case unless the planting that was just done offline succeeded. */
static void require_planted(struct trial *t, const char *path)
{
	errno = -tree_plant_error(t->tree);
	if (errno != 0)
		case_broken(t, "plant %s: %m", path);
}

/* ---- covering a file ---- */

/* A folder that exists everywhere, over which a tmpfs is mounted for a moment. */
static const char *stage_folder(struct trial *t)
{
	static const char *const folders[] = {"/mnt", "/media", "/srv", "/home", "/tmp", "/dev"};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		struct stat st;
		if (stat(folders[i], &st) == 0 && S_ISDIR(st.st_mode))
			return folders[i];
	}
	case_broken(t, "there is no folder to mount a tmpfs on for a moment");
}

static const char *through_fd(struct trial *t, int fd)
{
	return case_format(t, "/proc/self/fd/%d", fd);
}

static void write_file(struct trial *t, const char *path, const void *bytes, size_t length,
		       const struct tree_stat *st)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		case_broken(t, "create %s: %m", path);
	for (size_t done = 0; done < length;) {
		ssize_t written = write(fd, (const char *)bytes + done, length - done);
		if (written < 0)
			case_broken(t, "write %s: %m", path);
		done += (size_t)written;
	}
	/* The owner first: changing it takes the set-uid bit away. */
	if (fchown(fd, st->uid, st->gid) < 0 || fchmod(fd, st->mode & 07777) < 0)
		case_broken(t, "set the mode of %s: %m", path);
	close(fd);
}

/* Binds a new file over an existing one. */
static void cover_file(struct trial *t, const char *real, const void *bytes, size_t length,
		       const struct tree_stat *st)
{
	/* By descriptor, because the stage may hide the path. */
	int target = open(real, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	const char *stage = stage_folder(t), *source = case_format(t, "%s/covering", stage);

	if (target < 0)
		case_broken(t, "open %s: %m", real);
	if (mount("tmpfs", stage, "tmpfs", MS_NODEV, "size=80m,mode=0700") < 0)
		case_broken(t, "mount a tmpfs on %s: %m", stage);
	write_file(t, source, bytes, length, st);
	struct stat covering;
	if (stat(source, &covering) == 0)
		tree_folder_adopt(t->tree, covering.st_dev, st->filesystem);
	if (mount(source, through_fd(t, target), NULL, MS_BIND, NULL) < 0)
		case_broken(t, "cover %s: %m", real);
	/* The tmpfs lives on under the bound file. */
	if (umount2(stage, MNT_DETACH) < 0)
		case_broken(t, "unmount %s: %m", stage);
	close(target);
}

/* ---- mirroring a folder ---- */

static bool is_mirror(struct trial *t, const char *folder)
{
	struct stat st;

	if (stat(folder, &st) < 0)
		return false;
	for (unsigned i = 0; i < t->mirror_count; i++) {
		if (t->mirrors[i] == st.st_dev)
			return true;
	}
	return false;
}

/* Makes `to`, which stands for `from` (both in folders given by descriptor), whatever it is. */
static void mirror_entry(struct trial *t, int from_fd, const char *name, const char *to)
{
	struct stat st;
	int r;

	if (fstatat(from_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			return; /* it went away meanwhile */
		case_broken(t, "look at %s: %m", to);
	}
	if (S_ISLNK(st.st_mode)) {
		char target[TREE_PATH_MAX];
		ssize_t length = readlinkat(from_fd, name, target, sizeof target - 1);
		target[length < 0 ? 0 : length] = '\0';
		r = length < 0 ? -1 : symlink(target, to);
	} else if (S_ISDIR(st.st_mode)) {
		r = mkdir(to, 0700);
	} else {
		r = mknod(to, S_IFREG | 0600, 0);
	}
	if (r == 0 && !S_ISLNK(st.st_mode)) {
		int fd = openat(from_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		r = fd < 0 ? -1 : mount(through_fd(t, fd), to, NULL, MS_BIND | MS_REC, NULL);
		if (fd >= 0)
			close(fd);
	}
	if (r < 0)
		case_broken(t, "mirror %s: %m", to);
}

/* Mounts a tmpfs on `to` and fills it with what stands for the entries of `folder`, whose descriptor is from_fd. */
static void mirror_entries(struct trial *t, const char *folder, int from_fd, const char *to)
{
	const char *const *names = file_names(t, folder);
	size_t count = 0;

	while (names[count])
		count++;
	if (count > MIRROR_ENTRIES_MAX)
		case_broken(t, "%s has %zu entries, too many to mirror", folder, count);
	if (mount("tmpfs", to, "tmpfs", 0, "mode=0700") < 0)
		case_broken(t, "mount a tmpfs on %s: %m", to);
	for (size_t i = 0; i < count; i++) {
		const char *entry = case_format(t, "%s/%s", to, names[i]);
		/* The root's mirror stands on one of the root's own folders, for a moment. */
		if (strcmp(folder, "/") == 0 && strcmp(to + 1, names[i]) == 0)
			(void)mkdir(entry, 0755);
		else
			mirror_entry(t, from_fd, names[i], entry);
	}
}

/* The root cannot be covered: the process moves into the mirror of it. */
static void enter_mirror_of_root(struct trial *t, const char *mirror)
{
	if (chroot(mirror) < 0 || chdir("/") < 0)
		case_broken(t, "move into the mirror of /: %m");
	tree_folder_reopen(t->tree);
}

/* Covers `folder` by a tmpfs that shows the same, where names can come and go. */
static void mirror_folder(struct trial *t, const char *folder)
{
	bool is_root = strcmp(folder, "/") == 0;
	struct stat st, fresh;
	struct statfs fs;
	struct tree_stat original = {0};

	if (is_mirror(t, folder))
		return;
	(void)tree_stat(t->tree, folder, &original);
	int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || statfs(folder, &fs) < 0)
		case_broken(t, "open %s: %m", folder);
	if ((unsigned long)fs.f_type == PROC_SUPER_MAGIC)
		case_broken(t, "names in %s cannot be made to come or go", folder);
	if (t->mirror_count == ARRAY_LEN(t->mirrors))
		case_broken(t, "more than %zu folders are sabotaged", ARRAY_LEN(t->mirrors));
	const char *to = is_root ? stage_folder(t) : folder;
	mirror_entries(t, folder, fd, to);
	close(fd);
	if (chown(to, st.st_uid, st.st_gid) < 0 || chmod(to, st.st_mode & 07777) < 0 ||
	    stat(to, &fresh) < 0)
		case_broken(t, "set the mode of %s: %m", folder);
	if (is_root)
		enter_mirror_of_root(t, to);
	tree_folder_adopt(t->tree, fresh.st_dev, original.filesystem);
	t->mirrors[t->mirror_count++] = fresh.st_dev;
}

/* Splits a path into the real path of its folder and its name; the folder is made when it is not there. */
static const char *enter_folder(struct trial *t, const char *path, const char **ret_name)
{
	char real[TREE_PATH_MAX];
	const char *slash = strrchr(path, '/');

	if (!slash || slash[1] == '\0')
		case_broken(t, "plant \"%s\": that is no path of a file", path);
	const char *folder =
		slash == path ? "/" : case_format(t, "%.*s", (int)(slash - path), path);
	int r = tree_resolve(t->tree, folder, real, sizeof real);
	if (r == -ENOENT) {
		const char *name, *above = enter_folder(t, folder, &name);
		(void)snprintf(real, sizeof real, "%s/%s", above, name);
		if (mkdir(real, 0755) < 0)
			case_broken(t, "make the folder %s: %m", real);
		/* What was just made lies in a mirror; it needs none of its own. */
	} else if (r < 0) {
		errno = -r;
		case_broken(t, "plant %s: %m", path);
	} else {
		mirror_folder(t, real);
	}
	*ret_name = slash + 1;
	return case_format(t, "%s", real);
}

/* Takes a name out of a mirror. What is bound there is unbound first. */
static void remove_from_mirror(struct trial *t, const char *path)
{
	while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	if (unlink(path) < 0 && errno != ENOENT && (errno != EISDIR || rmdir(path) < 0))
		case_broken(t, "remove %s: %m", path);
}

/* ---- what cases call ---- */

/* Who owns the file, and its mode; for one that is not there yet, root's and 0644. */
static struct tree_stat stat_or_default(struct trial *t, const char *path)
{
	struct tree_stat st;

	if (tree_stat(t->tree, path, &st) < 0)
		st = (struct tree_stat){.mode = S_IFREG | 0644};
	return st;
}

static void plant_bytes(struct trial *t, const char *path, const void *bytes, size_t length,
			const struct tree_stat *st)
{
	char real[TREE_PATH_MAX];

	if (!is_in_guest(t)) {
		tree_plant_file(t->tree, path, bytes, length, st->mode, st->uid);
		require_planted(t, path);
	} else if (tree_resolve(t->tree, path, real, sizeof real) == 0) {
		cover_file(t, real, bytes, length, st);
	} else {
		const char *name, *folder = enter_folder(t, path, &name);
		const char *target = case_format(t, "%s/%s", folder, name);
		(void)unlink(target); /* a link to nowhere */
		write_file(t, target, bytes, length, st);
	}
}

void sabotage_file(struct trial *t, const char *path, const char *content)
{
	struct tree_stat st = stat_or_default(t, path);

	plant_bytes(t, path, content, strlen(content), &st);
}

void sabotage_file_mode(struct trial *t, const char *path, unsigned mode, unsigned uid)
{
	struct tree_stat st;

	if (!file_stat(t, path, &st))
		case_broken(t, "%s is not there, so its mode cannot be changed", path);
	if (!is_in_guest(t)) {
		tree_plant_mode(t->tree, path, mode, uid);
		require_planted(t, path);
		return;
	}
	st.mode = (st.mode & S_IFMT) | (mode & 07777);
	st.uid = uid;
	if (S_ISDIR(st.mode)) {
		char real[TREE_PATH_MAX];
		(void)tree_resolve(t->tree, path, real, sizeof real);
		mirror_folder(t, real);
		if (chown(real, uid, st.gid) < 0 || chmod(real, mode & 07777) < 0)
			case_broken(t, "set the mode of %s: %m", real);
		return;
	}
	struct text content = TEXT_INIT(TREE_FILE_MAX);
	int r = tree_read(t->tree, path, &content);
	if (r == 0) {
		char *copy = case_alloc(t, content.length + 1);
		memcpy(copy, content.buf, content.length);
		plant_bytes(t, path, copy, content.length, &st);
	}
	text_done(&content);
	errno = -r;
	if (r < 0)
		case_broken(t, "read %s: %m", path);
}

void sabotage_remove(struct trial *t, const char *path)
{
	struct tree_stat st;

	if (!file_lstat(t, path, &st))
		case_broken(t, "%s is not there, so it cannot be removed", path);
	if (!is_in_guest(t)) {
		tree_plant_absence(t->tree, path);
		require_planted(t, path);
		return;
	}
	const char *name, *folder = enter_folder(t, path, &name);
	remove_from_mirror(t, case_format(t, "%s/%s", folder, name));
}

void sabotage_link(struct trial *t, const char *path, const char *target)
{
	if (!is_in_guest(t)) {
		tree_plant_link(t->tree, path, target);
		require_planted(t, path);
		return;
	}
	const char *name, *folder = enter_folder(t, path, &name);
	const char *link = case_format(t, "%s/%s", folder, name);
	remove_from_mirror(t, link);
	if (symlink(target, link) < 0)
		case_broken(t, "link %s to %s: %m", link, target);
}

void sabotage_append(struct trial *t, const char *path, const char *line)
{
	const char *text = file_text(t, path);
	const char *before = text ? text : "";
	size_t length = strlen(before);
	bool needs_end = length > 0 && before[length - 1] != '\n';

	sabotage_file(t, path, case_format(t, "%s%s%s\n", before, needs_end ? "\n" : "", line));
}

void sabotage_replace(struct trial *t, const char *path, const char *old, const char *fresh)
{
	const char *text = file_text(t, path);
	struct text changed = TEXT_INIT(TREE_FILE_MAX);

	if (!text || old[0] == '\0' || !strstr(text, old))
		case_broken(t, "%s holds no \"%s\" to replace", path, old);
	for (const char *found; (found = strstr(text, old)); text = found + strlen(old)) {
		(void)text_add(&changed, text, (size_t)(found - text));
		(void)text_adds(&changed, fresh);
	}
	(void)text_adds(&changed, text);
	const char *content = case_format(t, "%s", changed.buf);
	text_done(&changed);
	sabotage_file(t, path, content);
}
