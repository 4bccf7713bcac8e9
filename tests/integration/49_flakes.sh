#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# Pass rates over kept runs: what is counted together, and what is told of it. The runs are written down here, no machine is booted.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"

export XDG_STATE_HOME=$work/state
runs=$XDG_STATE_HOME/assay/runs
# kept_run NAME DIGEST RESULT...: one of a.steady and net.flaky, each result as "id outcome [superseded]".
kept_run() {
	local name=$1 digest=$2 at=0 id outcome superseded
	shift 2
	mkdir -p "$runs/$name"
	cat >"$runs/$name/plan.json" <<-PLAN
		{"schema":1,"run":"$name","cells":[{"image":{"name":"os.qcow2","sha256":"$digest"},"size":{"name":"small"},
		"firmware":"uefi","accel":"tcg","cases":[{"id":"a.steady","kind":"guest","priority":"P1"},
		{"id":"net.flaky","kind":"guest","priority":"P1"},
		{"id":"net.flaky","kind":"guest","priority":"P1","sabotaged":true}]}]}
	PLAN
	{
		echo '{"type":"begin","schema":1,"wall_ns":1,"text":"0.1.0"}'
		for result; do
			at=$((at + 1))
			read -r id outcome superseded <<<"$result"
			echo "{\"type\":\"result\",\"id\":\"$id\",\"outcome\":\"$outcome\",\"message\":\"no answer\",\"ended_ns\":$at," \
				"\"attempt\":$at${superseded:+,\"$superseded\":true}}"
		done
		echo '{"type":"end","wall_ns":9,"text":"done"}'
	} >"$runs/$name/journal.jsonl"
}

check_exit 64 "without a store" "$ASSAY" flakes
check_says "it is said how there is one" 'assay runs --rebuild'
kept_run r1 aaaaaaaaaa "a.steady pass" "net.flaky fail superseded" "net.flaky pass superseded" "net.flaky pass"
kept_run r2 aaaaaaaaaa "a.steady pass" "net.flaky pass" "net.flaky fail sabotaged"
kept_run r3 bbbbbbbbbb "a.steady fail" "net.flaky pass"
check "the runs are read in" "$ASSAY" runs --rebuild

check_exit 0 "what does not always come out the same" "$ASSAY" flakes
check_says "has its rate, its interval, and not its sabotage" '^  net.flaky: passes 3 of 4 \(19.4-99.4 %\)$'
check_says "when it differed last" '^      differed last on 1970-.* in r[12]$'
check_says "and what it said" '^      fails with: no answer$'
grep -qE 'a.steady|bbbb' "$work/out"
report $(($? == 0)) "another image is another thing" "$work/out"
check_exit 0 "all of them" "$ASSAY" flakes --all --json
jq -e '.schema == 1 and .confidence == 0.95 and (.cases | length) == 4 and
	(.cases | map(select(.id == "a.steady")) | map([.sha256, .state, .passed, .failed])) ==
	[["aaaaaaaaaa", "passes", 2, 0], ["bbbbbbbbbb", "fails", 0, 1]]' "$work/out" >"$work/jq"
report $? "JSON has each with its image" "$work/out"
check_exit 0 "of one run's images" "$ASSAY" flakes r3
check_says "nothing is listed" '^all 2 cases have always come out the same'
check_exit 0 "of an image by its digest" "$ASSAY" flakes --image aaaaaa --case net
check_says "there it is" 'net.flaky'
check_exit 64 "a case that nobody ran" "$ASSAY" flakes --case 'none.*'
check_says "it is said" 'no kept run has executed such a case'
check_exit 64 "a run that is not there" "$ASSAY" flakes nowhere
check "a run that is removed" "$ASSAY" runs --remove r1
check_exit 0 "counts no more" "$ASSAY" flakes
check_says "so nothing is left" 'always come out the same'

# ---- what was measured ----
# measured_run NAME DIGEST VALUE...: one machine has measured each.
measured_run() {
	local name=$1 at=0 superseded
	kept_run "$name" "$2"
	shift 2
	{
		echo '{"type":"begin","schema":1,"wall_ns":1,"text":"0.1.0","detail":"one host"}'
		for value; do
			at=$((at + 1))
			superseded=$([ $at = $# ] || echo '"superseded":true,')
			echo "{\"type\":\"result\",\"id\":\"a.steady\",\"outcome\":\"pass\",\"name\":\"m$at\",\"ended_ns\":$at," \
				"$superseded\"measures\":[{\"name\":\"start\",\"unit\":\"s\",\"better\":\"lower\",\"samples\":[$value]}]}"
		done
	} >"$runs/$name/journal.jsonl"
}
measured_run old aaaaaaaaaa 10.0 10.2 10.1 9.9 10.3
measured_run slow bbbbbbbbbb 20.1 20.0 19.8 20.3 20.2
measured_run once bbbbbbbbbb 90
check_exit 1 "a start that takes twice as long is worse" "$ASSAY" compare old slow
check_says "it is told" '^Measured worse \(1\)$'
check_says "with its numbers" 'is +20.1 s, was 10.1 \(1.99 times, .* p 0.0079, q 0.0079, 5 and 5 machines'
check_exit 0 "half as long is not" "$ASSAY" compare slow old
check_says "but better" '^Measured better \(1\)$'
check_exit 0 "nine times as long, seen once, says nothing" "$ASSAY" compare old once
check_says "and says so" '1 and 5 machines|5 and 1 machines have measured it, 5 and 5 are needed'
check_exit 0 "what is the same" "$ASSAY" compare old old --format json
jq -e '.value_counts == {"worse":0,"uncertain":0,"better":0,"same":1} and .values[0].ratio == 1 and
	.values[0].before.machines == 5' "$work/out" >"$work/jq"
report $? "JSON has its numbers" "$work/out"
check_exit 1 "Markdown" "$ASSAY" compare old slow --format markdown
check_says "has a table" '^\| a.steady start \| 20.1 s, was 10.1'

# ---- until it is sure: what is asked for wrongly ----
check_exit 64 "a rate that is none" "$ASSAY" run none.qcow2 --until-sure=often
check_says "it is said" "'often' is no rate such as 99% or 0.99"
check_exit 64 "a rate that nothing can prove" "$ASSAY" run none.qcow2 --until-sure=1
check_says "it is said within which" 'not between 95% and 99.99%'
check_exit 64 "a budget that is too small" "$ASSAY" run none.qcow2 --until-sure --until-sure-budget 30
check_says "it is said how large it has to be" '30 executions cannot make sure of 99%: that takes 31'
check_exit 64 "a budget for nothing" "$ASSAY" run none.qcow2 --until-sure-budget 5m
check_says "it is said for what it is" 'of use only with --until-sure'
check_exit 64 "a budget that is neither time nor number" "$ASSAY" run none.qcow2 --until-sure --until-sure-budget 5MiB
check_says "it is said" 'neither a time such as 5m nor a number'
check_exit 64 "another rate for a run that was stopped" "$ASSAY" run --resume last --until-sure
check_says "that is the plan's" 'goes on with the plan of that run'
finish
