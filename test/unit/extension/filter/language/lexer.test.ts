import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { parseWith, type FilterLibrary } from '../../../../../extension/filter/libpcap/compile.ts';
import { numberOf, tokenize, withoutComments } from '../../../../../extension/filter/language/lexer.ts';
import { tokensOf } from '../../../../../extension/filter/libpcap/syntax.ts';
import { loadFilterLibrary } from '../../../../support/filter/filter-library.ts';
import { combinations, damage, generate, handwritten } from '../../../../support/filter/libpcap-filters.ts';

describe('the lexer', () => {
  let library: FilterLibrary;
  before(async () => {
    library = await loadFilterLibrary();
  });

  test('reads tokens where libpcap reads them, up to its first error', () => {
    const generated = generate(300, 7);
    let compared = 0;
    for (const text of [
      ...handwritten,
      ...combinations().slice(0, 300),
      ...generated,
      ...damage(generated, 8),
    ]) {
      const syntax = parseWith(library, text, 'EN10MB');
      if (syntax === undefined) continue;
      const theirs = tokensOf(syntax.stack).map(({ start, end }) => text.slice(start, end));
      const ours = tokenize(text).map((token) => token.text);
      assert.deepEqual(ours.slice(0, theirs.length), theirs, text);
      compared += theirs.length;
    }
    assert.ok(compared > 3000, `${compared} tokens`);
  });

  test('numbers are read as libpcap reads them', () => {
    const values = (text: string) => tokenize(text).map(numberOf);
    assert.deepEqual(values('10 010 0x10 0X1f 0 4294967295'), [10, 8, 16, 31, 0, 4294967295]);
    assert.deepEqual(values('08 4294967296 tcp tcp-syn'), [undefined, undefined, undefined, 2]);
  });

  test('comments end with the line, and blanking them out keeps offsets', () => {
    const text = 'tcp # not udp\nor icmp #';
    assert.deepEqual(
      tokenize(text, { comments: true }).map((token) => token.text),
      ['tcp', '# not udp', 'or', 'icmp', '#'],
    );
    assert.equal(withoutComments(text), 'tcp          \nor icmp  ');
    assert.equal(tokenize('tcp # x')[1]?.kind, 'bad');
  });
});
