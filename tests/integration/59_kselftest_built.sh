#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# suite: long
# Selftests of a real kernel, built from Debian's kernel source, in forks of an image; in the same run their own runner runs them
# too, and every test of one is held against that of the other.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"
requires gcc "package gcc"
requires rsync "package rsync"
requires make "package make"
targets="timers futex exec size sysctl mqueue kcmp breakpoints sync pidfd rlimits splice clone3 membarrier sigaltstack core tmpfs proc"

built=${ASSAY_CACHE:-$HOME/.cache/assay}/kselftest-6.1
# shellcheck disable=SC2086 # words
if ! "$source_folder/tests/suites/build-kselftest" "$built" $targets >"$work/out" 2>&1; then
	cat "$work/out"
	echo "1..0 # SKIP kselftest cannot be built here"
	exit 0
fi
cp -a "$built/tree" "$work/tree"
# It suspends the machine; and these take minutes of waiting each.
"$source_folder/tests/suites/add-own-runner" "$work/tree" breakpoints:step_after_suspend_test mqueue:mq_perf_tests timers:nsleep-lat \
	timers:set-timer-lat timers:inconsistency-check

path=$(image debian-12-uefi) || exit 1
check_exit 1 "eighteen targets run" "$ASSAY" run "$path" --suite-from "kselftest=$work/tree" --out "$work/run"
"$ASSAY" report "$work/run" --format json >"$work/run.json"
[ "$(jq .counts.holes "$work/run.json")" = 0 ]
report $? "no hole"
jq -r '.cases[] | select(.id | startswith("kselftest.canary.")) | select(.outcome != "pass") | .id' "$work/run.json" >"$work/out"
report "$(wc -l <"$work/out")" "all canaries are judged right" "$work/out"
"$source_folder/tests/suites/compare-kselftest" <"$work/run.json" >"$work/compared"
report $? "no test is lost, and none is a pass that its own runner does not call ok" "$work/compared"
[ "$(cut -f 2 "$work/compared" | sort -u | wc -l)" = "$(grep -vc '^own_runner:' "$work/tree/kselftest-list.txt")" ]
report $? "each of the list is compared" "$work/compared"
[ "$(grep -c '^AGREES' "$work/compared")" -ge 20 ]
report $? "most agree" "$work/compared"
cut -f 1 "$work/compared" | sort | uniq -c | sed 's/^/# /'
finish
