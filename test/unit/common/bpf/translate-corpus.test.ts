import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { filterObject } from '../../../../remote-agent/filter/filter-object.ts';
import { linkWord } from '../../../../common/bpf/translate.ts';
import type { CompiledFilter } from '../../../../common/protocol.ts';
import { runCbpf } from '../../../../common/bpf/cbpf-interpreter.ts';
import { compileFilter } from '../../../support/filter/compile-filter.ts';
import { assertNoDeadCode, runFilterCode } from '../../../support/bpf/ebpf-interpreter.ts';
import { ElfFile } from '../../../support/bpf/elf-file.ts';
import { FILTERS, manyHosts } from '../../../support/filter/filter-corpus.ts';
import { craftedPackets, viewOf } from '../../../support/packets/packets.ts';

const packets = craftedPackets();

/** Compares both sides on all packets and returns how many decisions were to keep. */
function assertSameDecisions(filter: CompiledFilter): number {
  const object = new ElfFile(filterObject(filter));
  let kept = 0;
  for (const side of ['l2', 'l3'] as const) {
    const program = filter[side];
    const code = object.functionCode(`pcap_filter_${side}`);
    assertNoDeadCode(code);
    for (const packet of packets) {
      const { bytes, length, facts } = viewOf(packet, side);
      const keeps = runFilterCode(code, { bytes, length, link: linkWord(facts) }) !== 0;
      assert.equal(
        keeps,
        program !== null && runCbpf(program, bytes, length, facts) !== 0,
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
