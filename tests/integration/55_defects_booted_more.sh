#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# suite: long
# Defects that only show when the image is booted: each is blocked, for the right reason.
. "$(dirname "$0")/lib.sh"
set -f # the case patterns are not for the shell
requires jq "package jq"

# cloud-init cannot write, so nothing brings the agent up: the disk has the reason.
blocked root-readonly filesystem.root_is_writable "mounts / with the options ro"
blocked wrong-root-uuid boot.reaches_ready "initramfs"
blocked emergency-mode boot.reaches_ready "emergency"
blocked oops-at-boot kernel.log_has_no_oops "BUG|Oops"
blocked clock-far-off time.wall_clock_matches_host "UTC is within two seconds of the host"
finish
