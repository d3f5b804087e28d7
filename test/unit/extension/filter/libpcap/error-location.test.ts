/** Where the message of a refused filter lands. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { compileWith, type FilterLibrary } from '../../../../../extension/filter/libpcap/compile.ts';
import { diagnose } from '../../../../../extension/filter/diagnostics/diagnose.ts';
import type { TextRange } from '../../../../../extension/filter/libpcap/syntax.ts';
import { badFilters } from '../../../../support/filter/bad-filters.ts';
import { loadFilterLibrary } from '../../../../support/filter/filter-library.ts';

describe('the place of an error', () => {
  let library: FilterLibrary;
  before(async () => {
    library = await loadFilterLibrary();
  });

  function placeOf(text: string): string | null {
    const result = compileWith(library, text, 'EN10MB', { optimize: true });
    assert.ok(!result.ok, text);
    return result.range && text.slice(result.range.start, result.range.end);
  }

  it('is hit for nearly all bad filters, and never the whole line with no more than "syntax error"', () => {
    const missed: string[] = [];
    for (const { text, errorRange } of badFilters) {
      const result = compileWith(library, text, 'EN10MB', { optimize: true });
      assert.ok(!result.ok, `${text} is valid`);
      const [error] = diagnose(library, text);
      assert.equal(error?.severity, 'error', text);
      for (const range of [error, ...(result.range === null ? [] : [result.range])])
        if (!overlap(range, errorRange)) missed.push(text);
      const [words, wholeLine] = [text.trim().split(/\s+/).length, error.end - error.start >= text.length];
      assert.ok(words === 1 || !wholeLine || !/syntax error\.?$/.test(error.message), text);
    }
    const hit = badFilters.length - new Set(missed).size;
    console.log(`${hit} of ${badFilters.length} bad filters get a range at or overlapping the error`);
    assert.ok(badFilters.length >= 90 && hit >= 0.94 * badFilters.length, missed.join('\n'));
  });

  it('is the token that the grammar does not expect', () => {
    assert.equal(placeOf('tcp prot 80'), 'prot');
    assert.equal(placeOf('tcp and (udp or icmp) icmp6'), 'icmp6');
  });

  it('is the last word, or the open bracket, where the filter ends too early', () => {
    assert.equal(placeOf('tcp dst port '), 'port');
    assert.equal(placeOf('tcp or (udp and'), '(udp and');
    assert.equal(placeOf('(tcp or udp'), '(');
    assert.equal(placeOf('icmp and tcp[13 = 2'), '[13 =');
  });

  it('is the value that a message names, with its qualifiers where it is about them', () => {
    assert.equal(placeOf('icmp or tcp port nosuch'), 'nosuch');
    assert.equal(placeOf('tcp or ip host ::1 or udp'), 'ip host ::1');
    assert.equal(placeOf('icmp and net 10.0.0.0/33'), '33');
    assert.equal(placeOf('ether host 1:2:3:4:5:zz or tcp'), '1:2:3:4:5:zz');
  });

  it('counts UTF-16 code units, and whole characters', () => {
    const text = 'tcp or \u{1f600} port';
    const result = compileWith(library, text, 'RAW', { optimize: true });
    assert.deepEqual(!result.ok && result.range, { start: 7, end: 9 });
    const later = compileWith(library, 'tcp \\é\u{1f600} x', 'RAW', { optimize: true });
    assert.deepEqual(!later.ok && later.range, { start: 4, end: 8 });
  });

  it('is unknown of a filter that is wrong as a whole', () => {
    assert.equal(placeOf('tcp and udp'), null);
  });
});

/** An empty range is something missing there. */
function overlap(range: TextRange, errorRange: TextRange): boolean {
  if (errorRange.start === errorRange.end)
    return range.start <= errorRange.start && errorRange.start <= range.end;
  return range.start < errorRange.end && errorRange.start < range.end;
}
