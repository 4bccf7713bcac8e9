#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# Source trees as kernels, and bisections: over a small tree whose make has the targets of a real one and "builds" one of Debian's
# kernels, and over files.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"
requires git "package git"
requires make "package make"
requires gcc "package gcc"
requires depmod "package kmod"

package=$("$images/kernel-package" cloud 2>"$work/build.log") || {
	cat "$work/build.log" >&2
	echo "1..0 # SKIP the kernel cannot be fetched"
	exit 77
}
export ASSAY_CACHE=$work/cache XDG_STATE_HOME=$work/state
export GIT_AUTHOR_NAME=Kim GIT_AUTHOR_EMAIL=kim@example.org GIT_COMMITTER_NAME=Kim GIT_COMMITTER_EMAIL=kim@example.org
export GIT_CONFIG_NOSYSTEM=1 HOME=$work
tree=$work/tree
case=security.kernel_config_is_hardened
printf 'title: the clock that was promised\nkernel_config: [CONFIG_HZ=250]\n' >"$work/hz.yaml"
kernel() {
	check_exit "$1" "$2" "$ASSAY" kernel -q "${@:3}" --case kernel.given_release_runs
}

# ---- a tree as a kernel ----

"$source_folder/tests/kernels/make-tree" "$package" "$tree"
kernel 0 "a source tree is built and tried" "$tree" --out "$work/run"
jq -e '.cells[0].kernel | .path | test("/cache/builds/[0-9a-f]{64}/linux-6[.].*-[0-9a-f]{12}$")' "$work/run/plan.json" >"$work/out" 2>&1
report $? "what was built is the subject" "$work/run/plan.json"
[ ! -e "$tree/arch" ] && [ ! -e "$tree/.config" ]
report $? "the tree was not written to"
kernel 0 "the same tree is not built again" "$tree" --json
jq -se '.[0] | .type == "build" and .was_kept and .outcome == "pass" and .warnings == 0' "$work/out" >/dev/null 2>&1
report $? "and that is said" "$work/out"

echo 'int answer(void) { int unused; return 42; }' >"$tree/source.c"
kernel 0 "what the compiler warns of does not stop it" "$tree" --json
jq -se '.[0] | .warnings == 1 and (.was_kept | not) and .found[0].file == "source.c" and .found[0].line == 1' "$work/out" >/dev/null 2>&1
report $? "and is told with its place" "$work/out"
echo 'int answer(void) { return missing; }' >"$tree/source.c"
kernel 1 "a tree that does not build is blocked" "$tree" --out "$work/failed"
check_says "in the compiler's words, with file and line" "source.c:1:27: error: .missing. undeclared"
grep -q undeclared "$work/failed/build.log"
report $? "its log is kept" "$work/out"
"$source_folder/tests/kernels/make-tree" "$package" "$tree"

PATH=$work/bin:$PATH
mkdir "$work/bin"
kernel 64 "a target that asks is refused" "$tree" --config menuconfig
check_says "with why" 'would ask questions'
kernel 64 "a file that is no configuration is refused" "$tree" --config /etc/passwd
check_says "with why" '/etc/passwd is no kernel configuration'
kernel 64 "where things go is not the user's to say" "$tree" --make O=/somewhere
check_says "with why" 'O is set by Assay'
kernel 64 "a revision of no repository is refused" --tree "$work/run@v1"
check_says "with why" 'is no git repository'
mkdir "$work/empty"
kernel 64 "a folder without a kernel is refused" --tree "$work/empty"
check_says "with why" "Makefile, Kbuild and Kconfig"
echo "CONFIG_HZ=100" >"$work/hz.config"
echo "CONFIG_NOT_THERE=y" >>"$work/hz.config"
sed -i 's/^olddefconfig:.*/&\n\tsed -i \/NOT_THERE\/d $(O)\/.config/' "$tree/Makefile"
check_exit 1 "a fragment decides" "$ASSAY" kernel "$tree" --fragment "$work/hz.config" --policy "$work/hz.yaml" --case $case
check_says "what it sets is set" 'CONFIG_HZ is "100", not "250"'
check_says "and what of it does not hold is told with its place" 'hz.config:2: CONFIG_NOT_THERE does not hold'

# ---- what the host lacks ----

sed -i 's/@\$(CC) -Wall.*/@flex --version/' "$tree/Makefile"
echo 'int answer(void) { return 43; }' >"$tree/source.c"
printf '#!/bin/sh\necho "/bin/sh: 1: flex: not found" >&2; exit 127\n' >"$work/bin/flex"
chmod +x "$work/bin/flex"
kernel 70 "a program that is missing is this host's fault" "$tree"
check_says "with its package" 'this host lacks flex \(package flex\)'
rm "$work/bin/flex"

# ---- 32 commits, one culprit ----

rm -rf "$tree"
"$source_folder/tests/kernels/make-tree" "$package" "$tree"
git -C "$tree" init -q
for number in $(seq 1 32); do
	echo "$number" >"$tree/number"
	case $number in
	16) echo 'int answer(void) { return missing; }' >"$tree/source.c" ;;
	18) echo 'int answer(void) { return 42; }' >"$tree/source.c" ;;
	21) echo 'CONFIG_HZ=1000' >"$tree/values" ;;
	esac
	git -C "$tree" add -A
	git -C "$tree" commit -qm "change $number"
	git -C "$tree" tag "v$number"
done
echo 'not committed' >"$tree/number"
find "$tree" -type f -printf '%p %s %T@\n' | sort >"$work/before"
bisect=("$ASSAY" bisect --tree "$tree" --policy "$work/hz.yaml" --case $case --until-sure=95%)
check_exit 0 "the culprit among 32 commits is found" "${bisect[@]}" --good v1 --bad v32 --out "$work/bisect"
check_says "by its commit" "$(git -C "$tree" rev-parse v21)"
check_says "its author and its words" 'change 21'
check_says "why" 'CONFIG_HZ is "1000", not "250"'
check_says "what did not build was skipped" 'skipped.*does not build: source.c:1:27: error'
check_says "and the one before passed, often enough" 'before .* change 20: passed [0-9]+ of [0-9]+ \([0-9.]+-100 %\)'
find "$tree" -type f -printf '%p %s %T@\n' | sort | cmp - "$work/before" >"$work/out" 2>&1
report $? "the work tree and the repository are as they were" "$work/out"
jq -e --arg id "$(git -C "$tree" rev-parse v21)" '.result == "found" and .culprit.id == $id and .culprit.subject == "change 21" and
	.suspects == [$id] and (.tries | length) <= 9 and all(.tries[]; .verdict != "good" or .passed >= 5)' "$work/bisect/report.json" >"$work/out" 2>&1
report $? "and as JSON, in few tries" "$work/bisect/report.json"
check_exit 64 "its folder is not used again" "${bisect[@]}" --good v1 --out "$work/bisect"
check_exit 0 "what is done is told again" "$ASSAY" bisect --resume "$work/bisect" --json
jq -se 'length == 1 and .[0].culprit.subject == "change 21"' "$work/out" >/dev/null 2>&1
report $? "without a try" "$work/out"

# ---- ends and ranges ----

check_exit 64 "a good end that fails" "${bisect[@]}" --good v30 --bad v32
check_says "is told" 'the good end is not good: at .*change 30'
check_exit 64 "a bad end that passes" "${bisect[@]}" --good v1 --bad v20
check_says "is told" 'the bad end is not bad: at .*change 20'
check_exit 64 "ends in the other order" "${bisect[@]}" --good v32 --bad v1
check_says "are told" 'v1 is older than v32'
check_exit 64 "one commit is no range" "${bisect[@]}" --good v32
check_says "is told" 'are the same commit'
check_exit 64 "an unknown revision" "${bisect[@]}" --good v99
check_says "is told" "'v99' is no revision"
check_exit 64 "a misspelt case" "$ASSAY" bisect --tree "$tree" --good v1 --case security.kernel_config_is_hardend
check_says "is told, with the nearest" "did you mean 'security.kernel_config_is_hardened'"
git -C "$tree" checkout -q -f --orphan side v15
echo 'int answer(void) { return missing; }' >"$tree/source.c"
git -C "$tree" commit -qam "side"
check_exit 64 "no ancestor" "${bisect[@]}" --good side --bad v32
check_says "is told" 'side is no ancestor of v32'

git -C "$tree" checkout -q -f v20
git -C "$tree" checkout -q -b broken
echo 'int answer(void) { return missing; }' >"$tree/source.c"
git -C "$tree" commit -qam "breaks the build"
echo 'CONFIG_HZ=1000' >"$tree/values"
git -C "$tree" commit -qam "the culprit, which does not build"
echo 'int answer(void) { return 42; }' >"$tree/source.c"
git -C "$tree" commit -qam "mends the build"
check_exit 2 "what cannot be tried leaves a range" "${bisect[@]}" --good v20 --bad broken --json
tail -n 1 "$work/out" | jq -e '.result == "range" and (.suspects | length) == 3 and .exit == 2' >/dev/null 2>&1
report $? "of those that may be it" "$work/out"

# ---- stopped and gone on with ----

stopped() {
	"${bisect[@]}" --good v18 --bad v25 --out "$work/$2" >"$work/$2.log" 2>&1 &
	local pid=$!
	for _ in $(seq 600); do
		[ "$(grep -c '^  good\|^  bad\|^  skipped' "$work/$2.log")" -ge "$3" ] && break
		sleep 0.5
	done
	sleep 1
	kill "-$1" "$pid"
	wait "$pid"
}
stopped KILL killed 2
kept=$(jq '.tries | length' "$work/killed/bisect.json")
check_exit 0 "one that was killed is gone on with" "$ASSAY" bisect --resume "$work/killed"
check_says "to the same end" 'FOUND .* change 21'
jq -e --argjson kept "$kept" '(.tries | length) <= 9 and $kept >= 2' "$work/killed/report.json" >"$work/out" 2>&1
report $? "what was tried is not tried again" "$work/killed/report.json"
stopped INT ended 2
status=$?
[ "$status" -eq 2 ]
report $? "Ctrl-C stops it as undecided" "$work/ended.log"
grep -q "To go on: assay bisect --resume $work/ended" "$work/ended.log"
report $? "and says how to go on" "$work/ended.log"
! pgrep -f "$work/ended" >"$work/out"
report $? "nothing of it is left running" "$work/out"

# ---- files ----

check_exit 64 "one file is no list" "$ASSAY" bisect --kernels "$package" --case $case
check_exit 64 "a file that is named twice" "$ASSAY" bisect --kernels "$package" "$package" --case $case
check_says "is told" 'is named twice'
unpacked=$work/unpacked
mkdir "$unpacked" && (cd "$unpacked" && ar p "$package" data.tar.xz | tar -xJ ./boot ./lib/modules)
for number in 9 10 11 12; do
	[ $number -lt 11 ] || sed -i 's/^CONFIG_HZ=.*/CONFIG_HZ=1000/' "$unpacked"/boot/config-*
	tar -C "$unpacked" -cf "$work/linux-1.$number.tar" boot lib
done
check_exit 0 "of four kernels the first bad one is found" "$ASSAY" bisect --kernels --sort "$work"/linux-1.*.tar --policy "$work/hz.yaml" \
	--case $case --until-sure=95%
check_says "in the order of their versions" 'FOUND .* fails since linux-1\.11\.tar'
finish
