#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# Defects that only show when the image is booted: each is blocked, for the right reason.
. "$(dirname "$0")/lib.sh"
set -f # the case patterns are not for the shell
requires jq "package jq"

blocked panic-in-initramfs boot.reaches_ready "[Kk]ernel panic|the kernel panicked"
blocked no-bootloader boot.reaches_ready "boot loader" --firmware bios
blocked failed-unit systemd.no_failed_units "[.]service"
finish
