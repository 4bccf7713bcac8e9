#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds `assay report` against readers that others have written: formats.py ASSAY WORK NODE_MODULES. Makes runs with all that can
come, hostile words included, has each told in each format, and compares what the reader makes of it with the run's own JSON.
Prints a line of TAP for each; a reader that is not there is skipped."""
import collections
import importlib
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

EVIL = '</td>|`x` <script>alert(1)</script> @someone #1 \\ "q" \' & ]]> \x1b[31m # SKIP \u202e \ud7ff *b* [l](http://x) \n1..9\nok 1'
TITLE = 'It holds | <b> *x*'


# ---- runs ----

def plan_case(name, **more):
    return {'id': name, 'kind': 'guest', 'priority': 'P1', 'title': TITLE, 'why': EVIL, 'remedy': EVIL, 'sabotage_kind': 'code', **more}


def plan_cell(number, name='x.qcow2', called='', size='small', variants='', cases=()):
    return {'cell': number, 'image': {'path': f'/{number}/{name}', 'name': name, 'called': called, 'sha256': '%064x' % number,
                                      'format': 'qcow2', 'os': 'Debian <12>', 'arch': 'x86_64'},
            'size': {'name': size, 'cpus': 2, 'mem_mib': 1024}, 'firmware': 'uefi', 'accel': 'tcg', 'entry': 'media',
            'variants': variants, 'cases': list(cases)}


def result(cell, case, outcome, **more):
    return {'type': 'result', 'wall_ns': 5_000_000_000, 'cell': cell, 'id': case, 'outcome': outcome, 'duration_ns': 1_234_567_890, **more}


SUBS = [{'name': 'disk > reads', 'outcome': 'pass', 'line': 3, 'duration_ns': 12_500_000},
        {'name': 'disk > ' + EVIL, 'outcome': 'fail', 'message': EVIL, 'line': 4, 'duration_ns': 1_000},
        {'name': 'later', 'outcome': 'pass', 'expected': True, 'message': 'known', 'line': 5},
        {'name': 'none', 'outcome': 'skip', 'message': 'no disk', 'line': 6}]


def rich_cases():
    return [plan_case(name) for name in ('a.fails', 'a.passes', 'b.broken', 'b.hole', 'b.infra', 'b.skips', 'own.program',
                                         'own.well')] + [plan_case('c.unproven', sabotage_kind='none')]


def rich_results(cell):
    check = {'expression': 'a < b && "c"', 'got': EVIL, 'want': '1', 'file': 'guest/cases/a.c', 'line': 3}
    return [result(cell, 'a.fails', 'fail', message=EVIL, check=check, evidence=EVIL * 9, name='fork-1'),
            result(cell, 'a.passes', 'fail', superseded=True, message='late ' + EVIL, name='fork-0'),
            result(cell, 'a.passes', 'pass', attempt=2, passed=4),
            result(cell, 'b.broken', 'broken', message='it ran out of time'),
            result(cell, 'b.infra', 'infra', message='disk full # really'),
            result(cell, 'b.skips', 'skip', need='disk:data', message='no disk'),
            result(cell, 'c.unproven', 'fail', message='it is not'),
            result(cell, 'own.program', 'fail', message='disk > writes: got 1', subs=SUBS, subs_cut=2),
            result(cell, 'own.well', 'pass', subs=[SUBS[0], SUBS[2], SUBS[3]],
                   measures=[{'name': 'rate', 'unit': 'MB/s', 'better': 'higher', 'samples': [1, 3, 2.5]}])]


def write_run(work, name, cells, results, left_out=(), **more):
    folder = os.path.join(work, name)
    os.makedirs(folder)
    with open(os.path.join(folder, 'plan.json'), 'w', encoding='utf-8') as file:
        json.dump({'schema': 1, 'run': f'20260101-000000-{name}', 'cells': cells, 'left_out': list(left_out), **more}, file)
    begin = {'type': 'begin', 'schema': 1, 'wall_ns': 1_767_225_600_000_000_000, 'text': '0.1', 'detail': 'QEMU 7.2 ' + EVIL}
    end = {'type': 'end', 'wall_ns': 1_767_225_609_500_000_000, 'text': 'done'}
    with open(os.path.join(folder, 'journal.jsonl'), 'w', encoding='utf-8') as file:
        for record in [begin, {'type': 'phase', 'name': 'boot', 'span_ns': 2_000_000_000, 'count': 1}, *results, end]:
            file.write(json.dumps(record) + '\n')
    return folder


def make_runs(work):
    left_out = [{'values': 'size=big <i>', 'why': 'no room ' + EVIL, 'must': True},
                {'values': 'size=huge', 'why': 'beyond the budget', 'asked': True}]
    cells = [plan_cell(0, called='one', cases=rich_cases()), plan_cell(1, called='two', cases=rich_cases()),
             plan_cell(2, called='two', size='large', variants='policy=a\n', cases=rich_cases()),
             plan_cell(3, called='two', size='large', variants='policy=a\n', cases=rich_cases())]
    many = [plan_case('m.case_%04d' % i) for i in range(3000)]
    return {
        'many cells': write_run(work, 'cells', cells, [r for i in range(4) for r in rich_results(i)], left_out),
        'one cell': write_run(work, 'one', [plan_cell(0, cases=rich_cases())], rich_results(0)),
        'all well': write_run(work, 'well', [plan_cell(0, cases=[plan_case('a.passes')])], [result(0, 'a.passes', 'pass')]),
        'nothing ran': write_run(work, 'none', [plan_cell(0, cases=[plan_case('a.hole')])], []),
        '3000 failures': write_run(work, 'many', [plan_cell(0, cases=many)],
                                   [result(0, it['id'], 'fail', message=EVIL) for it in many]),
        'a proof': write_run(work, 'proof', [plan_cell(0, cases=[plan_case('a.misses'), plan_case('a.misses', sabotaged=True,
                                                                                               sabotage='nothing at all')])],
                             [result(0, 'a.misses', 'pass'), result(0, 'a.misses', 'pass', sabotaged=True)], proves=True),
    }


# ---- checks ----

class Report:
    """A run's report as one format, beside the run's own JSON."""

    def __init__(self, assay, folder):
        self.assay, self.folder = assay, folder
        self.json = json.loads(self.told('json'))
        self.cases = [it for it in self.json['cases'] if not it['sabotaged']]
        self.left_out = self.json['left_out']
        self.counts = collections.Counter(self.outcome(it) for it in self.cases)
        self.total = len(self.cases) + len(self.left_out)
        self.asked = sum(it['asked'] and not it['must'] for it in self.left_out)
        self.not_asked = len(self.left_out) - self.asked

    def outcome(self, it):
        """In a proof what misses its defect is a failure."""
        sabotaged = [other for other in self.json['cases'] if other['sabotaged'] and other['id'] == it['id']]
        return 'fail' if sabotaged and sabotaged[0]['outcome'] != 'fail' else it['outcome']

    def told(self, form, *more):
        done = subprocess.run([self.assay, 'report', self.folder, '--format', form, *more], capture_output=True, check=False)
        assert done.returncode in (0, 1, 2), done.stderr
        return done.stdout.decode('utf-8', errors='strict')


def need(name):
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise LookupError(f'the package of {name} cannot be installed') from error


def equal(what, got, want):
    assert got == want, f'{what}: {got}, not {want}'


def junit_by_junitparser(report, _):
    parser = need('junitparser')
    xml = parser.JUnitXml.fromstring(report.told('junit').encode())
    cases = [case for suite in xml for case in suite]
    kinds = collections.Counter(type(case.result[0]).__name__ if case.result else 'pass' for case in cases)
    equal('cases', len(cases), report.total)
    equal('tests', xml.tests, report.total)
    equal('failures', (kinds['Failure'], xml.failures), (report.counts['fail'],) * 2)
    errors = report.counts['broken'] + report.counts['infra'] + report.counts['hole'] + report.not_asked
    equal('errors', (kinds['Error'], xml.errors), (errors,) * 2)
    equal('skipped', kinds['Skipped'], report.counts['skip'] + report.asked)
    keys = [(case.classname, case.name) for case in cases]
    equal('classes and names, of which readers take the first', len(set(keys)), len(keys))


JENKINS = {  # what its schema (xunit-plugin, junit-10.xsd) allows, of which GitLab reads a part
    'testsuites': ({'name', 'time', 'tests', 'failures', 'errors'}, set(), {'testsuite'}),
    'testsuite': ({'name', 'tests', 'failures', 'errors', 'time', 'skipped', 'timestamp', 'hostname', 'id', 'package'},
                  {'name', 'tests', 'failures', 'errors'}, {'testcase', 'properties', 'system-out', 'system-err', 'testsuite'}),
    'testcase': ({'name', 'time', 'classname', 'group'}, {'name'},
                 {'skipped', 'error', 'failure', 'rerunFailure', 'rerunError', 'flakyFailure', 'flakyError', 'system-out', 'system-err'}),
    'skipped': ({'message', 'type'}, set(), set()),
    'error': ({'message', 'type'}, set(), set()),
    'failure': ({'message', 'type'}, set(), set()),
    'rerunFailure': ({'message', 'type'}, {'type'}, set()), 'rerunError': ({'message', 'type'}, {'type'}, set()),
    'flakyFailure': ({'message', 'type'}, {'type'}, set()), 'flakyError': ({'message', 'type'}, {'type'}, set()),
    'system-out': (set(), set(), set()),
}


def junit_by_jenkins_rules(report, _):
    text = report.told('junit')
    assert len(text.encode()) < 30_000_000
    root = ElementTree.fromstring(text)
    for element in root.iter():
        allowed, required, children = JENKINS[element.tag]
        assert set(element.attrib) <= allowed and required <= set(element.attrib), (element.tag, element.attrib)
        assert {child.tag for child in element} <= children, (element.tag, [child.tag for child in element])
        for number in [element.get('time')] if 'time' in element.attrib else []:
            assert re.fullmatch(r'(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]{0,3})?', number), number
    for suite in root:
        for key, tags in (('tests', None), ('failures', ['failure']), ('errors', ['error']), ('skipped', ['skipped'])):
            count = sum(1 for case in suite if tags is None or case.find(tags[0]) is not None)
            equal(f'{key} of {suite.get("name")}', int(suite.get(key)), count)
    flaky = sum(1 for it in report.cases if it['outcome'] == 'pass' and it.get('reruns'))
    equal('flaky', len(root.findall('.//flakyFailure')), flaky)
    subs = sum(len(it.get('subs', ())) for it in report.cases)
    lines = sum(line.startswith(('pass disk > reads (0.01', 'pass (failed as expected) later: known', 'skip none: no disk', 'fail disk > </td>'))
                for out in root.iter('system-out') for line in (out.text or '').split('\n'))
    assert lines >= subs, (lines, subs)
    measured = sum(line.startswith('measured: rate 2.5 MB/s (of 3: 1 to 3)')
                   for out in root.iter('system-out') for line in (out.text or '').split('\n'))
    equal('what was measured', measured, sum(len(it.get('measures', ())) for it in report.cases))


def junit_by_ourselves(report, form):
    path = os.path.join(report.folder, 'junit.xml')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(report.told(form))
    parsed = json.loads(subprocess.run([report.assay, 'parse', '--format', form, '--json', path], capture_output=True, check=False).stdout)
    equal('oddities', parsed['oddities'], [])
    errors = report.counts['broken'] + report.counts['infra'] + report.counts['hole'] + report.not_asked
    want = {'total': report.total, 'passed': report.counts['pass'], 'failed': report.counts['fail'],
            'skipped': report.counts['skip'] + report.asked, 'expected': 0, 'undecided': errors}
    equal('counts', parsed['counts'], want)
    times = sorted(round(test.get('duration_s', 0), 3) for group in parsed['groups'] for test in group['tests'])
    equal('times', times, sorted([round(it.get('duration_s', 0), 3) for it in report.cases] + [0] * len(report.left_out)))


TAP_STATES = {'pass': 'ok', 'fail': 'not ok', 'skip': 'skip', 'broken': 'not ok', 'infra': 'not ok', 'hole': 'not ok'}


def tap_counts(report):
    counts = collections.Counter(TAP_STATES[report.outcome(it)] for it in report.cases)
    counts['skip'] += report.asked
    counts['not ok'] += report.not_asked
    return counts


def tap_by_tappy(report, form):
    parser = need('tap.parser').Parser()
    lines = list(parser.parse_text(report.told(form)))
    unknown = [line for line in lines if line.category == 'unknown']
    tests = [line for line in lines if line.category == 'test' and not str(line.number) in ('', 'None')]
    top = [line for line in report.told(form).split('\n') if re.match(r'(not )?ok\b', line)]
    equal('points', len(top), report.total)
    assert len(tests) >= report.total, (len(tests), report.total)
    plans = [line for line in lines if line.category == 'plan']
    equal('plan', plans[0].expected_tests, report.total)
    # It knows no KTAP and no sub-tests: of TAP nothing but their lines may be left.
    indented = [line for line in report.told(form).split('\n') if line.startswith('    ')]
    assert form == 'ktap' or len(unknown) <= len(indented), (len(unknown), len(indented))


def tap_by_tap_parser(report, form):
    node, modules = report.node
    if not node:
        raise LookupError('tap-parser of npm cannot be installed')
    text = report.told(form)
    if form == 'ktap':  # the reader knows TAP alone: the version is all that it would refuse at the top
        text = text.replace('KTAP version 1', 'TAP version 14', 1)
    done = subprocess.run([node, os.path.join(modules, 'tap-parser/bin/cmd.cjs'), '-j'], input=text.encode(), capture_output=True, check=False)
    events = json.loads(done.stdout)
    last = next(event[1] for event in events if event[0] == 'complete')
    points = [event[1] for event in events if event[0] == 'assert']
    want = tap_counts(report)
    equal('points', len(points), report.total)
    got = collections.Counter('skip' if point.get('skip') else 'ok' if point['ok'] else 'not ok' for point in points)
    equal('states', +got, +want)
    equal('plan', (last['plan']['start'], last['plan']['end']), (1, report.total))
    assert not [event for event in events if event[0] == 'bailout'], 'it bails out'
    if form == 'tap':
        assert not last.get('failures') or not [f for f in last['failures'] if f.get('tapError')], last['failures'][:2]
        extra = [event[1] for event in events if event[0] == 'extra' and event[1].strip()]
        equal('lines that are none of TAP', extra, [])
        blocks = {point['name'].replace('\\#', '#').split(' ')[0]: point.get('diag') for point in points}
        for it in report.cases:
            assert blocks[it['id']]['outcome'] in (it['outcome'], 'missed'), (it['id'], blocks[it['id']])
        children = [event for event in events if event[0] == 'child']
        equal('sub-tests', len(children), sum(bool(it.get('subs')) for it in report.cases))


def tap_by_ourselves(report, form):
    path = os.path.join(report.folder, form)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(report.told(form))
    done = subprocess.run([report.assay, 'parse', '--format', form, '--json', path], capture_output=True, check=False)
    parsed = json.loads(done.stdout)
    equal('faults', parsed['oddities'], [])
    points = parsed['groups'][0]['tests']
    equal('points', len(points), report.total)
    words = {'pass': 'passed', 'fail': 'failed', 'skip': 'skipped', 'broken': 'undecided', 'infra': 'undecided', 'hole': 'undecided'}
    if form == 'tap':
        words.update(broken='failed', infra='failed', hole='failed')
    want = collections.Counter(words[report.outcome(it)] for it in report.cases)
    want['skipped'] += report.asked
    want[words['infra']] += report.not_asked
    equal('states', collections.Counter(point['state'] for point in points), +want)
    by_name = {point['name'].split(' on ')[0]: point for point in points}
    for it in report.cases:
        subs = by_name[it['id']].get('groups', [{'tests': []}])[0]['tests']
        equal(f'the tests of {it["id"]}', len(subs), len(it.get('subs', ())))
        for ours, sub in zip(subs, it.get('subs', ())):
            equal('its state', ours['state'], 'expected' if sub.get('expected') else words[sub['outcome']])
            if form == 'tap':
                equal('its time', round(ours.get('duration_s', 0), 5), round(sub.get('duration_s', 0), 5))


def ctrf_by_its_schema(report, _):
    jsonschema = need('jsonschema')
    _, modules = report.node
    path = os.path.join(modules, 'ctrf/dist/ctrf-schema-0.0.json')
    if not os.path.exists(path):
        raise LookupError('the schema, of ctrf of npm, cannot be installed')
    with open(path, encoding='utf-8') as file:
        schema = json.load(file)
    told = json.loads(report.told('ctrf'))
    faults = [f'{list(fault.path)}: {fault.message}' for fault in jsonschema.Draft7Validator(schema).iter_errors(told)]
    equal('faults', faults[:3], [])


def ctrf_counts(report, _):
    told = json.loads(report.told('ctrf'))['results']
    summary, tests = told['summary'], told['tests']
    got = collections.Counter(test['status'] for test in tests)
    want = {'tests': report.total, 'passed': report.counts['pass'], 'failed': report.counts['fail'],
            'skipped': report.counts['skip'] + report.asked, 'pending': 0,
            'other': report.counts['broken'] + report.counts['infra'] + report.counts['hole'] + report.not_asked}
    equal('summary', {key: summary[key] for key in want}, want)
    for status in ('passed', 'failed', 'skipped', 'other'):
        equal(status, got[status], want[status])
    raw = collections.Counter(test['rawStatus'] for test in tests)
    for outcome in ('broken', 'infra', 'hole'):
        equal(outcome, raw[outcome], report.counts[outcome])
    equal('steps', sum(len(test.get('steps', ())) for test in tests), sum(len(it.get('subs', ())) for it in report.cases))
    measures = [measure for test in tests for measure in test.get('extra', {}).get('measures', ())]
    equal('what was measured', measures, [measure for it in report.cases for measure in it.get('measures', ())])
    equal('flaky', summary['flaky'], sum(it['outcome'] == 'pass' and bool(it.get('reruns')) for it in report.cases))
    equal('time', summary['stop'] - summary['start'], 9500)
    ids = [test['testId'] for test in tests if 'testId' in test]
    equal('ids', len(set(ids)), len(report.cases))


def families(module, text):
    return {family.name: family for family in need(module).text_string_to_metric_families(text)}


def metrics_by_openmetrics(report, _, module='prometheus_client.openmetrics.parser'):
    text = report.told('openmetrics')
    by_name = families(module, text)
    cases = collections.Counter()
    for sample in by_name['assay_cases'].samples:
        cases[sample.labels['outcome']] += int(sample.value)
    want = collections.Counter(it['outcome'] for it in report.cases)
    equal('cases', +cases, +want)
    verdict = [sample.labels['verdict'] for sample in by_name['assay_verdict'].samples if sample.value == 1]
    equal('verdict', verdict, [report.json['verdict']])
    durations = by_name['assay_case_duration_seconds'].samples
    equal('durations', len(durations), len(report.cases))
    times = {(sample.labels['case'], sample.labels['cell']): sample.value for sample in durations}
    for it in report.cases:
        equal('duration', round(times[(it['id'], str(it['cell']))], 6), round(it.get('duration_s', 0), 6))
    subs = [sub for it in report.cases for sub in it.get('subs', ()) if 'duration_s' in sub]
    equal('times of sub-tests', len(by_name['assay_sub_duration_seconds'].samples), len(subs))
    measures = [measure['typical'] for it in report.cases for measure in it.get('measures', ())]
    equal('what was measured', [sample.value for sample in by_name['assay_measure'].samples], measures)
    left = {sample.labels['asked']: sample.value for sample in by_name['assay_left_out'].samples}
    equal('left out', left, {'true': report.asked, 'false': report.not_asked})


def metrics_by_the_older_format(report, form):
    metrics_by_openmetrics(report, form, 'prometheus_client.parser')


def markdown_by_markdown_it(report, _):
    module = need('markdown_it')
    text = report.told('markdown')
    assert len(text) <= 65000, len(text)
    told = module.MarkdownIt('gfm-like', {'linkify': False}).parse(text)
    tables, rows, widths = 0, 0, []
    for token in told:
        tables += token.type == 'table_open'
        if token.type == 'tr_open':
            widths.append(0)
        if token.type in ('td_open', 'th_open'):
            widths[-1] += 1
        rows += token.type == 'tr_open'
    problems = [it for it in report.json['reasons'] if 'id' in it]
    html = module.MarkdownIt('gfm-like', {'linkify': False}).render(text)
    assert '<script' not in html and '<a ' not in html and '@someone' not in re.sub(r'<code>.*?</code>', '', html, flags=re.S), html[:300]
    equal('rows that a word broke', [width for width in widths if width not in (3, 4)], [])
    verdict = report.json['verdict'].upper()
    assert text.startswith('### :') and verdict in text.split('\n')[0], text[:80]
    equal('folds', text.count('<details>'), text.count('</details>'))
    cut = re.search(r'not shown: (.*)\. `assay', text)
    hidden = {what: int(n) for n, what in re.findall(r'(\d+) of \d+ ([a-z ]+)', cut.group(1))} if cut else {}
    shown = len(re.findall(r'^\| (?:fail|broken|infra|hole|missed) \| `', text, re.M))
    equal('problems', shown + hidden.get('problems', 0) + hidden.get('of what is not counted', 0), len(problems))
    if len(problems) < 100:
        assert not cut, cut.group(0)
    assert rows >= shown and (tables > 0 or not problems)


def markdown_is_cut(report, _):
    for limit in (2000, 3000, 10000, 65000):
        text = report.told('markdown', '--limit', str(limit))
        assert len(text.encode()) <= limit, (limit, len(text.encode()))
        equal('folds', text.count('<details>'), text.count('</details>'))
        if len(report.cases) > 1000:
            assert 'not shown: ' in text
            assert len(text.encode()) > limit / 2, (limit, len(text.encode()))


def kcidb_by_kcidb_io(report, form):
    schema = need('kcidb_io.schema').V5_3
    told = json.loads(report.told(form))
    equal('version', told['version'], {'major': 5, 'minor': 3})
    schema.validate_exactly(told)
    # As KernelCI's own ingester does: with the forms of times and addresses.
    jsonschema = need('jsonschema')
    faults = [fault.message for fault in
              jsonschema.Draft7Validator(schema.json, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER).iter_errors(told)]
    equal('faults', faults[:3], [])
    tests = {test['id']: test for test in told['tests']}
    equal('ids', len(tests), len(told['tests']))
    subs = [(it, sub) for it in report.cases for sub in it.get('subs', ())]
    measures = [(it, measure) for it in report.cases for measure in it.get('measures', ())]
    equal('tests', len(tests), len(report.cases) + len(subs) + len(measures))
    for it, measure in measures:
        test = tests[f'assay:{report.json["run"]}-{it["cell"]}-{it["id"]}-{measure["name"]}']
        equal('what was measured', (test['status'], test['number']), ('DONE', {'value': measure['typical'], 'unit': measure['unit']}))
    words = {'pass': 'PASS', 'fail': 'FAIL', 'skip': 'SKIP', 'broken': 'ERROR', 'infra': 'MISS', 'hole': 'MISS'}
    for it in report.cases:
        test = tests[f'assay:{report.json["run"]}-{it["cell"]}-{it["id"]}']
        equal(f'status of {it["id"]}', test['status'], words[report.outcome(it)])
        assert test['misc']['outcome'] in (it['outcome'], 'missed'), test['misc']
        equal('the case that it comes back as', test['misc']['case'], it['id'])
    got = collections.Counter((test['misc']['name'], test['misc']['outcome'], test['misc']['expected'], round(test.get('duration', 0), 6))
                              for test in told['tests'] if 'name' in test['misc'])
    want = collections.Counter((sub['name'], sub['outcome'], sub.get('expected', False), round(sub.get('duration_s', 0), 6))
                               for _, sub in subs)
    equal('the tests of programs', got, want)
    builds = {build['id']: build for build in told['builds']}
    equal('builds', len(builds), len(report.json['cells']))
    assert all(test['build_id'] in builds for test in told['tests'])
    checkouts = {checkout['id'] for checkout in told['checkouts']}
    equal('checkouts', checkouts, {build['checkout_id'] for build in told['builds']})


OURS = {'PASS': 'pass', 'FAIL': 'fail', 'SKIP': 'skip', 'ERROR': 'broken', 'MISS': 'infra'}
STATUSES = {'pass': {'PASS'}, 'fail': {'FAIL'}, 'skip': {'SKIP'}, 'broken': {'ERROR'}, 'infra': {'MISS'}, 'hole': {'MISS', None},
            'missed': {'FAIL', 'MISS'}}


def ours(test):
    """As assay-formats(5) says what a test comes to."""
    word = test['misc'].get('outcome') or OURS[test['status']]
    assert test.get('status') in STATUSES[word], (word, test.get('status'))
    return word


def kcidb_and_back(report, form):
    """All that decides comes back from it: the run's own outcomes, and what was said of them."""
    tests = json.loads(report.told(form))['tests']
    cells = {f'assay:{report.json["run"]}-{number}': number for number in range(len(report.json['cells']))}
    back = {}
    for test in tests:
        if 'name' in test['misc'] or 'measure' in test['misc']:
            continue
        misc = test['misc']
        back[cells[test['build_id']], misc['case']] = (ours(test), misc.get('need', ''), misc.get('check', ''), misc.get('got', ''),
                                                       misc.get('want', ''), misc['proven'], [it['outcome'] for it in misc.get('tries', ())])
    equal('cases', len(back), len(report.cases))
    for it in report.cases:
        check = it.get('check') or {}
        word, *rest = back[it['cell'], it['id']]
        assert word == it['outcome'] or (word == 'missed' and report.outcome(it) == 'fail'), (it['id'], word, it['outcome'])
        equal(f'what is said of {it["id"]}', rest, [it.get('need') or '', check.get('expression', ''), check.get('got', ''), check.get('want', ''),
                                                    it['proven'], [one['outcome'] for one in it.get('reruns', ())]])
    # Without our word the status alone comes to what the page says.
    for test in tests:
        if 'measure' not in test['misc'] and 'status' in test and test['misc']['outcome'] in OURS.values():
            equal('by its status alone', OURS[test['status']], test['misc']['outcome'])


def kcidb_by_known_tests(report, form):
    """A failure of which every failing test is known is let through; with another one it is not."""
    need('kcidb_io.schema')
    program = [it for it in report.cases if it['id'] == 'own.program' and it['outcome'] == 'fail']
    for pattern, fits in (('disk > *', False), ('later', False)):  # tests of it were cut: none of these is all that failed
        path = os.path.join(report.folder, 'known.yaml')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(f'waivers:\n- {{case: own.*, subs: ["{pattern}"], reason: known, owner: us, expires: 2030-01-01}}\n')
        told = json.loads(report.told(form, '--waivers', path, '--at', '2026-01-02'))
        equal(f'incidents of {pattern}', len(told['incidents']), 2 * len(program) if fits else 0)
    with open(path, 'w', encoding='utf-8') as file:
        file.write('waivers:\n- {case: own.program, arch: x86_64, reason: known, owner: us, expires: 2030-01-01}\n')
    told = json.loads(report.told(form, '--waivers', path, '--at', '2026-01-02'))
    need('kcidb_io.schema').V5_3.validate_exactly(told)
    tests = {test['id']: test for test in told['tests']}
    equal('incidents, of the case and of its test', len(told['incidents']), 2 * len(program))
    assert all(tests[it['test_id']]['status'] == 'FAIL' for it in told['incidents'])
    if program:
        text = report.told('text', '--waivers', path, '--at', '2026-01-02')
        assert '\n  Known, and let through:\n    fail    own.program: ' in text, text[-2000:]
        equal('its architecture', told['issues'][0]['misc']['arch'], 'x86_64')


def kcidb_by_waivers(report, form):
    schema = need('kcidb_io.schema').V5_3
    path = os.path.join(report.folder, 'waivers.yaml')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('waivers:\n- {case: "*.broken", reason: known to be slow, owner: us, tracker: "https://example.org/1", expires: 2030-01-01, waives: [broken]}\n')
    told = json.loads(report.told(form, '--waivers', path, '--origin', 'our_lab', '--at', '2026-01-02'))
    schema.validate_exactly(told)
    broken = [it for it in report.cases if it['id'].endswith('.broken') and it['outcome'] == 'broken']
    equal('incidents', len(told['incidents']), len(broken))
    equal('issues', len(told['issues']), min(1, len(broken)))
    for incident in told['incidents']:
        assert incident['test_id'] in {test['id'] for test in told['tests']} and incident['issue_id'] == told['issues'][0]['id']
        equal('who reports', incident['origin'], 'our_lab')
        assert incident['issue_version'] == told['issues'][0]['version']
    text = report.told('markdown', '--waivers', path, '--at', '2026-01-02')
    equal('waived, and told in a comment', len(re.findall(r'^\| waived \| `b.broken`', text, re.M)), len(broken))


CHECKS = [
    ('junit', 'junitparser counts the same', junit_by_junitparser), ('junit', 'it is as Jenkins wants it', junit_by_jenkins_rules),
    ('junit', 'our own parser finds nothing odd', junit_by_ourselves),
    ('tap', 'tap.py reads it', tap_by_tappy), ('tap', 'tap-parser reads it', tap_by_tap_parser),
    ('tap', 'our own parser finds nothing odd', tap_by_ourselves),
    ('ktap', 'tap.py reads its top', tap_by_tappy), ('ktap', 'tap-parser reads its top', tap_by_tap_parser),
    ('ktap', 'our own parser finds nothing odd', tap_by_ourselves),
    ('ctrf', 'it holds its schema', ctrf_by_its_schema), ('ctrf', 'it counts the same', ctrf_counts),
    ('openmetrics', 'the OpenMetrics reader counts the same', metrics_by_openmetrics),
    ('openmetrics', 'so does the reader of the older format', metrics_by_the_older_format),
    ('markdown', 'markdown-it sees whole tables and nothing foreign', markdown_by_markdown_it),
    ('markdown', 'it is cut to fit, and says so', markdown_is_cut),
    ('kcidb', 'kcidb-io takes it, and ours comes back from it', kcidb_by_kcidb_io),
    ('kcidb', 'the outcomes come back', kcidb_and_back),
    ('kcidb', 'what a waiver lets through is an incident', kcidb_by_waivers),
    ('kcidb', 'so is each test of a known failure', kcidb_by_known_tests),
]


def main():
    assay, work, node, modules = sys.argv[1:]
    count = failed = 0
    for name, folder in make_runs(work).items():
        report = Report(assay, folder)
        report.node = (node, modules)
        for form, what, check in CHECKS:
            count += 1
            line = f'{count} - {form}, {name}: {what}'
            try:
                check(report, form)
                print('ok', line)
            except LookupError as reason:
                if not isinstance(reason, KeyError) and not isinstance(reason, IndexError):
                    print('ok', line, '# SKIP', reason)
                    continue
                failed += 1
                print(f'not ok {line}\n# {type(reason).__name__} {reason}')
            except Exception as error:  # pylint: disable=broad-except
                failed += 1
                print(f'not ok {line}\n#', repr(error)[:600].replace('\n', ' '))
    print(f'1..{count}')
    sys.exit(failed > 0)


main()
