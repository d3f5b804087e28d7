import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from '../../../../../extension/cli/command-line.ts';
import { EXIT_CODES } from '../../../../../extension/cli/exit-codes.ts';
import { COMMAND_TEXTS } from '../../../../../extension/cli/help/command-texts.ts';
import { helpText, optionForm } from '../../../../../extension/cli/help/help-text.ts';
import {
  COMMAND_NAMES,
  COMMANDS,
  GENERAL_OPTIONS,
  type HelpTopic,
  namedOptions,
} from '../../../../../extension/cli/options.ts';

const topics: HelpTopic[] = [undefined, 'filter', ...COMMAND_NAMES];

test('the overview has a line for each command, the general options, and how to learn more', () => {
  const overview = helpText(undefined);
  for (const name of COMMAND_NAMES)
    assert.match(overview, new RegExp(`^  ${name} +${COMMAND_TEXTS[name].summary}$`, 'm'));
  for (const option of namedOptions(GENERAL_OPTIONS)) assert.ok(overview.includes(` ${optionForm(option)} `));
  assert.match(overview, /"packet-trace help COMMAND"/);
  assert.ok(overview.split('\n').length < 35);
});

test('the text of a command has its usage, each of its options once, exit codes and examples', () => {
  for (const name of COMMAND_NAMES) {
    const text = helpText(name);
    assert.match(text, new RegExp(`^Usage:\n  packet-trace ${name} `));
    for (const option of namedOptions(COMMANDS[name]))
      assert.ok(text.includes(` ${optionForm(option)}`), option.name);
    for (const [code] of EXIT_CODES) assert.match(text, new RegExp(`^  ${code} `, 'm'));
    const shown = [...text.matchAll(/^ {2}(?: {4}|-\w, )(--[\w-]+)/gm)].map(([, option]) => option);
    if (name !== 'source') assert.deepEqual(shown, [...new Set(shown)], name);
  }
});

test('options stand in groups, with their defaults', () => {
  const text = helpText('trace');
  const at = (words: string) => text.indexOf(words);
  const order = [
    'Which packets:',
    '--local-sockets',
    'What to probe:',
    '--backend',
    'What to show:',
    '--json',
  ];
  for (const [index, words] of order.slice(1).entries()) assert.ok(at(order[index] ?? '') < at(words), words);
  assert.match(text, /3,000,000 by default/);
  assert.match(text, /auto \(default, /);
});

test('of a word that several commands begin with, the texts of all', () => {
  const text = helpText('filter');
  for (const name of ['filter check', 'filter match'])
    assert.ok(text.includes(`Usage:\n  packet-trace ${name} `), name);
  assert.equal(text.split('Exit codes:').length, 2);
});

test('lines fit a terminal', () => {
  for (const line of topics.flatMap((topic) => helpText(topic).split('\n')))
    assert.ok(line.length < 80, line);
});

test('examples are command lines of their command', () => {
  for (const name of COMMAND_NAMES)
    for (const example of COMMAND_TEXTS[name].examples) {
      const words = [...example.matchAll(/'([^']*)'|(\S+)/g)].map(
        ([, quoted, plain]) => quoted ?? plain ?? '',
      );
      assert.equal(words.shift(), 'packet-trace');
      assert.equal(parseCommandLine(words).name, name, example);
    }
});
