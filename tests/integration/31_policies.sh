#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# Policies and profiles: what they promise is judged, offline; slips in them are told; profiles ship whole.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"

good=$(image debian-12-uefi) || exit 1
policy=$source_folder/tests/policies/debian-12.yaml
audits="--kind audit --need policy:* --case *"

set -f
check_exit 0 "each audit that asks the policy is proven" \
	"$ASSAY" prove "$good" --policy "$policy" $audits --out "$work/proof"
set +f
check_says "none is skipped" "PROOF +([0-9]+) of \1 cases proven"
check_exit 0 "the good image keeps what was promised" "$ASSAY" audit "$good" --policy "$policy" --out "$work/kept"

# A promise that is not kept blocks, and the case that judges it says so.
printf 'required_packages: [the-product]\n' >"$work/more.yaml"
check_exit 1 "a later policy overrides" \
	"$ASSAY" audit "$good" --policy "$policy" --policy "$work/more.yaml" --out "$work/broken"
check_says "the promise is named" "packages.required_are_installed: the-product is not installed"
ids_with "$work/broken" fail >"$work/out"
echo packages.required_are_installed | diff - "$work/out" >"$work/diff"
report $? "nothing else fails" "$work/diff"

# The run goes on with the policy that it had.
sed -i '/"packages.required_are_installed"/d; /"type":"end"/d' "$work/broken/journal.jsonl"
check_exit 1 "a run with a policy can be resumed" "$ASSAY" run --resume "$work/broken"
check_says "it still knows the promise" "the-product is not installed"
check_exit 64 "a resumed run takes no other policy" "$ASSAY" run --resume "$work/broken" --policy "$policy"

# Without a policy the cases are skipped, with the key named.
"$ASSAY" audit "$good" --case packages.required_are_installed --out "$work/without" >"$work/out" 2>&1
check_says "what is missing is named" "policy:required_packages"

printf 'required_pakages: [a]\nlvm: maybe\ncases: [area=bot]\n' >"$work/slips.yaml"
check_exit 64 "slips are refused" "$ASSAY" audit "$good" --policy "$work/slips.yaml" --out "$work/none"
check_says "with place and nearest word" "slips.yaml:1:1: .*did you mean .required_packages"
check_says "all at once" "slips.yaml:2:6: .lvm. is yes or no"
[ ! -e "$work/none" ]
report $? "nothing was begun"

check_exit 64 "an unknown profile is refused" "$ASSAY" list --profile azur
check_says "with the nearest one" "did you mean 'azure'"
check "the profiles are listed" "$ASSAY" list --profiles
cp "$work/out" "$work/profiles"
for name in aws azure cis gcp openstack; do
	grep -qE "^$name +[1-9]" "$work/profiles"
	report $? "the profile $name has cases" "$work/profiles"
	check "the profile $name is whole" "$ASSAY" list --profile "$name"
done

check "each rule of a profile has a case or a reason" "$source_folder/tools/make-rules" --check "$ASSAY"
finish
