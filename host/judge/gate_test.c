/* SPDX-License-Identifier: Apache-2.0 */
/* Gates: what a file may say, and how each slip is told. */
#include "host/judge/gate.h"

#include <string.h>

#include "base/test.h"

static unsigned parse(const char *yaml, struct gate **ret, struct text *problems)
{
	return gate_parse("g", yaml, strlen(yaml), ret, problems);
}

static const char whole[] = "title: what ships\n"
			    "cover:\n"
			    "  - cases: [suite=functional, -area=host]\n"
			    "    images: [debian-*]\n"
			    "    firmwares: [bios, uefi]\n"
			    "    sizes: [small, size.cpus >= 64]\n"
			    "    where: image.arch == x86_64\n"
			    "    cells: 2\n"
			    "    passes: 10\n"
			    "    each: 1\n"
			    "    proven: true\n"
			    "    outcome: block\n"
			    "  - firmwares: [uefi]\n"
			    "rules:\n"
			    "  - when: new-fail\n"
			    "    outcome: block\n"
			    "  - {when: infra, above: 5, outcome: undecided}\n"
			    "  - when: skip\n"
			    "    need: disk:*\n"
			    "    cases: [storage, '!storage.trim_*']\n"
			    "    priority: P1\n"
			    "    where: size.memory >= 8GiB\n"
			    "    outcome: undecided\n"
			    "baseline: optional\n"
			    "age: 7d\n"
			    "waivers: [waivers.yaml]\n"
			    "signers: [release.pub]\n"
			    "sign_off:\n"
			    "  - name: security\n"
			    "    key: keys/security.pub\n"
			    "    within: 30d\n";

TEST(gate, is_read)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(gate) struct gate *gate = NULL;

	EXPECT_NUMBER(parse(whole, &gate, &problems), 0);
	EXPECT_TEXT(problems.buf, "");
	EXPECT(gate != NULL);
	if (!gate)
		return;
	EXPECT_NUMBER(gate->covers.count, 2);
	EXPECT_NUMBER(gate->covers.items[0].outcome.number, EFFECT_BLOCK);
	EXPECT_NUMBER(gate->covers.items[1].outcome.number, EFFECT_UNDECIDED);
	EXPECT_NUMBER(gate->covers.items[1].cells.number, 1);
	EXPECT(!gate->covers.items[0].size_constraints[0]);
	EXPECT(gate->covers.items[0].size_constraints[1] != NULL);
	EXPECT_NUMBER(gate->rules.count, 3);
	EXPECT_NUMBER(gate->rules.items[1].above.number, 5);
	EXPECT_NUMBER(gate->rules.items[2].map.place.line, 18);
	EXPECT_NUMBER(gate->rules.items[2].when.number, WHEN_SKIP);
	EXPECT_NUMBER(gate->age_ns.number, 7LL * 86400 * 1000000000);
	EXPECT_NUMBER(gate->baseline.number, 1);
	EXPECT(gate_needs_baseline(gate) && gate_needs_catalog(gate) && !gate_needs_values(gate));
	EXPECT(is_sha256(gate->sha256));
}

/* Whose bytes are other is another gate, whatever it says. */
TEST(gate, is_known_by_its_bytes)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(gate) struct gate *one = NULL, *other = NULL;

	EXPECT_NUMBER(parse("title: x\n", &one, &problems), 0);
	EXPECT_NUMBER(parse("title: x \n", &other, &problems), 0);
	EXPECT(strcmp(one->sha256, other->sha256) != 0);
	EXPECT_NUMBER(one->rules.count + one->covers.count, 0);
}

TEST(gate, files_lie_beside_it)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(gate) struct gate *gate = NULL;

	EXPECT_NUMBER(gate_parse("a/b/g.yaml", "title: x\n", 9, &gate, &problems), 0);
	CLEAN_FREE char *beside = gate_file(gate, "keys/k.pub"), *own = gate_file(gate, "/k.pub");
	EXPECT_TEXT(beside, "a/b/keys/k.pub");
	EXPECT_TEXT(own, "/k.pub");
}

static const struct slip {
	const char *yaml, *told;
} slips[] = {
	{"", "g: it is empty"},
	{"- x\n", "g:1:"},
	{"rule:\n", "g:1:1: there is no key `rule`; did you mean `rules`?\n"},
	{"rules:\n  - {wen: fail, outcome: block}\n",
	 "g:2:6: there is no key `wen`; did you mean `when`?\n"},
	{"rules:\n  - {when: fale, outcome: block}\n", "g:2:12: `when`"},
	{"rules:\n  - {when: fail}\n", "g:2:6: rules lacks the key `outcome`\n"},
	{"rules:\n  - {outcome: block}\n", "g:2:6: rules lacks the key `when`\n"},
	{"rules:\n  - {when: fail, outcome: ship}\n", "g:2:27: `outcome`"},
	{"rules:\n  - {when: fail, outcome: block, above: 5}\n",
	 "g:2:41: `above` is a share of broken, infra or hole, not of fail\n"},
	{"rules:\n  - {when: infra, outcome: block, above: 101}\n", "g:2:42: `above`"},
	{"rules:\n  - {when: fail, outcome: tell, need: x}\n",
	 "g:2:39: `need` is of skip and new-skip, not of fail\n"},
	{"rules:\n  - {when: left-out, outcome: tell, cases: [boot]}\n",
	 "g:2:12: left-out is about cells that are not there"},
	{"rules:\n  - {when: fail, outcome: tell, cases: ['a b']}\n",
	 "g:2:42: `cases`: 'a b' is no case's id"},
	{"rules:\n  - {when: fail, outcome: tell, where: size.cpu > 2}\n", "g:2:40: `where`: "},
	{"rules:\n  - {when: fail, outcome: tell, where: size.cpus >}\n", "`where`: "},
	{"rules:\n  - {when: fail, outcome: tell, priority: P9}\n", "g:2:43: `priority`"},
	{"cover:\n  - cases: [suite=functionall]\n",
	 "g:2:13: `cases`: there is no suite 'functionall'; did you mean 'functional'?\n"},
	{"cover:\n  - cases: [-area=boot]\n", "g:2:13: `cases` only takes cases away"},
	{"cover:\n  - cases: [-suite=all, boot]\n",
	 "g:2:13: `cases`: '-suite=all': a suite or a priority cannot be taken away"},
	{"cover:\n  - each: 2\n", "g:2:11: `each` counts for every case"},
	{"cover:\n  - cells: 0\n", "g:2:12: `cells`"},
	{"cover:\n  - sizes: [size.cpus >> 2]\n", "g:2:"},
	{"cover:\n  - firmwares: [efi]\n", "g:2:17: `firmwares`: bios or uefi, not 'efi'\n"},
	{"age: soon\n", "g:1:6: `at_most`"},
	{"age: {outcome: block}\n", "g:1:7: age lacks the key `at_most`\n"},
	{"baseline: none\n", "g:1:11: `baseline`"},
	{"signers: ['sha256:12']\n", "g:1:12: `signers`: 'sha256:12' is no key id"},
	{"sign_off: [{name: Bob, key: k}]\n", "g:1:19: `name`: 'Bob' is not a name"},
	{"sign_off: [{name: qa, key: 'sha256:1'}]\n", "g:1:29: `key`: a sign-off is verified by"},
	{"sign_off:\n  - {name: qa, key: k}\n  - {name: qa, key: l}\n",
	 "g:3:12: `sign_off`: `qa` is there twice, in line 2 too\n"},
	{"title: a\ntitle: b\n", "g:2:1: "},
	{"title: [\n", "g:"},
};

TEST(gate, slips_are_told_with_their_place)
{
	for (const struct slip *row = slips; row < slips + ARRAY_LEN(slips); row++) {
		CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
		CLEANUP(gate) struct gate *gate = NULL;
		EXPECT(parse(row->yaml, &gate, &problems) > 0);
		EXPECT(!gate);
		if (!strstr(problems.buf, row->told))
			EXPECT_TEXT(problems.buf, row->told);
	}
}

static const struct named {
	const char *cases, *id;
	bool is_named;
} named[] = {
	{"[time]", "time.is_right", true},
	{"[time]", "timer.is_right", false},
	{"[time.is_right]", "time.is_right", true},
	{"['*.is_*']", "time.is_right", true},
	{"['!time']", "time.is_right", false},
	{"['!time']", "boot.ends", true},
	{"[time, '!time.is_*']", "time.was", true},
	{"[time, '!time.is_*']", "time.is_right", false},
	{"[time, '!time.is_*']", "boot.ends", false},
};

TEST(gate, rules_name_cases)
{
	for (const struct named *row = named; row < named + ARRAY_LEN(named); row++) {
		CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
		CLEAN_FREE char *yaml =
			xasprintf("rules: [{when: fail, outcome: tell, cases: %s}]\n", row->cases);
		CLEANUP(gate) struct gate *gate = NULL;
		EXPECT_NUMBER(parse(yaml, &gate, &problems), 0);
		EXPECT_TEXT(problems.buf, "");
		EXPECT_NUMBER(gate_rule_names(&gate->rules.items[0], row->id), row->is_named);
	}
}

static const struct held {
	const char *where;
	bool holds;
} held[] = {
	{"size.cpus >= 4", true},
	{"size.cpus > 4", false},
	{"size.memory == 8GiB and size.tpm == yes", true},
	{"image == 'debian.qcow2' and image.os == 'Debian 12'", true},
	{"firmware in (bios, uefi)", true},
	{"firmware == bios", false},
	{"accel == kvm", false},
	/* What is not known of a cell is not held. */
	{"entry == ssh", false},
	{"not entry == ssh", false},
	{"not known(entry)", true},
	{"size.controller == nvme", true},
	{"image.sha256 == abc", true},
};

TEST(gate, constraints_are_over_cells)
{
	char image[] = "debian.qcow2", os[] = "Debian 12", digest[] = "abc", uefi[] = "uefi",
	     tcg[] = "tcg", none[] = "";
	const struct run_cell cell = {.image_name = image,
				      .os_name = os,
				      .image_digest = digest,
				      .image_format = none,
				      .arch = none,
				      .firmware = uefi,
				      .accel = tcg,
				      .entry = none,
				      .kernel_called = none,
				      .kernel_name = none,
				      .kernel_digest = none,
				      .kernel_release = none,
				      .controller = "nvme",
				      .cpus = 4,
				      .mem_mib = 8192,
				      .tpm = true};
	CLEAN_DONE(gate_cell) struct gate_cell values = {0};

	gate_cell_init(&values, &cell);
	for (const struct held *row = held; row < held + ARRAY_LEN(held); row++) {
		CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
		CLEAN_FREE char *yaml = xasprintf("cover:\n  - where: \"%s\"\n", row->where);
		CLEANUP(gate) struct gate *gate = NULL;
		EXPECT_NUMBER(parse(yaml, &gate, &problems), 0);
		EXPECT_TEXT(problems.buf, "");
		if (gate_holds(gate->covers.items[0].where_constraint, &values) != row->holds)
			EXPECT_TEXT(row->where, row->holds ? "held" : "not held");
	}
	EXPECT(gate_holds(NULL, &values));
}

TEST(gate, has_a_schema)
{
	CLEAN_TEXT struct text schema = TEXT_INIT(1 << 20);

	gate_schema(&schema);
	EXPECT(strstr(schema.buf, "\"new-fail\"") && strstr(schema.buf, "\"sign_off\""));
}
