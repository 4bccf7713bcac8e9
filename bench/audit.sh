#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# How long the offline audit of an image takes, against opening it with guestfish and reading two files:
#	bench/audit.sh ASSAY IMAGE [RUNS]
# guestfish boots an appliance; without KVM it is told so (force_tcg). Medians, in one run.
set -euo pipefail
assay=${1:?usage: bench/audit.sh ASSAY IMAGE [RUNS]} image=${2:?} runs=${3:-5}
command -v guestfish >/dev/null || {
	echo "bench/audit.sh: guestfish is not installed (package libguestfs-tools)" >&2
	exit 1
}
work=$(mktemp -d "${TMPDIR:-/tmp}/assay-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT
export XDG_STATE_HOME=$work # the runs are not kept
export LIBGUESTFS_BACKEND=direct LIBGUESTFS_BACKEND_SETTINGS=${LIBGUESTFS_BACKEND_SETTINGS-force_tcg}

now() { date +%s%N; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# The digest is taken once per file, so the first run is not counted.
"$assay" audit --quiet "$image" >/dev/null || test $? -eq 1

ours=$(for _ in $(seq "$runs"); do
	begin=$(now)
	"$assay" audit --quiet "$image" >/dev/null || test $? -eq 1
	echo $((($(now) - begin) / 1000))
done | median)
theirs=$(for _ in $(seq "$runs"); do
	begin=$(now)
	guestfish --ro -a "$image" -i cat /etc/os-release : ls /etc/ssh >/dev/null
	echo $((($(now) - begin) / 1000))
done | median)
awk -v ours="$ours" -v theirs="$theirs" -v runs="$runs" 'BEGIN {
	printf "assay audit, all audit cases   %8.3f s  (median of %d)\n", ours / 1e6, runs
	printf "guestfish -i, two files read   %8.3f s  (median of %d)\n", theirs / 1e6, runs
	printf "ratio                          %8.0f x\n", theirs / ours
}'
echo "load average $(cut -d ' ' -f 1-3 /proc/loadavg)"
