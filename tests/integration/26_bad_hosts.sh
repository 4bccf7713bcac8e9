#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# Hosts that lack something, or run out of it: what it is gets named, nobody else is blamed, nothing that was found is lost.
# shellcheck disable=SC2086 # $under, $run and $one are words
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/own_image.sh"
requires jq "package jq"
requires unshare "package util-linux"

# Small and read-only filesystems are mounted where nobody else sees them.
if [ -z "${HAS_OWN_MOUNTS-}" ]; then
	flags=-m
	[ "$(id -u)" = 0 ] || flags=-rm
	unshare $flags true 2>/dev/null || {
		echo "1..0 # SKIP needs mount namespaces"
		exit 77
	}
	HAS_OWN_MOUNTS=yes unshare $flags "$0"
	exit
fi

hostile=${HOSTILE_GUEST:-$(dirname "$ASSAY")/tests/integration/hostile-guest}
export XDG_STATE_HOME=$work/state
own_cache
echo "kernel.no_taint fill-disk" >"$work/acts"
disk_mib=400 # more than the small disks below hold
own_image host "$hostile" "$agent:agent" "$work/acts:acts"
run="run $work/host.img --size cpus=1,mem=256 --jobs 1"
one="--case cpu.count_matches_size"
under= # the words before assay
export work

# refused WHAT WORDS OPTION...: before anything is begun
refused() {
	local what=$1 words=$2
	shift 2
	check_exit 70 "$what: the run is refused" $under "$ASSAY" $run $one --out "$work/refused" "$@"
	check_says "$what: it is told why" "$words"
	[ ! -e "$work/refused/journal.jsonl" ]
	report $? "$what: no run is left behind"
}

# doctor STATUS NAME HEALTH REMEDY
doctor() {
	check_exit "$1" "doctor exits with $1 for $2" $under "$ASSAY" doctor --json
	cp "$work/out" "$work/findings"
	jq -r --arg name "$2" '.[] | select(.name == $name) | "\(.health): \(.text) -> \(.remedy)"' "$work/findings" >"$work/out"
	check_says "doctor names $2 and the remedy" "^$3: .+ -> .*$4"
}

# told RUN CASE OUTCOME WORDS
told() {
	"$ASSAY" report "$1" --format json |
		jq -r --arg id "$2" '.cases[] | select(.id == $id) | "\(.outcome): \(.message)"' >"$work/out"
	check_says "$2 is $3, and why" "^$3: .*$4"
}

# small_disk FOLDER OPTIONS
small_disk() {
	mkdir -p "$1"
	mount -t tmpfs -o "$2" none "$1"
}

# fill FOLDER ROOM_KIB: so much is left
fill() {
	fallocate -l $(($(df --output=avail "$1" | tail -n 1) - $2))K "$1/filler"
}

# wait_for COMMAND...: at most a minute
wait_for() {
	local i
	for i in $(seq 1 600); do
		"$@" && return 0
		sleep 0.1
	done
	return 1
}

# in_background ARGUMENT...: assay with these, its process in $pid
in_background() {
	# The shell that becomes it knows its number.
	bash -c 'exec "$0" "$@" >"$work/$$" 2>&1 </dev/null' $under "$ASSAY" "$@" &
	pid=$!
}

# ends_with PID STATUS WHAT: as check_exit, of an assay in the background that writes to $work/PID
ends_with() {
	local pid=$1 want=$2 what=$3 status=0
	wait "$pid" || status=$?
	cp "$work/$pid" "$work/out"
	[ $status -eq "$want" ] || echo "(exit status $status, not $want)" >>"$work/out"
	report $((status != want)) "$what" "$work/out"
}

# ---- a cache that is full ----

# A guest that tells its firmware that it cannot boot, and halts: it is given up while all that follows goes on.
boot_sector none cd18f4ebfd
small_disk "$work/full" size=1m
cp "$ASSAY_CACHE"/accelerator-*.json "$work/full"
fill "$work/full" 0
under="env ASSAY_CACHE=$work/full"
in_background run "$work/none.img" --firmware bios --case boot.reaches_ready --out "$work/full-cache"
full=$pid
under=

# ---- programs and files that are not there ----

# The words before an assay that finds all it runs but for one program.
without() {
	local program
	rm -rf "$work/bin"
	mkdir "$work/bin"
	for program in qemu-system-x86_64 qemu-img qemu-storage-daemon swtpm; do
		[ "$program" = "$1" ] || ln -s "$(command -v $program)" "$work/bin/$program"
	done
	under="env PATH=$work/bin"
}

without qemu-system-x86_64
refused "no QEMU" "^assay: qemu-system-x86_64 is not installed: install qemu-system-x86"
doctor 70 qemu bad "install qemu-system-x86"

printf '#!/bin/sh\necho "QEMU emulator version 4.2.1 (Debian 1:4.2-3)"\n' >"$work/bin/qemu-system-x86_64"
chmod +x "$work/bin/qemu-system-x86_64"
under="env PATH=$work/bin:/bin"
refused "an old QEMU" "QEMU 4.2 is too old, [0-9.]+ is needed"
doctor 70 qemu bad "from a newer release"

without qemu-img
refused "no qemu-img" "qemu-img is not installed: install qemu-utils"
doctor 70 qemu-img bad "install qemu-utils"

without swtpm
refused "no swtpm" "swtpm is not installed: install swtpm" --size tpm=1,mem=256
doctor 0 tpm limited "install swtpm"

without qemu-storage-daemon
qemu-img convert -O vmdk "$work/host.img" "$work/host.vmdk"
check_exit 70 "no qemu-storage-daemon: a VMDK is not audited" $under "$ASSAY" audit "$work/host.vmdk" --out "$work/audit"
check_says "it is told why" "host.vmdk: qemu-storage-daemon is not installed"
doctor 0 storage limited "install qemu-system-common"
under=

mkdir -p "$work/lone/bin"
cp "$ASSAY" "$agent" "$work/lone/bin"
under="env ASSAY_DATA=$work"
ASSAY=$work/lone/bin/assay refused "no data of Assay's own" "^assay: runbooks/patterns.yaml .* is not found: .*\(it is \"$work\"\)"
under=

firmware_folders=$(ls -d /usr/share/{OVMF,edk2,edk2-ovmf,qemu} 2>/dev/null)
for folder in $firmware_folders; do
	mount -t tmpfs none "$folder"
done
refused "no UEFI firmware" "no UEFI firmware is installed .*install the package ovmf"
doctor 0 uefi limited "install ovmf"
umount $firmware_folders

# ---- memory and other limits ----

total_mib=$(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) >> 10))
refused "a machine larger than the host" \
	"^assay: 1 machine of size .* needs .* MiB and .* MiB are free: choose a smaller --size" \
	--size "cpus=1,mem=$((total_mib + 1024))" --quiet --accel tcg
refused "two of half the host each" "2 machines of size .* need .* MiB are free: .* or fewer --jobs" \
	--size "cpus=1,mem=$((total_mib / 2))" --jobs 2

limited() {
	local option=$1 value=$2
	shift 2
	bash -c 'ulimit "$0" "$1" && shift && exec "$@"' "$option" "$value" "$@"
}

under="limited -f 1"
check_exit 70 "files may not grow: the run is refused" $under "$ASSAY" $run $one --out "$work/filesize"
check_says "it is told why" "plan.json: File too large"

# QEMU wants a GiB for what it translates.
under="limited -v 1000000"
check_exit 2 "too little address space for QEMU: undecided" $under "$ASSAY" $run $one --cold --out "$work/space"
told "$work/space" boot.reaches_ready infra "QEMU could not run the machine: .*Cannot allocate memory"
doctor 0 limits limited "ulimit -v unlimited"

under="limited -n 20"
check_exit 2 "too few open files: undecided" $under "$ASSAY" $run $one --cold --out "$work/files"
told "$work/files" boot.reaches_ready infra "Too many open files"
doctor 0 limits limited "ulimit -n"
under=

# ---- folders ----

small_disk "$work/sealed" ro
refused "a read-only --out" "the folder $work/sealed cannot be written to: Read-only" --out "$work/sealed"
refused "a read-only folder above --out" "make the folder $work/sealed/deep: Read-only" --out "$work/sealed/deep/run"
check_exit 70 "a read-only place for runs" env XDG_STATE_HOME="$work/sealed" "$ASSAY" $run $one
check_says "it is told why, and that --out helps" "which --out can choose: make the folder $work/sealed/assay: Read-only"
under="env XDG_STATE_HOME=$work/sealed"
doctor 0 runs limited "--out, or set XDG_STATE_HOME"
under="env ASSAY_CACHE=$work/sealed/cache"
refused "a read-only cache" "ASSAY_CACHE can put elsewhere: make the folder $work/sealed/cache: Read-only"
doctor 70 cache bad "set ASSAY_CACHE"
under=

small_disk "$work/small" size=100m
refused "an --out without room" "has [0-9]+ MiB free, a run wants [0-9]+: make room, or choose another --out" \
	--out "$work/small/run"
umount "$work/small"

# /dev/shm is not where guests' memory lies.
small_disk /dev/shm size=64k
check_exit 0 "a small /dev/shm is enough" "$ASSAY" $run $one --out "$work/shm"
umount /dev/shm

# ---- what is full before, or gets full in the middle ----

under="env ASSAY_CACHE=$work/full"
ends_with $full 1 "with a full cache the run goes on, and tells what its guest did"
check_says "it is told what that costs" "MiB free, too few for a template: every machine will be booted"
told "$work/full-cache" boot.reaches_ready fail "found nothing to boot"
doctor 0 cache limited "make room, or set ASSAY_CACHE"
under=
umount "$work/full"

small_disk "$work/small" size=520m
cp "$ASSAY_CACHE"/accelerator-*.json "$work/small"
under="env ASSAY_CACHE=$work/small"
in_background $run $one --out "$work/freeze"
under=
wait_for [ -s "$work/freeze/m0001-boot/console.log" ]
fill "$work/small" 4096
ends_with $pid 0 "a cache that is full when the machine is to be frozen costs nothing but time"
check_says "it is told that there is no template, and why" "no template: .*the template needs .* MiB in $work/small.*are free"
find "$work/small" -name '*.ram' -o -name 'template.json' >"$work/out"
report $(($(wc -l <"$work/out") != 0)) "and no half of a template is left" "$work/out"
umount "$work/small"

# Whole result lines.
results() {
	cat "$work/small/run/journal.jsonl" 2>/dev/null | grep -c '"type":"result".*}$'
}

has_results() {
	[ "$(results)" -ge "$1" ]
}

small_disk "$work/small" size=300m
in_background $run --kind guest --case 'kernel.*' --case '!kernel.no_taint' --case 'cpu.*' --case 'memory.*' --case 'bpf.*' \
	--out "$work/small/run"
wait_for has_results 6
# Machines that end give room back.
while kill -0 $pid 2>/dev/null; do
	cat /dev/zero >>"$work/small/filler" 2>/dev/null
	sleep 0.05
done
ends_with $pid 70 "a disk that gets full in the middle of a run ends it"
check_says "it is told why, and what to do" "write to the journal $work/small/run/journal.jsonl: No space .* make room and use --resume"
kept=$(results)
report $((kept < 6)) "what was found before is kept ($kept results)"
check_exit 2 "the part that is there can be read" "$ASSAY" report "$work/small/run"
check_says "and is called undecided" "^UNDECIDED"
refused "to go on without room" "make room" --out "$work/small/again"
rm "$work/small/filler"
"$ASSAY" run --resume "$work/small/run" >"$work/printed" 2>&1
"$ASSAY" report "$work/small/run" --format json | jq -e '.counts.holes == 0 and .counts.infra == 0' >/dev/null
report $? "with room again, --resume does the rest" "$work/printed"
"$ASSAY" report "$work/small/run" --format json | jq -r '.cases[].id' | sort | uniq -d >"$work/out"
report $(($(wc -l <"$work/out") != 0)) "no case was done twice" "$work/out"
rm -rf "$work/small/run"

check_exit 2 "a guest that fills the host's disk decides nothing" "$ASSAY" $run --case kernel.no_taint $one --out "$work/small/run"
told "$work/small/run" kernel.no_taint infra "QEMU stopped the machine, .*no room left in $work/small/run.*make room"
told "$work/small/run" cpu.count_matches_size pass ""
umount "$work/small" "$work/sealed"
finish
