#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# Runbooks without any machine: what is planned, what is left out and why, and a run of several cells with its reports.
. "$(dirname "$0")/lib.sh"
requires jq "to read JSON"

export XDG_STATE_HOME=$work/state XDG_CACHE_HOME=$work/cache
unset ASSAY_CACHE
truncate -s 1M "$work/a.img" "$work/b.img"
truncate -s 1000000 "$work/odd.img"
for disk in a b odd; do # what is nothing but zeros is refused
	printf '%s' "$disk" | dd of="$work/$disk.img" bs=1 conv=notrunc status=none
	printf '\125\252' | dd of="$work/$disk.img" bs=1 seek=510 conv=notrunc status=none
done

cat >"$work/book.yaml" <<'YAML'
title: Disks and sizes
images:
  - {path: a.img, traits: {owner: us}}
  - {path: b.img, traits: {owner: them}}
sizes: [small, default]
variants:
  policy: [azure, gcp]
constraints:
  - image.owner == us -> policy == azure
must: [{image: b}]
cases:
  include: [image.virtual_size_is_aligned]
YAML

# ---- the plan ----
check_exit 0 "a plan" "$ASSAY" plan "$work/book.yaml"
check_says "its title" "^Disks and sizes$"
check_says "how much it is" "^  6 cells, 12 cases to run, 0 skipped$"
check_says "each cell" "^ +0  b +small +azure +2 +0 .*must"
check_says "what a constraint excludes, and where it stands" \
	"^  2 excluded by .image.owner == us -> policy == azure. .*book.yaml:9:5"
report "$(find "$work/state" -type f 2>/dev/null | wc -l)" "nothing is written"
"$ASSAY" plan "$work/book.yaml" --json >"$work/plan.json"
check "its JSON" jq -e '.schema == 1 and (.cells | length) == 6 and .cells[0].must and
	.cells[0].values.image == "b" and (.cells[0].cases | map(.id) | contains(["image.virtual_size_is_aligned"])) and
	.constraints[0].excluded == 2 and (.constraints[0].combinations | length) == 2 and
	.unused == [] and .left_out == []' "$work/plan.json"
"$ASSAY" plan "$work/book.yaml" --json | cmp - "$work/plan.json" >"$work/out" 2>&1
report $? "the same plan each time" "$work/out"

check_exit 0 "what is known of the items" "$ASSAY" plan "$work/book.yaml" --traits
check_says "of an image" "^  image a$"
check_says "what the runbook says" "^    owner +us +runbook$"
check_says "what was seen" "^    format +raw +image$"
check_says "what a size has" "^    cpus +[0-9]+ +size$"
check_says "that there is nothing" "^  policy azure: nothing but its name$"
"$ASSAY" plan "$work/book.yaml" --traits --json >"$work/plan.json"
check "for machines" jq -e '(.items | map(.axis + "=" + .name) | contains(["image=b", "size=small", "policy=gcp"])) and
	(.items[0].traits | .owner == {"value": "us", "from": "runbook"} and .format == {"value": "raw", "from": "image"})' "$work/plan.json"
sed 's/^constraints:/combine: {ways: 2}\nconstraints:/' "$work/book.yaml" >"$work/ways.yaml"
"$ASSAY" plan "$work/ways.yaml" --json >"$work/plan.json"
check "every two values meet" jq -e '.coverage.ways == 2 and .coverage.impossible == 1 and
	(.cells | length) >= .coverage.rows_at_least and
	([.cells[].values | [.image, .size]] | unique | length) == 4 and
	([.cells[].values | [.size, .policy]] | unique | length) == 4' "$work/plan.json"
sed 's/{ways: 2}/{ways: 2, over: traits}/; s/owner: them/owner: us/; s/, policy: gcp//; s/^  - image.owner.*/  - policy == gcp or size == small/' "$work/ways.yaml" >"$work/traits.yaml"
"$ASSAY" plan "$work/traits.yaml" --json >"$work/plan.json"
check "images of the same traits stand for each other" jq -e '.coverage.over == "traits" and (.cells | length) == 3 and
	.cells[0].must and .cells[0].values.image == "b"' "$work/plan.json"
sed 's/^must:.*/combine: zip/' "$work/book.yaml" >"$work/zip.yaml"
check_exit 0 "zipped" "$ASSAY" plan "$work/zip.yaml"
check_says "two rows" "^  2 cells,"
printf 'within: 1s\n' | cat "$work/book.yaml" - >"$work/within.yaml"
sed -i 's/include: .*/include: [boot.reaches_ready]/' "$work/within.yaml"
check_exit 0 "a budget" "$ASSAY" plan "$work/within.yaml"
check_says "what must be there is" "^ +0  b +small .*must"
check_says "what does not fit is told" "^    image=a size=small policy=azure: it does not fit into the 1.0+ s of .within"
report $(($(grep -c 'does not fit' "$work/out") != 5)) "all of it" "$work/out"

# ---- what is wrong is told with its place ----
sed 's/policy == azure/policy == azur/' "$work/book.yaml" >"$work/wrong.yaml"
check_exit 0 "a constraint that asks for a value which nothing has" "$ASSAY" plan "$work/wrong.yaml"
check_says "it is remarked" "^$work/wrong.yaml:9:36: .*nothing has 'azur' as its policy; did you mean 'azure'"
sed 's/image.owner/iamge.owner/; s/a.img/c.img/' "$work/book.yaml" >"$work/wrong.yaml"
check_exit 64 "an image that is not there" "$ASSAY" plan "$work/wrong.yaml"
check_says "where it is named" "^$work/wrong.yaml:3:12: .*c.img"
check_says "and at once what is wrong beside it" "^$work/wrong.yaml:9:5: .*no axis 'iamge'; did you mean 'image'"
sed 's/image.owner/iamge.owner/' "$work/book.yaml" >"$work/wrong.yaml"
check_exit 64 "a constraint of an unknown axis" "$ASSAY" plan "$work/wrong.yaml"
check_says "its place and the nearest axis" "^$work/wrong.yaml:9:5: .*no axis 'iamge'; did you mean 'image'"
cat >"$work/wrong.yaml" <<'YAML'
images:
  - a.img
  - c.img
hosts: [{name: odd, cpu: qmeu64}]
combine: {ways: 9}
constraints:
  - image.distribution == debian
  - iamge.arch == x86_64
  - size.cpus = 2
must: [{image: q}]
cases: {include: [image.virtual_size_is_alined]}
limits: {job: 2}
YAML
check_exit 64 "a runbook with something wrong in each of its parts" "$ASSAY" plan "$work/wrong.yaml"
check_says "a value" "wrong.yaml:5:17: .ways. is a number from 1 to 6"
check_says "a key" "wrong.yaml:12:10: there is no key .job.; did you mean .jobs."
check_says "a row" "wrong.yaml:10:16: image has no value 'q'"
check_says "what a constraint says" "wrong.yaml:9:15: .constraints.: '=' is no operator"
check_says "what another one names" "wrong.yaml:8:5: .constraints.: there is no axis 'iamge'; did you mean 'image'"
check_says "a case" "wrong.yaml:11:19: .include.: no case matches"
check_says "a host" "wrong.yaml:4:26: .cpu.: QEMU .* has no CPU model 'qmeu64'"
check_says "an image" "wrong.yaml:3:5: .*c.img does not exist"
check_says "all are told at once, and nothing else" "^assay: 8 problems in "
sed 's/^must:.*/must: [{image: a, policy: gcp}]/' "$work/book.yaml" >"$work/wrong.yaml"
check_exit 64 "a row that no constraint lets through" "$ASSAY" plan "$work/wrong.yaml"
check_says "its place and what is in the way" "^$work/wrong.yaml:10:9: .*is in the way"
sed 's/image.virtual_size_is_aligned/image.virtual_size_is_alined/' "$work/book.yaml" >"$work/wrong.yaml"
check_exit 64 "an unknown case" "$ASSAY" plan "$work/wrong.yaml"
check_says "its place" "^$work/wrong.yaml:12:13:"
check_exit 64 "a plan of an image" "$ASSAY" plan "$work/a.img"
check_says "why not" "is no runbook"
check_exit 64 "a size beside the runbook" "$ASSAY" run "$work/book.yaml" --size small
check_exit 64 "a runbook to be proven" "$ASSAY" prove "$work/book.yaml"
check_says "what runs it" "assay run. runs it"
check_exit 64 "a cell of an image" "$ASSAY" run "$work/a.img" --cell 1
check_exit 64 "a cell that there is not" "$ASSAY" run "$work/book.yaml" --cell 6
check_says "which there are" "from 0 to 5"

# ---- increments ----
"$ASSAY" plan "$work/book.yaml" --json >"$work/whole.json"
mkdir "$work/night"
cp "$work/book.yaml" "$work/a.img" "$work/b.img" "$work/night"
check_exit 0 "beside a plan that covers all" "$ASSAY" plan "$work/night/book.yaml" --since "$work/whole.json"
check_says "there is nothing to plan" "^  0 cells, 0 cases"
check_exit 64 "nor to run" "$ASSAY" run "$work/night/book.yaml" --since "$work/whole.json"
check_says "and that is said" "nothing is to be run: 6 cells of .*whole.json still cover all"
printf 'new' | dd of="$work/night/b.img" bs=1 seek=4096 conv=notrunc status=none
check_exit 0 "an image that is another" "$ASSAY" plan "$work/night/book.yaml" --since "$work/whole.json"
check_says "is seen" "^  Beside 2 of the 6 cells of .*; changed since: image=b$"
check_says "and all of its cells are planned" "^  4 cells, "
check_says "with the reason" "^ +[0-9] +b +small +gcp .*, image=b has changed$"
"$ASSAY" plan "$work/book.yaml" --since "$work/whole.json" --changed size=small --json >"$work/since.json"
check "what cannot be seen is said" jq -e '.since == {plan: .since.plan, cells: 6, kept: 3, changed: "size=small"} and
	(.cells | length) == 3 and all(.cells[]; .values.size == "small" and (.must or .why == "size=small has changed"))' \
	"$work/since.json"
check_exit 64 "a change of nothing" "$ASSAY" plan "$work/book.yaml" --changed size=small
check_says "says what is missing" "name that by --since"
check_exit 64 "a plan that is none" "$ASSAY" plan "$work/book.yaml" --since "$work/book.yaml"
check_says "is named" "book.yaml is no plan as"
check_exit 64 "a size that there is not" "$ASSAY" plan "$work/book.yaml" --since "$work/whole.json" --changed size=smal
check_says "has a nearest word" "did you mean 'small'"
check_exit 64 "an image, and not a runbook" "$ASSAY" run "$work/a.img" --since "$work/whole.json"

# ---- the run ----
check_exit 0 "all cells in one run" "$ASSAY" run "$work/book.yaml" --out "$work/run"
check_says "each cell is in the summary" "^ +5  pass +b: .*policy=gcp"
check "the report has the cells" jq -e '(.cells | length) == 6 and .cells[3].variants == "policy=gcp\n" and .verdict == "ship"' \
	"$work/run/report.json"
grep -q 'testsuite name="image on b, small, policy=azure"' "$work/run/junit.xml"
report $? "JUnit tells cells apart"
check_exit 64 "nothing is left of it to go on with" "$ASSAY" run --resume "$work/run"
head -n 4 "$work/run/journal.jsonl" >"$work/short" && cp "$work/short" "$work/run/journal.jsonl"
check_exit 0 "a run that was killed goes on" "$ASSAY" run --resume "$work/run"
check_says "all of its cells" "6 cells"
check "nothing is missing" jq -e '.counts.holes == 0 and .counts.total == 12' "$work/run/report.json"

# A run is gone on with within the limits that it had.
{
	cat "$work/book.yaml"
	printf 'limits: {run: 1h, memory: 3GiB, jobs: 3}\n'
} >"$work/limits.yaml"
check_exit 0 "a run with limits" "$ASSAY" run "$work/limits.yaml" --out "$work/limits"
check "they are kept with it" jq -e '.limits == {"run_ns": 3600000000000, "memory": 3221225472, "jobs": 3}' "$work/limits/plan.json"

# How cases are tried.
override() { # WHAT...
	sed '/^  include/a\  overrides:\n    - {cases: image.virtual_size_is_aligned, '"$1"'}' "$work/book.yaml" >"$work/override.yaml"
}
override "timeout: 86400s"
check_exit 0 "the longest time" "$ASSAY" plan "$work/override.yaml"
override "timeout: 86400.5s"
check_exit 64 "half a second more, which would be taken as one" "$ASSAY" plan "$work/override.yaml"
check_says "where it stands" "override.yaml:14:55: .timeout. is more than 86400 s"

# What is kept of a run has no secrets in it: what was in their place nobody can know.
mkdir "$work/hidden-place"
cp "$work/a.img" "$work/hidden-place"
cat >"$work/secret.yaml" <<'YAML'
variables: {place: hidden-place}
secrets: [place]
images: ["${place}/a.img"]
cases: {include: [image.virtual_size_is_aligned]}
YAML
check_exit 0 "an image in a secret place" "$ASSAY" run "$work/secret.yaml" --json --out "$work/secret"
! grep -q hidden-place "$work/out" "$work/secret/plan.json" "$work/secret/journal.jsonl" "$work/secret/report.html"
report $? "is shown and kept nowhere"
head -n 2 "$work/secret/journal.jsonl" >"$work/short" && cp "$work/short" "$work/secret/journal.jsonl"
check_exit 64 "and so it cannot be gone on with" "$ASSAY" run --resume "$work/secret"
check_says "which is said, with what to do" "has a secret in it, which is kept nowhere: run the runbook anew"
check_exit 0 "one cell alone" "$ASSAY" run "$work/book.yaml" --cell 3 --out "$work/one"
check "it is that one" jq -e '(.cells | length) == 1 and .cells[0].variants == "policy=gcp\n" and .cells[0].size == "small"' \
	"$work/one/report.json"

# What is left out is told by the run as well, and nothing that was asked for ships without it.
sed 's/^sizes:.*/sizes: [small, {name: arm, arch: aarch64, cpus: 1, memory: 1GiB}]/' "$work/book.yaml" >"$work/left.yaml"
check_exit 2 "cells that cannot be run" "$ASSAY" run "$work/left.yaml" --out "$work/left"
check_says "leave it undecided" "^UNDECIDED"
check_says "with the reason" "^    image=b size=arm .*: size arm is one of aarch64, and machines here are x86_64"
check "and are in the report" jq -e '.verdict == "undecided" and (.left_out | length) > 0 and
	.reasons[0].kind == "left out" and (.reasons | length) == (.left_out | length)' "$work/left/report.json"
check_exit 0 "one cell alone leaves nothing out" "$ASSAY" run "$work/left.yaml" --cell 0 --out "$work/left-one"
check "since nothing else is asked for" jq -e '.left_out == []' "$work/left-one/report.json"
printf 'within: 1s\n' | cat "$work/book.yaml" - >"$work/budget.yaml"
check_exit 0 "a budget leaves out what was asked for" env XDG_STATE_HOME="$work/unremembered" "$ASSAY" run "$work/budget.yaml" --out "$work/budget"
check "and it is told" jq -e '(.cells | length) == 1 and (.left_out | length) == 5 and all(.left_out[]; .asked) and .reasons == []' \
	"$work/budget/report.json"
check_exit 0 "but by what is remembered of audits all of it fits" "$ASSAY" plan "$work/budget.yaml"
check_says "all cells" "^  6 cells,"

# ---- no cell ----
sed 's/^  - image.owner.*/  - image.owner == nobody/; /^must/d' "$work/book.yaml" >"$work/none.yaml"
check_exit 64 "constraints that exclude all" "$ASSAY" plan "$work/none.yaml"
check_says "which" "no cell of .*none.yaml can be run: the constraint in line 9 excludes 8 combinations"
"$ASSAY" plan "$work/none.yaml" --json >"$work/plan.json" 2>"$work/out"
report $((64 - $?)) "with --json as well" "$work/out"
check "there is JSON" test -s "$work/plan.json"
check "which says it" jq -e '.cells == [] and .constraints[0].excluded == 8' "$work/plan.json"
check "what is known of the images is told" jq -e '(.images | map(.name)) == ["a", "b"] and
	.images[0].traits.owner == "us" and .images[0].traits.format == "raw"' "$work/plan.json"

# ---- hosts ----
mkdir -p "$work/qemu"
cat >"$work/qemu/new" <<'SH'
#!/bin/sh
case "$*" in
--version) echo "QEMU emulator version 9.2.0 (own)" ;;
"-machine help") printf 'Supported machines are:\nq35   Standard PC (Q35) (alias of pc-q35-9.2)\npc-q35-9.2  Standard PC (Q35)\nmicrovm  microvm\n' ;;
"-cpu help") printf 'Available CPUs:\n  max  all\n  qemu64  (alias)\n\nRecognized CPUID flags:\n  vmx\n' ;;
*) exit 1 ;;
esac
SH
sed 's/version 9.2.0/version 6.1.0/' "$work/qemu/new" >"$work/qemu/old"
chmod +x "$work/qemu/new" "$work/qemu/old"
hosts() { # RUNBOOK HOST...
	{
		printf 'hosts:\n'
		printf '  - %s\n' "${@:2}"
		cat "$work/book.yaml"
	} >"$work/$1"
}
hosts hosts.yaml '{name: usual}' '{name: new, qemu: qemu/new, machine: q35, cpu: qemu64}'
"$ASSAY" plan "$work/hosts.yaml" --json >"$work/plan.json"
check "a host's QEMU, its version and machine type" jq -e --arg qemu "$work/qemu/new" '(.cells | length) == 12 and .left_out == [] and
	all(.cells[] | select(.values.host == "new"); .qemu == $qemu and .qemu_version == "9.2.0 (own)" and .machine == "pc-q35-9.2") and
	all(.cells[] | select(.values.host == "usual"); .qemu == null and .machine == null)' "$work/plan.json"
check_exit 0 "a run on several hosts" "$ASSAY" run "$work/hosts.yaml" --out "$work/hosts"
check "its report tells them" jq -e '[.cells[] | select(.host == "new")] | length == 6 and
	all(.machine == "pc-q35-9.2" and .cpu_model == "qemu64" and .qemu_version == "9.2.0 (own)")' "$work/hosts/report.json"
check "and what the runbook calls the images" jq -e '([.cells[].called] | unique) == ["a", "b"]' "$work/hosts/report.json"
grep -q "on new ($work/qemu/new, QEMU 9.2.0 (own), pc-q35-9.2)" "$work/hosts/report.html"
report $? "and so does the page"
head -n 2 "$work/hosts/journal.jsonl" >"$work/short" && cp "$work/short" "$work/hosts/journal.jsonl"
check_exit 0 "gone on with" "$ASSAY" run --resume "$work/hosts"
check "on the same hosts" jq -e '[.cells[] | select(.machine == "pc-q35-9.2" and .host == "new")] | length == 6' "$work/hosts/report.json"
hosts wrong.yaml '{name: a, qemu: qemu/new, machine: q53}' '{name: b, qemu: qemu/new, machine: microvm, cpu: qmeu64}' \
	'{name: c, qemu: qemu/none}' '{name: d, qemu: qemu/old}' '{name: e, qemu: /bin/false}'
check_exit 64 "hosts that cannot be" "$ASSAY" plan "$work/wrong.yaml"
check_says "a machine type that is not there" \
	"wrong.yaml:2:40: .machine.: QEMU 9.2.0 .own. has no machine type 'q53'; did you mean 'q35'.$"
check_says "one that is no PC" "wrong.yaml:3:40: .machine.: 'microvm' is neither of the q35 nor of the pc family"
check_says "a CPU model that is not there" "wrong.yaml:3:54: .cpu.: QEMU 9.2.0 .own. has no CPU model 'qmeu64'; did you mean 'qemu64'.$"
check_says "a program that is not there" "wrong.yaml:4:21: .qemu.: .*/qemu/none is not installed"
check_says "one that is too old" "wrong.yaml:5:21: .qemu.: QEMU 6.1 is too old, 7.2 is needed"
check_says "one that is no QEMU" "wrong.yaml:6:21: .qemu.: .*false"
check_says "all at once" "^assay: 6 problems in "

# A disk that fails in some cells: which they are is told.
sed 's/b.img/odd.img/; s/image: b/image: odd/' "$work/book.yaml" >"$work/odd.yaml"
check_exit 1 "a disk of an odd size" "$ASSAY" run "$work/odd.yaml" --out "$work/odd"
check_says "the cells that fail" "^ +0  fail +odd:"
check_says "the cell of a failure" "^ +cell +odd, small, policy=azure"
finish
