import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { printable, printableJson, printableLines, quoted } from '../../../../extension/base/printable.ts';

/** Unicode's own word for what a terminal or an editor must not be given. */
const HARMFUL = /[\p{Cc}\p{Cs}\p{Bidi_Control}]/u;

test('every code point stays itself or becomes printable ASCII', () => {
  for (let code = 0; code <= 0x10ffff; code++) {
    const character = String.fromCodePoint(code);
    const shown = printable(character);
    if (HARMFUL.test(character))
      assert.match(shown, /^\\x[0-9a-f]{2}$|^\\u\{[0-9a-f]+\}$/, code.toString(16));
    else if (shown !== character) assert.fail(`U+${code.toString(16)} became ${shown}`);
  }
});

test('whatever surrounds them, nothing harmful is left and nothing is lost', () => {
  const text = fc
    .array(fc.nat(0xffff).map((unit) => String.fromCharCode(unit)))
    .map((units) => units.join(''));
  fc.assert(
    fc.property(text, (from) => {
      const shown = printable(from);
      assert.doesNotMatch(shown, HARMFUL);
      assert.equal(printable(shown), shown);
      if (from.includes('\\')) return;
      const back = shown.replace(/\\x(..)|\\u\{(\w+)\}/g, (_, byte?: string, code?: string) =>
        String.fromCodePoint(parseInt(byte ?? code ?? '', 16)),
      );
      assert.equal(back, from);
    }),
  );
});

test('escapes are read off at once', () => {
  assert.equal(printable('\x1b[8mcurl\r\n'), '\\x1b[8mcurl\\x0d\\x0a');
  assert.equal(printable('\u202egnp.exe'), '\\u{202e}gnp.exe');
  assert.equal(printable('a\ud83d'), 'a\\u{d83d}');
  assert.equal(printable('naïve 🐧'), 'naïve 🐧');
});

test('JSON says what it said, in characters that every terminal only shows', () => {
  const object = { name: '\x1b[8m\x7f\x9b2J\u202e "quoted"', plain: 'naïve 🐧' };
  const json = printableJson(JSON.stringify(object));
  assert.deepEqual(JSON.parse(json), object);
  assert.doesNotMatch(json, HARMFUL);
  assert.ok(json.includes('\\u009b2J\\u202e') && json.includes('naïve 🐧'));
});

test('a quotation is one line that it cannot leave', () => {
  assert.equal(quoted(' No such file\r\n  or \x1b[8mother\n'), '"No such file; or \\x1b[8mother"');
  assert.equal(quoted('done". Run "this'), `"done'. Run 'this"`);
  assert.equal(quoted(''), '""');
});

test('of a long quotation the beginning and the end are shown', () => {
  const text = quoted(`begin${'x'.repeat(5000)}end`);
  assert.ok(text.length <= 302);
  assert.match(text, /^"beginx+ … x+end"$/);
  assert.equal(quoted('abcdefghij', 9), '"abc … hij"');
  assert.equal(quoted('abcdefghi', 9), '"abcdefghi"');
});

test('lines keep their ends', () => {
  assert.equal(printableLines('a\r\n\tb\x1b]0;c\x07\rd\n'), 'a\n\tb\\x1b]0;c\\x07\\x0dd\n');
});
