#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# The command line without any machine: verbs, exit codes, errors that name the remedy, reports of a kept run.
. "$(dirname "$0")/lib.sh"
set -f # the case patterns are not for the shell

export XDG_STATE_HOME=$work/state XDG_CACHE_HOME=$work/cache
unset ASSAY_CACHE

check_exit 0 "help" "$ASSAY" help
for verb in audit cache doctor guest list new plan prove report run runs schema show; do
	check_exit 0 "$verb --help" "$ASSAY" "$verb" --help
	check_says "$verb --help names the verb" "^assay $verb"
done
check_exit 0 "version" "$ASSAY" --version
check_says "the version" "^assay [0-9]+\.[0-9]+"
check_exit 64 "no verb" "$ASSAY"
check_exit 64 "an unknown verb" "$ASSAY" lsit
check_says "the nearest verb is named" "did you mean 'list'"
check_exit 64 "an operand too many" "$ASSAY" runs one
check_exit 64 "an operand too few" "$ASSAY" run
check_says "what is missing is named" "IMAGE"

# lists
check_exit 0 "list" "$ASSAY" list
check_says "it has the boot" "^boot\.reaches_ready +host +P0"
(
	sleep 0.2
	exec "$ASSAY" list --json 2>"$work/out"
) | true
status=${PIPESTATUS[0]}
report $((status != 141)) "when the reader leaves it ends as others do (exit status $status)"
report $(($(wc -c <"$work/out") > 0)) "and nothing is said of it" "$work/out"
check_exit 0 "list of suites" "$ASSAY" list --suites
check_says "the default is marked" "^functional .*the default"
check_exit 0 "list of sizes" "$ASSAY" list --sizes
check_says "the default size" "^default +2 CPUs, 1024 MiB"
check_says "what this host cannot hold says so" "^Standard_M176bds_v3 +176 CPUs.*\(stand-in here: [0-9]+ of 176 CPUs"
check_exit 0 "list of sizes in JSON" "$ASSAY" list --sizes --json
check_says "with their traits" '"name":"Standard_D1_v2".*"generation":"1"'
printf 'sizes:\n  web: {like: smal}\n' >"$work/sizes.yaml"
check_exit 64 "a wrong file of sizes" "$ASSAY" list --sizes --size-file "$work/sizes.yaml"
check_says "its place and the nearest word" "sizes.yaml:2:15: .like.: there is no size 'smal' before this one; did you mean 'small'"
check_exit 64 "an unknown form" "$ASSAY" schema runboo
check_says "the nearest form" "did you mean 'runbook'"
check_exit 0 "list of areas" "$ASSAY" list --areas
check_exit 64 "list of an unknown case" "$ASSAY" list time.clocksource_is_expectd
check_says "the nearest case is named" "did you mean 'time.clocksource_is_expected'"
check_exit 64 "an unknown area" "$ASSAY" list --area tiem
check_says "the nearest area is named" "did you mean 'time'"
check_exit 64 "an unknown kind" "$ASSAY" list --kind gest
check_exit 64 "a priority that is none" "$ASSAY" list --priority P7
check_exit 0 "show" "$ASSAY" show boot.reaches_ready
check_says "its defect" "planted"
check_exit 64 "show of an unknown case" "$ASSAY" show boot.reaches_redy
check_says "the nearest case is named" "did you mean 'boot.reaches_ready'"
if command -v jq >/dev/null; then
	"$ASSAY" list --json | jq -e 'all(.id and .title and .kind and .sabotage.kind)' >"$work/out" 2>&1
	report $? "list --json is JSON with all that matters" "$work/out"
	"$ASSAY" show boot.reaches_ready --json | jq -e '.sabotage.kind == "cmdline"' >"$work/out" 2>&1
	report $? "show --json is JSON" "$work/out"
fi

# what would be passed over is refused
check_exit 64 "list of suites with an operand" "$ASSAY" list --suites extra
check_says "it is named" "'extra' is one argument too many"
check_exit 64 "help for two verbs" "$ASSAY" help run extra
check_says "the second is named" "'extra' is one argument too many"
check_exit 64 "two patterns in one" "$ASSAY" list -c time,boot
check_says "how to give two is told" "-c ONE -c OTHER"
check_exit 64 "a slip in an option" "$ASSAY" run --quite
check_says "the option that begins alike is named" "did you mean --quiet"

# what is refused before anything is opened
truncate -s 1M "$work/disk.img"
check_exit 64 "an unknown size" "$ASSAY" run "$work/disk.img" --size smal
check_says "the nearest size is named" "did you mean 'small'"
check_exit 64 "a size that cannot be" "$ASSAY" run "$work/disk.img" --size cpus=0
check_exit 64 "an unknown accelerator" "$ASSAY" run "$work/disk.img" --accel kmv
check_says "the nearest accelerator is named" "did you mean 'kvm'"
check_exit 64 "a name that would drive the terminal" "$ASSAY" audit $'\e[2Jdisk.img'
report "$(grep -c $'\e' "$work/out")" "it is told without doing so" "$work/out"
check_exit 64 "an unknown suite" "$ASSAY" run "$work/disk.img" --suite smke
check_says "the nearest suite is named" "did you mean 'smoke'"
check_exit 64 "no machines at once" "$ASSAY" run "$work/disk.img" --jobs 0
check_exit 64 "a selection that leaves nothing" "$ASSAY" run "$work/disk.img" --suite stress --kind audit
check_says "it says so" "no case is left"
check_exit 64 "--resume with another choice" "$ASSAY" run --resume last --case time
check_exit 64 "--resume with another way in" "$ASSAY" run --resume last --enter ssh
check_says "it says what cannot be chosen" "way in"
check_exit 64 "--resume of no run" "$ASSAY" run --resume nothing
check_exit 64 "an agent that is not there" "$ASSAY" list --agent "$work/nothing"
printf '#!/bin/sh\necho "{}"\n' >"$work/agent"
chmod +x "$work/agent"
check_exit 70 "an agent that talks nonsense" "$ASSAY" list --agent "$work/agent"
printf '#!/bin/sh\nyes x\n' >"$work/agent"
check_exit 70 "an agent that never ends" "$ASSAY" list --agent "$work/agent"
check_exit 70 "no home for runs" env -u HOME -u XDG_STATE_HOME -u XDG_CACHE_HOME "$ASSAY" runs

# runs and reports
check_exit 0 "no runs yet" "$ASSAY" runs
check_exit 64 "no run to report" "$ASSAY" report
check_says "how to make one" "no run is kept in .*assay run IMAGE"
check_exit 0 "no templates yet" "$ASSAY" cache
check_exit 0 "the cache is elsewhere" env ASSAY_CACHE="$work/elsewhere" "$ASSAY" cache
check_says "it is that folder" " in $work/elsewhere/templates$"
mkdir -p "$work/elsewhere/looks" "$work/elsewhere/templates"
touch "$work/elsewhere/templates/$(printf '%040d' 1).lock"
template=$work/elsewhere/templates/$(printf '%040d' 2)
mkdir "$template"
touch "$template.lock"
cat >"$template/template.json" <<'END'
{"version":1,"created":"2026-01-31T12:00:00.000Z","description":"template 1\nimage file /srv/de\u001bbian.qcow2\nfirmware /x/OVMF.fd\nargument -smp\nargument 4,sockets=1\nargument -m\nargument 2048\n"}
END
echo new >"$work/elsewhere/looks/new"
echo old >"$work/elsewhere/looks/old"
touch -d '-40 days' "$work/elsewhere/looks/old"
check_exit 0 "it has looks at images" env ASSAY_CACHE="$work/elsewhere" "$ASSAY" cache list
check_says "their number and size" "^2 looks at images, [1-9][0-9]* KiB in $work/elsewhere/looks$"
check_says "what a template is of" "^de.bian\.qcow2, uefi, 4 CPUs, 2048 MiB, booted 2026-01-31T12:00:00Z$"
check_exit 64 "--keep without prune" "$ASSAY" cache list --keep 5
check_says "it says so" "cache prune"
check_exit 0 "prune" env ASSAY_CACHE="$work/elsewhere" "$ASSAY" cache prune
check_says "what was freed" "of 1 look at images"
(cd "$work/elsewhere" && find looks templates -type f) >"$work/out"
report $(($(grep -c . "$work/out") != 1)) "only what is in use stays" "$work/out"
check_says "and that is what was looked at lately" "looks/new"
check_exit 64 "cache has no such word" "$ASSAY" cache prnue
check_says "the nearest is named" "prune"

# a run kept by hand: the reports are functions of these two files
run=$XDG_STATE_HOME/assay/runs/20260101-000000-hand
mkdir -p "$run"
cat >"$run/plan.json" <<'END'
{"schema":1,"run":"20260101-000000-hand","proves":false,"cells":[{"image":{"name":"hand.img","sha256":"00"},
"size":{"name":"default","cpus":2,"mem_mib":1024},"cases":[
{"id":"a.one","kind":"guest","priority":"P0","title":"One holds","sabotage_kind":"code"},
{"id":"a.two","kind":"guest","priority":"P0","title":"Two holds","sabotage_kind":"code"}]}]}
END
cat >"$run/journal.jsonl" <<'END'
{"type":"begin","schema":1,"wall_ns":1767225600000000000,"text":"0.1"}
{"type":"result","cell":0,"id":"a.one","outcome":"pass"}
END
printf '{"type":"result","cell":0,"id":"a.two","outco' >>"$run/journal.jsonl" # torn by a crash
check_exit 2 "a hole is undecided" "$ASSAY" report hand
check_says "the hole is named" "hole +a\.two"
check_says "it is told as stopped" "did not end by itself"
# ...while somebody writes the journal it goes on
check_exit 2 "a run that is going on" flock "$run/journal.jsonl" "$ASSAY" report hand
check_says "is told so" "still going on"
check_says "nothing is missing yet" "1 still to come"
report "$(grep -c 'hole\|by itself' "$work/out")" "and nothing is told of holes" "$work/out"
check_exit 0 "it is read into the store" "$ASSAY" runs --rebuild
check_exit 0 "runs while it is going on" flock "$run/journal.jsonl" "$ASSAY" runs
check_says "tells so" "-hand .*\(still going on\)"
check_exit 0 "runs when it was stopped" "$ASSAY" runs
check_says "tells that too" "-hand .*\(it did not end by itself\)"
check_exit 64 "--resume of what is still going on" flock "$run/journal.jsonl" "$ASSAY" run --resume hand
check_says "it says so" "still going on"
check_exit 64 "prove --resume of what is no proof" "$ASSAY" prove --resume hand
check_says "the verb that goes on with it is named" "is no proof: .*assay run --resume hand"
check_exit 64 "--resume with an image" "$ASSAY" run "$work/disk.img" --resume hand
check_says "the operand too many is named" "disk.img' is one argument too many"
for format in proof proof-json proof-markdown; do
	check_exit 64 "what is no proof as $format" "$ASSAY" report hand -f $format
	check_says "it says so" "is no proof"
done
sed -i '$d' "$run/journal.jsonl" # (this also drops what is torn)
echo '{"type":"result","cell":0,"id":"a.two","outcome":"fail","message":"it is 1"}' >>"$run/journal.jsonl"
check_exit 1 "a failure blocks" "$ASSAY" report last
for format in text json html junit; do
	check_exit 1 "as $format" "$ASSAY" report "$run" --format $format
	check_says "$format has the case" "a\.two|name=\"two\""
done
check_exit 70 "a file that may not grow so far" bash -c 'ulimit -f 1; "$0" report last --format html >"$1"' "$ASSAY" "$work/html"
check_says "it is an error and no end by a signal" "File too large"
if command -v xmllint >/dev/null; then
	"$ASSAY" report last --format junit >"$work/junit.xml"
	check "JUnit is well-formed" xmllint --noout "$work/junit.xml"
fi
sed -i 's/"fail"/"pass"/' "$run/journal.jsonl"
check_exit 0 "without it, ship" "$ASSAY" report last
# stopped after 10 s, and gone on with a day later for 5 s
cat >>"$run/journal.jsonl" <<'END'
{"type":"end","wall_ns":1767225610000000000,"text":"cancelled"}
{"type":"resume","wall_ns":1767312000000000000,"text":"0.1"}
{"type":"end","wall_ns":1767312005000000000,"text":"done"}
END
check_exit 0 "a run that was resumed" "$ASSAY" report last
check_says "only the time in which it went on counts" " in 15\.0 s$"
check_exit 64 "--resume of a run that has ended" "$ASSAY" run --resume last
check_says "nothing is left" "has ended, and nothing is left to do: .assay report last"
sed -i '/"end"\|"resume"/d' "$run/journal.jsonl"
check_exit 0 "journals are read into the store" "$ASSAY" runs --rebuild
check_exit 0 "runs" "$ASSAY" runs
check_says "the run is listed" "20260101-000000-hand +2 cases, 2 passed"
# what a power cut of this host leaves: the end of the journal is torn, garbled, or zeroes
cp "$run/journal.jsonl" "$work/whole.jsonl"
sed -i '$d' "$run/journal.jsonl"
printf '{"type":"result","cell":0,"id":"a.t\200\nwo"}\n\0\0\0\0' >>"$run/journal.jsonl"
check_exit 2 "a damaged end: the case is a hole" "$ASSAY" report last
check_says "the warning counts the lines" "last 3 lines of .*journal\.jsonl are damaged"
check_says "the hole is named" "hole +a\.two"
check_exit 0 "it goes into the store" "$ASSAY" runs --rebuild
sed '2s/.*/damage/' "$work/whole.jsonl" >"$run/journal.jsonl"
check_exit 70 "damage in the middle" "$ASSAY" report last
check_says "the line is named" "line 2"
cp "$work/whole.jsonl" "$run/journal.jsonl"
cp "$run/plan.json" "$work/plan.json"
printf '{"schema":1,' >"$run/plan.json"
check_exit 70 "a damaged plan" "$ASSAY" report "$run"
check_says "what to do" "plan\.json is damaged .*(copy|again)"
cp "$work/plan.json" "$run/plan.json"
check_exit 0 "a run is removed" "$ASSAY" runs --remove hand
report $(($(find "$XDG_STATE_HOME/assay/runs" -mindepth 1 | wc -l) != 0)) "its folder is gone"
check_exit 0 "the store has forgotten it" "$ASSAY" runs
report "$(grep -c hand "$work/out")" "it is not listed"
# a run that lies elsewhere is found by its id, and is the last one when it is the newest
mkdir -p "$work/elsewhere-run" "$run"
sed 's/-hand/-else/g' <<'END' >"$work/elsewhere-run/plan.json"
{"schema":1,"run":"20250101-000000-hand","cells":[{"image":{"name":"hand.img"},"cases":[]}]}
END
printf '{"type":"begin","schema":1,"wall_ns":1767225600000000000,"text":"0.1"}\n' >"$work/elsewhere-run/journal.jsonl"
sed 's/2025/2027/' "$work/elsewhere-run/plan.json" >"$run/plan.json"
cp "$work/elsewhere-run/journal.jsonl" "$run"
touch -d '2026-01-01' "$run/plan.json"
ln -s "$work/elsewhere-run" "$XDG_STATE_HOME/assay/runs/20250101-000000-else"
"$ASSAY" report last --format json >"$work/out"
check_says "the last is the one written last, whatever its id" '"run":"20250101-000000-else"'
"$ASSAY" report 20250101-000000-else --format json >"$work/out"
check_says "a run elsewhere is found by its id" '"run":"20250101-000000-else"'
check_exit 0 "it is removed by its id" "$ASSAY" runs --remove 20250101-000000-else
report $(($(find "$work/elsewhere-run" "$XDG_STATE_HOME/assay/runs" -name '*else*' 2>/dev/null | wc -l) != 0)) \
	"its folder and the link are gone"
rm -r "$run"
# a run whose folder somebody else has removed
mkdir -p "$run"
echo '{"schema":1,"run":"20260101-000000-gone","cells":[{"image":{"name":"hand.img"},"cases":[]}]}' >"$run/plan.json"
check_exit 0 "another run" "$ASSAY" runs --rebuild
rm -r "$run"
check_exit 0 "runs without its folder" "$ASSAY" runs
check_says "that is told" "-gone .*its folder is gone"
check_exit 0 "it can be forgotten" "$ASSAY" runs --remove 20260101-000000-gone
check_exit 0 "the store has forgotten that one too" "$ASSAY" runs
report "$(grep -c -- -gone "$work/out")" "it is not listed"
# ---- the catalogue as documents ----
check "the catalogue can be written" "$source_folder/tools/make-catalogue" "$ASSAY" "$work/catalogue"
"$ASSAY" list --json | jq -r '.[].id | sub("[.]"; "/")' | while read -r name; do
	grep -q '^## How it decides' "$work/catalogue/$name.md" || echo "$name has no page, or it does not tell how it decides"
done >"$work/out" 2>&1
report $(($(wc -l <"$work/out") > 0)) "each case has a page that tells how it decides" "$work/out"
check "the pages are as many as the cases" test "$(find "$work/catalogue" -mindepth 2 -name '*.md' | wc -l)" = \
	"$("$ASSAY" list --json | jq length)"
finish
