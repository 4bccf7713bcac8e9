/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an instance of an image has of its own: the machine-id, SSH host keys, private keys, seeds and secrets. Of secrets only
 * digests are told.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "guest/kit/probe.h"
#include "guest/kit/sha256.h"

#define SECRET_MIN 16 /* bytes; shorter ones may be equal by chance, or are switches */
#define SECRET_MAX (64U << 10)
#define DEPTH_MAX  8
#define KEY_FOLDER "/etc/ssh"

/* Where a system and its applications keep their state, but for what packages have brought. */
static const char *const roots[] = {"/etc", "/home",	      "/opt",	 "/root",
				    "/srv", "/usr/local/etc", "/var/lib"};
static const char *const left_out[] = {"/var/lib/apt",	  "/var/lib/containerd", "/var/lib/dnf",
				       "/var/lib/docker", "/var/lib/dpkg",	 "/var/lib/pacman",
				       "/var/lib/rpm",	  "/var/lib/snapd"};
/* Names of what is random by intention: of secrets, and of what everybody may read. */
static const char *const secrets[] = {"*.key",	  "*_key",	 "*cookie*",
				      "*secret*", "random-seed", "*.seed"};
static const char *const ids[] = {"hostid", "hostnqn", "initiatorname.iscsi"};
/* Lists for an administrator to fill, which packages bring with examples: pap-secrets, ipsec.secrets. */
#define LIST "*secrets"

static bool is_among(const char *name, const char *const *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fnmatch(patterns[i], name, FNM_CASEFOLD) == 0)
			return true;
	return false;
}

static bool is_secret_name(const char *name)
{
	return is_among(name, secrets, ARRAY_LEN(secrets)) &&
	       fnmatch(LIST, name, FNM_CASEFOLD) != 0;
}

static bool is_private_key(const struct text *content)
{
	return content->length > 0 &&
	       memmem(content->buf, content->length, "PRIVATE KEY-----", 16) != NULL;
}

static void add_digest(struct text *out, const char *kind, const char *path,
		       const struct text *content)
{
	unsigned char digest[SHA256_BYTES];

	sha256(content->buf, content->length, digest);
	(void)text_addf(out, "%s %s ", kind, path);
	for (size_t i = 0; i < sizeof digest; i++)
		(void)text_addf(out, "%02x", digest[i]);
	(void)text_adds(out, "\n");
}

/* A name with a blank or a line's end in it would be no word of the answer. */
static bool is_one_word(const char *name)
{
	for (; *name; name++)
		if (*name <= ' ' || *name > '~')
			return false;
	return true;
}

/* Secrets are not for everybody to read: what is, and has such a name, is mostly a public key (of DNSSEC, of a repository) or a
 * program's source. But a private key is one all the same. */
static void look_at_file(int folder, const char *name, const char *path, struct text *out)
{
	CLEAN_TEXT struct text content = TEXT_INIT(SECRET_MAX);
	bool is_id = is_among(name, ids, ARRAY_LEN(ids)), is_named = is_secret_name(name);
	struct stat st;
	CLEAN_FD int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < SECRET_MIN ||
	    st.st_size > SECRET_MAX || (!is_id && !is_named && (st.st_mode & S_IROTH)) ||
	    !is_one_word(path) || text_read_fd(&content, fd) < 0)
		return;
	if (is_id || (is_named && !(st.st_mode & S_IROTH)) || is_private_key(&content))
		add_digest(out, "secret", path, &content);
}

static bool is_left_out(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(left_out); i++)
		if (strcmp(left_out[i], path) == 0)
			return true;
	return false;
}

static void walk(int parent, const char *name, const char *path, dev_t device, unsigned depth,
		 struct text *out)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (!dir || fstat(fd, &st) < 0 || (device && st.st_dev != device) || is_left_out(path)) {
		if (dir)
			closedir(dir);
		else
			scope_close(&fd);
		return;
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		CLEAN_FREE char *below = NULL;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		below = xasprintf("%s/%s", path, entry->d_name);
		/* Some filesystems do not tell; each of the two takes only what it is for. */
		bool is_unknown = entry->d_type == DT_UNKNOWN;
		if ((is_unknown || entry->d_type == DT_DIR) && depth < DEPTH_MAX)
			walk(fd, entry->d_name, below, st.st_dev, depth + 1, out);
		if (is_unknown || entry->d_type == DT_REG)
			look_at_file(fd, entry->d_name, below, out);
	}
	closedir(dir);
}

static void add_machine_id(struct text *out)
{
	CLEAN_TEXT struct text id = TEXT_INIT(256);

	if (text_read_file(&id, "/etc/machine-id") < 0 || id.length == 0)
		return;
	text_cut(&id, strcspn(id.buf, "\n"));
	if (is_one_word(id.buf))
		(void)text_addf(out, "machine-id /etc/machine-id %s\n", id.buf);
}

static void add_host_keys(struct text *out)
{
	DIR *dir = opendir(KEY_FOLDER);

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		CLEAN_TEXT struct text content = TEXT_INIT(SECRET_MAX);
		CLEAN_FREE char *path = xasprintf(KEY_FOLDER "/%s", entry->d_name);
		if (fnmatch("ssh_host_*_key.pub", entry->d_name, 0) == 0 &&
		    is_one_word(entry->d_name) && text_read_file(&content, path) == 0)
			add_digest(out, "host-key", path, &content);
	}
	if (dir)
		closedir(dir);
}

PROBE(identity, "",
      "a line for each thing that this instance should have alone: kind, path, value or SHA-256")
{
	add_machine_id(p->reply);
	add_host_keys(p->reply);
	for (size_t i = 0; i < ARRAY_LEN(roots); i++)
		walk(AT_FDCWD, roots[i], roots[i], 0, 0, p->reply);
	return p->reply->overflowed ? EMSGSIZE : 0;
}
