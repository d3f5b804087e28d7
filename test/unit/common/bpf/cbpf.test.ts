import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AgentFailure } from '../../../../common/errors.ts';
import { decodeCbpf } from '../../../../common/bpf/cbpf.ts';
import type { CbpfInstruction } from '../../../../common/protocol.ts';
import { cbpfProgram } from '../../../support/bpf/cbpf-arbitrary.ts';

const RETURN: CbpfInstruction = [0x06, 0, 0, 1];

function assertRefused(program: readonly CbpfInstruction[], message: RegExp): void {
  let failure: unknown;
  try {
    decodeCbpf(program);
  } catch (error) {
    failure = error;
  }
  assert.ok(failure instanceof AgentFailure, `not refused: ${JSON.stringify(program)}`);
  assert.equal(failure.code, 'bad-filter');
  assert.match(failure.message, message);
  assert.notEqual(failure.remedy, '');
}

describe('decoding classic BPF', () => {
  test('a valid program has one operation for each instruction', () => {
    fc.assert(
      fc.property(cbpfProgram, (program) => {
        assert.equal(decodeCbpf(program).length, program.length);
      }),
    );
  });

  test('jump distances become targets', () => {
    const program: CbpfInstruction[] = [[0x35, 1, 2, 7], RETURN, RETURN, [0x05, 0, 0, 1], RETURN, RETURN];
    const operations = decodeCbpf(program);
    assert.deepEqual(operations[0], { op: 'jump', test: 'jge', operand: 7, ifTrue: 2, ifFalse: 3 });
    assert.deepEqual(operations[3], { op: 'goto', target: 5 });
  });

  test('an empty program is refused', () => {
    assertRefused([], /empty/);
  });

  test('a program must end with a return', () => {
    assertRefused([[0x00, 0, 0, 1]], /instruction 0 runs past the end/);
    assertRefused([RETURN, [0x07, 0, 0, 0]], /instruction 1 runs past the end/);
  });

  test('a jump must stay inside', () => {
    assertRefused([[0x15, 1, 0, 0], RETURN], /instruction 0 jumps past the end/);
    assertRefused([[0x15, 0, 1, 0], RETURN], /instruction 0 jumps past the end/);
    assertRefused([[0x05, 0, 0, 1], RETURN], /instruction 0 jumps past the end/);
    assertRefused([[0x05, 0, 0, 0x7fff_ffff], RETURN], /instruction 0 jumps past the end/);
  });

  test('a jump may go back, to the beginning at most', () => {
    const back = (k: number): CbpfInstruction[] => [[0x00, 0, 0, 1], [0x05, 0, 0, k], RETURN];
    assert.deepEqual(decodeCbpf(back(0xffff_fffe))[1], { op: 'goto', target: 0 });
    assertRefused(back(0xffff_fffd), /instruction 1 jumps to before the program/);
  });

  test('scratch memory has 16 words', () => {
    for (const code of [0x60, 0x61, 0x02, 0x03]) {
      assert.equal(decodeCbpf([[code, 0, 0, 15], RETURN]).length, 2);
      assertRefused([[code, 0, 0, 16], RETURN], /scratch word 16/);
    }
  });

  test('every code outside of classic BPF is refused', () => {
    const known = new Set<number>();
    for (let code = 0; code <= 0xffff; code++) {
      try {
        decodeCbpf([[code, 0, 0, 0], RETURN]);
        known.add(code);
      } catch (error) {
        assert.match(String(error), /unknown code/);
      }
    }
    // Loads into A and X, stores, arithmetic, jumps, returns, moves: bpf(4), and the modulus and exclusive or that libpcap and Linux added.
    assert.equal(known.size, 9 + 4 + 2 + (2 * 10 + 1) + (1 + 2 * 4) + 2 + 2);
    assert.ok(!known.has(0x38) && !known.has(0x18), '64-bit loads are eBPF');
    assert.ok(!known.has(0x06 | 0x08), 'bpf_filter has no "ret x"');
  });

  test('values out of range are refused', () => {
    const bad: unknown[] = [
      [0x10000, 0, 0, 0],
      [0x15, 256, 0, 0],
      [0x15, 0, -1, 0],
      [0x00, 0, 0, 2 ** 32],
      [0x00, 0, 0, -1],
      [0x00, 0, 0, 0.5],
      [0x00, 0, 0, '1'],
      [0x00, 0, 0],
      [0x00, 0, 0, 0, 0],
    ];
    for (const instruction of bad) assertRefused([instruction as CbpfInstruction, RETURN], /is not \[code/);
  });

  test('packet type, interface and a tag outside are asked of the skb', () => {
    assert.deepEqual(decodeCbpf([[0x28, 0, 0, 0xffff_f004], RETURN])[0], {
      op: 'load-link',
      fact: 'packet-type',
    });
    assert.deepEqual(decodeCbpf([[0x20, 0, 0, 0xffff_f008], RETURN])[0], {
      op: 'load-link',
      fact: 'interface',
    });
    assert.deepEqual(decodeCbpf([[0x30, 0, 0, 0xffff_f030], RETURN])[0], {
      op: 'load-link',
      fact: 'vlan-present',
    });
  });

  test("Linux's other ancillary loads are loads out of the packet", () => {
    const start = 0xffff_f000;
    for (const k of [start - 1, start, start + 26, start + 60, 0xffff_ffff]) {
      assert.deepEqual(decodeCbpf([[0x30, 0, 0, k], RETURN])[0], {
        op: 'load',
        size: 1,
        offset: k,
        indexed: false,
      });
    }
  });
});
