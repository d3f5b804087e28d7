import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { hoverAt } from '../../../../../extension/filter/language/hover.ts';
import { inlayHints } from '../../../../../extension/filter/language/inlay-hints.ts';
import type { NameLookup } from '../../../../../extension/filter/language/name-lookup.ts';
import { vocabulary } from '../../../../../extension/filter/language/words/vocabulary.ts';
import { loadNames } from '../../../../support/filter/name-lookup.ts';

describe('hover and inlay hints', () => {
  let names: NameLookup;
  before(async () => {
    names = await loadNames();
  });

  /** The first paragraph over the first place of `word`. */
  const over = (text: string, word: string) => hoverAt(text, text.indexOf(word), names)?.says[0];

  test('an access by offset: field, offset, width and bits, over each of its parts', () => {
    const text = 'udp and tcp[13] & 2 != 0 and len > 2';
    for (const part of ['tcp', '[', '13', ']', '&', '2 ', '!=', '0'])
      assert.equal(over(text, part), 'TCP flags, offset 13, 1 byte: SYN bit', part);
    assert.match(over(text, 'and') ?? '', /^and: /);
    assert.match(over(text, 'len') ?? '', /^len: /);
    assert.equal(hoverAt(text, text.lastIndexOf('2'), names), undefined);
  });

  test('accesses of other fields', () => {
    const cases: [string, string, string][] = [
      ['ip[6:2] & 0x1fff = 0', 'ip', 'IPv4 flags and fragment offset, offset 6, 2 bytes: fragment offset'],
      ['tcp[tcpflags] & (tcp-syn|tcp-fin) != 0', 'tcpflags', 'TCP flags, offset 13, 1 byte: FIN, SYN bits'],
      ['icmp[icmptype] = icmp-echo', '=', 'ICMP type, offset 0, 1 byte: echo request'],
      ['ip[9] = 17', '17', 'IPv4 protocol, offset 9, 1 byte: UDP'],
      ['ip[12:4] = 1', '12', 'IPv4 source address, offset 12, 4 bytes'],
      ['ip[13] = 1', '13', 'IPv4 source address (a part of it), offset 13, 1 byte'],
      ['tcp[0:4] = 1', '4', 'TCP source port and destination port, offset 0, 4 bytes'],
      ['udp[8:4] = 1', '8', 'UDP data, offset 8, 4 bytes'],
    ];
    for (const [text, word, says] of cases) assert.equal(over(text, word), says, text);
    assert.match(over('tcp[(tcp[12] >> 4) * 4:4] = 1', '12') ?? '', /offset 12, 1 byte/);
    assert.match(over('tcp[(tcp[12] >> 4) * 4:4] = 1', 'tcp') ?? '', /^tcp: /);
  });

  test('ports and protocols by name and number', () => {
    assert.equal(over('tcp port 80', '80'), 'http: port 80 (TCP)');
    assert.equal(over('port domain', 'domain'), 'domain: port 53 (TCP, UDP)');
    assert.equal(over('tcp port 22 or 443', '443'), 'https: port 443 (TCP, UDP)');
    assert.equal(over('ip proto 6', '6'), 'IP protocol 6: tcp');
    assert.equal(over('ip proto \\udp', '\\udp'), 'udp: IP protocol 17');
    assert.equal(over('ether proto 0x0806', '0x'), 'EtherType 0x0806: arp');
  });

  test('every word of the language says something', () => {
    for (const word of Object.keys(vocabulary)) assert.ok(hoverAt(`(${word}`, 1, names), word);
  });

  test('hints: the name of a number, the number of a name', () => {
    const hints = (text: string) => inlayHints(text, names).map(({ offset, text: hint }) => [offset, hint]);
    assert.deepEqual(hints('tcp port 80 or https'), [
      [11, 'http'],
      [20, '443'],
    ]);
    assert.deepEqual(hints('udp port 80 and port 60999'), []);
    assert.deepEqual(hints('ip proto 47 or ether proto \\arp'), [
      [11, 'gre'],
      [31, '0x0806'],
    ]);
    assert.deepEqual(hints('len > 80 # port 80'), []);
  });
});
