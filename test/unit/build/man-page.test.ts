import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { manPage } from '../../../build/man-page.ts';
import { code, roff } from '../../../build/roff.ts';
import { EXIT_CODES } from '../../../extension/cli/exit-codes.ts';
import { COMMAND_TEXTS } from '../../../extension/cli/help/command-texts.ts';
import { optionForm } from '../../../extension/cli/help/help-text.ts';
import { COMMAND_NAMES, COMMANDS, GENERAL_OPTIONS, namedOptions } from '../../../extension/cli/options.ts';
import { isInstalled } from '../../support/installed.ts';

const page = manPage('1.2.3', '2026-05-06');

/** As it is read: without fonts and escapes. */
const read = page
  .replace(/\\f[BIR]/g, '')
  .replace(/\\&/g, '')
  .replace(/\\\(aq/g, "'")
  .replace(/\\\(dq/g, '"')
  .replace(/\\\(ti/g, '~')
  .replace(/\\-/g, '-');

test('has every command, option, exit code and example', () => {
  const lines = read.split('\n');
  const rows = new Set(COMMAND_NAMES.flatMap((name) => namedOptions(COMMANDS[name])));
  const forms = [...rows, ...namedOptions(GENERAL_OPTIONS)].map(optionForm);
  const shown = lines.filter((line, at) => lines[at - 1] === '.TP' && line.startsWith('-'));
  assert.deepEqual(shown.sort(), forms.sort());
  for (const name of COMMAND_NAMES) {
    assert.ok(lines.includes(`.SS ${name}`), name);
    for (const usage of COMMAND_TEXTS[name].usage)
      assert.ok(lines.includes(`packet-trace ${name} ${usage}`), usage);
    for (const example of COMMAND_TEXTS[name].examples) assert.ok(lines.includes(`    ${example}`), example);
  }
  for (const [exitCode] of EXIT_CODES) assert.ok(lines.includes(String(exitCode)), String(exitCode));
  assert.match(page, /^\.TH PACKET\\-TRACE 1 "2026-05-06" "packet\\-trace 1\.2\.3"/m);
});

test('has the sections of a man page, and no line that is a request by accident', () => {
  const sections = [...page.matchAll(/^\.SH (.*)$/gm)].map(([, title]) => title);
  assert.deepEqual(sections, [
    'NAME',
    'SYNOPSIS',
    'DESCRIPTION',
    'COMMANDS',
    'OPTIONS',
    'EXIT STATUS',
    'ENVIRONMENT',
    'FILES',
    'EXAMPLES',
    'SEE ALSO',
  ]);
  const requests = new Set([...page.matchAll(/^([.'][^ \n]*)/gm)].map(([, request]) => request));
  assert.deepEqual([...requests].sort(), [
    '.EE',
    '.EX',
    '.PP',
    '.SH',
    '.SS',
    '.TH',
    '.TP',
    '.\\"',
    '.ad',
    '.br',
    '.nh',
  ]);
  assert.match(page, /^[\n -~]*$/);
});

test('letters that roff reads as something else are written as it wants them', () => {
  assert.equal(
    roff("'a' `--b 'c\\d'` e-f -g ~/h …"),
    "\\&'a' \\fB\\-\\-b \\(aqc\\ed\\(aq\\fR e-f \\-g \\(ti/h \\[u2026]",
  );
  assert.equal(code('.x^`'), '\\fB.x\\(ha\\(ga\\fR');
});

for (const [program, args] of [
  ['groff', ['-man', '-ww', '-Tutf8']],
  ['mandoc', ['-T', 'lint', '-W', 'warning']],
] as const)
  test(`${program} warns of nothing`, (context) => {
    if (!isInstalled(program)) {
      context.skip(`there is no ${program} here`);
      return;
    }
    const { stdout, stderr, status } = spawnSync(program, args, { input: page, encoding: 'utf8' });
    assert.deepEqual([stderr, status], ['', 0]);
    if (program === 'mandoc') assert.equal(stdout, '');
    else assert.match(stdout, /pcap filter/);
  });
