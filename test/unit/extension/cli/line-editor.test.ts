import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DECLINED, LineEditor } from '../../../../extension/cli/line-editor.ts';

function typed(keys: string): { answer: string | undefined; shown: string } {
  let shown = '';
  const editor = new LineEditor((text) => (shown += text));
  const answer = editor.type(Buffer.from(keys));
  assert.ok(answer !== undefined, 'the line is complete');
  return { answer: answer.text, shown };
}

test('a line is edited as terminals do', () => {
  assert.equal(typed('yes\r').answer, 'yes');
  assert.equal(typed('yess\x7f\n').answer, 'yes');
  assert.equal(typed('wrong\x15right\r').answer, 'right');
  assert.equal(typed('\x7f\x7fa\r').answer, 'a');
  assert.equal(typed('päß\x7f\r').answer, 'pä');
});

test('Ctrl-D declines, Ctrl-C interrupts', () => {
  const editor = () => new LineEditor(() => undefined);
  assert.deepEqual(editor().type(Buffer.from('\x04')), DECLINED);
  assert.deepEqual(editor().type(Buffer.from('secret\x03')), { text: undefined, isInterrupt: true });
});

test('keys that send sequences are no part of the answer', () => {
  const up = '\x1b[A';
  const keys = {
    up,
    'in application mode': '\x1bOA',
    'Ctrl-Left': '\x1b[1;5D',
    Delete: '\x1b[3~',
    F1: '\x1bOP',
  };
  for (const [name, key] of Object.entries(keys))
    assert.deepEqual(typed(`${key}a${key}${key}b${key}\r`), { answer: 'ab', shown: 'ab' }, name);
  assert.equal(typed('\x1ba[O\r').answer, 'a[O', 'ESC by itself');
  assert.equal(typed('\x1b\x1b[Ab\r').answer, 'b');
  assert.equal(typed('a\x1b[\r').answer, 'a', 'Enter is Enter, whatever came before');
});

test('what is shown of a typed control character is an escape', () => {
  assert.deepEqual(typed('a\x01\r'), { answer: 'a\x01', shown: 'a\\x01' });
});

test('a line that comes in pieces is one answer, wherever they end', () => {
  const keys = fc.array(fc.constantFrom('a', 'ß', '🐧', '\x1b[A', '\x1bOB', '\x7f'), { maxLength: 8 });
  fc.assert(
    fc.property(keys, (pressed) => {
      const line = `${pressed.join('')}\r`;
      const editor = new LineEditor(() => undefined);
      const answers = [...Buffer.from(line)].map((byte) => editor.type(Buffer.of(byte)));
      assert.equal(answers.at(-1)?.text, typed(line).answer);
      assert.ok(answers.slice(0, -1).every((answer) => answer === undefined));
    }),
  );
});
