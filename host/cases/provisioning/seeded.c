/* SPDX-License-Identifier: Apache-2.0 */
/* The machine with a rich seed. */
#include "host/cases/provisioning/seeded.h"

#include "host/cases/host_trial.h"

/* SHA-512 crypt of SEED_PASSWORD: the account exists on machines that no network reaches, and only for minutes. */
#define PASSWORD_HASH                                                                              \
	"$6$assayassay$qYzkc/M3MDJ5SZnotZcAlF8P43MAI1kCC4s8dqGPZlsnua"                             \
	".67RkNbYw2t4CmmK87i8VaJVlv62ZBWPaZjXuSc0"

/* "#!/bin/sh\nmkdir -p /var/lib/assay-seed\necho ran >>/var/lib/assay-seed/gzip\n", compressed. */
#define GZIPPED_SCRIPT                                                                             \
	"H4sIAAAAAAAC/1NW1E/KzNMvzuDKzU7JLFLQLVDQL0ss0s/JTNJPLC5OrNQtTk1N4UpNzshX"                 \
	"KErMU7CzwyKtn16VWcAFANNQK+RLAAAA"

#define PART(type) "--assay-part\nContent-Type: " type "\nMIME-Version: 1.0\n"
#define MARK(name) "mkdir -p " SEED_FOLDER "\necho ran >>" SEED_FOLDER "/" name "\n"

static const char head[] =
	"Content-Type: multipart/mixed; boundary=\"assay-part\"\nMIME-Version: 1.0\n\n";
static const char scripts[] = PART("text/x-shellscript") "\n#!/bin/sh\n" MARK("script") PART(
	"text/cloud-boothook") "\n#cloud-boothook\n#!/bin/sh\n" MARK("boothook")
	PART("application/gzip") "Content-Transfer-Encoding: base64\n\n" GZIPPED_SCRIPT "\n" PART(
		"text/cloud-config") "\n#cloud-config\nwrite_files:\n- path: " SEED_FOLDER
				     "/config\n  content: \"ran\\n\"\n"
				     "--assay-part--\n";

const struct case_sabotage seed_ignored = DISK_FILE(
	"cloud-init is configured to do nothing but its early commands",
	"/etc/cloud/cloud.cfg.d/99-zz-assay.cfg",
	"growpart: {mode: \"off\"}\nresize_rootfs: false\nnetwork: {config: disabled}\n"
	"cloud_init_modules: [bootcmd]\ncloud_config_modules: []\ncloud_final_modules: []\n");

static void find_key(struct host_trial *t, const char **ret_path, const char **ret_public)
{
	char *path = NULL, *public_half = NULL;

	if (machine_ssh_key(machine_spec(t->machine), &path, &public_half, &t->error) < 0)
		host_leave_by_error(t);
	*ret_path = host_format(t, "%s", path);
	*ret_public = host_format(t, "%s", public_half);
	free(path);
	free(public_half);
}

const char *seed_key(struct host_trial *t)
{
	const char *path, *ignored;

	find_key(t, &path, &ignored);
	return path;
}

/* The first part: the accounts, and how the agent starts. */
static const char *config(struct host_trial *t)
{
	const char *ignored, *public_half;
	struct text bootcmd = TEXT_INIT(4096);

	find_key(t, &ignored, &public_half);
	image_seed_start_agent(&bootcmd);
	const char *words = host_keep(t, bootcmd.buf, bootcmd.length);
	text_done(&bootcmd);
	return host_format(t,
			   PART("text/cloud-config") "\n#cloud-config\n%s"
						     "ssh_authorized_keys:\n- %s assay\n"
						     "users:\n- default\n- name: " SEED_USER
						     "\n  lock_passwd: false\n  shell: /bin/sh\n"
						     "  passwd: \"" PASSWORD_HASH "\"\n",
			   words, public_half);
}

/* The second address stands beside what DHCP gives; the name is what hypervisors' consoles write there. */
static const char *network(struct host_trial *t)
{
	return host_format(t,
			   "version: 1\nconfig:\n- type: physical\n  name: eth0\n"
			   "  mac_address: \"%s\"\n  subnets:\n  - type: dhcp4\n"
			   "  - type: static\n    address: " SEED_ADDRESS "/24\n",
			   host_plan_text(t, "mac0", "?"));
}

const struct image_seed *seed_of(struct host_trial *t, const char *name)
{
	struct image_seed *seed = host_alloc(t, sizeof *seed);

	seed->user_data = host_format(t, "%s%s%s", head, config(t), scripts);
	seed->user_data_length = strlen(seed->user_data);
	seed->meta_data = host_format(t, "instance-id: %s\nlocal-hostname: %s\n", name, name);
	seed->network_config = machine_spec(t->machine)->size->nics > 0 ? network(t) : NULL;
	return seed;
}

void seed_machine(struct host_trial *t, bool by_cloud_init)
{
	const struct machine_spec *spec = machine_spec(t->machine);
	struct host_order order = {.make = {0}};

	if (!spec->image)
		host_skip(t, "image:file", "the machine has no image");
	if (by_cloud_init && spec->entry != ENTRY_CLOUD_INIT)
		host_skip(t, "cloud-init", "the agent came in by %s, and cloud-init got no seed",
			  entry_name(spec->entry));
	order.make.disk_bytes = spec->image->virtual_size + SEED_GROWTH;
	order.make.credentials =
		"io.systemd.credential:" SEED_CREDENTIAL "=" SEED_CREDENTIAL_VALUE "\n";
	if (spec->entry == ENTRY_CLOUD_INIT)
		order.make.seed = seed_of(t, SEED_NAME);
	HOST_REQUIRE(t, host_fork_ordered(t, &order, SEED_BOOT_S));
}
