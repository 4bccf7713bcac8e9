#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds files against the schemas of `assay schema`: schemas.py ASSAY SOURCE. Whatever ships, and whatever the readers take in
their own tests, is valid; files with one mistake each are not. Prints a line of TAP for each."""
import glob
import json
import os
import re
import subprocess
import sys

import jsonschema
import yaml


class Yaml12(yaml.SafeLoader):
    """As Assay and editors read it: `yes` and 2028-06-30 are texts."""


Yaml12.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in rows if tag.rsplit(':', 1)[1] not in ('bool', 'timestamp')]
    for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Yaml12.add_implicit_resolver('tag:yaml.org,2002:bool', re.compile('^(true|false)$'), list('tf'))

GOOD = {
    'case': ['runbooks/cases/*/case.yaml'],
    'gate': ['tests/fuzz/corpus/gate/good-*', 'examples/gates/*.yaml'],
    'policy': ['runbooks/profiles/*.yaml', 'tests/policies/*.yaml'],
    'runbook': ['tests/fuzz/corpus/runbook/good-*'],
    'sizes': ['runbooks/sizes/*.yaml', 'tests/fuzz/corpus/sizes/good-*'],
    'waivers': ['tests/fuzz/corpus/waivers/good-*'],
}
BAD = {
    'case': ['title: x', 'title: x\narea: a\nname: b\nprogram: c\nwhere: moon', '[]'],
    'gate': [
        'rule: []', 'rules: {}', 'rules: [{when: fail}]', 'rules: [{outcome: block}]', 'rules: [{when: fale, outcome: block}]',
        'rules: [{when: fail, outcome: ship}]', 'rules: [{when: infra, above: 101, outcome: tell}]', 'cover: [{firmwares: [efi]}]',
        'cover: [{cells: 0}]', 'cover: [{cases: boot}]', 'baseline: none', 'age: {outcome: block}', 'age: soon',
        'sign_off: [{name: Bob, key: k}]', 'sign_off: [{name: qa}]', 'signers: []',
    ],
    'policy': ['requird_packages: [a]', 'required_packages: a', 'boot_limit_s: soon', 'firewall: maybe'],
    'runbook': [
        'images: []', 'images: [{name: no-path}]', 'images: [a]\nsizes: small', 'images: [a]\ncolour: red',
        'images: [a]\nfirmwares: [efi]', 'images: [a]\ncombine: zap', 'images: [a]\ncombine: {ways: 9}',
        'images: [a]\nwithin: soon', 'images: [a]\nlimits: {memory: 8G}', 'images: [a]\nlimits: {jobs: 0}',
        'images: [a]\nvariants: {Bad: [x]}', 'images: [a]\nvariants: {ok: x}', 'images: [a]\nmust: [{}]',
        'images: [a]\nweights: {size: {small: many}}', 'images: [a]\ncases: {priority: 7}', 'images: [a]\nsecrets: [A]',
        'images: [a]\ncases: {overrides: [{timeout: 5s}]}', 'images: [a]\nhosts: [{machine: q35}]', 'images: [[a]]',
    ],
    'sizes': ['sizes: {}', 'sizes: [small]', 'sizes: {a: {cpu: 1}}', 'sizes: {a: {cpus: 513}}', 'sizes: {a b: {cpus: 1}}',
              'sizes: {a: {memory: 2G}}', 'sizes: {a: {controller: ide}}', 'sizes: {a: {tpm: 1}}', 'sizes: {a: {generations: [3]}}'],
    'waivers': [
        'waivers: {}', 'waivers: [{case: a.b}]', 'waivers: [{case: a.b, reason: r, owner: o}]',
        'waivers: [{case: a.b, reason: r, owner: o, expires: soon}]', 'waivers: [{reason: r, owner: o, expires: 2030-12-31}]',
        'waivers: [{case: a.b, reason: r, owner: o, expires: 2030-12-31, waives: [all]}]',
        'waivers: [{case: a.b, reason: r, owner: o, expires: 2030-12-31, owners: x}]', 'waiver: []', '[]',
    ],
}


def main():
    assay, source = sys.argv[1:]
    count = failed = 0

    def report(is_well, text, why=''):
        nonlocal count, failed
        count += 1
        failed += not is_well
        print('ok' if is_well else 'not ok', count, '-', text.replace('\n', ' | ').replace('#', ''))
        if not is_well:
            print('#', why.replace('\n', ' '))

    for form in GOOD:
        schema = json.loads(subprocess.run([assay, 'schema', form], check=True, capture_output=True).stdout)
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        paths = sorted(path for pattern in GOOD[form] for path in glob.glob(os.path.join(source, pattern)))
        report(bool(paths), f'{form}: there are files')
        for path in paths:
            with open(path, encoding='utf-8') as file:
                faults = [fault.message for fault in validator.iter_errors(yaml.load(file, Yaml12))]
            report(not faults, f'{form}: {os.path.relpath(path, source)} is valid', '; '.join(faults)[:400])
        for text in BAD[form]:
            report(not validator.is_valid(yaml.load(text, Yaml12)), f'{form}: refused: {text}')
    print(f'1..{count}')
    sys.exit(failed > 0)


main()
