/* SPDX-License-Identifier: Apache-2.0 */
/* What cloud-init has made of its instance. */
#include <sched.h>

#include "guest/kit/case.h"

#define RESULT	      "/run/cloud-init/result.json"
#define INSTANCE_DATA "/run/cloud-init/instance-data.json"
#define INSTANCE      "/var/lib/cloud/instance"

/*
 * The string value of the first member with that name in a JSON text; NULL when there is none. It is enough for
 * cloud-init's own files, whose values of interest hold no escapes.
 */
static const char *json_string(struct trial *t, const char *json, const char *name)
{
	const char *at = strstr(json, case_format(t, "\"%s\"", name));
	size_t skipped, length;

	if (!at)
		return NULL;
	at += strlen(name) + 2;
	skipped = strspn(at, " \t\n:");
	if (at[skipped] != '"')
		return NULL;
	at += skipped + 1;
	length = strcspn(at, "\"\\\n");
	return at[length] == '"' ? case_format(t, "%.*s", (int)length, at) : NULL;
}

/* The list that follows `"name":`, without blanks and line ends outside strings, so that an empty one is "[]". */
static const char *json_list(struct trial *t, const char *json, const char *name)
{
	const char *at = strstr(json, case_format(t, "\"%s\"", name));
	char *value = case_alloc(t, 256);
	bool in_string = false;
	size_t length = 0;

	if (!at)
		return NULL;
	at += strlen(name) + 2;
	at += strspn(at, " \t\n:");
	for (; *at && length < 255; at++) {
		if (*at == '"' && at[-1] != '\\')
			in_string = !in_string;
		if (in_string || !strchr(" \t\n", *at))
			value[length++] = *at;
		if (!in_string && *at == ']')
			break;
	}
	return value;
}

CASE(provisioning, cloud_init_finishes_clean,
     .title = "cloud-init ends with status done and no recorded error", .priority = P0,
     .needs = "cloud-init",
     .why = "What cloud-init could not do - a key, a user, a disk - is missing in every new instance.",
     .remedy = "Read /var/log/cloud-init.log; correct the configuration or the module that failed.",
     .sources =
	     "LISA:verify_cloud_init_error_status,imgproof:test_sles_ec2_services,imgproof:test_sles_oci_services,AZCERT:lisa-std/p2-cloud-init-log")
{
	const char *result = file_text(t, RESULT);

	/* The file is written when the last stage has ended. */
	REQUIRE(t, result != NULL);
	const char *errors = json_list(t, result, "errors");
	REQUIRE(t, errors != NULL);
	if (has_prefix(errors, "[]"))
		check_passed(t);
	else
		FAIL(t, "cloud-init has recorded errors: %s", errors);
	CHECK(t, json_string(t, result, "datasource") != NULL);
}

SABOTAGE(provisioning, cloud_init_finishes_clean, "a run command has failed")
{
	sabotage_file(
		t, RESULT,
		"{\n \"v1\": {\n  \"datasource\": \"DataSourceNoCloud\",\n  \"errors\": [\n"
		"   \"('scripts_user', RuntimeError('Runparts: 1 failures'))\"\n  ]\n }\n}\n");
}

CASE(provisioning, hostname_comes_from_metadata,
     .title = "The kernel's hostname is the one from the metadata", .priority = P1,
     .needs = "cloud-init",
     .why = "Instances that keep the image's name cannot be told apart in logs and clusters.",
     .remedy = "Check preserve_hostname in cloud-init's configuration and what else sets the name.",
     .sources = "CIT:hostnamevalidation.TestHostname,kola:coreos.ignition.sethostname")
{
	const char *data = file_text(t, INSTANCE_DATA);
	const char *given = data ? json_string(t, data, "local_hostname") : NULL;
	char name[256] = "";

	REQUIRE(t, data != NULL);
	if (!given)
		case_skip(t, "policy:hostname", "the metadata gives no hostname");
	REQUIRE_OK(t, gethostname(name, sizeof name - 1));
	/* One of the two may be the full name with the domain. */
	name[strcspn(name, ".")] = '\0';
	CHECK_EQ(t, (const char *)name, case_format(t, "%.*s", (int)strcspn(given, "."), given));
}

SABOTAGE(provisioning, hostname_comes_from_metadata, "the image's own name was kept")
{
	if (unshare(CLONE_NEWUTS) < 0 || sethostname("template", 8) < 0)
		case_broken(t, "the name cannot be changed: %m");
}

static const struct private_file {
	const char *name;
} private_files[] = {
	{"cloud-config.txt"},
	{"user-data.txt"},
	{"user-data.txt.i"},
};

CASE_EACH(provisioning, user_data_is_private, private_files,
	  .title = "Stored user data is readable by root only", .priority = P1,
	  .needs = "cloud-init", .why = "User data holds passwords and keys in clear.",
	  .remedy = "Check cloud-init's version and what changes modes below /var/lib/cloud.",
	  .sources = "own")
{
	const char *path = case_format(t, INSTANCE "/%s", c->name);
	struct tree_stat stat;

	if (!file_stat(t, path, &stat))
		case_skip(t, "cloud-init", "%s is not there", path);
	CHECK_EQ(t, stat.mode & 0077, 0U);
	CHECK_EQ(t, stat.uid, 0U);
}

SABOTAGE(provisioning, user_data_is_private, "everybody may read the user data")
{
	sabotage_file_mode(t, INSTANCE "/user-data.txt", 0644, 0);
}
