import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchListing } from '../../../../../extension/filter/capture-file/match-listing.ts';
import { summarize } from '../../../../../extension/filter/capture-file/packet-summary.ts';
import type { ViewedPacket } from '../../../../../extension/filter/capture-file/link-types.ts';

const ETHERNET = '020000000001020000000002';
const IPV4 = '4500002800000000400600000a000001010101019c400050000000000000000050020000';
const IPV6 = `6000000000141140${'20010db8000000000000000000000001'}${'20010db8000000000000000000000002'}003500350008`;

function packet(link: ViewedPacket['link'], hex: string): ViewedPacket {
  const data = Buffer.from(hex, 'hex');
  return { link, data, length: data.length };
}

test('packets in a line', () => {
  const cases: [ViewedPacket['link'], string, string][] = [
    ['l3', IPV4, '10.0.0.1 → 1.1.1.1 tcp 40000 → 80'],
    ['l2', `${ETHERNET}0800${IPV4}`, '10.0.0.1 → 1.1.1.1 tcp 40000 → 80'],
    ['l2', `${ETHERNET}81000064${'86dd'}${IPV6}`, 'vlan 100 2001:db8::1 → 2001:db8::2 udp 53 → 53'],
    ['l2', `${ETHERNET}0806`, 'arp'],
    ['l2', `${ETHERNET}88b5`, 'EtherType 0x88b5'],
    ['l2', `${ETHERNET}0026`, '802.2'],
    ['l2', '0200', 'truncated'],
    ['l3', IPV4.replace('0000000040', '0000000140'), '10.0.0.1 → 1.1.1.1 tcp fragment'],
    ['l3', '', 'empty'],
    ['l3', '0102', 'no IP header (2 bytes)'],
  ];
  for (const [link, hex, line] of cases) assert.equal(summarize(packet(link, hex)), line);
});

test('matching packets are marked, warnings shown, and matches beyond the list named', () => {
  const report = { packets: 4, matches: [2, 4], warnings: ['The file ends in the middle of packet 5.'] };
  const text = matchListing(' tcp\n port 80', '/x.pcap', report, [packet('l3', IPV4), packet('l3', IPV4)]);
  const lines = text.split('\n');
  assert.equal(lines[0], 'Filter: tcp port 80');
  assert.match(lines[2] ?? '', /^2 of 4 packets match/);
  assert.ok(lines.includes('The file ends in the middle of packet 5.'));
  const marks = lines.filter((line) => line.includes('→ 80')).map((line) => line.startsWith('✔'));
  assert.deepEqual(marks, [false, true]);
  assert.match(text, /… 2 more packets\nMatches among them: 4\n/);
});
