#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# suite: long
# Defects that only show when the image is booted: each is blocked, for the right reason.
. "$(dirname "$0")/lib.sh"
set -f # the case patterns are not for the shell
requires jq "package jq"

# cloud-init cannot write, so nothing brings the agent up; the console has the reason.
blocked root-readonly boot.reaches_ready "[Rr]ead-only|agent"
blocked oops-at-boot kernel.log_has_no_oops "BUG|Oops"
blocked clock-far-off time.wall_clock_matches_host "."
finish
