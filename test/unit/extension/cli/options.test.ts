import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../../../build/paths.ts';
import { parseCommandLine } from '../../../../extension/cli/command-line.ts';
import { EXIT_CODES } from '../../../../extension/cli/exit-codes.ts';

const docs = readFileSync(join(repoRoot, 'docs/terminal.md'), 'utf8');

function section(title: string): string {
  return docs.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? '';
}

test('docs/terminal.md lists the exit codes that there are', () => {
  const rows = [...section('Exit codes').matchAll(/^\| (\d+) +\| (.*?) +\|$/gm)].map(([, code, text]) => [
    Number(code),
    text,
  ]);
  assert.deepEqual(rows, EXIT_CODES);
});

test('a filter may come in several words, among options', () => {
  const command = parseCommandLine([
    'trace',
    '--json',
    'root@h:22',
    'tcp',
    '--output-limit-lines',
    '5',
    'port',
    '80',
  ]);
  assert.ok(command.name === 'trace');
  assert.deepEqual(
    [command.target, command.filter, command.limitLines, command.json],
    ['root@h:22', 'tcp port 80', 5, true],
  );
});

test('words after "--" are never options', () => {
  const command = parseCommandLine(['trace', 'h', '--', 'tcp[0]', '-1', '--output-meta=false']);
  assert.ok(command.name === 'trace');
  assert.equal(command.filter, 'tcp[0] -1 --output-meta=false');
  assert.equal(command.meta, true);
});

test('switches that are on can be turned off', () => {
  for (const [args, tuple, meta] of [
    [[], true, true],
    [['--output-meta=false'], true, false],
    [['--output-tuple=false', '--output-meta'], false, true],
    [['--output-tuple=true'], true, true],
  ] as const) {
    const command = parseCommandLine(['trace', 'h', ...args]);
    assert.ok(command.name === 'trace');
    assert.deepEqual([command.tuple, command.meta], [tuple, meta]);
  }
});

test('mistakes name themselves', () => {
  for (const [args, message] of [
    [['trac', 'h'], /"trac" is not a command/],
    [['trace'], /needs a target/],
    [['check', 'h', 'tcp'], /"tcp"/],
    [['check', 'h', '--filter-func', 'x'], /no option --filter-func/],
    [['trace', 'h', '--nonsense'], /--nonsense/],
    [['trace', 'h', '--timestamp', 'never'], /--timestamp .* not "never"/],
    [['trace', 'h', '--timestamp'], /--timestamp needs a value: --timestamp KIND/],
    [['trace', 'h', '--backend', 'fast'], /one of auto, kprobe-multi, fentry-multi, kprobe, not "fast"/],
    [['trace', 'h', '--keep-events', '0'], /--keep-events .* from 1 up, not "0"/],
    [['trace', 'h', '--output-limit-lines', 'few'], /from 0 up, not "few"/],
    [['trace', 'h', '--output-limit-lines=-3'], /not "-3"/],
    [['trace', 'h', '--json=yes'], /--json is true or false, not "yes"/],
    [['source', 'ip_rcv'], /needs --checkout/],
    [['source', '--checkout', 'd'], /takes one function/],
    [
      ['source', '--filter-func', 'x', 'ip_rcv'],
      /"packet-trace source" has no option --filter-func, .* trace/,
    ],
    [['source', 'index', 'd', '--module', 'x'], /"packet-trace source index" has no option --module/],
    [['source', 'index', 'd', 'e'], /one folder/],
    [['trace', 'h', '--module', 'x'], /no option --module, which is for source/],
    [['filter'], /filter check and filter match/],
    [['help', 'rm'], /"rm" is not a command; commands are trace, /],
    [['help', 'trace', 'x'], /no help on "trace x"/],
    [['help', 'source', 'ip_rcv'], /no help on "source ip_rcv"/],
    [['completion'], /"packet-trace completion" takes one of bash, zsh, fish/],
    [['completion', 'bas'], /for bash, zsh, fish, not "bas" \(did you mean "bash"\?\)/],
  ] as const) {
    assert.throws(() => parseCommandLine(args), { name: 'PacketTraceError', code: 'usage', message });
  }
});

test('of a slip what may be meant is told', () => {
  for (const [args, message] of [
    [['trac', 'h'], /"trac" is not a command \(did you mean "trace"\?\)/],
    [['soruce', 'x'], /\(did you mean "source"\?\)/],
    [['hlep'], /\(did you mean "help"\?\)/],
    [['help', 'chekc'], /\(did you mean "check"\?\)/],
    [['filter', 'mach'], /does not know "mach" \(did you mean "match"\?\)/],
    [['trace', 'h', '--fliter-func', 'x'], /no option --fliter-func \(did you mean --filter-func\?\)/],
    [['trace', 'h', '--timestam=none'], /no option --timestam \(did you mean --timestamp\?\)/],
    [['trace', 'h', '-n'], /no option -n\./],
    [['trace', 'h', '--timestamp=relativ'], /not "relativ" \(did you mean "relative"\?\)/],
    [['source', '--chekout', 'd', 'x'], /\(did you mean --checkout\?\)/],
  ] as const)
    assert.throws(() => parseCommandLine(args), { name: 'PacketTraceError', code: 'usage', message });
});

test('no limit of lines is 0, as for pwru', () => {
  const limit = (...args: string[]) => {
    const command = parseCommandLine(['trace', 'h', ...args]);
    assert.ok(command.name === 'trace');
    return command.limitLines;
  };
  assert.deepEqual([limit(), limit('--output-limit-lines', '0')], [0, 0]);
  assert.equal(limit('--output-limit-lines=1'), 1);
});

test('options of source may stand before it, as all others', () => {
  const args = ['--checkout', 'd', '--module=m', 'ip_rcv'];
  const expected = parseCommandLine(['source', ...args, '--json', '-v']);
  assert.ok(expected.name === 'source' && expected.json && expected.verbose);
  assert.deepEqual([expected.checkout, expected.module, expected.function], ['d', 'm', 'ip_rcv']);
  assert.deepEqual(parseCommandLine(['--json', '-v', ...args.slice(0, 3), 'source', 'ip_rcv']), expected);
  const index = { name: 'source index', json: true, verbose: false, checkout: 'd' };
  assert.deepEqual(parseCommandLine(['--json', 'source', 'index', 'd']), index);
  const named = parseCommandLine(['source', '--checkout', 'd', 'index']);
  assert.ok(named.name === 'source' && named.function === 'index');
});

test('help and version win over everything', () => {
  for (const [of, lines] of [
    [undefined, [[], ['help'], ['--help'], ['-h'], ['trac', '-h'], ['help', 'help'], ['help', '--help']]],
    [
      'trace',
      [
        ['trace', '--help'],
        ['help', 'trace'],
        ['trace', 'web1', '-h'],
        ['-h', 'trace'],
      ],
    ],
    [
      'filter',
      [
        ['help', 'filter'],
        ['filter', '--help'],
        ['filter', 'mach', '-h'],
      ],
    ],
    [
      'filter check',
      [
        ['help', 'filter', 'check'],
        ['filter', 'check', '-h'],
      ],
    ],
    [
      'source',
      [
        ['source', '--help'],
        ['help', 'source'],
        ['-h', 'source'],
        ['source', 'ip_rcv', '-h'],
      ],
    ],
    ['source index', [['help', 'source', 'index']]],
  ] as const)
    for (const args of lines) assert.deepEqual(parseCommandLine(args), { name: 'help', of }, args.join(' '));
  assert.equal(parseCommandLine(['--version']).name, 'version');
});

test('a mistake names the help text that tells more', () => {
  const remedy = (text: string) => ({ remedy: `See "${text}".` });
  assert.throws(() => parseCommandLine(['trac']), remedy('packet-trace help'));
  assert.throws(() => parseCommandLine(['source', '--nonsense']), remedy('packet-trace help source'));
  assert.throws(() => parseCommandLine(['trace']), remedy('packet-trace help trace'));
  assert.throws(() => parseCommandLine(['filter', 'mach']), remedy('packet-trace help filter'));
  assert.throws(() => parseCommandLine(['completion', 'tcsh']), remedy('packet-trace help completion'));
});
