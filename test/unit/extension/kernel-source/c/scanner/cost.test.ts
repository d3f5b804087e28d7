import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scanFile } from '../../../../../../extension/kernel-source/c/scanner/scan-file.ts';
import { countedBytes } from '../../../../../support/source/counted-bytes.ts';

const HOSTILE: Record<string, string> = {
  'parentheses that nothing closes': '(',
  'closed and open parentheses': '((a)',
  'open braces': '{',
  'closing braces': '\n}',
  'functions that do not end': 'int f(void)\n{\n',
  'functions on a line of their own': 'int f(void)\n{\n}\n',
  conditions: '#if A\n',
  'macros that are taken back': '#undef A\n',
  quotes: '"',
  comments: '/*',
  'a word': 'a',
  'uses of macros': 'A(b)\n',
};

for (const [name, piece] of Object.entries(HOSTILE))
  test(`twice the text costs at most about twice as much: ${name}`, () => {
    const cost = (count: number) => {
      const { bytes, visited } = countedBytes(piece.repeat(count));
      scanFile(bytes, false);
      return visited();
    };
    // A cost that grows with the square is four times as much.
    assert.ok(cost(16_000) < 2.5 * cost(8000) + 1000, `${cost(8000)}, ${cost(16_000)}`);
  });
