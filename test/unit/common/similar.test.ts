import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mostSimilar } from '../../../common/similar.ts';

const WORDS = ['trace', 'check', 'source', 'filter', 'filter-func', 'output-limit-lines', 'json'];

test('a slip is found, whichever it is', () => {
  for (const [typed, meant] of [
    ['trac', 'trace'],
    ['tracee', 'trace'],
    ['chekc', 'check'],
    ['soruce', 'source'],
    ['jsom', 'json'],
    ['fliter-fnuc', 'filter-func'],
    ['output-limit', 'output-limit-lines'],
    ['trace', 'trace'],
  ])
    assert.equal(mostSimilar(typed!, WORDS), meant, typed);
});

test('what resembles nothing, or begins more than one, is left alone', () => {
  for (const typed of ['tcp', 'rm', '', 'root@host', 'fil', 'x'.repeat(100_000)])
    assert.equal(mostSimilar(typed, WORDS), undefined, typed.slice(0, 20));
});

test('one slip in a word is one, wherever it is', () => {
  const word = fc.stringMatching(/^[a-z]{4,12}$/);
  fc.assert(
    fc.property(word, fc.nat(11), fc.constantFrom('drop', 'add', 'swap'), (meant, at, slip) => {
      const i = at % (meant.length - 1);
      const typed =
        slip === 'drop'
          ? meant.slice(0, i) + meant.slice(i + 1)
          : slip === 'add'
            ? `${meant.slice(0, i)}-${meant.slice(i)}`
            : meant.slice(0, i) + meant.charAt(i + 1) + meant.charAt(i) + meant.slice(i + 2);
      assert.equal(mostSimilar(typed, [meant]), meant);
    }),
  );
});
