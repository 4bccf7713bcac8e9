#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# A community's suite: trees that are refused; a tree with LTP's layout and all that its tests can say, good and bad, run in
# forks of one image; a test that ends its guest; resume, proof, and kirk's own opinion of the same tests.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"
set -f # the case patterns are not for the shell

tree=$work/ltp
"$source_folder/tests/suites/make-ltp" "$tree"
tar -C "$work" -cJf "$work/ltp.tar.xz" ltp

# ---- what is refused ----
check_exit 64 "a suite with a slip" "$ASSAY" list --suite-from "lpt=$tree"
check_says "the nearest is named" "did you mean 'ltp'\?"
check_exit 64 "no suite's name" "$ASSAY" list --suite-from "$tree"
check_says "what is wanted" "ltp=PATH"
check_exit 64 "a tree that is not there" "$ASSAY" list --suite-from "ltp=$work/none"
check_says "it is named" "/none: No such file"
check_exit 64 "a folder that is no tree of LTP" "$ASSAY" list --suite-from "ltp=$source_folder/tests/suites"
check_says "what is looked for" "there is no folder runtest"
mkdir "$work/evil"
cp -r "$tree" "$work/evil/tree"
ln -s ../../../../../etc/passwd "$work/evil/tree/testcases/bin/passwd"
check_exit 64 "a link that leads out" "$ASSAY" list --suite-from "ltp=$work/evil/tree"
check_says "the member is named" "'testcases/bin/passwd' is a link that leads out of the tree"
rm "$work/evil/tree/testcases/bin/passwd"
tar -C "$work/evil" -Pcf "$work/evil.tar" --transform 's,^tree/Version,../../../etc/evil,' tree 2>"$work/out"
check_exit 64 "a tarball with a path trick" "$ASSAY" list --suite-from "ltp=$work/evil.tar"
check_says "the member is named" "evil.tar: its member '../../../etc/evil' has '..' in its name"
head -c 2000 "$work/ltp.tar.xz" >"$work/half.tar.xz"
check_exit 64 "half a tarball" "$ASSAY" list --suite-from "ltp=$work/half.tar.xz"
printf 'pass01 pass01\nalone\npass01 pass02.sh\n' >"$work/evil/tree/runtest/good"
check_exit 64 "a scenario with slips" "$ASSAY" list --suite-from "ltp=$work/evil/tree"
check_says "the line without a command" "runtest/good:2:1: the tag 'alone' has no command"
check_says "the tag that is there twice, at once" "runtest/good:3:1: the tag 'pass01' stands in line 1 already"

# ---- what is listed ----
check_exit 0 "the tests are cases" "$ASSAY" list --area ltp.good --suite-from "ltp=$tree"
check_says "with their ids" "^ltp\.good\.pass02_sh +test "
check_exit 0 "one of them" "$ASSAY" show ltp.good.fail01 --suite-from "ltp=$work/ltp.tar.xz"
check_says "what it guards" "guards +linux-git 123456789abc, CVE-2016-7117"
check_exit 0 "the suites that are shipped hold none of them" "$ASSAY" list --suite functional --json --suite-from "ltp=$tree"
report "$(grep -c '"ltp\.' "$work/out")" "not one"

# ---- a run ----
path=$(image debian-12-uefi-plain) || exit 1
check_exit 1 "a run of the whole tree" "$ASSAY" run "$path" --suite-from "ltp=$work/ltp.tar.xz" --out "$work/run"
"$ASSAY" report "$work/run" --format json >"$work/run.json"
# is OUTCOME ID MESSAGE
is() {
	jq -r --arg id "ltp.$2" '.cases[] | select(.id == $id) | "\(.outcome): \(.message)"' "$work/run.json" >"$work/out"
	grep -qE "^$1: .*$3" "$work/out"
	report $? "ltp.$2 is $1${3:+: }$3" "$work/out"
}
is pass good.pass01 ""
is pass good.pass02_sh ""
is pass good.old01 ""
is fail good.oldfail01 "want 3, got 4"
is fail good.fail01 "chmod\(file, 0000\) succeeded"
is fail good.both01 "it does not hold"
is broken good.brok01 "says that it is broken: mount"
is skip good.conf01 "kernel has no CONFIG_QUOTA"
is pass good.warn01 "it warned: the clock is coarse"
is skip good.shared01 ""
is pass good.surroundings01 ""
is pass good.pipe01 ""
is pass good.variable01 ""
is pass good.flood01 ""
is pass strays.stray01 ""
is broken bad.empty01 "it printed nothing"
is broken bad.silent01 "told no result"
is broken bad.liar01 "its summary does not agree"
is broken bad.coward01 "its summary does not agree"
is broken bad.cut01 "summary is cut off"
is broken bad.crash01 "signal 11"
is broken bad.odd01 "64, which has no meaning"
is broken bad.missing01 "exited with 127"
is broken bad.unusable01 "exited with 12[67]"
is fail deadly.deadly01 "the kernel panicked"
jq -e '[.cases[] | select(.id | startswith("ltp.deadly.before")) | .outcome] == ["pass", "pass", "pass", "pass", "pass", "pass", "pass", "pass"]' \
	"$work/run.json" >"$work/out"
report $? "those that share its machine run on another one" "$work/out"
jq -e '[.cases[] | select(.id | startswith("ltp.canary.")) | .outcome] | length == 9 and all(. == "pass")' "$work/run.json" >"$work/out"
report $? "all canaries are judged right" "$work/out"
jq -e '.counts.holes == 0 and .counts.infra == 0' "$work/run.json" >"$work/out"
report $? "no hole, and the host is not blamed" "$work/out"
jq -e '.cases[] | select(.id == "ltp.good.fail01") | .check.file == "fail01.c" and .check.line == 31' "$work/run.json" >"$work/out"
report $? "where it failed is kept" "$work/out"
jq -r '.cases[] | select(.id == "ltp.good.fail01") | .evidence' "$work/run.json" >"$work/out"
check_says "and the hint that it gives" "git.kernel.org/linus/123456789abc"

# ---- the rest of one that was stopped ----
mkdir "$work/cut"
cp -r "$work/run/plan.json" "$work/cut/"
head -n 20 "$work/run/journal.jsonl" >"$work/cut/journal.jsonl"
check_exit 64 "a run goes on with its suite only" "$ASSAY" run --resume "$work/cut"
check_says "how" "suite's tree by --suite-from"
check_exit 1 "it goes on" "$ASSAY" run --resume "$work/cut" --suite-from "ltp=$work/ltp.tar.xz"
"$ASSAY" report "$work/cut" --format json >"$work/cut.json"
for file in run cut; do
	jq -r '.cases[] | "\(.id) \(.outcome)"' "$work/$file.json" >"$work/$file.outcomes"
done
diff "$work/run.outcomes" "$work/cut.outcomes" >"$work/out"
report $? "with the same outcomes" "$work/out"

# ---- proof ----
check_exit 0 "a suite is proven" "$ASSAY" prove "$path" --suite-from "ltp=$tree" --case ltp.good.pass01 --case ltp.canary --out "$work/proof"
check_says "each canary, and the way of a test" "^PROOF  [0-9]+ of [0-9]+ cases proven"

# ---- what kirk says of the same tests, here ----
kirk=${ASSAY_CACHE:-$HOME/.cache/assay}/kirk-4.1.0
[ -x "$kirk/bin/kirk" ] || { python3 -m venv "$kirk" && "$kirk/bin/pip" install -q kirk==4.1.0; } >"$work/out" 2>&1
if [ -x "$kirk/bin/kirk" ]; then
	for scenario in good bad; do
		LTPROOT=$tree timeout 120 "$kirk/bin/kirk" -n -d "$work" -f "$scenario" -o "$work/kirk-$scenario.json" >"$work/out" 2>&1
		jq -r --arg group "$scenario" '.results[] | "ltp.\($group).\(.test_fqn) \(.status)"' "$work/kirk-$scenario.json"
	done | sed 's/ warn$/ pass/; s/ brok$/ broken/; s/ conf$/ skip/' | LC_ALL=C sort >"$work/kirk.outcomes"
	grep -E '^ltp\.(good|bad)\.' "$work/run.outcomes" | LC_ALL=C sort >"$work/own.outcomes"
	# kirk looks at the exit status alone: what it passes although it says nothing or contradicts itself is broken here.
	LC_ALL=C join "$work/own.outcomes" "$work/kirk.outcomes" >"$work/both"
	[ "$(wc -l <"$work/both")" = "$(wc -l <"$work/own.outcomes")" ]
	report $? "kirk runs as many tests" "$work/both"
	awk '$1 ~ /good/ && $2 != $3 && $1 !~ /shared01/' "$work/both" >"$work/out"
	report "$(wc -l <"$work/out")" "what adds up is judged as kirk judges it" "$work/out"
	awk '$1 ~ /bad/ && $2 == "pass"' "$work/both" >"$work/out"
	report "$(wc -l <"$work/out")" "what does not is never a pass" "$work/out"
else
	tests_run=$((tests_run + 1))
	echo "ok $tests_run - kirk's opinion # SKIP kirk 4.1.0 cannot be installed from PyPI"
fi
finish
