#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# The cases can fail: clean they pass (or are skipped with their need), under their sabotage they fail. A sample
# of areas; `make prove` does all, also those that drive the machine, which takes boots.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"

path=$(image debian-12-uefi) || exit 1
check_exit 0 "every case of the sample is proven on the demo image" "$ASSAY" prove "$path" --kind audit --kind guest \
	--area image --area users --area kernel --area systemd --area cpu --area memory --out "$work/proof"
check_says "and the score is complete" "^PROOF  ([0-9]+) of \\1 cases proven"
finish
