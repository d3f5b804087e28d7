import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noPrivilege, refusalOf } from '../../../../../extension/target/root/refusal.ts';

test('what happened decides, and words only where it leaves a choice', () => {
  for (const [answers, code, said, refusal] of [
    ['declined', 1, 'sudo: no password was provided', 'no-password'],
    ['declined', 1, 'sudo: Authentication required but not attempted', 'no-password'],
    ['refused', undefined, '', 'wrong-password'],
    ['none-asked', 127, 'sh: 5: exec: sudo: not found', 'missing'],
    ['none-asked', 1, 'sudo: sorry, you must have a tty to run sudo', 'tty'],
    ['none-asked', 1, 'Sorry, user plain may not run sudo on lab.\n', 'not-allowed'],
    ['given', 1, 'plain is not in the sudoers file.  This incident will be reported.', 'not-allowed'],
    ['given', 1, "Sorry, user plain is not allowed to execute '/bin/sh' as root on lab.", 'not-allowed'],
    ['none-asked', 1, "sudo: I'm sorry plain. I'm afraid I can't do that", 'not-allowed'],
    ['given', 1, 'Sorry, try again.\nsudo: 1 incorrect password attempt', 'wrong-password'],
    ['given', 1, 'sudo: maximum 1 incorrect authentication attempts', 'wrong-password'],
    ['none-asked', 1, 'sudo: unable to resolve host lab', 'other'],
    ['given', 1, 'sudo: timed out', 'other'],
  ] as const)
    assert.equal(refusalOf({ answers, code, said }), refusal, said);
});

test('the error quotes the last line, short and printable', () => {
  const error = noPrivilege('lab', 'ann', {
    answers: 'given',
    code: 1,
    said: `lecture\nann is not in the sudoers file.\n`,
  });
  assert.equal(
    error.message,
    'Tracing needs root on lab, but ann may not use sudo for this: ann is not in the sudoers file.',
  );
  const long = noPrivilege('lab', 'ann', {
    answers: 'none-asked',
    code: 1,
    said: `\x1b]0;${'x'.repeat(5000)}`,
  });
  assert.ok(long.message.length < 400 && long.message.includes('\\x1b]0;xxx'), long.message);
});
