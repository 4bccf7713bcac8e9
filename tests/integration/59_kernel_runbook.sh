#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# Kernels as an axis of runbooks: the example is planned, two kernels are run alone, stopped, gone on with, compared and judged by a
# gate that wants each of them; and what is wrong is told with its place.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"
requires depmod "package kmod"

old=$("$images/kernel-package" cloud 2>"$work/build.log") && new=$("$images/kernel-package" cloud-6.12 2>>"$work/build.log") || {
	cat "$work/build.log" >&2
	echo "1..0 # SKIP the kernels cannot be fetched"
	exit 77
}
path=$(image debian-12-uefi) || exit 1
export ASSAY_CACHE=$work/cache XDG_STATE_HOME=$work/state
mkdir "$work/kernels" "$work/images"
ln -s "$old" "$work/kernels/linux-image-old.deb"
ln -s "$new" "$work/kernels/linux-image-new.deb"
ln -s "$path" "$work/images/debian-12-uefi.qcow2"
cd "$work" || exit 1

# ---- the example ----

book=$source_folder/examples/6-kernels.yaml
check_exit 0 "the example is planned" "$ASSAY" plan "$book" -D "images=$work/images" -D "kernels=$work/kernels"
check_says "each kernel alone" '^ +[0-9]+ +none +linux-image-old '
check_says "and in the image" '^ +[0-9]+ +debian-12 +linux-image-new '
check_says "beside its own" '^ +[0-9]+ +debian-12 +installed '
check_says "which is nowhere alone" '1 excluded by .if image == none then kernel != installed. \(.*6-kernels.yaml:8:5\)'
"$ASSAY" plan "$book" -D "images=$work/images" -D "kernels=$work/kernels" --json >plan.json 2>out
jq -e '.cells | length == 5' plan.json >out
report $? "as five cells" plan.json
jq -e '[.kernels[] | select(.name == "linux-image-new") | .traits] | .[0] | .series == "6.12" and .flavour == "cloud-amd64" and
	.form == "package" and .modules == "yes" and .CONFIG_HZ == "250"' plan.json >out
report $? "with what was seen of each kernel" plan.json
check_exit 0 "nothing has changed since" "$ASSAY" plan "$book" -D "images=$work/images" -D "kernels=$work/kernels" --since plan.json --json
ln -sf "$old" kernels/linux-image-new.deb
"$ASSAY" plan "$book" -D "images=$work/images" -D "kernels=$work/kernels" --since plan.json --json >since.json 2>out
jq -e '.since.changed == "kernel=linux-image-new" and (.cells | length) == 2' since.json >out
report $? "another file is another kernel" since.json
ln -sf "$new" kernels/linux-image-new.deb

# ---- running ----

cat >alone.yaml <<YAML
kernels:
  - {path: kernels/linux-image-old.deb, name: old}
  - {path: kernels/linux-image-new.deb, name: new, traits: {tuned: yes}}
constraints:
  - if kernel.tuned == yes then kernel.series >= 6.12 and kernel.CONFIG_PREEMPT_RT == n
variants: {load: [none, some]}
must: [{kernel: new, load: some}]
combine: zip
cases: {include: [kernel.given_release_runs, kernel.no_taint, kernel.module_autoload_works]}
YAML
"$ASSAY" run alone.yaml --json --out run >lines 2>said &
runner=$!
for ((i = 0; i < 3000; i++)); do
	! grep -q '"type":"result"' lines || break
	kill -0 $runner 2>/dev/null || break
	sleep 0.1
done
kill -INT $runner
wait $runner
report $(($? != 2)) "a run that is stopped is undecided" said
check_exit 0 "gone on with, two kernels ship" "$ASSAY" run --resume run
"$ASSAY" report run --format json >run.json
jq -e '[.cells[] | [.kernel.called, (.kernel.release | split(".")[1] | tonumber), .variants]] ==
	[["new", 12, "load=some\n"], ["old", 1, "load=none\n"]]' run.json >out
report $? "the report says which cell had which" run.json
"$ASSAY" report run >out
check_says "for people too" '^ +[0-9]+ +pass +old: 6\.1\.'
jq -e '[.cells[].kernel | .called, .key] | unique | length == 4' run/plan.json >out
report $? "and the run's plan" run/plan.json
for index in 0 1; do
	"$ASSAY" report run --format json | jq -e --argjson cell $index '[.cases[] | select(.cell == $cell and
		.id == "kernel.given_release_runs" and .outcome == "pass")] | length == 1' >out
	report $? "cell $index ran the kernel that it says" out
done
check_exit 0 "a run is compared with itself" "$ASSAY" compare run run
check_exit 0 "it is told by its metrics" "$ASSAY" report run --format openmetrics
check_says "with the kernel" 'assay_cell\{.*kernel="6\.12\.'

cat >gate.yaml <<YAML
cover:
  - {kernels: [old, 'linux-image-6.12*.deb'], cases: [kernel.no_taint], outcome: block}
YAML
check_exit 0 "a gate wants both" "$ASSAY" judge run --gate gate.yaml
printf '  - {kernels: [6.11.*], images: [none], outcome: block}\n' >>gate.yaml
check_exit 1 "and one that was not there" "$ASSAY" judge run --gate gate.yaml
check_says "which is said" 'not covered  image none, kernel 6\.11\.\*: 0 cells, and the gate wants 1'
openssl genpkey -algorithm ed25519 -out key.pem 2>/dev/null && openssl pkey -in key.pem -pubout -out public.pem
check_exit 0 "the run is signed" "$ASSAY" sign run --key key.pem --out hallmark
check_exit 0 "for one kernel" "$ASSAY" verify "$old" hallmark --key public.pem
check_exit 0 "and for the other" "$ASSAY" verify "$new" hallmark --key public.pem

# ---- the gate for upstream kernels, as it ships ----

shipped=$source_folder/runbooks/kernels
check_exit 0 "the runbook for upstream kernels" "$ASSAY" run "$shipped/upstream-kernel.yaml" -D "kernel=$new" --out upstream
check_exit 0 "its gate lets the kernel ship" "$ASSAY" judge upstream --gate "$shipped/upstream-kernel.gate.yaml"
check_exit 0 "beside the one before, too" "$ASSAY" judge upstream --gate "$shipped/upstream-kernel.gate.yaml" --baseline upstream
check_exit 64 "a kernel has to be named" "$ASSAY" plan "$shipped/upstream-kernel.yaml"
check_says "which is said with the place" 'upstream-kernel.yaml:[0-9]+:[0-9]+: .*kernel'

# ---- what is wrong ----

cp "$old" kernels/cut.deb && truncate -s 9000000 kernels/cut.deb
cat >wrong.yaml <<YAML
kernels:
  - kernels/cut.deb
  - {path: kernels/linux-image-old.deb, moduls: x}
YAML
check_exit 64 "a misspelt key" "$ASSAY" plan wrong.yaml
check_says "with its place" '^wrong.yaml:3:41: there is no key .moduls.; did you mean .modules.\?'
sed -i '3d' wrong.yaml
check_exit 64 "a package that is cut short" "$ASSAY" plan wrong.yaml
check_says "with its place" '^wrong.yaml:2:5: .*cut.deb cannot be unpacked'
printf 'kernels: [kernels/*.rpm]\n' >wrong.yaml
check_exit 64 "a glob that fits nothing" "$ASSAY" plan wrong.yaml
check_says "with its place" '^wrong.yaml:1:11: .kernels.: no file fits kernels/\*\.rpm'
printf 'kernels: [kernels/linux-image-old.deb]\nconstraints:\n  - kernel.CONFIG_PREEMT_RT == n\n' >wrong.yaml
check_exit 0 "an option that no configuration has" "$ASSAY" plan wrong.yaml
check_says "is told" '^wrong.yaml:3:12: .constraints.: no kernel.s configuration names CONFIG_PREEMT_RT: it counts as n'
printf 'kernels: [kernels/linux-image-old.deb]\nconstraints:\n  - kernel.flavor == cloud-amd64\n' >wrong.yaml
check_exit 64 "a trait that kernels do not have" "$ASSAY" plan wrong.yaml
check_says "with the nearest" "^wrong.yaml:3:5: .*did you mean '(kernel\.)?flavour'"
finish
