#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# Every case can fail: clean it passes (or is skipped with its need), under its sabotage it fails.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"

path=$(image debian-12-uefi) || exit 1
check_exit 0 "every case is proven on the demo image" "$ASSAY" prove "$path" --out "$work/proof"
sed 's/^/# /' "$work/out" | tail -n 30
finish
