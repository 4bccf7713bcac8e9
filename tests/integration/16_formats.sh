#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# Reports in formats of others, held against readers that others have written (formats.py).
. "$(dirname "$0")/lib.sh"
requires python3 "package python3"

# Their programs, beside the images, installed once. What cannot be is skipped there, with the reason.
others=${ASSAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/assay}/test-formats
mkdir -p "$others"
packages='junitparser>=3,<6 tap.py[yaml]>=3.2,<4 prometheus-client>=0.20,<1 markdown-it-py>=3,<5 jsonschema[format]>=4 kcidb-io>=141'
modules='junitparser tap.parser more_itertools yaml prometheus_client markdown_it jsonschema rfc3339_validator kcidb_io'
python=$others/python/bin/python
imports() {
	[ -x "$python" ] && for module in $modules; do "$python" -c "import $module" || return; done 2>/dev/null
}
# shellcheck disable=SC2086 # a list of words
imports || { python3 -m venv "$others/python" && "$others/python/bin/pip" install --quiet $packages; } >"$work/out" 2>&1 ||
	sed 's/^/# /' "$work/out"
[ -x "$python" ] || python=python3

node=$(command -v node || true)
if [ -n "$node" ] && [ ! -f "$others/node_modules/ctrf/package.json" ]; then
	npm install --silent --no-audit --no-fund --prefix "$others" tap-parser@18 ctrf@0.3 >"$work/out" 2>&1 || sed 's/^/# /' "$work/out"
fi
[ -d "$others/node_modules/tap-parser" ] || node=
"$python" "$(dirname "$0")/formats.py" "$ASSAY" "$work" "$node" "$others/node_modules"
