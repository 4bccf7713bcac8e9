#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# What programs reported, read strictly: a real capture of kselftest, whole, cut and spoilt; consoles; all told as JSON too.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"

capture=$source_folder/tests/captures/kselftest-6.1.log
cd "$work" || exit 1

# json JQ_CONDITION WHAT ARGUMENT…
json() {
	local condition=$1 what=$2
	shift 2
	"$ASSAY" parse --json "$@" >json.out 2>&1
	jq -e "$condition" json.out >"$work/out" 2>&1
	report $? "$what" json.out
}

# ---- a real one ----

check_exit 0 "kselftest's output adds up" "$ASSAY" parse --format ktap "$capture"
check_says "all of it is counted" '^PASS  .*kselftest-6.1.log: 32 tests: 19 passed, 13 skipped in 137 lines$'
# Counted by other means: the runner's own lines that nothing below says more of, and the tests below.
below=$(grep -cE '^# (not )?ok [0-9]' "$capture")
above=$(grep -cE '^(not )?ok [0-9]' "$capture")
json ".counts.total == $below + $above - 2 and (.groups | map(.tests | length) | add) == $above" "no result is lost" -f ktap "$capture"
json '.groups[0].tests[1] | .name == "selftests: timers: nanosleep" and (.groups[0].tests | length) == 12' \
	"what a test printed is below it" -f ktap "$capture"
check_exit 0 "its own lines alone are TAP" "$ASSAY" parse "$capture"
check_says "and fewer" ': 10 tests: 8 passed, 2 skipped'
check_exit 0 "from a pipe" bash -c '"$0" parse -f ktap - <"$1"' "$ASSAY" "$capture"

# Cut anywhere it never adds up, but after its last line.
for lines in 1 2 12 13 20 28 60 126 128; do
	head -n "$lines" "$capture" >cut.log
	"$ASSAY" parse -f ktap cut.log >"$work/out" 2>&1
	status=$?
	# One whole document, before the next begins, is all that is known of.
	want=2
	[ "$lines" -ne 126 ] || want=0
	report $((status != want)) "cut after line $lines" "$work/out"
done
head -c 5000 "$capture" >cut.log
check_exit 2 "cut in the middle of a line" "$ASSAY" parse -f ktap cut.log
check_says "that is said, with the line" '^  line 86: the stream ends in the middle of a line$'

sed 's/$/\r/' "$capture" >crlf.log
check_exit 0 "line ends of another system take nothing away" "$ASSAY" parse -f ktap crlf.log
check_says "and are noted" '^  line 1: \(noted\) this line and 136 later ones: each ends with CR and LF$'
sed '17a [   12.345678] usb 1-1: new device' "$capture" >kernel.log
check_exit 0 "so do the kernel's lines" "$ASSAY" parse -f ktap kernel.log
check_says "which are noted" '^  line 18: \(noted\) this line is of the kernel'
sed '17s/.*/# ok 2 CLOCK_[   12.345678] usb 1-1: new device/' "$capture" >inside.log
check_exit 2 "one inside of a result spoils it" "$ASSAY" parse -f ktap inside.log
check_says "that is said" '^  line 17: a line of the kernel.s log begins inside of this one$'
sed '18d' "$capture" >lost.log
check_exit 2 "a lost line is seen" "$ASSAY" parse -f ktap lost.log
check_says "by the plan" '12 tests were planned and 11 came'
check_says "and by the totals" 'the totals here are 4 passed, 0 failed, 8 skipped'
sed '17p' "$capture" >twice.log
check_exit 2 "a line that comes twice is seen" "$ASSAY" parse -f ktap twice.log
check_says "with its line" '^  line 18: test 2 comes twice$'
sed '19s/^# ok 4 # SKIP/# not ok 4/' "$capture" >hidden.log
check_exit 2 "a failure below an ok is not hidden" "$ASSAY" parse -f ktap hidden.log
check_says "that is said" '^  line 29: .*nanosleep hides that 1 of its sub-tests failed$'

# ---- others ----

printf 'TAP version 14\n1..2\nok 1 - a\n  ---\n  duration_ms: 1500\n  ...\nnot ok 2 - b\n  ---\n  got: 1\n  want: 2\n  ...\n' >fails.tap
check_exit 1 "a failure" "$ASSAY" parse fails.tap
check_says "is told with its values" '^  failed    b \(got 1, want 2\) \(line 7\)$'
json '.outcome == "fail" and .adds_up and .groups[0].tests[0].duration_s == 1.5' "times are kept" fails.tap
printf 'TAP version 13\n1..3\nok 1\nBail out! no memory\n' >bails.tap
check_exit 2 "a bail-out" "$ASSAY" parse bails.tap
check_says "with its reason" 'line 4: the program gave up: no memory'
printf '1..1\nok 1 a\n' >none.tap
check_exit 2 "no version" "$ASSAY" parse none.tap
: >empty.tap
check_exit 2 "nothing at all" "$ASSAY" parse empty.tap
printf 'TAP version 13\n1..0 # SKIP no disk\n' >skips.tap
check_exit 0 "all skipped" "$ASSAY" parse skips.tap
check_says "says why" '^  no disk$'
{
	printf 'TAP version 13\n1..1\nok 1 a\0b '
	head -c 3000000 /dev/zero | tr '\0' x
	printf '\n'
} >long.tap
check_exit 0 "NUL bytes and a line of megabytes" "$ASSAY" parse long.tap
json '.notes == 2 and .groups[0].tests[0].line == 3' "both are noted" long.tap
check_exit 0 "KUnit's, in the kernel's log" "$ASSAY" parse -f ktap "$source_folder/tests/fuzz/corpus/tap/kunit"
check_says "its cases are counted" ': 2 tests: 1 passed, 1 skipped'

good=$source_folder/tests/fuzz/corpus/junit/good
check_exit 1 "JUnit XML" "$ASSAY" parse --format junit "$good"
check_says "its failure is told with its words" '^  failed    s > b: 1 & 2'
json '.adds_up and .counts.total == 3 and .groups[0].plan == 3 and .groups[0].tests[0].duration_s == 0.5' "as a tree" -f junit "$good"
sed 's/tests="3"/tests="4"/g' "$good" >more.xml
check_exit 2 "a case that is missing is seen" "$ASSAY" parse -f junit more.xml
check_says "by the counts" 'it says 4 tests, and 3 came'
head -c 300 "$good" >cut.xml
check_exit 2 "a cut document" "$ASSAY" parse -f junit cut.xml
check_says "is told so" 'line 2: .*(cut|does not end|ends inside)'
check_exit 2 "what is no XML" "$ASSAY" parse -f junit fails.tap

check_exit 64 "a file that is not there" "$ASSAY" parse nowhere.tap
check_says "it is named" 'open nowhere.tap: No such file'
check_exit 64 "a format that there is not" "$ASSAY" parse --format tpa fails.tap
check_says "the nearest is named" "did you mean 'tap'"
check_exit 64 "no file" "$ASSAY" parse
finish
