# SPDX-License-Identifier: Apache-2.0
# Verbs with which a defect script changes the files of a raw disk without mounting it; sourced with DISK set.
set -euo pipefail

: "${DISK:?run me through tests/images/build}"
scratch_file=$DISK.edit
root_offset=$(($(sfdisk --dump "$DISK" | sed -n 's/.*1 : start= *\([0-9]*\),.*/\1/p' | head -n 1) * 512))
root_fs="$DISK?offset=$root_offset"
esp_at="$DISK@@4M"		# for mtools: -i "$esp_at"

# debugfs reports failure only in words; all but its greeting is an error, unless the command prints by design.
change() {
	local said
	said=$(debugfs -w -R "$1" "$root_fs" 2>&1 | grep -v '^debugfs 1\.\|^Allocated inode:' || true)
	[ -z "$said" ] || { printf 'debugfs %s: %s\n' "$1" "$said" >&2; exit 1; }
}
ask() { debugfs -R "$1" "$root_fs" 2>/dev/null; }

exists() { ask "stat $1" | grep -q '^Inode:'; }
read_file() { ask "cat $1"; }
names_in() { ask "ls -p $1" | cut -d/ -f6 | grep -v '^\.*$'; }
remove() { ! exists "$1" || change "rm $1"; }

folder() {		# PATH: makes it and its parents
	[ "$1" = / ] || exists "$1" || { folder "$(dirname "$1")"; change "mkdir $1"; set_mode "$1" 040755; }
}

set_mode() { change "set_inode_field $1 mode $2"; }
set_owner() { change "set_inode_field $1 uid $2"; change "set_inode_field $1 gid ${3-$2}"; }

put() {			# PATH [MODE]: content from standard input, owner root
	cat >"$scratch_file"
	folder "$(dirname "$1")"
	remove "$1"
	change "write $scratch_file $1"
	set_mode "$1" "010${2-0644}"
	set_owner "$1" 0
	rm -f "$scratch_file"
}

group_of() { ask "stat $1" | sed -n 's/^User:.*Group: *\([0-9]*\).*/\1/p'; }
mode_of() { ask "stat $1" | sed -n 's/.*Mode: *\([0-7]*\).*/\1/p'; }

edit() {		# PATH SED_EXPRESSION: owner and mode stay
	local mode group before after
	mode=$(mode_of "$1") group=$(group_of "$1")
	before=$(read_file "$1")
	after=$(sed "$2" <<<"$before")
	[ "$before" != "$after" ] || { echo "edit: nothing to change in $1" >&2; exit 1; }
	put "$1" "$mode" <<<"$after"
	set_owner "$1" 0 "$group"
}

append() {		# PATH: lines from standard input
	local mode group more
	mode=$(mode_of "$1") group=$(group_of "$1")
	more=$(cat)
	{ read_file "$1"; printf '%s\n' "$more"; } | put "$1" "$mode"
	set_owner "$1" 0 "$group"
}

link() { remove "$2"; change "symlink $2 $1"; }		# TARGET PATH

# A unit that is started at every boot: its text from standard input.
enable_unit() {		# NAME
	put "/etc/systemd/system/$1"
	folder /etc/systemd/system/multi-user.target.wants
	link "/etc/systemd/system/$1" "/etc/systemd/system/multi-user.target.wants/$1"
}
