import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeCbpf } from '../../../../common/bpf/cbpf.ts';
import { encode } from '../../../../common/bpf/ebpf.ts';
import { MAX_ROUNDS, translate } from '../../../../common/bpf/translate.ts';
import type { DirectReads } from '../../../../common/bpf/direct-reads.ts';
import type { CbpfInstruction } from '../../../../common/protocol.ts';
import { cbpfProgram, packet } from '../../../support/bpf/cbpf-arbitrary.ts';
import { runCbpf } from '../../../../common/bpf/cbpf-interpreter.ts';
import { assertNoDeadCode, runEbpf, runFilterCode } from '../../../support/bpf/ebpf-interpreter.ts';

const ADDRESS = 0xffff_8880_1234_5678n;

/** As found in some kernel's BTF. */
const DIRECT: DirectReads = { castFunction: 1234, structure: 567, bytesAt: 112 };

function compile(program: readonly CbpfInstruction[], direct?: DirectReads): Uint8Array {
  const code = encode(translate(decodeCbpf(program), direct));
  assertNoDeadCode(code);
  return code;
}

function assertSame(program: readonly CbpfInstruction[], bytes: Uint8Array, length = bytes.length): void {
  assert.equal(runFilterCode(compile(program), { bytes, length }), runCbpf(program, bytes, length));
}

const reads = fc.constantFrom(undefined, DIRECT);

describe('cBPF to eBPF', () => {
  test('the translation decides as classic BPF does, for any program and packet', () => {
    fc.assert(
      fc.property(
        cbpfProgram,
        fc.array(packet, { minLength: 1, maxLength: 5 }),
        reads,
        (program, packets, direct) => {
          const code = compile(program, direct);
          for (const { bytes, more } of packets) {
            const length = bytes.length + more;
            assert.equal(runFilterCode(code, { bytes, length }), runCbpf(program, bytes, length));
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('it is the same wherever the linear bytes end and the paged ones begin', () => {
    fc.assert(
      fc.property(
        cbpfProgram,
        packet,
        fc.integer({ min: -20, max: 220 }),
        reads,
        (program, { bytes }, linear, direct) => {
          const keeps = runFilterCode(compile(program, direct), {
            bytes,
            linear: Math.min(linear, bytes.length),
          });
          assert.equal(keeps, runCbpf(program, bytes, bytes.length));
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('a packet that begins behind its linear bytes and has no others is rejected', () => {
    const program: CbpfInstruction[] = [
      [0x30, 0, 0, 0],
      [0x06, 0, 0, 1],
    ];
    const memory = { address: ADDRESS, bytes: new Uint8Array(64) };
    assert.equal(runEbpf(compile(program), [ADDRESS, BigInt(-4), 64n, 0n, 0n], memory), 0);
  });

  describe('loops', () => {
    /** Steps through the packet by the length in each byte, to one that is 0; keeps when that is at 8. */
    const chain: CbpfInstruction[] = [
      [0x01, 0, 0, 0],
      [0x50, 0, 0, 0],
      [0x15, 3, 0, 0],
      [0x0c, 0, 0, 0],
      [0x07, 0, 0, 0],
      [0x05, 0, 0, 0xffff_fffb],
      [0x87, 0, 0, 0],
      [0x15, 0, 1, 8],
      [0x06, 0, 0, 1],
      [0x06, 0, 0, 0],
    ];
    const steps = (...lengths: number[]) => {
      const bytes = new Uint8Array(64);
      let at = 0;
      for (const length of lengths) {
        bytes[at] = length;
        at += length;
      }
      return bytes;
    };

    test('a loop runs until its program leaves it', () => {
      for (const bytes of [steps(8), steps(4, 4), steps(1, 1, 1, 5), steps(), steps(9), steps(4, 3)])
        assertSame(chain, bytes);
      assert.equal(runFilterCode(compile(chain), { bytes: steps(2, 2, 2, 2) }), 1);
    });

    test('a loop that goes on for too long rejects, and another one begins to count anew', () => {
      const ones = (count: number) => Uint8Array.from({ length: 300 }, (_, at) => (at < count ? 1 : 0));
      const keep: CbpfInstruction = [0x06, 0, 0, 1];
      const once = [...chain.slice(0, 6), keep];
      const twice = [...chain.slice(0, 6), ...chain.slice(0, 6), keep];
      for (const program of [once, twice]) {
        const code = compile(program);
        assert.equal(runFilterCode(code, { bytes: ones(MAX_ROUNDS - 1) }), 1);
        assert.equal(runFilterCode(code, { bytes: ones(MAX_ROUNDS) }), 0);
      }
    });
  });

  test('each load meets the end of the packet exactly', () => {
    const loads = [0x20, 0x28, 0x30, 0xb1].flatMap((code) =>
      [0, 1, 2, 3, 13, 14, 26, 27, 100, 126, 127, 128, 129].map((k): CbpfInstruction => [code, 0, 0, k]),
    );
    const indexed = [0x40, 0x48, 0x50].map((code): CbpfInstruction => [code, 0, 0, 7]);
    const bytes = Uint8Array.from({ length: 140 }, (_, index) => index * 7 + 1);
    for (const load of [...loads, ...indexed]) {
      const program: CbpfInstruction[] = [
        [0x01, 0, 0, 5],
        load,
        [0x02, 0, 0, 0],
        [0x87, 0, 0, 0],
        [0x01, 0, 0, 3],
      ];
      program.push(
        [0x2c, 0, 0, 0],
        [0x07, 0, 0, 0],
        [0x60, 0, 0, 0],
        [0x0c, 0, 0, 0],
        [0x04, 0, 0, 1],
        [0x16, 0, 0, 0],
      );
      for (let length = 0; length <= bytes.length; length++) assertSame(program, bytes.subarray(0, length));
    }
  });

  test('a load far from the start works', () => {
    const program: CbpfInstruction[] = [
      [0x20, 0, 0, 1400],
      [0x16, 0, 0, 0],
    ];
    const bytes = Uint8Array.from({ length: 1500 }, (_, index) => index);
    assertSame(program, bytes);
    assertSame(program, bytes.subarray(0, 1403));
  });

  test('an index beyond 32 bits does not wrap around to the start', () => {
    const program: CbpfInstruction[] = [
      [0x01, 0, 0, 0xffff_fff0],
      [0x50, 0, 0, 0x20],
      [0x06, 0, 0, 1],
    ];
    const bytes = new Uint8Array(64);
    assert.equal(runFilterCode(compile(program), { bytes }), 0);
  });

  test('bytes that cannot be read reject the packet', () => {
    const program: CbpfInstruction[] = [
      [0x30, 0, 0, 0],
      [0x06, 0, 0, 1],
    ];
    const args = [ADDRESS, 64n, 64n, 0n, 0n];
    assert.equal(runEbpf(compile(program), args, { address: ADDRESS, bytes: new Uint8Array(64) }), 1);
    assert.equal(runEbpf(compile(program), args, { address: ADDRESS, bytes: new Uint8Array(0) }), 0);
  });

  test('code after a division by zero is left out', () => {
    const program: CbpfInstruction[] = [
      [0x00, 0, 0, 8],
      [0x34, 0, 0, 0],
      [0x06, 0, 0, 1],
    ];
    assert.equal(runFilterCode(compile(program), { bytes: new Uint8Array(0) }), 0);
  });

  test('jumps of any length arrive', () => {
    const bytes = Uint8Array.from({ length: 64 }, (_, index) => index);
    for (const filler of [100, 8_000, 12_000, 40_000]) {
      // Byte 0 picks a way: over everything at once, or through loads that each may reject.
      const body = Array.from({ length: filler }, (_, index): CbpfInstruction => [0x50, 0, 0, index % 50]);
      const program: CbpfInstruction[] = [
        [0x30, 0, 0, 0],
        [0x15, 0, 1, 7],
        [0x05, 0, 0, body.length + 1],
        ...body,
        [0x06, 0, 0, 0x1234],
        [0x06, 0, 0, 0x5678],
      ];
      const code = compile(program);
      for (const first of [7, 8]) {
        bytes[0] = first;
        assert.equal(runFilterCode(code, { bytes }), runCbpf(program, bytes, 64));
      }
      bytes[0] = 8;
      assert.equal(runFilterCode(code, { bytes: bytes.subarray(0, 40), length: 64 }), 0);
    }
  });
});
