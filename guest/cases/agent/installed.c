/* SPDX-License-Identifier: Apache-2.0 */
/* The platform's guest agent, as it lies in the image. */
#include "guest/kit/dpkg.h"
#include "guest/kit/packages.h"
#include "guest/kit/policy.h"
#include "guest/kit/unit.h"

/* Distributions name the same agent differently: the first of "a|b" that is installed; NULL when none is. */
static const struct package *find_one(struct trial *t, const struct packages *packages,
				      const char *names)
{
	while (*names) {
		size_t length = strcspn(names, "|");
		const struct package *found =
			packages_find(packages, case_format(t, "%.*s", (int)length, names));
		if (found)
			return found;
		names += length + (names[length] == '|');
	}
	return NULL;
}

AUDIT(agent, version_meets_minimum,
      .title = "The guest agent is at or above the platform's minimum version", .priority = P1,
      .needs = "policy:agent_minimum",
      .sources = "AZCERT:ms-selftest/39-linux-agent-version,AZCERT:ms-policy/200.4j-agent-2.2.10,"
		 "AZCERT:lisa-std/p1-waagent",
      .why = "The platform refuses older agents, or misses what it asks of them.",
      .remedy = "Update the agent's package.")
{
	const struct packages *packages = packages_read(t);

	for (const char *const *line = policy_lines(t, "agent_minimum"); *line; line++) {
		struct policy_pair wanted = policy_pair(t, *line, ' ');
		const struct package *found = find_one(t, packages, wanted.name);
		if (!found)
			FAIL(t, "%s is not installed", wanted.name);
		else if (dpkg_version_compare(found->version, wanted.value) < 0)
			FAIL(t, "%s is of version %s, which is below %s", found->name,
			     found->version, wanted.value);
		else
			check_passed(t);
	}
}

SABOTAGE(agent, version_meets_minimum, "the agent is of version 0")
{
	struct policy_pair wanted = policy_pair(t, policy_lines(t, "agent_minimum")[0], ' ');

	const struct package *found = find_one(t, packages_read(t), wanted.name);

	sabotage_package(t, found ? found->name : "planted", "0");
}

/* ---- units ---- */

/* How far After= is followed: a service waits for a target, which waits for a service. */
#define ORDER_DEPTH 3

struct order {
	const char *key, *wanted;
	unsigned depth;
	bool is_found;
};

static bool is_listed(struct trial *t, const char *unit, const char *key, const char *wanted,
		      unsigned depth);

static void look_for(struct trial *t, void *arg, const char *section, const char *key,
		     const char *value)
{
	struct order *order = arg;

	if (strcmp(section, "Unit") != 0 || strcmp(key, order->key) != 0)
		return;
	for (const char *at = value; !order->is_found && *(at += strspn(at, " \t"));) {
		const char *unit = case_format(t, "%.*s", (int)strcspn(at, " \t"), at);
		order->is_found = strcmp(unit, order->wanted) == 0 ||
				  (order->depth > 1 &&
				   is_listed(t, unit, order->key, order->wanted, order->depth - 1));
		at += strlen(unit);
	}
}

static bool is_listed(struct trial *t, const char *unit, const char *key, const char *wanted,
		      unsigned depth)
{
	struct order order = {.key = key, .wanted = wanted, .depth = depth};

	if (unit_path(t, unit))
		unit_each_setting(t, unit, look_for, &order);
	return order.is_found;
}

static bool is_ordered(struct trial *t, const char *earlier, const char *later)
{
	return is_listed(t, later, "After", earlier, ORDER_DEPTH) ||
	       is_listed(t, earlier, "Before", later, ORDER_DEPTH);
}

/* Of each "a|b" the unit that is there, else the first. */
static const char **the_units(struct trial *t)
{
	const char *const *entries = policy_words(t, "agent_units");
	size_t count = 0;

	while (entries[count])
		count++;
	const char **units = case_alloc(t, (count + 1) * sizeof *units);
	for (size_t i = 0; i < count; i++)
		for (const char *at = entries[i]; *at;) {
			size_t length = strcspn(at, "|");
			const char *unit = case_format(t, "%.*s", (int)length, at);
			if (!units[i] || (!unit_path(t, units[i]) && unit_path(t, unit)))
				units[i] = unit;
			at += length + (at[length] == '|');
		}
	return units;
}

AUDIT(agent, units_are_enabled_in_order,
      .title = "Guest agent units are enabled with the designed ordering", .priority = P1,
      .needs = "policy:agent_units",
      .sources = "CIT:guestagent.TestServiceConfig,AZCERT:ms-prep/agent-services-enabled",
      .why = "An agent that does not start, or starts before what it waits for, leaves the machine "
	     "without its user, key or name.",
      .remedy = "Enable the unit, and give it the After= of the design; the policy's agent_units "
		"names them in their order.")
{
	const char **units = the_units(t);

	if (!systemd_is_installed(t))
		case_skip(t, "systemd", "systemd is not installed");
	for (size_t i = 0; units[i]; i++) {
		if (!unit_path(t, units[i]))
			FAIL(t, "there is no unit %s", units[i]);
		else if (unit_is_masked(t, units[i]) || !unit_is_enabled(t, units[i]))
			FAIL(t, "%s is not enabled", units[i]);
		else if (i > 0 && !is_ordered(t, units[i - 1], units[i]))
			FAIL(t, "%s is not ordered after %s", units[i], units[i - 1]);
		else
			check_passed(t);
	}
}

SABOTAGE(agent, units_are_enabled_in_order, "the agent's unit is masked")
{
	const char *unit = the_units(t)[0];

	sabotage_link(t, case_format(t, "/etc/systemd/system/%s", unit), "/dev/null");
}

/* ---- settings ---- */

/* The last "KEY = value" of a file, quotes and comments aside. */
static const char *setting_of(struct trial *t, const char *text, const char *key)
{
	const char *found = NULL;

	for (const char *line; (line = text_line(t, &text));) {
		const char *at = line + strspn(line, " \t");
		size_t length = strlen(key);
		if (strncmp(at, key, length) != 0)
			continue;
		at += length + strspn(at + length, " \t");
		if (*at != '=')
			continue;
		found = text_value(t, case_format(t, "v=%s", at + 1 + strspn(at + 1, " \t")), "v");
	}
	return found;
}

AUDIT(agent, config_matches_provisioner,
      .title = "Agent settings agree with whether cloud-init or the agent provisions",
      .priority = P1, .needs = "policy:agent_settings",
      .sources = "CIV:test_waagent_resourcedisk_format,"
		 "AZCERT:ms-prep/waagent.conf-with-cloud-init,"
		 "AZCERT:ms-prep/waagent.conf-without-cloud-init,"
		 "AZCERT:ms-selftest/51-agent-auto-update",
      .why = "Two programs that both set the machine up undo each other's work; none that does "
	     "leaves it as it is.",
      .remedy = "Set what the policy's agent_settings says, or correct it there.")
{
	for (const char *const *line = policy_lines(t, "agent_settings"); *line; line++) {
		struct policy_pair file = policy_pair(t, *line, ' ');
		struct policy_pair wanted = policy_pair(t, file.value, '=');
		const char *text = file_text(t, file.name);
		if (!text)
			FAIL(t, "there is no %s", file.name);
		else
			policy_check_setting(t, file.name, &wanted,
					     setting_of(t, text, wanted.name));
	}
}

SABOTAGE(agent, config_matches_provisioner, "the agent is set to something else")
{
	struct policy_pair file = policy_pair(t, policy_lines(t, "agent_settings")[0], ' ');
	struct policy_pair wanted = policy_pair(t, file.value, '=');

	sabotage_append(t, file.name, case_format(t, "%s=planted", wanted.name));
}
