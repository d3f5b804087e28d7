import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { compileWith, type FilterLibrary } from '../../../../../extension/filter/libpcap/compile.ts';
import { completionsAt } from '../../../../../extension/filter/language/completion.ts';
import type { NameLookup } from '../../../../../extension/filter/language/name-lookup.ts';
import { loadFilterLibrary } from '../../../../support/filter/filter-library.ts';
import { loadNames } from '../../../../support/filter/name-lookup.ts';

describe('completion', () => {
  let names: NameLookup;
  let library: FilterLibrary;
  before(async () => {
    names = await loadNames();
    library = await loadFilterLibrary();
  });

  const at = (text: string) => completionsAt(text, text.length, names).items;
  const texts = (text: string) => at(text).map((item) => item.text);

  function offers(text: string, ...expected: string[]): void {
    const found = texts(text);
    for (const item of expected) assert.ok(found.includes(item), `${item} after "${text}"`);
  }

  function withholds(text: string, ...unexpected: string[]): void {
    const found = texts(text);
    for (const item of unexpected) assert.ok(!found.includes(item), `${item} after "${text}"`);
  }

  test('by the place in the grammar', () => {
    offers('', 'tcp', 'host', 'src', 'not', 'vlan', 'len');
    withholds('', 'and', 'vpi', 'tcp-syn', 'mask');
    offers('src ', 'host', 'net', 'port', 'portrange');
    withholds('src ', 'tcp', 'and');
    assert.deepEqual(texts('src or '), ['dst']);
    offers('tcp ', 'src', 'dst', 'port', 'portrange', '[', 'and', 'or');
    withholds('tcp ', 'host', 'udp');
    assert.deepEqual(texts('tcp port 80 '), ['and', 'or']);
    offers('net 10.0.0.0 ', 'mask');
    offers('tcp port 80 or ', 'https', 'udp');
    offers('tcp and (not ', 'host', 'icmp');
    assert.deepEqual(texts('tcp[0:'), ['1', '2', '4']);
    offers('tcp[', 'tcpflags', '13', '0:2');
    offers('tcp[tcpflags] ', '&', '=');
    offers('tcp[tcpflags] & ', 'tcp-syn');
    withholds('tcp[tcpflags] & ', 'icmp-echo');
    offers('icmp[icmptype] = ', 'icmp-echo');
    offers('ip[6:2] & ', '0x4000');
    offers('ip[9] = ', '6');
    assert.deepEqual(texts('tcp[13] & 2 != 0 '), ['and', 'or']);
    offers('llc ', 'rr', 'sabme');
    offers('type mgt ', 'and');
  });

  test('ports by name with their number, of the protocol before', () => {
    const http = at('port ht').find(({ text }) => text === 'http');
    assert.equal(http?.detail, '80 (TCP)');
    offers('udp port ', 'tftp', 'domain');
    withholds('udp port ', 'http');
    assert.equal(at('tcp port ').find(({ text }) => text === 'domain')?.detail, '53 (TCP, UDP)');
  });

  test('a port typed as a number stays one: first itself, then longer ones', () => {
    assert.deepEqual(
      at('tcp port 44').map(({ text, detail }) => [text, detail]),
      [
        ['44', ''],
        ['443', 'https (TCP, UDP)'],
        ['444', 'snpp (TCP)'],
        ['445', 'microsoft-ds (TCP)'],
        ['4460', 'ntske (TCP)'],
      ],
    );
    assert.deepEqual(at('port 80')[0], { text: '80', kind: 'number', detail: 'http (TCP)', says: '' });
    assert.equal(texts('port ')[0], 'http');
  });

  test('protocols by name, with a backslash where the name is a word', () => {
    offers('ip proto ', '\\tcp', 'ospf', 'gre');
    offers('ether proto ', '\\arp', 'loopback');
    assert.equal(completionsAt('ip proto \\t', 11, names).start, 9);
  });

  test('nothing within comments of files', () => {
    const text = 'tcp # and';
    assert.deepEqual(completionsAt(text, text.length, names, { comments: true }).items, []);
    offers('tcp port 80\n', 'and');
  });

  test('what is offered is taken by libpcap, with what it needs after it', () => {
    const endings: Record<string, string[]> = {
      'tcp port ': [''],
      'udp port ': [''],
      'port ': [''],
      'ip proto ': [''],
      'ether proto ': [''],
      'tcp[': ['] = 1'],
      'ip[': ['] = 1'],
      'tcp[tcpflags] & ': [' != 0'],
      'icmp6[icmp6type] = ': [''],
      'src ': [' 10.0.0.1', ' 80', ' 80-90'],
      'tcp ': [' port 80', ' 80', ' 80-90', '1] = 1', ' udp'],
      '': [
        '',
        ' 1.1.1.1',
        ' 10.0.0.0',
        ' 80',
        ' 80-90',
        ' 6',
        ' = 1',
        ' tcp',
        ' host 1.1.1.1',
        ' foo',
        '[0] = 1',
        ' 0 = 1',
      ],
    };
    for (const [text, ends] of Object.entries(endings)) {
      for (const item of texts(text)) {
        const results = ends.map((end) =>
          compileWith(library, `${text}${item}${end}`, 'EN10MB', { optimize: false }),
        );
        assert.ok(
          results.some((result) => result.ok),
          `${text}${item}: ${JSON.stringify(results)}`,
        );
      }
    }
  });
});
