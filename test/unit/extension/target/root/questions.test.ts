import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PromptMark, readQuestion } from '../../../../../extension/target/root/questions.ts';

const mark = new PromptMark('12');
const asked = mark.prompt.replace('%p', 'ann');
const read = (said: string) => {
  const question = readQuestion(said, mark);
  return question && { password: question.password, whose: question.whose, words: question.words };
};

test('lines with an end are no question', () => {
  for (const said of ['', '\n', 'a lecture\nof two lines\n', 'Sorry, try again.\n', `${asked}\n`, 'x\n  '])
    assert.equal(readQuestion(said, mark), undefined, said);
});

test('a question, whose words it has, and whether it is for a password', () => {
  for (const [said, password, whose, words] of [
    [asked, true, 'ann', ''],
    [`lecture\n${asked}`, true, 'ann', 'lecture'],
    [mark.prompt, true, undefined, ''],
    [`[sudo: ${asked}] Password: `, true, 'ann', 'Password:'],
    [`[sudo: ${asked}] Verification code: `, false, 'ann', 'Verification code:'],
    ['[sudo: authenticate] Password: ', true, undefined, '[sudo: authenticate] Password:'],
    ['[sudo] password for ann: ', true, undefined, '[sudo] password for ann:'],
    ['One-time password (OATH) for `ann`: ', false, undefined, 'One-time password (OATH) for `ann`:'],
    [
      '1. Push\n2. Call\nPasscode or option (1-2): ',
      false,
      undefined,
      '1. Push\n2. Call\nPasscode or option (1-2):',
    ],
  ] as const)
    assert.deepEqual(read(said), { password, whose, words }, said);
});

test('the same question has the same key, whatever was said before it', () => {
  const first = readQuestion(asked, mark);
  const second = readQuestion(`Sorry, try again.\n${asked}`, mark);
  assert.equal(first?.key, second?.key);
  assert.deepEqual([first?.afterWords, second?.afterWords], [false, true]);
  assert.equal(readQuestion(`\n\n${asked}`, mark)?.afterWords, false);
});

test('words are short and printable', () => {
  assert.equal(read('\x1b[8mcode: ')?.words, '\\x1b[8mcode:');
  assert.equal(read(`${'x'.repeat(10_000)}: `)?.words.length, 600);
});
