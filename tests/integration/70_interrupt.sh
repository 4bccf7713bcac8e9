#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# A run that is stopped loses nothing and leaves nothing behind: Ctrl-C once, twice, SIGKILL, and --resume.
. "$(dirname "$0")/lib.sh"
set -f # the case patterns are not for the shell
requires jq "package jq"

path=$(image debian-12-uefi) || exit 1

# The number of whole result lines in the journal so far.
results_in() {
	cat "$1/journal.jsonl" 2>/dev/null | grep -c '"type":"result"' || true
}

# Waits until the run has some results.
wait_results() {
	local i
	for i in $(seq 1 1800); do
		[ "$(results_in "$1")" -ge "$2" ] && return 0
		sleep 0.1
	done
	return 1
}

machines_of() {
	pgrep -f "qemu-system.*$1" | wc -l
}

start() {
	"$ASSAY" run "$path" $quick_cases --out "$1" >"$work/log" 2>&1 &
	pid=$!
}

# Once: clean stop, results kept, and it says how to go on.
start "$work/once"
wait_results "$work/once" 20
report $? "a run gives results while it goes on" "$work/log"
kill -INT "$pid"
status=0
wait "$pid" || status=$?
cp "$work/log" "$work/out"
report $((status != 2)) "after Ctrl-C the verdict is undecided (exit 2, was $status)" "$work/out"
check_says "it says how to go on" "--resume"
kept=$(results_in "$work/once")
report $(($(machines_of "$work/once") != 0)) "no machine is left after Ctrl-C"
check_exit 0 "the rest is done by --resume" "$ASSAY" run --resume "$work/once"
report $((kept < 20)) "the results from before were kept ($kept)"
"$ASSAY" report "$work/once" --format json | jq -r '.cases[].id' | sort | uniq -d >"$work/out"
report $(($(wc -l <"$work/out") != 0)) "no case was done twice" "$work/out"

# SIGKILL: what the journal has is there, the machines are gone with their master.
start "$work/killed"
wait_results "$work/killed" 20
kill -KILL "$pid"
wait "$pid" 2>/dev/null
kept=$(results_in "$work/killed")
for i in $(seq 1 50); do
	[ "$(machines_of "$work/killed")" -eq 0 ] && break
	sleep 0.1
done
report $(($(machines_of "$work/killed") != 0)) "no machine outlives a killed run"
check_exit 0 "a killed run is finished by --resume" "$ASSAY" run --resume "$work/killed"
report $((kept < 20)) "it kept what it had ($kept results)"

# Twice: at once.
start "$work/twice"
wait_results "$work/twice" 20
kill -INT "$pid"
kill -TERM "$pid" # another one, since two of a kind may be one
begin=$(date +%s)
status=0
wait "$pid" || status=$?
report $(($(date +%s) - begin > 5)) "a second Ctrl-C ends it at once"
report $((status == 0)) "and that is no success (exit $status)"
tail -n 1 "$work/log" >"$work/out"
check_says "its last line is how to go on" "To go on: assay run --resume $work/twice$"
report $(($(machines_of "$work/twice") != 0)) "no machine is left"
find "$work/twice" -name '*.sock' -o -name '*.qcow2' >"$work/out"
report $(($(wc -l <"$work/out") != 0)) "no socket or overlay is left" "$work/out"
finish
