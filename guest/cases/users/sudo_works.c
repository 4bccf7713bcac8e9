/* SPDX-License-Identifier: Apache-2.0 */
/* The user whom provisioning made becomes root, as the platform promises. */
#include <grp.h>
#include <pwd.h>

#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/line.h"

#define CLOUD_CONFIG "/etc/cloud/cloud.cfg"
#define PASSWD	     "/etc/passwd"

/* The name below "default_user:" in cloud-init's configuration; NULL when there is none. */
static const char *default_user(struct trial *t)
{
	const char *text = file_text(t, CLOUD_CONFIG);
	bool inside = false;

	for (const char *line; text && (line = text_line(t, &text));) {
		const char *word = line + strspn(line, " ");
		if (has_prefix(word, "default_user:"))
			inside = true;
		else if (inside && has_prefix(word, "name:"))
			return word + strlen("name:") + strspn(word + strlen("name:"), " ");
	}
	return NULL;
}

struct identity {
	const char *name;
	uid_t uid;
	gid_t gid;
};

/* From the file itself: a static program has no name service. */
static bool find_user(struct trial *t, const char *name, struct identity *ret)
{
	const char *passwd = file_text(t, PASSWD);
	struct fields *fields = case_alloc(t, sizeof *fields);

	while (passwd && fields_next(&passwd, fields)) {
		if (fields->count < 7 || strcmp(fields->at[0], name) != 0)
			continue;
		*ret = (struct identity){name, (uid_t)fields_number(fields, 2),
					 (gid_t)fields_number(fields, 3)};
		return true;
	}
	return false;
}

/* Its exit code is that of `sudo -n true`. */
static int become_root(void *arg)
{
	const struct identity *user = arg;
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (initgroups(user->name, user->gid) < 0 || setgid(user->gid) < 0 || setuid(user->uid) < 0)
		return 125;
	(void)dup2(null_fd, STDIN_FILENO);
	(void)execlp("sudo", "sudo", "-n", "true", (char *)NULL);
	return 124;
}

CASE(users, default_user_can_sudo,
     .title = "The provisioned user can become root as the platform promises", .priority = P1,
     .needs = "cmd:sudo,cloud-init", .isolation = ISOLATION_FORK,
     .why = "It is the only account that one can log in to: without sudo nobody administers the machine.",
     .remedy =
	     "Check default_user's sudo rule in /etc/cloud/cloud.cfg and what came of it in /etc/sudoers.d.",
     .sources = "AZCERT:aws-mp/access-sudo")
{
	const char *name = default_user(t);
	struct identity *user = case_alloc(t, sizeof *user);

	if (!name)
		case_skip(t, "policy:user", CLOUD_CONFIG " names no default user");
	if (!find_user(t, name, user))
		case_skip(t, "policy:user", "provisioning was told to make no user %s", name);
	int status = helper_run(t, become_root, user);
	if (WIFEXITED(status) && WEXITSTATUS(status) >= 124)
		case_broken(t, "sudo could not be run as %s: step %d", name, WEXITSTATUS(status));
	CHECK_EQ(t, status, 0);
}

SABOTAGE(users, default_user_can_sudo, "the rule was not written")
{
	sabotage_file(t, "/etc/sudoers.d/90-cloud-init-users", "# nobody\n");
}
