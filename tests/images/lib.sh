# SPDX-License-Identifier: Apache-2.0
# What the image builders share: messages, the cache folder, locks, and the Debian mirror to use.
# Sourced by bash scripts that have set `here` to this folder.

cache=${ASSAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/assay}

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# Every program that a step needs, named before the step starts, with the package that has it.
need() {
	local pair missing=()
	for pair; do
		command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
	done
	((${#missing[@]} == 0)) || die "missing tools; install them with: apt-get install ${missing[*]}"
}

# A scratch folder beside the result, so that the last step is a rename; gone however we end.
scratch() {
	mkdir -p "$1" || die "cannot write to $1 (set ASSAY_CACHE to another folder)"
	work=$(mktemp -d "$1/.work.XXXXXX") || die "cannot make a scratch folder in $1"
	trap 'status=$?; trap "" INT TERM HUP; sweep "$work"; exit $status' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

# Files of other owners appear when an ordinary user builds in a user namespace.
sweep() { rm -rf -- "$1" 2>/dev/null || as_root rm -rf -- "$1"; }

# Runs a command as root: directly, or as root of a user namespace with the caller's subordinate ids.
as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else unshare --map-root-user --map-auto "$@"; fi
}

need_space() {		# FOLDER MIB
	local free
	free=$(df -Pm -- "$1" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$2" ] || die "$1 has $free MiB free, $2 MiB are needed"
}

# One builder at a time per result; the others wait and then find it made.
lock() {
	mkdir -p "$(dirname "$1")"
	exec {lock_fd}>"$1"
	flock -n "$lock_fd" || { say "waiting for another build of $(basename "$1" .lock)"; flock "$lock_fd"; }
}

# The mirror that this machine's apt uses for an archive (label Debian or Debian-Security).
# ASSAY_DEBIAN_MIRROR and ASSAY_DEBIAN_SECURITY_MIRROR override it.
mirror_of() {
	local uri
	uri=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		awk -v label="$1" '$1 == label { print $2; exit }')
	case $1 in
	Debian) printf '%s\n' "${ASSAY_DEBIAN_MIRROR:-${uri:-http://deb.debian.org/debian}}" ;;
	*) printf '%s\n' "${ASSAY_DEBIAN_SECURITY_MIRROR:-${uri:-http://deb.debian.org/debian-security}}" ;;
	esac
}
