#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The wall time of a whole run as boot and overhead, and what is left of it when the frozen machine is kept:
#	bench/run.sh ASSAY IMAGE [OPTION-OF-ASSAY-RUN...]
# The options choose the cases (default: 60 of the guest, from all areas). Twice the same run: the first boots, settles and freezes, the
# second finds the template. The ratio is against a cold boot for each case, as long as the one of the first run. A cache of
# its own, thrown away at the end, sees to it that there is no template before.
set -euo pipefail
assay=${1:?usage: bench/run.sh ASSAY IMAGE [OPTION-OF-ASSAY-RUN...]} image=${2:?}
shift 2
command -v jq >/dev/null || {
	echo "bench/run.sh: jq is not installed (package jq)" >&2
	exit 1
}
# Each n-th of them, so that more cases do not make it another benchmark.
if [ $# -eq 0 ]; then
	mapfile -t ids < <("$assay" list --kind guest --json |
		jq -r 'map(.id) | length as $n | [range(60) * $n / 60 | floor] as $at | .[$at[]]')
	set -- "${ids[@]/#/--case=}"
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/assay-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT
export ASSAY_CACHE=$work/cache XDG_STATE_HOME=$work/state

# ran NAME COMMAND...: exit codes from 64 on mean that there was no run; leaves the seconds in $seconds.
ran() {
	local name=$1 begin status=0
	shift
	begin=$(date +%s%N)
	"$@" >"$work/$name.out" 2>&1 || status=$?
	seconds=$((($(date +%s%N) - begin) / 1000000))e-3
	[ "$status" -lt 64 ] || {
		cat "$work/$name.out" >&2
		exit "$status"
	}
}

# What a user has done once: the accelerator is probed, the image's digest known.
ran doctor "$assay" doctor
ran audit "$assay" audit "$image" --out "$work/audit"

measure() {
	ran "$1" "$assay" run "$image" "${@:2}" --quiet --out "$work/$1"
	"$assay" report "$work/$1" --format json | jq --argjson wall "$seconds" '. + {wall: $wall}' >"$work/$1.json"
}
measure cold "$@"
measure kept "$@"

# A column for each run; the boot of the first one is the measure of both.
jq -r -n --slurpfile cold "$work/cold.json" --slurpfile kept "$work/kept.json" '
	def sum(f): map(f) | add // 0;
	def phase($name): [.phases[] | select(.name == $name)] | {seconds: sum(.seconds), times: sum(.count)};
	def round2: . * 100 | round / 100;
	def shown: if .times == 0 then "-" elif .times == 1 then "\(.seconds | round2)"
		else "\(.seconds | round2) (\(.times) times)" end;
	def row($name; f): [$name, ($cold[0] | f), ($kept[0] | f)] | map(tostring) | join("\t");
	def outcomes: .counts | "\(.pass), \(.fail), \(.skip), \(.broken + .infra + .holes)";
	($cold[0] | phase("boot") as $boot | phase("settle") as $settle |
		if $boot.times == 0 then error("nothing was booted: choose cases of the guest")
		else ($boot.seconds + $settle.seconds) / $boot.times end) as $boot |
	"seconds\tfirst run\ttemplate kept",
	row("cases"; .counts.total),
	row("passed, failed, skipped, undecided"; outcomes),
	("identify", "boot", "settle", "freeze", "fork" | . as $name | row($name; phase($name) | shown)),
	row("wall"; .wall | round2),
	row("wall without boot and settle"; .wall - phase("boot").seconds - phase("settle").seconds | round2),
	row("one boot a case"; .counts.total * $boot | round),
	row("ratio"; "\(.counts.total * $boot / .wall | round) x")
' | awk -F '\t' '{ printf "%-36s %-18s %s\n", $1, $2, $3 }'
echo "load average $(cut -d ' ' -f 1-3 /proc/loadavg)"
