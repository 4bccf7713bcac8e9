#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# A folder of images is watched: each gets its place once, whoever is killed, however many watch, and however the file is written.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"
requires openssl "package openssl"
requires qemu-img "package qemu-utils"

export XDG_STATE_HOME=$work/state
cd "$work" || exit 1
openssl genpkey -algorithm ed25519 -out ours.key && openssl pkey -in ours.key -pubout -out ours.pub
openssl pkey -in ours.key -aes256 -passout pass:sesame -out locked.key
cat >gate.yaml <<YAML
cover:
  - {cases: [image.virtual_size_is_aligned], passes: 1}
rules:
  - {when: fail, outcome: block}
YAML
cases='--case image.virtual_size_is_aligned --case image.container_format_is_intact'

# disk FILE SIZE: an image without a system, on which the cases of the file itself decide.
disk() {
	qemu-img create -q -f qcow2 "$1" "$2"
}
# watch FOLDER [OPTION...]
watch() {
	"$ASSAY" watch "$@" --gate gate.yaml $cases
}
# The same as the very process that & starts.
watch_alone() {
	exec "$ASSAY" watch "$@" --gate gate.yaml $cases
}
# is_there FILE DESCRIPTION
is_there() {
	[ -f "$1" ]
	report $? "$2"
}
digest() {
	sha256sum <"$1" | cut -d ' ' -f 1
}
# wait_for SECONDS COMMAND...
wait_for() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.1
	done
}
# whole FOLDER PLACE: nothing is left that was in the middle of something.
whole() {
	local folder=$1 bad=0 image ending
	for image in "$folder"/shipped/*.qcow2; do
		for ending in .report.html .report.json .junit.xml .judgement.json .hallmark.json; do
			[ -s "$image$ending" ] || { echo "$image$ending is missing"; bad=1; }
		done
		"$ASSAY" verify "$image" "$image.hallmark.json" --key ours.pub --quiet || bad=1
	done
	# A run that was killed may leave a half-written report in its own folder.
	find "$folder" -path '*/runs/*' -prune -o \( -name '*.part' -o -name '*.lock' -o -name '*.new-*' \) -print >unfinished
	[ ! -s unfinished ] || { cat unfinished; bad=1; }
	[ -z "$(find "$folder"/.assay-watch/names-* -mindepth 1)" ] || { find "$folder"/.assay-watch/names-*; bad=1; }
	for image in "$folder"/.assay-watch/*.json; do
		[ "$(jq -r .state "$image")" = placed ] || { cat "$image"; bad=1; }
	done
	return $bad
}

# ---- what comes in ----

mkdir in
disk in/good.qcow2 64M
disk in/odd.qcow2 67109376
echo "not an image" >in/junk.img
head -c 100000 in/good.qcow2 >in/cut.qcow2
disk in/base.qcow2 80M
qemu-img create -q -f qcow2 -F qcow2 -b base.qcow2 in/over.qcow2
touch -d '1 minute' in/over.qcow2
touch in/half.qcow2.part in/.hidden.qcow2 in/SHA256SUMS
mkdir in/folder outside
disk outside/away.qcow2 70M
ln -s ../outside/away.qcow2 in/link.qcow2
ln -s outside in/leads-out
disk "$(printf 'in/-a b\n\033c.qcow2')" 71M
sha=$(digest in/good.qcow2)
check_exit 1 "all that is there gets its place" watch in --once --settle 1 --sign ours.key
check_says "what is no image is told" 'ignored +half.qcow2.part: its name says that it is not complete'
check_says "once" 'ignored +SHA256SUMS: its name says that it is no image'
cp out said
check_says "a link too" 'ignored +link.qcow2: it is a link'
[ "$(grep -c ignored said)" = 4 ]
report $? "and hidden files are not" said
[ -L in/link.qcow2 ] && [ -f outside/away.qcow2 ] && [ ! -e outside/shipped ]
report $? "nothing is taken that lies elsewhere"
is_there "$(printf 'in/shipped/-a b\n\033c.qcow2')" "a name may have anything in it"
! grep -q "$(printf '\033')" said
report $? "and does nothing to the terminal" said
is_there in/shipped/good.qcow2 "a good image is shipped"
[ "$(digest in/shipped/good.qcow2)" = "$sha" ]
report $? "as it was"
check_exit 0 "its hallmark holds" "$ASSAY" verify in/shipped/good.qcow2 in/shipped/good.qcow2.hallmark.json --key ours.pub
check_says "and is by the gate" 'by the gate with SHA-256'
jq -e '.verdict == "ship"' in/shipped/good.qcow2.report.json >out && grep -q '<testsuites' in/shipped/good.qcow2.junit.xml &&
	grep -q SHIP in/shipped/good.qcow2.report.html
report $? "its reports tell the verdict" out
is_there in/blocked/odd.qcow2 "one that fails is blocked"
jq -e '.verdict == "block" and (.reasons[0].id == "image.virtual_size_is_aligned")' in/blocked/odd.qcow2.report.json >out
report $? "for the right reason" out
check_exit 1 "and its hallmark says so" "$ASSAY" verify in/blocked/odd.qcow2 in/blocked/odd.qcow2.hallmark.json --key ours.pub
is_there in/blocked/junk.img "a file that is no image is blocked"
grep -q 'not a disk image' in/blocked/junk.img.report.txt && jq -e '.verdict == "block"' in/blocked/junk.img.report.json >out
report $? "with what is wrong" in/blocked/junk.img.report.txt
[ -f in/blocked/cut.qcow2 ] || [ -f in/undecided/cut.qcow2 ]
report $? "one that was cut off does not ship"
grep -qs 'backing file' in/undecided/over.qcow2.report.txt in/blocked/over.qcow2.report.txt
report $? "one that is none without another file is told so"
[ -f in/half.qcow2.part ] && [ -f in/.hidden.qcow2 ] && [ -f in/SHA256SUMS ]
report $? "what is none is left"
check_exit 0 "a second look finds nothing" watch in --once --settle 1
check_says "and says so" '0 shipped, 0 blocked, 0 undecided'

# ---- the same bytes again ----

cp in/shipped/good.qcow2 in/good.qcow2
check_exit 0 "the same image again" watch in --once --settle 1 --sign ours.key
check_says "is not run again" 'judged anew by that run'
[ "$(ls -d in/.assay-watch/runs/"${sha:0:16}"-*/ | wc -l)" = 1 ]
report $? "there is one run of it"
is_there in/shipped/good-2.qcow2 "and overwrites nothing"
is_there in/shipped/good-2.qcow2.hallmark.json "its papers neither"
disk in/good.qcow2 65M
touch in/shipped/good-3.qcow2.report.html
check_exit 0 "another image of that name" watch in --once --settle 1 --sign ours.key
[ "$(digest in/shipped/good.qcow2)" = "$sha" ] && [ -f in/shipped/good-4.qcow2 ] && [ ! -s in/shipped/good-3.qcow2.report.html ]
report $? "gets one of its own"

# A failure that is waived by now.
cp in/blocked/odd.qcow2 in/odd.qcow2
cat >waivers.yaml <<YAML
waivers:
  - {case: image.virtual_size_is_aligned, reason: the platform takes it, owner: release, expires: "2999-01-01"}
YAML
sed -i 's/, passes: 1//' gate.yaml
check_exit 0 "a blocked image comes again with a waiver" watch in --once --settle 1 --waivers waivers.yaml
is_there in/shipped/odd.qcow2 "and ships, without another run"

# ---- half-written files ----

mkdir slow
watch_alone slow --settle 2 --json >lines 2>&1 &
watcher=$!
wait_for 10 grep -q '"watching"' lines
disk whole.qcow2 96M
(
	exec 3>slow/grows.qcow2
	head -c 100000 whole.qcow2 >&3
	sleep 4
	tail -c +100001 whole.qcow2 >&3
) &
cp whole.qcow2 slow/.upload.tmp
qemu-img create -q -f qcow2 slow/.renamed.qcow2 97M
sleep 1
mv slow/.renamed.qcow2 slow/renamed.qcow2
wait_for 15 test -f slow/shipped/renamed.qcow2
report $? "what is renamed into the folder is taken" lines
[ ! -f slow/shipped/grows.qcow2 ] && [ ! -f slow/blocked/grows.qcow2 ] && [ -f slow/grows.qcow2 ]
report $? "what somebody writes is not" lines
wait_for 15 test -f slow/shipped/grows.qcow2
report $? "until it is whole" lines
cmp whole.qcow2 slow/shipped/grows.qcow2 >out 2>&1
report $? "to the last byte" out
for ((i = 0; i < 6; i++)); do
	head -c $((30000 * (i + 1))) whole.qcow2 | tail -c 30000 >>slow/appended.qcow2
	sleep 0.7
done
tail -c +180001 whole.qcow2 >>slow/appended.qcow2
wait_for 15 test -f slow/shipped/appended.qcow2
report $? "one that is opened again and again is waited for" lines
cmp whole.qcow2 slow/shipped/appended.qcow2 >out 2>&1
report $? "to its end as well" out
kill -INT $watcher
wait $watcher
report $? "Ctrl-C ends it" lines
jq -es 'map(select(.type == "shipped")) | length == 3 and all(.sha256 and .path and .run)' lines >out 2>&1
report $? "its lines are JSON" out

# ---- killed at any time ----

mkdir killed
for ((i = 0; i < 5; i++)); do disk killed/image$i.qcow2 $((64 + i))M; done
sums=$(sha256sum killed/*.qcow2 | cut -d ' ' -f 1 | sort)
kills=0
while [ "$(find killed/shipped -name 'image?.qcow2' 2>/dev/null | wc -l)" -lt 5 ] && [ $kills -lt 25 ]; do
	watch_alone killed --settle 1 --sign ours.key >>killed.log 2>&1 &
	watcher=$!
	[ $kills -gt 0 ] || sleep 1
	sleep "0.$((RANDOM % 9))$((RANDOM % 10))"
	kill -KILL $watcher
	wait $watcher 2>/dev/null
	kills=$((kills + 1))
done
check_exit 0 "after $kills kills the rest is done" watch killed --once --settle 1 --sign ours.key
[ "$(sha256sum killed/shipped/*.qcow2 | cut -d ' ' -f 1 | sort)" = "$sums" ]
report $? "each image is there once, as it was" killed.log
[ "$(find killed/shipped -name '*.qcow2' | wc -l)" = 5 ] && [ -z "$(find killed -maxdepth 1 -type f)" ]
report $? "and nothing else" killed.log
whole killed >out 2>&1
report $? "with all its papers, and nothing half done" out
[ "$(find killed/.assay-watch/runs -mindepth 1 -maxdepth 1 -type d | wc -l)" = 5 ]
report $? "none was run twice" killed.log

# As if the last one had been killed just after the image had its place.
ticket=$(grep -l '"name":"image0.qcow2"' killed/.assay-watch/*.json)
jq -c '.state = "placing"' "$ticket" >ticket && cp ticket "$ticket"
ln -s "$(basename "$ticket" .json)" killed/.assay-watch/names-shipped/image0.qcow2
check_exit 0 "a step that was not written down" watch killed --once --settle 1 --sign ours.key
check_says "is, at the next start" ' shipped +image0.qcow2'
whole killed >out 2>&1
report $? "and then all is whole" out
# As if it had been killed before that, and the image was taken away meanwhile.
papers=killed/.assay-watch/$(basename "$ticket" .json)
mkdir "$papers"
for ending in report.html report.json junit.xml judgement.json hallmark.json; do cp "killed/shipped/image0.qcow2.$ending" "$papers/$ending"; done
jq -c '.state = "placing"' "$ticket" >ticket && cp ticket "$ticket"
ln -s "$(basename "$ticket" .json)" killed/.assay-watch/names-shipped/image0.qcow2
mv killed/shipped/image0.qcow2 image0.qcow2
check_exit 0 "an image that was taken away in the middle" watch killed --once --settle 1 --sign ours.key
check_says "is told" ' replaced +image0.qcow2'
[ -z "$(find killed/shipped killed/.assay-watch/names-shipped -name 'image0*')" ]
report $? "and leaves no papers that speak of it" out
mv image0.qcow2 killed/image0.qcow2
check_exit 0 "it may come again" watch killed --once --settle 1 --sign ours.key
whole killed >out 2>&1
report $? "as if nothing had been" out

# ---- several watch ----

mkdir several
for ((i = 0; i < 9; i++)); do disk several/image$i.qcow2 $((100 + i))M; done
sums=$(sha256sum several/*.qcow2 | cut -d ' ' -f 1 | sort)
for i in 1 2 3; do watch several --once --settle 1 --sign ours.key >several.$i 2>&1 & done
wait
[ "$(sha256sum several/shipped/*.qcow2 | cut -d ' ' -f 1 | sort)" = "$sums" ]
report $? "three watchers place all images once"
[ "$(cat several.? | grep -c ' shipped  ')" = 9 ] && [ "$(cat several.? | grep -c ' run  ')" = 9 ]
report $? "each is run and placed by one of them"
[ "$(grep -l ' shipped  ' several.? | wc -l)" -gt 1 ]
report $? "and they share the work"
whole several >out 2>&1
report $? "nothing is half done" out

# ---- other ways ----

mkdir linked elsewhere
disk linked/a.qcow2 64M
check_exit 0 "images can stay" watch linked --once --settle 1 --link
[ linked/a.qcow2 -ef linked/shipped/a.qcow2 ]
report $? "and are linked"
check_exit 0 "once" watch linked --once --settle 1 --link
[ ! -e linked/shipped/a-2.qcow2 ]
report $? "and not again"
disk linked/b.qcow2 66M
if [ "$(stat -f -c %i /dev/shm 2>/dev/null)" != "$(stat -f -c %i linked)" ] && far=$(mktemp -d /dev/shm/assay-test-XXXXXX); then
	sum=$(digest linked/b.qcow2)
	mv linked/a.qcow2 elsewhere
	check_exit 0 "the place may be on another file system" watch linked --once --settle 1 --shipped "$far"
	[ "$(digest "$far/b.qcow2")" = "$sum" ] && [ ! -e linked/b.qcow2 ] && [ -s "$far/b.qcow2.report.html" ]
	report $? "the image is moved there whole"
	rm -rf "$far"
fi
cat >book.yaml <<'YAML'
images:
  - path: ${image}
cases: {include: [image.virtual_size_is_aligned, image.container_format_is_intact]}
YAML
mkdir book
disk book/a.qcow2 64M
check_exit 0 "by a runbook" "$ASSAY" watch book --once --settle 1 --runbook book.yaml --gate gate.yaml --sign locked.key --passphrase-fd 3 3< <(echo sesame)
check_exit 0 "with a key that has a passphrase" "$ASSAY" verify book/shipped/a.qcow2 book/shipped/a.qcow2.hallmark.json --key ours.pub

# ---- trouble ----

mkdir full
disk full/a.qcow2 64M
if unshare -rm true 2>/dev/null; then
	mkdir tiny
	check_exit 70 "a full disk" unshare -rm sh -c \
		'mount -t tmpfs -o size=1m none tiny && exec "$0" watch full --once --settle 1 --out tiny '"$cases" "$ASSAY"
	check_says "is trouble, and told" 'trouble +a.qcow2: .*MiB free.*it stays where it is and is tried again'
	is_there full/a.qcow2 "the image is not lost"
	check_exit 0 "and gets its place when there is room" watch full --once --settle 1
	is_there full/shipped/a.qcow2 "as any other"
fi
check_exit 64 "a folder that is not there" watch nowhere --once
check_exit 64 "a file" watch gate.yaml --once
check_exit 64 "no folder" "$ASSAY" watch
check_exit 64 "a gate that is not there" "$ASSAY" watch in --once --gate nowhere.yaml
check_exit 64 "a key that is none" watch in --once --sign ours.pub
check_exit 64 "a suite that is not there" "$ASSAY" watch in --once --suite nowhere
check_exit 64 "the folder as its own place" watch in --once --shipped in
check_says "would never end" 'what goes there would come again'
if [ "$(id -u)" != 0 ]; then
	mkdir -m 500 shut
	check_exit 64 "a folder in which nothing can be written" watch shut --once
fi
finish
