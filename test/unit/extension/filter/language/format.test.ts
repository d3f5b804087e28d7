import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  compileWith,
  type FilterLibrary,
  type LinkType,
} from '../../../../../extension/filter/libpcap/compile.ts';
import { formatFilter } from '../../../../../extension/filter/language/format.ts';
import { withoutComments } from '../../../../../extension/filter/language/lexer.ts';
import { loadFilterLibrary } from '../../../../support/filter/filter-library.ts';
import { generate, handwritten } from '../../../../support/filter/libpcap-filters.ts';

const list = (count: number) => Array.from({ length: count }, (_, index) => `10.0.0.${index}`).join('  or  ');

describe('formatting', () => {
  let library: FilterLibrary;
  before(async () => {
    library = await loadFilterLibrary();
  });

  /** The program, or libpcap's message. */
  function compile(text: string, link: LinkType) {
    const result = compileWith(library, text, link, { optimize: false });
    return result.ok ? result.instructions : result.message;
  }

  test('compiles to the same instructions, and a second time changes nothing', () => {
    const filters = [...handwritten, ...generate(150, 11)];
    const long = filters.slice(0, 40).map((filter) => `not (${filter}) and (host ${list(12)}) or len-1>2`);
    let valid = 0;
    for (const text of [...filters, ...long, ...filters.map((filter) => filter.replaceAll(' ', '\t\n '))]) {
      const formatted = formatFilter(text);
      for (const link of ['EN10MB', 'RAW'] as const) {
        const before = compile(text, link);
        assert.deepEqual(compile(formatted, link), before, text);
        if (typeof before !== 'string') valid++;
      }
      assert.equal(formatFilter(formatted), formatted, text);
    }
    assert.ok(valid > 400, `${valid} valid`);
  });

  test('one space between words, none within brackets and parentheses', () => {
    const pairs: [string, string][] = [
      ['tcp   port 80&&udp', 'tcp port 80 && udp\n'],
      ['( host 1.1.1.1 or 2.2.2.2 )and !  tcp', '(host 1.1.1.1 or 2.2.2.2) and !tcp\n'],
      ['tcp [ 13 ]&2!=0', 'tcp[13] & 2 != 0\n'],
      ['ip[ 6 : 2 ]&0x1fff=0', 'ip[6:2] & 0x1fff = 0\n'],
      ['net 10.0.0.0 / 8', 'net 10.0.0.0/8\n'],
      ['len - -1 >1', 'len - -1 > 1\n'],
      ['len / 2=20', 'len / 2 = 20\n'],
      ['', ''],
      ['tcp "', 'tcp "\n'],
    ];
    for (const [text, expected] of pairs) assert.equal(formatFilter(text), expected);
  });

  test('long filters: a test a line, lists of addresses fill lines, groups are indented', () => {
    const formatted = formatFilter(`tcp port 80 and (src or dst port 443 or host ${list(20)}) and not arp`);
    const lines = formatted.trimEnd().split('\n');
    assert.deepEqual(lines.slice(0, 3), ['tcp port 80', 'and (', '  src or dst port 443']);
    assert.deepEqual(lines.slice(-2), [')', 'and not arp']);
    assert.match(lines[3] ?? '', /^ {2}or host 10\.0\.0\.0 or 10\.0\.0\.1 or /);
    for (const line of lines) assert.ok(line.length <= 100, line);
  });

  test('comments stay at their lines', () => {
    const text = '# web \ntcp   port 80 # http\n   or udp';
    assert.equal(formatFilter(text), '# web\ntcp port 80 # http\nor udp\n');
    assert.equal(withoutComments(formatFilter(text)).split(/\s+/).join(' ').trim(), 'tcp port 80 or udp');
  });
});
