import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { PacketTraceError } from '../../../../../extension/base/errors.ts';
import { AgentClient } from '../../../../../extension/tracing/agent-client.ts';
import { decideBy } from '../../../../../extension/tracing/with-agent.ts';
import { decideHere, matchFile, type Decide } from '../../../../../extension/filter/capture-file/match.ts';
import { endFakeAgents, FakeAgent } from '../../../../support/agent/fake-agent.ts';
import { hello } from '../../../../support/agent/records.ts';
import { pcapFile, pcapngPacket, pcapngSection } from '../../../../support/packets/capture-file.ts';
import { compileFilter } from '../../../../support/filter/compile-filter.ts';
import { loadNativeLibpcap, type NativeLibpcap } from '../../../../support/filter/native-libpcap.ts';
import { craftedPackets } from '../../../../support/packets/packets.ts';

const dir = mkdtempSync(join(tmpdir(), 'packet-trace-match-'));
const path = join(dir, 'file');
let native: NativeLibpcap;
before(async () => {
  native = await loadNativeLibpcap();
});
afterEach(endFakeAgents);
after(() => rmSync(dir, { recursive: true }));

const EN10MB = 1;
const RAW = 101;
const FRAMES = craftedPackets().map(({ frame, missing }) => ({
  data: frame,
  length: frame.length + missing,
}));
const PACKETS = craftedPackets().map(({ frame, linkBytes, missing }) => {
  const data = frame.subarray(Math.min(linkBytes, frame.length));
  return { data, length: data.length + missing };
});

const FILTERS = [
  'tcp port 80',
  'udp',
  'not ip',
  'len > 1000',
  'ip6',
  'ip[6:2] & 0x1fff != 0',
  'vlan 100',
  'icmp or arp',
  'greater 60 and tcp[13] & 2 != 0',
];

for (const text of FILTERS)
  test(`"${text}" matches what libpcap itself finds in the file`, async () => {
    const filter = await compileFilter(text);
    for (const [linkType, packets, side] of [
      [EN10MB, FRAMES, 'l2'],
      [RAW, PACKETS, 'l3'],
    ] as const) {
      if (filter[side] === null) continue;
      writeFileSync(path, pcapFile(linkType, packets));
      const expected = native.matchFile(path, text);
      const report = await matchFile(path, filter, { decide: decideHere });
      assert.deepEqual(report, { packets: packets.length, matches: expected, warnings: [] });
    }
  });

test('without a filter every packet matches', async () => {
  writeFileSync(path, pcapFile(EN10MB, FRAMES));
  const { matches } = await matchFile(path, null, { decide: decideHere });
  assert.deepEqual(
    matches,
    FRAMES.map((_, index) => index + 1),
  );
});

test('a file of several link types is numbered through, each packet seen its own way', async () => {
  const frame = FRAMES[0]!.data; // TCP
  const ip = PACKETS[0]!.data;
  const cooked = Buffer.concat([Buffer.alloc(14), Buffer.from([8, 0]), ip]);
  const cooked2 = Buffer.concat([Buffer.from([8, 0]), Buffer.alloc(18), ip]);
  const loopback = Buffer.concat([Buffer.from([2, 0, 0, 0]), ip]);
  const packets = [frame, ip, cooked, cooked2, loopback, ip];
  const blocks = packets.map((data, at) => pcapngPacket('LE', 'enhanced', { data, interface: at }));
  writeFileSync(path, Buffer.concat([pcapngSection('LE', [1, 12, 113, 276, 0, 1]), ...blocks]));
  const filter = await compileFilter(`ip proto 6 and greater ${ip.length} and less ${frame.length}`);
  // The last is an IP packet that says to be an Ethernet frame.
  assert.deepEqual((await matchFile(path, filter, { decide: decideHere })).matches, [1, 2, 3, 4, 5]);
});

test('a filter that is impossible for packets that are there is worth a warning', async () => {
  writeFileSync(path, pcapFile(RAW, PACKETS));
  const { matches, warnings } = await matchFile(path, await compileFilter('arp'), { decide: decideHere });
  assert.deepEqual(matches, []);
  assert.match(warnings.join(), /no packet without an Ethernet header/);
});

test('a link type without a known header is refused by name', async () => {
  writeFileSync(path, pcapFile(127, FRAMES));
  await assert.rejects(matchFile(path, null, { decide: decideHere }), (error: PacketTraceError) => {
    assert.equal(error.code, 'pcap-file');
    assert.match(error.message, /Packet 1 .* 127 \(IEEE802_11_RADIOTAP\)/);
    return true;
  });
});

test('a cut file warns, and cancellation ends it', async () => {
  writeFileSync(path, pcapFile(EN10MB, FRAMES).subarray(0, -1));
  const report = await matchFile(path, null, { decide: decideHere });
  assert.match(report.warnings.join(), new RegExp(`in the middle of packet ${FRAMES.length}`));
  const signal = AbortSignal.abort();
  await assert.rejects(matchFile(path, null, { decide: decideHere, signal }), { code: 'cancelled' });
});

test('many packets go in batches, in order', async () => {
  const data = Buffer.alloc(60);
  writeFileSync(path, pcapFile(EN10MB, new Array(10_000).fill({ data })));
  const sizes: number[] = [];
  const decide: Decide = (_, packets) => {
    sizes.push(packets.length);
    return new Uint8Array(packets.length).fill(1, 0, 1);
  };
  const { packets, matches } = await matchFile(path, null, { decide });
  assert.equal(packets, 10_000);
  assert.ok(sizes.length > 1);
  assert.deepEqual(
    matches,
    sizes.map((_, index) => 1 + sizes.slice(0, index).reduce((a, b) => a + b, 0)),
  );
});

test('a target decides over what it is sent, and its errors are told', async () => {
  writeFileSync(path, pcapFile(EN10MB, FRAMES.slice(0, 3)));
  const agent = new FakeAgent();
  const decide = decideBy(new AgentClient(agent.connection));
  agent.send(hello());
  const filter = await compileFilter('tcp');
  const matching = matchFile(path, filter, { decide });
  const request = await agent.request('match');
  assert.deepEqual(request.filter, filter);
  assert.deepEqual(
    request.packets.map(({ link, data, length }) => [link, data, length]),
    FRAMES.slice(0, 3).map(({ data, length }) => ['l2', Buffer.from(data).toString('base64'), length]),
  );
  agent.send({ type: 'matched', matches: [0, 2] });
  assert.deepEqual((await matching).matches, [1, 3]);

  const refused = matchFile(path, filter, { decide });
  while (agent.requests.length < 2) await new Promise(setImmediate);
  agent.send({ type: 'error', code: 'load', message: 'Too large.', remedy: '' });
  await assert.rejects(refused, /Too large/);

  const lost = matchFile(path, filter, { decide });
  agent.die({ connectionLost: true });
  await assert.rejects(lost, { code: 'connection-lost' });
});
