import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { plainText } from '../../../../../extension/vscode/messages/plain-text.ts';

test('a link stays readable and is none', () => {
  assert.equal(
    plainText('said [Repair it](command:a.b?%7B%7D "Repair") twice'),
    'said [Repair it] (command:a.b?%7B%7D "Repair") twice',
  );
  assert.equal(plainText('[a]((https://b)'), '[a] ((https://b)');
});

test('filters and ordinary sentences stay as they are', () => {
  for (const text of ['tcp[13] & 2 != 0', 'ether[0] (1)', 'a [b] (c)', 'two\nlines\tand a tab', ''])
    assert.equal(plainText(text), text);
});

test('whatever is around, no link is left, and a second time changes nothing', () => {
  const parts = fc.array(fc.constantFrom('[', ']', '(', ')', 'a', 'command:x', ' ', '\x1b', '\u2066', '\n'));
  fc.assert(
    fc.property(parts, (texts) => {
      const shown = plainText(texts.join(''));
      assert.doesNotMatch(shown, /\]\(/);
      assert.equal(plainText(shown), shown);
    }),
  );
});

test('a long text is cut', () => {
  assert.equal(plainText('x'.repeat(5000)), `${'x'.repeat(1000)}…`);
});
