import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../../../build/paths.ts';
import { parseCommandLine } from '../../../../extension/cli/command-line.ts';
import { EXIT_CODES } from '../../../../extension/cli/exit-codes.ts';
import { helpText, optionForm, sourceHelpText } from '../../../../extension/cli/help.ts';
import { OPTIONS, SOURCE_OPTIONS } from '../../../../extension/cli/options.ts';

const docs = readFileSync(join(repoRoot, 'docs/terminal.md'), 'utf8');

function section(title: string): string {
  return docs.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? '';
}

test('docs/terminal.md lists the options that there are, as they are written', () => {
  const rows = [...section('Options').matchAll(/^\| (`-.*?) +\| /gm)].map(([, form]) =>
    form?.replaceAll('`', ''),
  );
  assert.deepEqual(rows, OPTIONS.map(optionForm));
});

test('docs/terminal.md lists the exit codes that there are', () => {
  const rows = [...section('Exit codes').matchAll(/^\| (\d+) +\| (.*?) +\|$/gm)].map(([, code, text]) => [
    Number(code),
    text,
  ]);
  assert.deepEqual(rows, EXIT_CODES);
});

test('--help names every option and exit code in lines that fit a terminal', () => {
  const help = helpText();
  for (const option of OPTIONS) assert.ok(help.includes(` ${optionForm(option)}`), option.name);
  for (const [code] of EXIT_CODES) assert.match(help, new RegExp(`^ +${code} `, 'm'));
  const ofSource = sourceHelpText();
  for (const option of SOURCE_OPTIONS) assert.ok(ofSource.includes(` ${optionForm(option)}`), option.name);
  for (const line of help.split('\n')) assert.ok(line.length < 80, line);
});

test('the examples of --help are command lines', () => {
  const examples = [...helpText().matchAll(/^ {2}packet-trace ((?:trace|check) [a-z].*)$/gm)];
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
    [['trace', 'h', '--output-limit-lines', '0'], /--output-limit-lines .* not "0"/],
    [['trace', 'h', '--output-limit-lines=-3'], /not "-3"/],
    [['trace', 'h', '--json=yes'], /--json/],
    [['source', 'ip_rcv'], /needs --checkout/],
    [['source', '--checkout', 'd'], /takes one function/],
    [['source', '--filter-func', 'x', 'ip_rcv'], /--filter-func/],
  ] as const) {
    assert.throws(() => parseCommandLine(args), { name: 'PacketTraceError', code: 'usage', message });
  }
});

test('help and version win over everything', () => {
  assert.equal(parseCommandLine(['trace', '--help']).name, 'help');
  assert.equal(parseCommandLine(['--version']).name, 'version');
  assert.equal(parseCommandLine([]).name, 'help');
  assert.deepEqual(parseCommandLine(['source', '--help']), { name: 'help', of: 'source' });
});
