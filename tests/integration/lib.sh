# SPDX-License-Identifier: Apache-2.0
# What the integration tests share; sourced by them. TAP on stdout, diagnostics as "# …" lines.
#
#	. "$(dirname "$0")/lib.sh"
#	check "the version is printed" "$ASSAY" --version
#	check_exit 64 "an unknown verb is a usage error" "$ASSAY" rum
#	finish

set -u
source_folder=${ASSAY_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
ASSAY=${ASSAY:-$source_folder/build/assay}
images=$source_folder/tests/images
# What tests have left that were killed: the number in the name is the process.
for left in "${TMPDIR:-/tmp}"/assay-test-*-??????; do
	owner=${left##*/assay-test-}
	[ ! -d "$left" ] || [ -d "/proc/${owner%-*}" ] || [ -z "$(find "$left" -maxdepth 0 -mmin +60)" ] || rm -rf "$left"
done
work=$(mktemp -d "${TMPDIR:-/tmp}/assay-test-$$-XXXXXX")
tests_run=0
tests_failed=0

# Runs whatever happens.
cleanup() {
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

requires() {
	command -v "$1" >/dev/null || {
		echo "1..0 # SKIP needs $1 ($2)"
		exit 77
	}
}

# report STATUS DESCRIPTION [FILE with the diagnostics]
report() {
	tests_run=$((tests_run + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tests_run - $2"
		return 0
	fi
	tests_failed=$((tests_failed + 1))
	echo "not ok $tests_run - $2"
	[ $# -lt 3 ] || tail -n 40 "$3" | sed 's/^/# /'
	return 1
}

# The command must exit with 0.
check() {
	local what=$1 status=0
	shift
	"$@" >"$work/out" 2>&1 || status=$?
	report "$status" "$what" "$work/out"
}

# The command must exit with that status; its output is left in $work/out.
check_exit() {
	local want=$1 what=$2 status=0
	shift 2
	"$@" >"$work/out" 2>&1 </dev/null || status=$?
	[ "$status" -eq "$want" ] || echo "(exit status $status, not $want)" >>"$work/out"
	report $((status != want)) "$what" "$work/out"
}

# What the last command printed must match the extended regular expression.
check_says() {
	grep -qE -- "$2" "$work/out"
	report $? "$1 (says: $2)" "$work/out"
}

# The image's path; it is built when the cache does not have it.
image() {
	"$images/build" "$1" >"$work/build.log" 2>&1 || {
		cat "$work/build.log" >&2
		return 1
	}
	"$images/build" --path "$1"
}

# outcome RUN_FOLDER CASE: the outcome of that case, from the machine-readable report.
outcome() {
	"$ASSAY" report "$1" --format json | jq -r --arg id "$2" '.cases[] | select(.id == $id) | .outcome' | sort -u
}

# The ids of that outcome, one a line.
ids_with() {
	"$ASSAY" report "$1" --format json | jq -r --arg outcome "$2" '.cases[] | select(.outcome == $outcome) | .id' | sort -u
}

# What most tests run: many cases over several areas, but none that needs a boot of its own or waits for long.
quick_cases="--suite one-boot --case image.* --case systemd.* --case users.* --case cpu.* --case memory.* --case kernel.*"

# blocked DEFECT CASE WORDS [OPTION...]: the run must block, with that case among the failed ones, and say so in these
# words. Cases that boot anew or change much are left to others: one boot for each image.
blocked() {
	local name=$1 case=$2 words=$3 path
	shift 3
	path=$(image "$name") || {
		report 1 "$name can be built"
		return
	}
	check_exit 1 "$name is blocked" "$ASSAY" run "$path" $quick_cases --case "$case" "$@" --out "$work/$name"
	cp "$work/out" "$work/printed"
	ids_with "$work/$name" fail >"$work/out"
	grep -qxF "$case" "$work/out"
	report $? "$name is blocked by $case" "$work/out"
	cp "$work/printed" "$work/out"
	check_says "$name: it is told in words" "$words"
	"$ASSAY" report "$work/$name" --format json | jq -e '.counts.holes == 0 and .counts.infra == 0' >"$work/out" 2>&1
	report $? "$name: no hole, and the host is not blamed" "$work/out"
	rm -rf "${work:?}/$name"
}

finish() {
	echo "1..$tests_run"
	[ "$tests_failed" -eq 0 ]
	exit
}
