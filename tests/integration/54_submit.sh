#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# Runs go to a service (submit_server.py) that fails at will: nothing is lost, nothing is sent twice without being told, and no token is
# told to anybody.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"
requires python3 "package python3"
requires openssl "package openssl"

# kcidb-io where the test of formats has put it: without it the service looks at less.
python=${ASSAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/assay}/test-formats/python/bin/python
"$python" -c 'import kcidb_io' 2>/dev/null || python=python3
server=$(cd "$(dirname "$0")" && pwd)/submit_server.py
cd "$work" || exit 1
export XDG_STATE_HOME=$work/state no_proxy='*'
unset ASSAY_SUBMIT_TOKEN
token=eyJhbGciOiJIUzI1NiJ9.a-token-for-tests.0123456789
printf '%s\n' "$token" >token
chmod 600 token
pids=()
# Ours takes the place of lib.sh's: the services end first.
trap '[ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null; cleanup' EXIT

# serve NAME [CERTIFICATE KEY]
serve() {
	mkdir -p "$1"
	"$python" "$server" "$1" "$token" "${@:2}" 2>"$1/errors" &
	pids+=($!)
	for _ in $(seq 200); do [ -f "$1/port" ] && return; sleep 0.05; done
	sed 's/^/# /' "$1/errors"
	exit 1
}

# make_run NAME [OUTCOME]: a run with one case
make_run() {
	mkdir -p "$1"
	jq -n --arg name "$1" '{schema: 1, run: "20260101-000000-\($name)", left_out: [], cells: [{cell: 0,
		image: {path: "/x.qcow2", name: "x.qcow2", called: "", sha256: ("ab" * 32), format: "qcow2", os: "Debian", arch: "x86_64"},
		size: {name: "small", cpus: 1, mem_mib: 512}, firmware: "uefi", accel: "tcg", entry: "media", variants: "",
		cases: [{id: "a.case", kind: "guest", priority: "P1", title: "It holds", why: "", remedy: "", sabotage_kind: "code"}]}]}' >"$1/plan.json"
	{
		echo '{"type":"begin","schema":1,"wall_ns":1767225600000000000,"text":"0.1","detail":"QEMU 7.2"}'
		echo '{"type":"result","wall_ns":1767225601000000000,"cell":0,"id":"a.case","outcome":"'"${2:-pass}"'","duration_ns":1000}'
		echo '{"type":"end","wall_ns":1767225602000000000,"text":"done"}'
	} >"$1/journal.jsonl"
}

submit() { "$ASSAY" submit --to "$to" --token-file token "$@"; }
# A process of its own that can be killed.
start() { "$ASSAY" submit --to "$to" --token-file token "$@" >>kills 2>&1 & }
behave() { printf '%s\n' "$@" >service/behave; }
posts() { [ -f service/log ] && wc -l <service/log || echo 0; }
receipts() { [ -f "$1/submissions.jsonl" ] && wc -l <"$1/submissions.jsonl" || echo 0; }
# holds DESCRIPTION JQ-EXPRESSION FILE
holds() {
	jq -es "$2" "$3" >"$work/held" 2>&1
	report $? "$1" "$3"
}

serve service
to=http://127.0.0.1:$(cat service/port)

# ---- the plain way ----

make_run one
check_exit 0 "a run is sent" submit one
check_says "by which name it is there" '^20260101-000000-one to http://127.0.0.1:[0-9]+/submit: taken as [0-9a-f]{32}$'
holds "its token and its schema are right" '.[0] | .path == "/submit" and .status == 200 and .taken and .tests == 1' service/log
holds "the receipt says what was sent and answered" '.[0] | .state == "taken" and .status == 200 and .tries == 1 and .unanswered == 0 and
	(.id | length) == 32 and (.message | test("^Received submission")) and (.ended | test("^20")) and .origin == "assay"' one/submissions.jsonl
[ "$(jq -r .sha256 one/submissions.jsonl)" = "$(jq -r .sha256 service/log)" ]
report $? "and its digest"
"$ASSAY" report one --format kcidb >told
[ "$(sha256sum <told | cut -d' ' -f1)" = "$(jq -r .sha256 one/submissions.jsonl)" ]
report $? "which is that of assay report --format kcidb"
check_exit 0 "once more" submit one
check_says "it is there already" 'it is there since 20.* as [0-9a-f]{32}, nothing is sent$'
report $(($(posts) != 1)) "nothing was sent"
check_exit 0 "unless it is asked for" submit one --again
report $(($(posts) != 2 || $(receipts one) != 2)) "then it was" one/submissions.jsonl
make_run one fail
check_exit 64 "a run that is told otherwise by now" submit one
check_says "is not sent over the other" 'has run 20260101-000000-one since 20.*keeps what it was told first, and --again sends it'
check_exit 0 "another origin is another report" submit one --origin our_lab --json
holds "JSON has the same as the receipt" '.[0].state == "taken" and .[0].origin == "our_lab"' out
check_exit 0 "nothing waits" "$ASSAY" submit --list
[ -z "$(find state/assay/outbox -type f)" ]
report $? "the outbox is empty"

# ---- trouble that passes ----

make_run tries
behave 'status 500' 'reset' 'cut' 'page' 'ok'
check_exit 0 "errors, a reset, a cut answer and a login page are tried again" submit tries --patience 60s
holds "until the service says yes" '.[0] | .state == "taken" and .tries == 5 and .unanswered == 3' tries/submissions.jsonl
check_says "that it may be there twice is told" '3 of 5 tries had no answer'
check_says "so is what went wrong, and no token with it" 'status 500: as  ?\[31mtold Bearer \*\*\*; the next try is in'
make_run busy
behave 'status 429 3' 'ok'
began=$(date +%s%N)
check_exit 0 "too many requests" submit busy --patience 60s
report $(($(date +%s%N) - began < 3000000000)) "the service's time is kept"
holds "and no try was without an answer" '.[0] | .tries == 2 and .unanswered == 0' busy/submissions.jsonl
make_run later
behave 'status 503 3600'
check_exit 2 "a service that wants to be left alone for an hour" submit later --patience 5s
check_says "is left alone" 'waits, tried 1 time: status 503: .*; not before 20'
sent=$(posts)
check_exit 2 "also by the next who comes" "$ASSAY" submit --pending --token-file token --patience 1s
report $(($(posts) != sent)) "nothing was sent"
check_exit 0 "it can be let go of" "$ASSAY" submit --drop 20260101-000000-later
check_exit 64 "once" "$ASSAY" submit --drop 20260101-000000-later
make_run slow
behave 'slow 20'
began=$(date +%s%N)
check_exit 2 "an answer that takes too long" submit slow --timeout 1s --patience 0s
report $(($(date +%s%N) - began > 10000000000)) "is not waited for"
check_says "it may have come through" '1 of 1 tries had no answer'
check_exit 0 "what waits is shown" "$ASSAY" submit --list
check_says "with its run" '^20260101-000000-slow to .*: waits, tried 1 time: '
"$ASSAY" submit --list --json >list
holds "as JSON too" '.[0] | .state == "waiting" and .tries == 1 and .unanswered == 1 and .ended == null' list
check_exit 0 "and sent later" "$ASSAY" submit --pending --token-file token
holds "by what was put there" '.[0] | .state == "taken" and .tries == 2' slow/submissions.jsonl
make_run large
behave large
check_exit 2 "an answer without an end is not read" submit large --patience 0s
check_says "it is said so" 'the answer has more than 65536 bytes'
behave ok
check_exit 0 "its run goes later" "$ASSAY" submit --pending --token-file token

# ---- trouble that stays ----

make_run wrong
behave 'status 422'
check_exit 1 "what the service refuses for good" submit wrong
check_says "is said" 'refused for good: status 422: as  ?\[31mtold Bearer \*\*\*$'
holds "and has its receipt" '.[0] | .state == "refused" and .status == 422' wrong/submissions.jsonl
[ -z "$("$ASSAY" submit --list 2>/dev/null)" ]
report $? "it does not wait"
check_exit 0 "a refusal is no receipt: it may be sent anew" submit wrong
make_run denied
printf 'another-token-that-is-wrong\n' >other
chmod 600 other
check_exit 64 "a wrong token" "$ASSAY" submit denied --to "$to" --token-file other
check_says "waits for a better one" 'does not let it in: status 401: bad token Bearer \*\*\*; it waits'
check_exit 0 "by the environment" env ASSAY_SUBMIT_TOKEN="$token" "$ASSAY" submit --pending
make_run away
serve elsewhere
behave "go http://127.0.0.1:$(cat elsewhere/port)/submit"
check_exit 64 "a redirect" submit away
check_says "is not followed" "status 302, a redirect to http://127.0.0.1:$(cat elsewhere/port)/submit, which is not followed"
[ ! -f elsewhere/log ]
report $? "and the token stays here"
check_exit 0 "by a descriptor" "$ASSAY" submit --pending --token-fd 3 3<token
make_run nobody
check_exit 2 "nobody there" "$ASSAY" submit nobody --to http://127.0.0.1:1 --token-file token --patience 0s
check_says "nothing was sent" 'waits, tried 1 time: Failed to connect[^;]*$'
make_run second
check_exit 2 "another service, that is away as well" "$ASSAY" submit second --to http://127.0.0.1:2/base/ --token-file token --patience 0s
check_exit 64 "a token is not shown to two services" "$ASSAY" submit --pending --token-file token
check_says "they are named" 'several services, http://127.0.0.1:1/submit and http://127.0.0.1:2/base/submit'
check_exit 2 "one of them can be asked for" "$ASSAY" submit --pending --to http://127.0.0.1:2/base --token-file token --patience 0s
"$ASSAY" submit --drop 20260101-000000-nobody 20260101-000000-second >out

# ---- certificates ----

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost 2>out || report 1 "a certificate is made" out
serve safe "$work/cert.pem" "$work/key.pem"
safe=$(cat safe/port)
make_run tls
check_exit 64 "a certificate that nobody vouches for" "$ASSAY" submit tls --to "https://localhost:$safe/" --token-file token
check_says "is refused" 'certificate'
[ ! -f safe/log ]
report $? "before anything is sent"
check_exit 64 "nor is one for another name taken" "$ASSAY" submit tls --to "https://127.0.0.1:$safe/" --token-file token --cacert cert.pem
check_exit 0 "one's own is trusted" "$ASSAY" submit tls --to "https://localhost:$safe/" --token-file token --cacert cert.pem
check_exit 64 "certificates that are not there" "$ASSAY" submit tls --again --to "https://localhost:$safe/" --token-file token --cacert none.pem
check_says "are named" 'none.pem'
for name in tls; do "$ASSAY" submit --drop 20260101-000000-$name >out 2>&1; done

# ---- what is asked for wrongly ----

check_exit 64 "a token in the clear" "$ASSAY" submit one --to http://db.example.org/ --token-file token
check_says "needs a word for it" 'would send the token in the clear: take https://, or say --plain-http'
check_exit 64 "this machine is not what only looks like it" "$ASSAY" submit one --to http://localhost@db.example.org/ --token-file token
check_exit 64 "a token in the address" "$ASSAY" submit one --to "https://$token@db.example.org/" --token-file token
check_says "does not belong there" 'has a user or a password in it'
grep -q "$token" out
report $(($? == 0)) "and is not shown" out
check_exit 64 "no address" "$ASSAY" submit one --to 'db example' --token-file token
check_exit 64 "another scheme" "$ASSAY" submit one --to file:///etc/passwd --token-file token
check_exit 64 "no token" "$ASSAY" submit one --to "$to"
check_says "where it comes from" '--token-file FILE, --token-fd FD or \$ASSAY_SUBMIT_TOKEN'
printf 'two words\n' >other
check_exit 64 "a token that would break the line" "$ASSAY" submit one --to "$to" --token-file other
printf 'short\n' >other
check_exit 64 "a token that could not be hidden" "$ASSAY" submit one --to "$to" --token-file other
check_exit 64 "no run" "$ASSAY" submit --to "$to" --token-file token
check_exit 64 "no such run" submit nothing-such
check_exit 64 "a time that is none" submit one --patience soon
check_exit 64 "two ways at once" "$ASSAY" submit --list --pending
make_run good
check_exit 64 "of several runs one that there is not" submit good nothing-such
report $(($(receipts good) != 1)) "does not keep the others from being sent"

# ---- kills ----

make_run killed
behave 'silent 30'
sent=$(posts)
start killed
for _ in $(seq 200); do [ "$(posts)" = "$sent" ] || break; sleep 0.05; done
check_exit 0 "while it is under way" "$ASSAY" submit --list
check_says "that is said" 'is being sent$'
check_exit 64 "nobody else sends it" submit killed
check_says "for that reason" 'another process works on it'
kill -9 $!
wait $! 2>/dev/null
check_exit 0 "after the kill" "$ASSAY" submit --list
check_says "it waits" 'waits, tried 1 time: whoever sent it was killed before the answer came'
behave ok
check_exit 0 "and is sent again" "$ASSAY" submit --pending --token-file token
check_says "which is not kept quiet" 'it is sent again, under the same ids'
holds "nor in the receipt" '.[0] | .state == "taken" and .tries == 2 and .unanswered == 1' killed/submissions.jsonl
tail -n 2 service/log | jq -es '.[0].sha256 == .[1].sha256' >out
report $? "both have the same ids" service/log

# At any instant: what the service took more often than once is told by the receipt as what nobody knows.
for i in $(seq 24); do
	make_run "random-$i"
	behave 'slow 0.05'
	start "random-$i"
	sleep "0.$(printf %03d $((RANDOM % 260)))"
	kill -9 $! 2>/dev/null
	wait $! 2>/dev/null
done
behave ok
check_exit 0 "what two dozen kills have left is sent" "$ASSAY" submit --pending --token-file token
lost=0 quiet=0 doubled=0
for i in $(seq 24); do
	submit "random-$i" >>kills 2>&1 || lost=$((lost + 1)) # where the kill came before the outbox had it
	[ "$(jq -s 'map(select(.state == "taken")) | length' "random-$i/submissions.jsonl")" = 1 ] || lost=$((lost + 1))
	sha256=$(jq -r .sha256 "random-$i/submissions.jsonl") unanswered=$(jq .unanswered "random-$i/submissions.jsonl")
	came=$(jq -s --arg it "$sha256" 'map(select(.sha256 == $it and .taken)) | length' service/log)
	[ "$came" -ge 1 ] || lost=$((lost + 1))
	[ "$came" -le $((1 + unanswered)) ] || quiet=$((quiet + 1))
	[ "$came" -le 1 ] || doubled=$((doubled + 1))
done
report "$lost" "nothing is lost, and each has one receipt" kills
report "$quiet" "what came twice ($doubled times) is told" kills
[ -z "$("$ASSAY" submit --list 2>/dev/null)" ]
report $? "nothing waits any more"

# ---- what is kept ----

grep -rqF "$token" state ./*/submissions.jsonl kills
report $(($? == 0)) "the token is written nowhere"
"$ASSAY" submit --help >out
holds "everything that came was looked at by kcidb-io, or by what there is" 'map(.checked) | unique | length == 1' service/log
finish
