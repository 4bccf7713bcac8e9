/* SPDX-License-Identifier: Apache-2.0 */
/* Agents that watch machines for somebody: what they were told at their enrolment must not be in an image. */
#include "guest/kit/case.h"

/* Written when an agent is enrolled, not when it is installed. */
static const struct enrolment {
	const char *name, *path;
} enrolments[] = {
	{"Microsoft Defender", "/etc/opt/microsoft/mdatp/mdatp_onboard.json"},
	{"Microsoft Monitoring Agent", "/etc/opt/microsoft/omsagent/conf/omsadmin.conf"},
	{"CrowdStrike Falcon", "/opt/CrowdStrike/falconstore"},
	{"SentinelOne", "/opt/sentinelone/configuration/basic.conf"},
	{"Wazuh", "/var/ossec/etc/client.keys"},
	{"Qualys", "/etc/qualys/hostid"},
	{"Rapid7", "/opt/rapid7/ir_agent/components/bootstrap/common/bootstrap.cfg"},
	{"Tanium", "/opt/Tanium/TaniumClient/tanium-init.dat"},
	{"Elastic Agent", "/opt/Elastic/Agent/fleet.enc"},
};

AUDIT_EACH(
	image, no_security_agent_enrolled, enrolments,
	.title = "No endpoint-protection agent is already enrolled to somebody's tenant",
	.priority = P2,
	.sources = "LISA:verify_mdatp_not_preinstalled,AZCERT:ms-policy/200.4k-no-foreign-agents",
	.why = "Every machine from the image would report to that tenant, as one and the same.",
	.remedy = "Install the agent without enrolling it, or take the enrolment out of the image.")
{
	struct tree_stat stat;

	if (file_stat(t, c->path, &stat) && stat.size > 0)
		FAIL(t, "%s is enrolled: %s", c->name, c->path);
	else
		check_passed(t);
}

SABOTAGE(image, no_security_agent_enrolled, "Microsoft Defender is enrolled")
{
	sabotage_file(t, enrolments[0].path, "{\"onboardingInfo\":\"planted\"}\n");
}
