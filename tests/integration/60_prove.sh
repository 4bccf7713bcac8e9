#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# The cases can fail: clean they pass (or are skipped with their need), under their sabotage they fail. All of those that run
# on the disk and in the guest; `make prove` does the ones that drive the machine too, which takes boots.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"

path=$(image debian-12-uefi) || exit 1
check_exit 0 "every audit and guest case is proven on the demo image" "$ASSAY" prove "$path" --kind audit --kind guest --out "$work/proof"
check_says "and the score is complete" "^PROOF  ([0-9]+) of \\1 cases proven"
finish
