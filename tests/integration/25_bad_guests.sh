#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# Guests that mean harm, or are past help: each gets a clear outcome within its limits, and costs the host little.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/own_image.sh"
requires jq "package jq"

host_most_kib=$((96 << 10)) # what assay itself may take, whatever a guest sends
console_most=$(((16 << 20) + 4096))
hostile=${HOSTILE_GUEST:-$(dirname "$ASSAY")/tests/integration/hostile-guest}

# Templates of these guests are of no use to anybody else.
own_cache

# watched STATUS WHAT ARGUMENT...: as check_exit for assay; the most memory that it had is left in $peak_kib
watched() {
	local want=$1 what=$2 status=0 pid key value
	shift 2
	peak_kib=0
	"$ASSAY" "$@" >"$work/out" 2>&1 </dev/null &
	pid=$!
	while kill -0 $pid 2>/dev/null; do
		while read -r key value _; do
			[ "$key" != VmHWM: ] || peak_kib=$value
		done 2>/dev/null </proc/$pid/status
		sleep 0.1
	done
	wait $pid || status=$?
	[ $status -eq "$want" ] || echo "(exit status $status, not $want)" >>"$work/out"
	report $((status != want)) "$what" "$work/out"
	[ "$peak_kib" -gt 0 ] && [ "$peak_kib" -le $host_most_kib ]
	report $? "and assay stays small ($peak_kib KiB)"
}

# told RUN CASE OUTCOME WORDS
told() {
	"$ASSAY" report "$work/$1" --format json |
		jq -r --arg id "$2" '.cases[] | select(.id == $id) | .outcome, (.message // "")' >"$work/out"
	[ "$(head -n 1 "$work/out")" = "$3" ]
	report $? "$1: $2 is $3" "$work/out"
	sed -i 1d "$work/out"
	check_says "$1: it is told why" "$4"
}

# ---- guests that do not come up ----

# Tells the firmware that it cannot boot (int 0x18), and halts. It is given up while the next one keeps the host busy.
boot_sector none cd18f4ebfd
"$ASSAY" run "$work/none.img" --firmware bios --case boot.reaches_ready --case cpu.count_matches_size --out "$work/none" \
	>"$work/log" 2>&1 </dev/null &
none=$!

# Real-mode code: a line of a MiB, then lines without end.
boot_sector flood baf803b07866b900001000ee67e2fcb00aeeebfd
watched 1 "a boot that floods its console blocks" run "$work/flood.img" --firmware bios --case boot.reaches_ready \
	--out "$work/flood"
told flood boot.reaches_ready fail "flooded its console with more than 16 MiB, and its agent has not answered"
size=$(stat -c %s "$work"/flood/*/console.log)
report $((size < 15 << 20 || size > console_most)) "its log ends at its maximum ($size bytes)"
tail -n 1 "$work"/flood/*/console.log >"$work/out"
check_says "and says so" "said more than fits here; what follows is not recorded"

status=0
wait $none || status=$?
report $((status != 1)) "a disk with nothing to boot blocks (exit $status)" "$work/log"
told none boot.reaches_ready fail "found nothing to boot on the disk .*No bootable device"
told none cpu.count_matches_size skip "the image did not come up, see boot.reaches_ready"

# ---- guests that turn on their host during a case ----

cat >"$work/acts" <<'TEXT'
cpu.count_matches_size kill
kernel.log_has_no_stalls garbage
kernel.log_has_no_io_errors huge
kernel.no_taint another
kernel.no_task_is_stuck unknown
kernel.log_has_no_memory_errors notes
kernel.log_has_no_oops oops
kernel.ptrace_controls_child power-off
TEXT
own_image wild "$hostile" "$agent:agent" "$work/acts:acts"
wild="run $work/wild.img --size cpus=1,mem=256 --jobs 1"
cases=$(sed '/oops\|power-off/d; s/ .*//; s/^/--case /' "$work/acts")

# The agent's greeting comes behind garbage: that this run has results at all shows that it was found.
# shellcheck disable=SC2086 # words
watched 2 "when guests make cases break, nothing is decided" $wild $cases --case memory.total_matches_size \
	--out "$work/broken"
check_says "it is called undecided" "^UNDECIDED +wild.img"
told broken cpu.count_matches_size broken "the agent ended during the case: it was killed, or it crashed"
told broken kernel.log_has_no_stalls broken "something that is no frame: .*does not begin with ASY1"
told broken kernel.log_has_no_io_errors broken "something that is no frame: .*claims 4294967295 bytes, more than 4194304"
told broken kernel.no_taint broken "the agent answered for another case, all.is_well"
told broken kernel.no_task_is_stuck broken "the agent sent no outcome that is known"
told broken kernel.log_has_no_memory_errors pass "^$"
told broken memory.total_matches_size pass "^$"
size=$(stat -c %s "$work/broken/journal.jsonl")
report $((size > 4 << 20)) "of 256 MiB of notes the journal keeps little ($size bytes)"

# shellcheck disable=SC2086
watched 1 "faults of the guest itself block" $wild --case kernel.log_has_no_oops --case kernel.ptrace_controls_child \
	--out "$work/faults"
told faults kernel.log_has_no_oops fail "hit a bug.*: BUG: unable to handle page fault"
told faults kernel.ptrace_controls_child fail "the guest powered itself off during the case"

ps -eo args | grep -F "qemu-system" | grep -F "$work" >"$work/out"
report $(($(wc -l <"$work/out") != 0)) "no machine is left" "$work/out"
finish
