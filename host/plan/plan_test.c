/* SPDX-License-Identifier: Apache-2.0 */
/* Plans: ways, needs, and the JSON that comes back as the same run. */
#include "host/plan/plan.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/test.h"

static const struct case_info infos[] = {
	{.area = "a", .name = "audit", .title = "t", .kind = CASE_KIND_AUDIT},
	{.area = "a",
	 .name = "cold",
	 .title = "t",
	 .kind = CASE_KIND_GUEST,
	 .isolation = ISOLATION_COLD},
	{.area = "a",
	 .name = "fork",
	 .title = "t",
	 .kind = CASE_KIND_GUEST,
	 .isolation = ISOLATION_FORK},
	{.area = "a",
	 .name = "guest",
	 .title = "t",
	 .kind = CASE_KIND_GUEST,
	 .needs = "cpus>=2,systemd"},
	{.area = "a",
	 .name = "needy",
	 .title = "t",
	 .kind = CASE_KIND_GUEST,
	 .needs = "systemd,cpus>=64"},
	{.area = "a", .name = "slip", .title = "t", .kind = CASE_KIND_GUEST, .needs = "cpu>=2"},
	{.area = "a", .name = "disk", .title = "t", .kind = CASE_KIND_GUEST, .needs = "disk:data"},
	{.area = "a",
	 .name = "disk_cold",
	 .title = "t",
	 .kind = CASE_KIND_GUEST,
	 .isolation = ISOLATION_COLD,
	 .needs = "disk:data"},
	{.area = "a",
	 .name = "cmdline",
	 .title = "t",
	 .kind = CASE_KIND_GUEST,
	 .sabotage = {.kind = SABOTAGE_CMDLINE, .argument = "maxcpus=1"}},
};

static struct catalog *make_catalog(void)
{
	const struct case_info *pointers[ARRAY_LEN(infos) + 7];
	size_t own, count = 0;
	struct catalog *catalog = NULL;
	struct err e = {0};

	for (; count < ARRAY_LEN(infos); count++)
		pointers[count] = &infos[count];
	const struct case_info *const *mine = plan_own_cases(&own);
	EXPECT_NUMBER(own, 7);
	for (size_t i = 0; i < own; i++)
		pointers[count++] = mine[i];
	EXPECT(catalog_parse("{\"cases\":[]}", 12, pointers, count, &catalog, &e) == 0);
	for (size_t i = 0; i < catalog->count; i++) /* as if the agent had told them */
		catalog->cases[i].of_host = catalog->cases[i].info.kind == CASE_KIND_HOST ||
					    case_is_of_file(catalog->cases[i].id);
	return catalog;
}

static const struct expected_way {
	const char *id;
	bool sabotaged;
	enum plan_way way;
	const char *need;
} ways[] = {
	{"a.audit", false, PLAN_WAY_OFFLINE, ""},
	{"a.audit", true, PLAN_WAY_OFFLINE, ""},
	{"a.cmdline", false, PLAN_WAY_SHARED, ""},
	{"a.cmdline", true, PLAN_WAY_COLD, ""},
	{"a.cold", false, PLAN_WAY_COLD, ""},
	{"a.disk", false, PLAN_WAY_FORK, ""},
	{"a.disk_cold", false, PLAN_WAY_SKIP, "disk:data"},
	{"a.fork", false, PLAN_WAY_FORK, ""},
	{"a.guest", false, PLAN_WAY_SHARED, ""},
	{"a.guest", true, PLAN_WAY_FORK, ""},
	{"a.needy", false, PLAN_WAY_SKIP, "cpus>=64"},
	{"a.slip", false, PLAN_WAY_BROKEN, "cpu>=2"},
	{"boot.reaches_ready", false, PLAN_WAY_RUN, ""},
	{"boot.reaches_ready", true, PLAN_WAY_COLD, ""},
	{"host.base_image_is_never_changed", false, PLAN_WAY_RUN, ""},
	{"host.base_image_is_never_changed", true, PLAN_WAY_RUN, ""},
	{"image.container_format_is_intact", false, PLAN_WAY_SKIP, "image:qcow2"},
};

static struct plan *make_plan(const struct catalog *catalog)
{
	struct plan *plan = plan_new("r", catalog);
	struct plan_cell_spec spec = {.image_path = "/x",
				      .image_format = "raw",
				      .size = sizes_known()[0],
				      .offer = {.hotplug_slots = 1, .plugs_disks = true}};
	struct plan_cell *cell = plan_add_cell(plan, &spec);

	for (size_t i = ARRAY_LEN(ways); i-- > 0;) {
		plan_add_case(plan, cell, catalog_find(catalog, ways[i].id), ways[i].sabotaged, 0);
		plan_add_case(plan, cell, catalog_find(catalog, ways[i].id), ways[i].sabotaged, 0);
	}
	return plan;
}

TEST(plan, ways_and_needs)
{
	CLEANUP(catalog) struct catalog *catalog = make_catalog();
	CLEANUP(plan) struct plan *plan = make_plan(catalog);

	plan_freeze(plan);
	EXPECT(plan->proves && plan->frozen && plan_cell_boots(plan->cells.items[0]));
	EXPECT_NUMBER(plan_item_count(plan), ARRAY_LEN(ways)); /* each only once */
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		const struct plan_item *item = &plan->cells.items[0]->items.items[i];
		EXPECT_TEXT(item->it->id, ways[i].id);
		EXPECT_TEXT(plan_way_name(item->way), plan_way_name(ways[i].way));
		EXPECT_TEXT(item->need, ways[i].need);
		EXPECT(item->expected_ns > 0);
	}
}

TEST(plan, cases_are_tried_as_it_says)
{
	const struct plan_trial trial = {.timeout_s = 7, .retries = 2, .repeat = 5};
	CLEANUP(catalog) struct catalog *catalog = make_catalog();
	CLEANUP(plan) struct plan *plan = make_plan(catalog);
	CLEAN_TEXT struct text json = TEXT_INIT(1U << 20);
	const struct catalog_case *it = catalog_find(catalog, "a.fork");
	struct plan_cell *cell = plan->cells.items[0];

	EXPECT_NUMBER(plan_set_trial(plan, cell, it, false, &trial), 0);
	EXPECT_NUMBER(plan_set_trial(plan, cell, it, false,
				     &(struct plan_trial){.repeat = PLAN_TRIES_MAX + 1}),
		      -ERANGE);
	EXPECT_NUMBER(
		plan_set_trial(plan, cell, catalog_find(catalog, CASE_NAME_ALLOWED), false, &trial),
		-ENOENT);
	EXPECT_NUMBER(
		plan_set_trial(plan, cell, it, false, &(struct plan_trial){.until_sure = 0.9}),
		-ERANGE);
	plan->limits.cell_ns = 7 * NS_PER_S;
	plan_freeze(plan);
	vec_each (&cell->items, item) {
		bool is_it = item->it == it && !item->sabotaged;
		EXPECT_NUMBER(plan_item_is_tried_otherwise(item), is_it);
	}
	plan_json(plan, &json);
	EXPECT(strstr(json.buf, "\"timeout_s\":7,\"retries\":2,\"repeat\":5") != NULL);
	EXPECT(strstr(json.buf, "\"limits\":{\"cell_ns\":7000000000}") != NULL);
	EXPECT(strstr(strstr(json.buf, "\"retries\"") + 1, "\"retries\"") == NULL);
}

TEST(plan, offline_cases_boot_nothing)
{
	CLEANUP(catalog) struct catalog *catalog = make_catalog();
	CLEANUP(plan) struct plan *plan = plan_new("r", catalog);
	struct plan_cell *cell = plan_add_cell(
		plan, &(struct plan_cell_spec){.size = sizes_known()[0], .image_format = "qcow2"});

	plan_add_case(plan, cell, catalog_find(catalog, "a.audit"), false, 0);
	plan_add_case(plan, cell, catalog_find(catalog, "image.container_format_is_intact"), true,
		      0);
	EXPECT_NUMBER(cell->items.items[1].way, PLAN_WAY_RUN);
	plan_add_case(plan, cell, catalog_find(catalog, "host.base_image_is_never_changed"), false,
		      0);
	EXPECT(!plan_cell_boots(cell));
	plan_add_case(plan, cell, catalog_find(catalog, "boot.reaches_ready"), false, 0);
	EXPECT(plan_cell_boots(cell));
}

TEST(offer, judges_by_the_size)
{
	struct size size = {.cpus = 2, .mem_mib = 1024, .nics = 1, .data_disks = 1, .tpm = true};
	static const char *const devices[] = {"virtio-rng", NULL};
	struct offer offer = {.size = &size,
			      .uefi = true,
			      .netpeer = true,
			      .devices = devices,
			      .policy = "sysctl=kernel.kptr_restrict=1\neol=\n",
			      .image_format = "vpc"};
	struct need need;
	static const char *const met[] = {
		"cpus>=2", "mem_mb>=1024,nics>=1", "disk:data", "disks>=1",   "tpm",
		"uefi",	   "dev:virtio-rng",	   "image:vhd", "image:file", "numa>=1",
		"vms>=1",  "netpeer:dns",	   "systemd",	"cmd:sshd",   "-",
		"",	   "policy:sysctl",	   "policy:eol"};
	static const char *const lacked[] = {"cpus>=3",
					     "mem_mb>=1025",
					     "nics>=2",
					     "disks>=2",
					     "kvm",
					     "secureboot",
					     "image:qcow2",
					     "dev:tpm-crb",
					     "image:tar,x",
					     "image:pristine",
					     "numa>=2",
					     "vms>=2",
					     "netpeer:imds",
					     "payload:ltp",
					     "hotplug-slots>=1",
					     "nested",
					     "policy:repositories",
					     "policy:kernel.kptr_restrict",
					     "policy:sys"};

	for (size_t i = 0; i < ARRAY_LEN(met); i++)
		EXPECT_NUMBER(offer_judge(&offer, met[i], &need), OFFER_MEETS);
	for (size_t i = 0; i < ARRAY_LEN(lacked); i++)
		EXPECT(offer_judge(&offer, lacked[i], &need) != OFFER_MEETS);
	EXPECT_NUMBER(offer_judge(&offer, NULL, &need), OFFER_MEETS);
	EXPECT_NUMBER(offer_judge(&offer, "cpus>=2,magic", &need), OFFER_UNKNOWN);
	EXPECT_TEXT(need.text, "magic");
}

TEST(offer, plugs_in_what_the_size_lacks)
{
	struct size size = {.cpus = 2, .data_disks = 1};
	struct offer offer = {.size = &size, .hotplug_slots = 4, .plugs_disks = true};
	struct need need;

	EXPECT_NUMBER(offer_judge(&offer, "disks>=5,nvme>=4", &need), OFFER_MEETS);
	EXPECT_NUMBER(offer_judge(&offer, "disks>=6", &need), OFFER_LACKS);
	EXPECT_NUMBER(offer_plugs(&offer, "systemd,disk:data").disks, 0);
	EXPECT_NUMBER(offer_plugs(&offer, "disks>=3,disk:data").disks, 2);
	EXPECT_NUMBER(offer_plugs(&offer, "nvme>=2").nvmes, 2);
	size.data_disks = 0;
	EXPECT_NUMBER(offer_judge(&offer, "disk:data", &need), OFFER_MEETS);
	EXPECT_NUMBER(offer_plugs(&offer, "disk:data").disks, 1);
	offer.plugs_disks = false;
	EXPECT_NUMBER(offer_judge(&offer, "disk:data", &need), OFFER_LACKS);
	EXPECT_NUMBER(offer_judge(&offer, "nvme>=1", &need), OFFER_LACKS);
}

/* Every kind that is the plan's to judge has a judge: none may come out as unknown. */
TEST(offer, second_machine_where_there_is_room)
{
	const struct size one = {.cpus = 1};
	struct offer offer = {.size = &one};
	struct need need;

	EXPECT_NUMBER(offer_judge(&offer, "vms>=1", &need), OFFER_MEETS);
	EXPECT_NUMBER(offer_judge(&offer, "vms>=2", &need), OFFER_LACKS);
	EXPECT_TEXT(need.text, "vms>=2");
	offer.vms = 2;
	EXPECT_NUMBER(offer_judge(&offer, "vms>=2", &need), OFFER_MEETS);
	EXPECT_NUMBER(offer_judge(&offer, "vms>=3", &need), OFFER_LACKS);
}

TEST(offer, has_a_judge_for_each_kind_of_plan)
{
	static const char *const kinds[] = {"cpus",	  "cpus-max",	  "dev:x",
					    "disk:data",  "disks",	  "hotplug-slots",
					    "image:file", "iso:live",	  "kvm",
					    "mem_mb",	  "memory-slots", "nested",
					    "netpeer:x",  "nic:x",	  "nics",
					    "numa",	  "nvme",	  "payload:x",
					    "policy:x",	  "reboot",	  "repo:local",
					    "secureboot", "smt",	  "tpm",
					    "uefi",	  "vms"};
	struct size size = {.cpus = 1};
	struct offer offer = {.size = &size};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct need need;
		const char *at = kinds[i];
		EXPECT(need_next(&at, &need) && need_is_of_plan(&need));
		EXPECT(offer_judge(&offer, kinds[i], &need) != OFFER_UNKNOWN);
	}
}

TEST(plan, only_what_runs_on_machines_is_to_be_sure)
{
	CLEANUP(catalog) struct catalog *catalog = make_catalog();
	CLEANUP(plan) struct plan *plan = make_plan(catalog);
	CLEAN_TEXT struct text json = TEXT_INIT(1U << 20);
	struct plan_cell *cell = plan->cells.items[0];
	unsigned sure = 0;

	EXPECT_NUMBER(plan_be_sure(plan, cell, 1), -ERANGE);
	EXPECT_NUMBER(plan_set_trial(plan, cell, catalog_find(catalog, "a.fork"), false,
				     &(struct plan_trial){.until_sure = 0.999}),
		      0);
	EXPECT_NUMBER(plan_be_sure(plan, cell, 0.99), 0);
	plan_doubt(plan, cell, "a.fork");
	plan_doubt(plan, cell, "a.audit");
	plan->limits.sure_ns = 5;
	plan->limits.sure_count = 6;
	plan_freeze(plan);
	vec_each (&cell->items, item) {
		const bool is_fork = strcmp(item->it->id, "a.fork") == 0;
		const bool on_machine = item->way == PLAN_WAY_SHARED ||
					item->way == PLAN_WAY_FORK || item->way == PLAN_WAY_COLD;
		sure += item->trial.until_sure > 0;
		EXPECT((item->trial.until_sure > 0) == (on_machine && !item->sabotaged));
		if (item->trial.until_sure > 0)
			EXPECT(item->trial.until_sure == (is_fork ? 0.999 : 0.99));
		/* Who is doubted shares no reboot. */
		EXPECT(plan_item_is_tried_otherwise(item) == (is_fork && !item->sabotaged));
	}
	EXPECT(sure > 1);
	plan_json(plan, &json);
	EXPECT(strstr(json.buf, "\"until_sure\":0.999,\"doubted\":true") != NULL);
	EXPECT(strstr(json.buf, "\"limits\":{\"sure_ns\":5,\"sure_count\":6}") != NULL);
}

TEST(plan, carries_what_it_does_not_answer_itself)
{
	CLEANUP(catalog) struct catalog *catalog = make_catalog();
	CLEANUP(plan) struct plan *plan = make_plan(catalog);
	struct plan_cell *cell = plan->cells.items[0];
	struct plan_carried carried = {
		.run = "q", .sha256 = "bb", .outcome = OUTCOME_PASS, .checks_passed = 3};
	CLEAN_TEXT struct text json = TEXT_INIT(1 << 20);

	EXPECT(plan_carry(plan, cell, catalog_find(catalog, "a.audit"), false, &carried));
	EXPECT(!plan_carry(plan, cell, catalog_find(catalog, "a.needy"), false, &carried));
	plan->retests = xstrdup("q");
	plan_json(plan_freeze(plan), &json);
	EXPECT(strstr(json.buf, "\"retests\":\"q\"") != NULL);
	const char *found = strstr(json.buf, "\"carried\":{\"run\":\"q\",\"sha256\":\"bb\","
					     "\"outcome\":\"pass\",\"passed\":3");
	EXPECT(found != NULL);
	EXPECT(found && !strstr(found + 1, "\"carried\""));
}

/* A plan of thousands of cells stays one that can be kept. */
TEST(plan, what_a_case_is_stands_in_it_once)
{
	CLEANUP(catalog) struct catalog *catalog = make_catalog();
	CLEANUP(plan) struct plan *plan = plan_new("r", catalog);
	CLEAN_TEXT struct text json = TEXT_INIT(1U << 20);
	struct plan_cell_spec spec = {.image_name = "a.img", .size = sizes_known()[0]};
	unsigned titles = 0, items = 0;

	for (unsigned i = 0; i < 3; i++) {
		struct plan_cell *cell = plan_add_cell(plan, &spec);
		plan_add_case(plan, cell, catalog_find(catalog, "a.guest"), false, 0);
		plan_add_case(plan, cell, catalog_find(catalog, "a.audit"), i > 0, 0);
	}
	plan_json(plan_freeze(plan), &json);
	for (const char *at = json.buf; (at = strstr(at, "\"title\":")); at++)
		titles++;
	for (const char *at = json.buf; (at = strstr(at, "\"id\":")); at++)
		items++;
	EXPECT_NUMBER(titles, 2);
	EXPECT_NUMBER(items, 6);
	EXPECT(strstr(json.buf, "\"cases\":{\"a.audit\":{\"title\":\"t\",\"kind\":\"audit\"") !=
	       NULL);
}
