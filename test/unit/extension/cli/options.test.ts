import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../../../build/paths.ts';
import { parseCommandLine } from '../../../../extension/cli/command-line.ts';
import { EXIT_CODES } from '../../../../extension/cli/exit-codes.ts';
import { helpText, optionForm } from '../../../../extension/cli/help.ts';
import { COMMANDS, OPTIONS, optionsOf } from '../../../../extension/cli/options.ts';

const docs = readFileSync(join(repoRoot, 'docs/terminal.md'), 'utf8');

function section(title: string): string {
  return docs.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? '';
}

test('docs/terminal.md lists the options that there are, as they are written', () => {
  const rows = [...section('Options').matchAll(/^\| (`-.*?) +\| /gm)].map(([, form]) =>
    form?.replaceAll('`', ''),
  );
  assert.deepEqual(rows, optionsOf(undefined).map(optionForm));
});

test('docs/terminal.md lists the exit codes that there are', () => {
  const rows = [...section('Exit codes').matchAll(/^\| (\d+) +\| (.*?) +\|$/gm)].map(([, code, text]) => [
    Number(code),
    text,
  ]);
  assert.deepEqual(rows, EXIT_CODES);
});

test('--help names every option and exit code in lines that fit a terminal', () => {
  const help = helpText(undefined);
  for (const option of optionsOf(undefined)) assert.ok(help.includes(` ${optionForm(option)}`), option.name);
  for (const [code] of EXIT_CODES) assert.match(help, new RegExp(`^ +${code} `, 'm'));
  const ofSource = helpText('source');
  for (const option of optionsOf('source'))
    assert.ok(ofSource.includes(` ${optionForm(option)}`), option.name);
  for (const option of OPTIONS)
    assert.ok(`${help}${ofSource}`.includes(` ${optionForm(option)}`), option.name);
  for (const command of COMMANDS)
    assert.match(`${help}${ofSource}`, new RegExp(`^  packet-trace ${command} `, 'm'));
  for (const line of `${help}${ofSource}`.split('\n')) assert.ok(line.length < 80, line);
});

test('the examples of --help are command lines', () => {
  const examples = [...helpText(undefined).matchAll(/^ {2}packet-trace ((?:trace|check) [a-z].*)$/gm)];
  assert.ok(examples.length > 2);
  for (const [, text] of examples) {
    const args = [...(text ?? '').matchAll(/'([^']*)'|(\S+)/g)].map(
      ([, quoted, plain]) => quoted ?? plain ?? '',
    );
    assert.equal(parseCommandLine(args).name, args[0]);
  }
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
    [['trace', 'h', '--timestamp'], /--timestamp/],
    [['trace', 'h', '--backend', 'fentry'], /kprobe-multi, not "fentry"/],
    [['trace', 'h', '--keep-events', '0'], /--keep-events .* from 1 up, not "0"/],
    [['trace', 'h', '--output-limit-lines', 'few'], /from 0 up, not "few"/],
    [['trace', 'h', '--output-limit-lines=-3'], /not "-3"/],
    [['trace', 'h', '--json=yes'], /--json/],
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
  assert.deepEqual([limit(), limit('--output-limit-lines', '0')], [undefined, undefined]);
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
  const help = { name: 'help', of: undefined };
  const ofSource = { name: 'help', of: 'source' };
  for (const args of [
    [],
    ['help'],
    ['--help'],
    ['-h'],
    ['trace', '--help'],
    ['trac', '-h'],
    ['help', 'trace'],
    ['help', 'filter'],
    ['help', 'filter', 'check'],
    ['help', 'help'],
  ])
    assert.deepEqual(parseCommandLine(args), help, args.join(' '));
  for (const args of [
    ['source', '--help'],
    ['help', 'source'],
    ['-h', 'source'],
    ['help', 'source', 'index'],
  ])
    assert.deepEqual(parseCommandLine(args), ofSource, args.join(' '));
  assert.equal(parseCommandLine(['--version']).name, 'version');
});

test('a mistake names the help text that tells more', () => {
  const remedy = (text: string) => ({ remedy: `See "${text}".` });
  assert.throws(() => parseCommandLine(['trac']), remedy('packet-trace help'));
  assert.throws(() => parseCommandLine(['source', '--nonsense']), remedy('packet-trace help source'));
});
