import assert from 'node:assert/strict';
import { test } from 'node:test';
import { list, number, text, toggle } from '../../../../../extension/tracing/options/option.ts';
import { Mismatch, readJson, readWords } from '../../../../../extension/tracing/options/read-value.ts';

const help = '';
const lines = number({ name: 'n', value: 'N', default: 7, least: 1, most: 5000, help });
const names = list({ name: 'l', value: 'A,B', example: 'a,b', help });
const output = toggle({ name: 't', help });
const even = text({
  name: 'x',
  value: 'X',
  example: 'ab',
  help,
  wants: (given) => (given.length % 2 === 0 ? undefined : 'an even text'),
});

test('numbers come in the forms that Go’s flags take', () => {
  for (const [word, expected] of [
    ['100', 100],
    ['1_000', 1000],
    ['0x64', 100],
    ['0X64', 100],
    ['0o144', 100],
    ['0144', 100],
    ['0b110', 6],
  ] as const)
    assert.equal(readWords(lines, [word]), expected, word);
  for (const word of ['0', '5001', '-1', '1.5', '1e3', '08', 'x', '', '1_', '_1'])
    if (word !== '') assert.ok(readWords(lines, [word]) instanceof Mismatch, word);
  assert.equal(readWords(lines, ['1', '2']), 2);
});

test('switches come in the forms that Go’s flags take', () => {
  for (const word of [undefined, '1', 't', 'T', 'true', 'TRUE', 'True'])
    assert.equal(readWords(output, [word]), true);
  for (const word of ['0', 'f', 'F', 'false', 'FALSE', 'False'])
    assert.equal(readWords(output, [word]), false);
  for (const word of ['yes', 'on', 'tRUE', '2'])
    assert.ok(readWords(output, [word]) instanceof Mismatch, word);
  assert.equal(readWords(output, [undefined, 'false']), false);
});

test('lists are divided by commas, and grow when they are given again', () => {
  assert.deepEqual(readWords(names, ['a,b', ' c ', ',']), ['a', 'b', 'c']);
  assert.deepEqual(readJson(names, ['a', ' b']), ['a', 'b']);
  for (const given of ['a,b', [1], { 0: 'a' }]) assert.ok(readJson(names, given) instanceof Mismatch);
});

test('a text that is refused is told what it should be', () => {
  assert.equal(readWords(even, [' ab ']), 'ab');
  const mismatch = readWords(even, ['abc']);
  assert.ok(mismatch instanceof Mismatch);
  assert.equal(mismatch.toString(), 'an even text, not "abc"');
});
