/** The interpreter that judges our translation, judged by libpcap's own. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { MEMORY_WORDS, type LinkFacts } from '../../../../common/bpf/cbpf.ts';
import type { CbpfInstruction } from '../../../../common/protocol.ts';
import { cbpfProgram, packet } from '../../../support/bpf/cbpf-arbitrary.ts';
import { runCbpf } from '../../../../common/bpf/cbpf-interpreter.ts';
import { compileFilter } from '../../../support/filter/compile-filter.ts';
import { loadNativeLibpcap, type NativeLibpcap } from '../../../support/filter/native-libpcap.ts';
import { craftedPackets } from '../../../support/packets/packets.ts';

/**
 * What C leaves undefined in bpf_filter and libpcap's programs do not do: shifts by a constant of 32 and more,
 * division by a constant zero, loads from scratch words that nothing was stored in.
 */
function defined(program: readonly CbpfInstruction[]): CbpfInstruction[] {
  const stores = Array.from({ length: MEMORY_WORDS }, (_, word): CbpfInstruction => [0x02, 0, 0, word]);
  const operand = (code: number, k: number) => {
    if (code === 0x64 || code === 0x74) return k & 31;
    return code === 0x34 || code === 0x94 ? k || 1 : k;
  };
  return [...stores, ...program.map(([code, jt, jf, k]) => [code, jt, jf, operand(code, k)] as const)];
}

describe('the interpreter of classic BPF', () => {
  let native: NativeLibpcap;
  before(async () => {
    native = await loadNativeLibpcap();
  });

  test("returns what libpcap's bpf_filter returns, for any program and packet", () => {
    fc.assert(
      fc.property(cbpfProgram, fc.array(packet, { minLength: 1, maxLength: 5 }), (any, packets) => {
        const program = defined(any);
        const run = native.runner(program);
        for (const { bytes, more } of packets) {
          const length = bytes.length + more;
          assert.equal(runCbpf(program, bytes, length), run(bytes, length));
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('goes back in loops as bpf_filter does', async () => {
    for (const text of ['ip protochain 6', 'ip6 protochain 58', 'ip6 protochain 17']) {
      const { l2 } = await compileFilter(text);
      const run = native.runner(l2!);
      for (const { frame } of craftedPackets())
        assert.equal(runCbpf(l2!, frame, frame.length), run(frame, frame.length));
    }
  });
});

describe('filters for VLAN tags outside of the packet', () => {
  const tagged = craftedPackets().filter(({ name }) => name.includes('vlan'));

  /** The same packet with its outermost tag taken out, as the kernel does. */
  function untag(frame: Uint8Array): { bytes: Uint8Array; facts: LinkFacts } {
    const tag = new DataView(frame.buffer, frame.byteOffset).getUint16(14);
    const bytes = Uint8Array.from([...frame.subarray(0, 12), ...frame.subarray(16)]);
    return { bytes, facts: { 'vlan-present': 1, 'vlan-tag': tag } };
  }

  for (const text of [
    'vlan',
    'vlan 100',
    'vlan 5',
    'not vlan',
    'vlan and tcp port 80',
    'vlan 5 and vlan 100',
  ])
    test(`"${text}" does not care where the tag is`, async () => {
      const { l2 } = await compileFilter(text, true, true);
      for (const { frame, name } of tagged) {
        const outside = untag(frame);
        const keeps = runCbpf(l2!, frame, frame.length) !== 0;
        const { length } = outside.bytes;
        assert.equal(runCbpf(l2!, outside.bytes, length, outside.facts) !== 0, keeps, name);
      }
    });

  test('a filter without "vlan" looks at what the tag was before', async () => {
    const { l2 } = await compileFilter('tcp port 80', true, true);
    const { bytes, facts } = untag(tagged.find(({ name }) => name === 'vlan 100 tcp')!.frame);
    assert.notEqual(runCbpf(l2!, bytes, bytes.length, facts), 0);
  });
});
