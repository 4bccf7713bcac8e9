#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# Cases that are programs: what is refused, what each end of a program means, in the guest and on the host; the shipped
# examples are proven; new ones can be begun.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"
set -f # the case patterns are not for the shell

# new_case NAME WHERE KEYS, with the program on stdin
new_case() {
	mkdir -p "$work/cases/$1"
	printf 'title: It holds\narea: own\nname: %s\nprogram: check\nwhere: %s\n%b' "$1" "$2" "$3" >"$work/cases/$1/case.yaml"
	{
		echo '#!/bin/sh'
		cat
	} >"$work/cases/$1/check"
	chmod +x "$work/cases/$1/check"
}

# ---- what is refused ----
mkdir "$work/empty"
check_exit 64 "a folder that is not there" "$ASSAY" list --cases "$work/none"
check_says "it is named" "/none: there is no such folder"
check_exit 64 "a folder without a case" "$ASSAY" list --cases "$work/empty"
check_says "what is looked for is named" "/empty: neither it nor a folder below it holds a case\.yaml"
mkdir "$work/bad" "$work/taken"
printf 'titel: It holds\narea: own\nname: bad\nprogram: gone\nwhere: gest\nneeds: [systmd]\n' >"$work/bad/case.yaml"
check_exit 64 "a case.yaml with slips" "$ASSAY" list --cases "$work/bad"
check_says "the key, with its place" "/bad/case\.yaml:1:1: there is no key .titel.; did you mean .title.\?"
check_says "the word" "/bad/case\.yaml:5:8: .*did you mean 'guest'\?"
check_says "the need" "/bad/case\.yaml:6:9: .*did you mean 'systemd'\?"
check_says "all at once" "^assay: 4 problems"
printf 'title: It holds\narea: own\nname: bad\nprogram: gone\nwhere: guest\n' >"$work/bad/case.yaml"
check_exit 64 "a program that is not there" "$ASSAY" show own.bad --cases "$work/bad"
check_says "it is named" "/bad/case\.yaml:4:10: .*/bad/gone is not there"
printf 'title: It holds\narea: boot\nname: reaches_ready\nprogram: check\nwhere: guest\n' >"$work/taken/case.yaml"
printf '#!/bin/sh\n' >"$work/taken/check"
check_exit 64 "a program that cannot be executed" "$ASSAY" list --cases "$work/taken"
check_says "the remedy is named" "/taken/check cannot be executed; chmod \+x"
chmod +x "$work/taken/check"
check_exit 64 "an id of Assay's own" "$ASSAY" list --cases "$work/taken"
check_says "it is named" "/taken/case\.yaml:3:7: the id boot\.reaches_ready is that of a case of Assay's own"

# ---- new ones ----
check_exit 0 "a new executable case" "$ASSAY" new case own begun --executable --in "$work/cases"
check_exit 0 "it is a case" "$ASSAY" show own.begun --cases "$work/cases"
check_says "with a planted defect" "planted"
check_says "and who plants it" "planted by +$work/cases/"
check_exit 64 "it is never written over" "$ASSAY" new case own begun --executable --in "$work/cases"
check_exit 64 "an area with a slip" "$ASSAY" new case tiem begun --executable --in "$work/cases"
check_says "the nearest area is named" "did you mean 'time'"
tree=$work/tree
mkdir -p "$tree/guest/kit" "$tree/guest/cases/time"
touch "$tree/guest/kit/case.h" "$tree/layers.txt"
check_exit 0 "a new C case in a source tree" "$ASSAY" new case time begun --in "$tree/guest/cases"
check "it compiles" cc -fsyntax-only -Wall -Wextra -Werror -std=gnu17 -D_GNU_SOURCE -DASSAY_GUEST -I"$source_folder" \
	-include "$source_folder/base/ban.h" "$tree/guest/cases/time/begun.c"
check_exit 64 "it is never written over" "$ASSAY" new case time begun --in "$tree"
check_exit 64 "an area with a slip" "$ASSAY" new case tiem begun --in "$tree"
check_says "the nearest area is named" "did you mean 'time'"
check_exit 64 "a case that exists" "$ASSAY" new case boot reaches_ready --in "$tree"
check_exit 64 "outside of a source tree" "$ASSAY" new case time begun --in "$work/empty"
check_says "what to do" "--executable"

# ---- ends in the guest ----
new_case fails guest 'sabotage: {text: the disk is slow, argument: plant}\n' <<'END'
echo "the disk is slow"; exit 1
END
new_case skips guest '' <<'END'
echo "no such device"; exit 77
END
new_case breaks guest '' <<'END'
exit 99
END
new_case ends_oddly guest '' <<'END'
exit 3
END
new_case has_sub_tests guest 'reports: tap\nisolation: shared\n' <<'END'
printf 'TAP version 14\n1..2\nok 1 - net\n# Subtest: disk\n    1..2\n    ok 1 - reads\n    not ok 2 - writes\nnot ok 2 - disk\n'
END
new_case is_cut guest 'reports: tap\nisolation: shared\n' <<'END'
printf 'TAP version 13\n1..3\nok 1\n'
END
new_case takes_too_long guest 'timeout: 1\n' <<'END'
sleep 1000
END
new_case is_not_needed guest 'needs: ["cmd:no-such-program"]\n' <<'END'
exit 1
END
new_case binary guest 'files: [bytes]\n' <<'END'
[ "$(sha256sum <bytes)" = "$(head -c 3000000 /dev/zero | tr '\0' '\377' | sha256sum)" ] && [ "$ASSAY_CASE" = own.binary ] &&
	[ "$ASSAY_PLAN_CPUS" -ge 1 ]
END
head -c 3000000 /dev/zero | tr '\0' '\377' >"$work/cases/binary/bytes"

# ---- and on the host ----
new_case reaches host 'sabotage: {text: the file is another one, argument: plant}\n' <<'END'
if [ "$1" = plant ]; then
	echo planted | "$ASSAY" guest write /run/assay-test
	exit
fi
set -e
[ "$("$ASSAY" guest read /run/assay-test 2>/dev/null)" != planted ]
echo 'two words' | "$ASSAY" guest write /run/assay-own
[ "$("$ASSAY" guest exec cat /run/assay-own)" = 'two words' ]
"$ASSAY" guest exec sh -c 'exit 5' && exit 99
"$ASSAY" guest exec sh -c 'exit 5' || [ $? = 5 ]
"$ASSAY" guest list /run | grep -qx assay-own
"$ASSAY" guest list /run | grep -q assay-case- && exit 99
"$ASSAY" guest qmp query-status | grep -q running
"$ASSAY" guest read /no/such/file 2>/dev/null && exit 99
[ -z "$ASSAY_TEST_SECRET" ]
[ "$(ls)" = check ]
echo "this is the host"
END
new_case has_no_network host 'needs: [systemd]\n' <<'END'
command -v python3 >/dev/null || exit 77
python3 -c 'import socket; socket.socket(socket.AF_INET)' 2>&1 | grep 'Address family not supported'
END
new_case stays_too_long host 'timeout: 1\n' <<'END'
sleep 1000
END

path=$(image debian-12-uefi) || exit 1
export ASSAY_TEST_SECRET=1
check_exit 1 "a run of programs" "$ASSAY" run "$path" --cases "$work/cases" --case 'own.*' --case '!own.begun' --out "$work/run"
# is OUTCOME NAME MESSAGE
is() {
	"$ASSAY" report "$work/run" --format json | jq -r --arg id "own.$2" '.cases[] | select(.id == $id) | "\(.outcome): \(.message)"' \
		>"$work/out"
	grep -qE "^$1: .*$3" "$work/out"
	report $? "own.$2 is $1: $3" "$work/out"
}
is fail fails "the disk is slow"
is skip skips "no such device"
is broken breaks "says that it is broken"
is broken ends_oddly "check exited with 3"
is fail has_sub_tests "disk > writes: got not ok"
is broken is_cut "3 tests were planned and 1 came"
is broken takes_too_long "longer than its limit"
is skip is_not_needed "cmd:no-such-program"
is pass binary ""
is pass reaches ""
is "(pass|skip)" has_no_network ""
is broken stays_too_long "did not end in time"
report "$(find /tmp "${TMPDIR:-/tmp}" -maxdepth 1 -name 'assay-case-*' -user "$(id -u)" 2>/dev/null | wc -l)" "nothing is left on the host"

check_exit 0 "all that is shipped, begun, or on the host is proven" "$ASSAY" prove "$path" --cases "$work/cases" \
	--cases "$source_folder/runbooks/cases" --case example --case own.reaches --case own.begun --out "$work/proof"
check_says "and the score is complete" "^PROOF  4 of 4 cases proven"
finish
