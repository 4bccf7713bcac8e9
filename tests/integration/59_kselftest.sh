#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# The kernel's selftests as a suite: trees that are refused, and a tree in their layout with all that its tests can say, good and
# bad, run in forks of one image; a test that ends its guest; proof.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"
set -f # the case patterns are not for the shell

tree=$work/kselftest
"$source_folder/tests/suites/make-kselftest" "$tree"
tar -C "$tree" -czf "$work/kselftest.tar.gz" .

# ---- what is refused ----
check_exit 64 "a suite with a slip" "$ASSAY" list --suite-from "kselftests=$tree"
check_says "the nearest is named" "did you mean 'kselftest'\?"
check_exit 64 "a folder that is no tree" "$ASSAY" list --suite-from "kselftest=$source_folder/tests/suites"
check_says "what is looked for" "there is no kselftest-list.txt in it"
mkdir -p "$work/source/tools/testing/selftests"
touch "$work/source/tools/testing/selftests/lib.mk"
check_exit 64 "a source tree" "$ASSAY" list --suite-from "kselftest=$work/source"
check_says "how to build it" "make -C tools/testing/selftests TARGETS=\.\.\. install"
cp -r "$tree" "$work/slips"
printf 'good:pass\ngood\n../good:pass\n' >"$work/slips/kselftest-list.txt"
echo 'timeout=soon' >"$work/slips/good/settings"
check_exit 64 "a tree with slips" "$ASSAY" list --suite-from "kselftest=$work/slips"
check_says "the line" "kselftest-list.txt:2:1: the line is no COLLECTION:TEST"
check_says "a path trick, at once" "kselftest-list.txt:3:1: a part of the collection's path"
check_says "and the settings" "good/settings:1:9: 'soon' is no number of seconds"

# ---- what is listed ----
check_exit 0 "the tests are cases" "$ASSAY" list --area kselftest.nested.below --suite-from "kselftest=$tree"
check_says "with their ids" "^kselftest\.nested\.below\.inner +test "
check_exit 0 "the suites that are shipped hold none of them" "$ASSAY" list --suite functional --json --suite-from "kselftest=$tree"
report "$(grep -c '"kselftest\.' "$work/out")" "not one"

# ---- a run ----
path=$(image debian-12-uefi-plain) || exit 1
check_exit 1 "a run of the whole tree" "$ASSAY" run "$path" --suite-from "kselftest=$work/kselftest.tar.gz" --out "$work/run"
"$ASSAY" report "$work/run" --format json >"$work/run.json"
# is OUTCOME ID MESSAGE
is() {
	jq -r --arg id "kselftest.$2" '.cases[] | select(.id == $id) | "\(.outcome): \(.message)"' "$work/run.json" >"$work/out"
	grep -qE "^($1): .*$3" "$work/out"
	report $? "kselftest.$2 is $1${3:+: }$3" "$work/out"
}
is pass good.pass ""
is pass good.text.sh ""
is fail good.fail "mmap: not ok"
is fail good.text_fail.sh "mount: no such device"
is fail good.gave_up "the program gave up: mmap failed"
is skip good.skip "/dev/rtc0 is not there"
is skip good.text_skip.sh "module test_sysctl not found"
is pass good.xfail ""
is pass good.harness ""
is pass good.documents.sh ""
is fail good.quoted "inner two: not ok"
is pass good.surroundings ""
is pass good.plain.sh ""
is pass good.flood ""
is pass nested.below.inner ""
is broken bad.empty "printed nothing"
is broken bad.silent_fail "printed nothing"
is broken bad.silent_skip "printed nothing"
is broken bad.liar "exited with 0 although 1 of its tests failed: two"
is broken bad.coward "exited with 1 although none of its tests failed"
is broken bad.no_plan "has no plan"
is broken bad.short "3 tests were planned and 1 came"
is broken bad.twice "test 1 comes twice"
is broken bad.totals "the totals here are 2 passed"
is broken bad.hides "exited with 0 although 1 of its tests failed: inner"
is broken bad.crash "signal 11"
is broken bad.aborted.sh "signal 6"
is broken bad.error "did not come to its end: no memory"
is broken bad.usage "exited with 2"
is broken bad.xpass "exited with 3"
is broken bad.odd "64, which has no meaning"
# Where the host is busy the limit says nothing, and the host is blamed.
is "broken|infra" bad.late "took longer than its limit"
is broken bad.calls_nothing.sh "exited with 127"
is broken bad.missing "is not in its folder bad"
is broken gone.missing "the folder gone, which the list of the suite names, is not in its tree"
is broken bad.unusable "may not be executed \(its mode is 0644\)"
is fail deadly.deadly "the kernel panicked"
jq -e '[.cases[] | select(.id | startswith("kselftest.deadly.after")) | .outcome] == ["pass", "pass", "pass", "pass"]' "$work/run.json" >"$work/out"
report $? "those that share its machine run on another one" "$work/out"
jq -e '[.cases[] | select(.id | startswith("kselftest.canary.")) | .outcome] | length == 13 and all(. == "pass")' "$work/run.json" >"$work/out"
report $? "all canaries are judged right" "$work/out"
jq -e '.counts.holes == 0' "$work/run.json" >"$work/out"
report $? "no hole" "$work/out"
# subs ID: what its own tests came to
subs() {
	jq -r --arg id "kselftest.$1" '.cases[] | select(.id == $id) | .subs[] | "\(.outcome) \(.name)"' "$work/run.json" | paste -sd '|' >"$work/out"
	cat "$work/out"
}
[ "$(subs good.harness)" = "pass global.first|skip global.second" ]
report $? "what was skipped has its name from the harness" "$work/out"
[ "$(subs good.fail)" = "pass open|fail mmap|pass close" ]
report $? "each test of KTAP is kept" "$work/out"
[ "$(subs good.quoted)" = "pass inner one|fail inner two" ]
report $? "and nested ones" "$work/out"

# ---- proof ----
check_exit 0 "a suite is proven" "$ASSAY" prove "$path" --suite-from "kselftest=$tree" --case kselftest.good.pass --case kselftest.canary --out "$work/proof"
check_says "each canary, and the way of a test" "^PROOF  [0-9]+ of [0-9]+ cases proven"
finish
