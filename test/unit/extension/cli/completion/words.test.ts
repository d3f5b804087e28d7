import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Completed,
  FIRST_WORDS,
  OPERANDS,
  OPTION_WORDS,
  SECOND_WORDS,
} from '../../../../../extension/cli/completion/words.ts';
import { COMMAND_NAMES, COMMANDS, namedOptions } from '../../../../../extension/cli/options.ts';

test('no word has a letter that a shell reads as anything but itself', () => {
  const listed = (what: Completed | undefined) => (typeof what === 'object' ? what : []);
  const words = [
    ...FIRST_WORDS,
    ...SECOND_WORDS.flatMap(([, seconds]) => seconds),
    ...Object.values(OPERANDS).flatMap(listed),
    ...OPTION_WORDS.flatMap(({ offered, value }) => [offered, ...listed(value)]),
  ];
  for (const { text, meaning } of words) {
    assert.match(text, /^[\w.=-]+$/);
    assert.match(meaning, /^[^`\n]+$/, text);
  }
});

test('options with files, folders and targets say so, but for those on the target', () => {
  const ofTarget = ['target-folder', 'kernel-btf'];
  const wanted: Readonly<Record<string, string>> = {
    FILE: 'path',
    PATH: 'path',
    DIR: 'folder',
    TARGET: 'target',
  };
  for (const { name, ...option } of COMMAND_NAMES.flatMap((command) => namedOptions(COMMANDS[command]))) {
    if (option.type !== 'text' || ofTarget.includes(name)) continue;
    assert.equal(option.names, wanted[option.value], name);
  }
});
