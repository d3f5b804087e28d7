import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AgentFailure } from '../../remote-agent/errors.ts';
import { filterObject } from '../../remote-agent/filter/object.ts';
import type { CompiledFilter } from '../../remote-agent/protocol.ts';
import { type Link, runCbpf } from './support/cbpf-interpreter.ts';
import { compileFilter } from './support/compile-filter.ts';
import { assertNoDeadCode, runEbpf } from './support/ebpf-interpreter.ts';
import { ElfFile } from './support/elf-file.ts';
import { FILTERS, manyHosts } from './support/filter-corpus.ts';
import { craftedPackets, viewOf } from './support/packets.ts';

const ADDRESS = 0xffff_8880_0000_100en;
const packets = craftedPackets();

function linkArgument({ packetType, ifindex }: Link): bigint {
  return (BigInt(packetType) << 32n) | BigInt(ifindex);
}

/** Compares both sides on all packets and returns how many decisions were to keep. */
function assertSameDecisions(filter: CompiledFilter): number {
  const object = new ElfFile(filterObject(filter));
  let kept = 0;
  for (const side of ['l2', 'l3'] as const) {
    const program = filter[side];
    const code = object.functionCode(`pcap_filter_${side}`);
    assertNoDeadCode(code);
    for (const packet of packets) {
      const { bytes, length, link } = viewOf(packet, side);
      const args = [ADDRESS, BigInt(bytes.length), BigInt(length), linkArgument(link)];
      const keeps = runEbpf(code, args, { address: ADDRESS, bytes }) !== 0;
      assert.equal(
        keeps,
        program !== null && runCbpf(program, bytes, length, link) !== 0,
        `${side}: ${packet.name}`,
      );
      if (keeps) kept++;
    }
  }
  return kept;
}

describe("libpcap's programs decide the same in eBPF", () => {
  for (const text of FILTERS) {
    test(text, async () => {
      const filters = [await compileFilter(text, true), await compileFilter(text, false)];
      const [optimized, plain] = filters.map(assertSameDecisions);
      assert.equal(optimized, plain);
      assert.ok(optimized! > 0, 'the corpus has a packet that this filter keeps');
    });
  }

  test('hundreds of hosts', async () => {
    const text = `${manyHosts(400)} or host 1.1.1.1`;
    assert.ok(assertSameDecisions(await compileFilter(text, false)) > 0);
  });
});

describe('what a filter of packet bytes cannot know', () => {
  for (const [text, word] of [['ip protochain 6', /protochain/]] as const) {
    test(text, async () => {
      const filter = await compileFilter(text);
      assert.throws(
        () => filterObject(filter),
        (error) => error instanceof AgentFailure && error.code === 'bad-filter' && word.test(error.remedy),
      );
    });
  }
});
