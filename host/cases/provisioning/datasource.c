/* SPDX-License-Identifier: Apache-2.0 */
/* Machines that get no configuration, or an empty one. The agent comes in by the firmware's credentials then. */
#include "host/cases/host_order.h"

#define BOOT_S	 500
#define SETTLE_S 150
#define PROMPT_S 100
#define ASK_S	 30

/* The way in that does not need the medium's configuration; for it the cases need systemd 252. */
static enum entry entry_by_firmware(struct host_trial *t)
{
	const struct machine_spec *spec = machine_spec(host_machine(t));

	if (!spec->image || spec->entry != ENTRY_CLOUD_INIT)
		host_skip(t, "cloud-init", "cloud-init is not what provisions this machine");
	return spec->image->systemd_version >= 256 ? ENTRY_SYSTEMD_UNIT : ENTRY_TMPFILES;
}

HOST_CASE(provisioning, no_datasource_does_not_hang,
	  .title = "Without any metadata source the boot ends within its limit", .priority = P1,
	  .isolation = ISOLATION_FORK, .boots_again = true, .needs = "cloud-init,systemd>=252",
	  .timeout_s = 700,
	  .why = "A machine whose metadata service is down must come up for whoever repairs it.",
	  .remedy = "List only the datasources of the platforms that the image is for, and let "
		    "ds-identify switch cloud-init off where there is none.",
	  .sources = "own")
{
	const struct host_order order = {.entry = entry_by_firmware(t)};

	HOST_REQUIRE(t, host_boot_ordered(t, &order, BOOT_S));
	HOST_CHECK(t, host_settle(t, SETTLE_S));
}

HOST_SABOTAGE(provisioning, no_datasource_does_not_hang,
	      "cloud-init waits for a metadata service ten minutes long")
{
	static const struct case_sabotage waits =
		DISK_FILE("cloud-init waits for a metadata service ten minutes long",
			  "/etc/cloud/cloud.cfg.d/99-zz-assay.cfg",
			  "datasource_list: [Ec2]\ndatasource:\n  Ec2:\n    strict_id: false\n"
			  "    timeout: 50\n    max_wait: 600\n");

	host_plant(t, &waits);
}

static void require_prompt(struct host_trial *t)
{
	host_console_type(t, "\r");
	if (!host_console_wait(t, "login:", ASK_S))
		host_skip(t, "console-login", "nobody asks for a name on the serial console");
}

HOST_CASE(provisioning, empty_config_boots,
	  .title = "With an empty configuration the system still boots to a login prompt",
	  .priority = P1, .isolation = ISOLATION_FORK, .boots_again = true,
	  .needs = "cloud-init,systemd>=252", .timeout_s = 700,
	  .why = "Platforms hand over an empty configuration when a customer gives none.",
	  .remedy = "Let nothing that the boot needs expect content in the user data.",
	  .sources = "kola:fcos.ignition.misc.empty,kola:ignition.v3.noop")
{
	static const struct image_seed empty = {
		.user_data = "",
		.meta_data = "instance-id: assay-empty\n",
	};
	const struct host_order order = {
		.make = {.seed = &empty},
		.entry = entry_by_firmware(t),
	};

	require_prompt(t);
	HOST_REQUIRE(t, host_boot_ordered(t, &order, BOOT_S));
	HOST_CHECK(t, host_console_wait(t, "login:", PROMPT_S));
	HOST_CHECK(t, host_settle(t, SETTLE_S));
}

HOST_SABOTAGE(provisioning, empty_config_boots,
	      "the console's service wants content in the user data")
{
	static const struct case_sabotage wants =
		DISK_FILE("the console's service wants content in the user data",
			  "/etc/systemd/system/serial-getty@.service.d/zz-assay.conf",
			  "[Unit]\nAfter=cloud-init.service\n[Service]\n"
			  "ExecStartPre=/usr/bin/test -s /var/lib/cloud/instance/user-data.txt\n");

	host_plant(t, &wants);
}
