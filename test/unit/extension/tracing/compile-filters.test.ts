import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { PacketTraceError } from '../../../../extension/base/errors.ts';
import { NO_FILTER, type FilterTexts } from '../../../../extension/recording/filters.ts';
import { compileFilters } from '../../../../extension/tracing/compile-filters.ts';
import { compileFilter } from '../../../support/filter/compile-filter.ts';
import { makeFilterDist } from '../../../support/filter/filter-library.ts';

let dist: string;
before(async () => {
  dist = await makeFilterDist();
});
after(() => rm(dist, { recursive: true }));

const compile = (texts: Partial<FilterTexts>) => compileFilters({ ...NO_FILTER, ...texts }, dist);

test('no filter at all is none', async () => {
  assert.deepEqual(await compile({ filter: ' ' }), { ...NO_FILTER, filter: ' ' });
});

test('a filter on the packet asks nothing of what is inside', async () => {
  const { compiled } = await compile({ filter: 'udp' });
  assert.deepEqual(compiled, await compileFilter('udp'));
});

test('each filter for tunnels is compiled for its own header, the packet itself may be any', async () => {
  const { compiled } = await compile({ tunnelFilterL2: 'arp', tunnelFilterL3: 'icmp' });
  const { l2: arp } = await compileFilter('arp');
  const { l3: icmp } = await compileFilter('icmp');
  assert.deepEqual([compiled?.tunnelL2, compiled?.tunnelL3], [arp, icmp]);
  for (const side of [compiled?.l2, compiled?.l3]) assert.deepEqual(side, [[6, 0, 0, 262144]]);
});

const REFUSED: [Partial<FilterTexts>, RegExp][] = [
  [{ filter: 'udp port' }, /^The filter "udp port" is refused/],
  [
    { filter: 'udp', tunnelFilterL2: 'udp port' },
    /--filter-tunnel-pcap-l2, "tunnelFilterL2"\) "udp port" is refused/,
  ],
  // libpcap takes it from an Ethernet header only.
  [{ tunnelFilterL3: 'arp' }, /--filter-tunnel-pcap-l3, "tunnelFilterL3"\) "arp" is refused/],
];
for (const [texts, message] of REFUSED)
  test(`a refusal names its filter: ${JSON.stringify(texts)}`, async () => {
    await assert.rejects(compile(texts), (error: PacketTraceError) => {
      assert.equal(error.code, 'filter');
      assert.match(error.message, message);
      return true;
    });
  });
