import fc from 'fast-check';
import type { CbpfInstruction } from '../../../common/protocol.ts';

/** Offsets: mostly inside of small packets, sometimes at the limits, never Linux's ancillary ones. */
const offset = fc.oneof(
  { weight: 12, arbitrary: fc.nat(60) },
  { weight: 3, arbitrary: fc.nat(200) },
  { weight: 1, arbitrary: fc.constantFrom(0x7fff_ffff, 0x8000_0000, 0xffef_ffff, 0xffff_ffff, 0xffff_fffc) },
);

const constant = fc.oneof(
  fc.nat(40),
  fc.constantFrom(0, 1, 31, 32, 33, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff),
  fc.integer({ min: 0, max: 0xffff_ffff }),
);

const zero = fc.constant(0);
const code = (...codes: number[]) => fc.constantFrom(...codes);
const plain = (codes: fc.Arbitrary<number>, k: fc.Arbitrary<number>) => fc.tuple(codes, zero, zero, k);
const distance = fc.nat(6);

/** Any instruction but jumps and returns, and packet loads more often than the rest. */
const straight: fc.Arbitrary<CbpfInstruction> = fc.oneof(
  { weight: 5, arbitrary: plain(code(0x20, 0x28, 0x30, 0xb1), offset) },
  { weight: 3, arbitrary: plain(code(0x40, 0x48, 0x50), fc.oneof(fc.nat(30), offset)) },
  { weight: 1, arbitrary: plain(code(0x80, 0x81), zero) },
  { weight: 2, arbitrary: plain(code(0x00, 0x01), constant) },
  { weight: 3, arbitrary: plain(code(0x60, 0x61, 0x02, 0x03), fc.nat(15)) },
  {
    weight: 6,
    arbitrary: plain(code(0x04, 0x14, 0x24, 0x34, 0x44, 0x54, 0x64, 0x74, 0x94, 0xa4), constant),
  },
  {
    weight: 4,
    arbitrary: plain(code(0x0c, 0x1c, 0x2c, 0x3c, 0x4c, 0x5c, 0x6c, 0x7c, 0x9c, 0xac, 0x84), zero),
  },
  { weight: 2, arbitrary: plain(code(0x07, 0x87), zero) },
);

const jump: fc.Arbitrary<CbpfInstruction> = fc.oneof(
  { weight: 1, arbitrary: plain(code(0x05), distance) },
  {
    weight: 5,
    arbitrary: fc.tuple(code(0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d), distance, distance, constant),
  },
);

const last: fc.Arbitrary<CbpfInstruction> = plain(code(0x06, 0x16, 0x16), constant);

/** A valid program: every jump stays inside, the last instruction returns. */
export const cbpfProgram: fc.Arbitrary<CbpfInstruction[]> = fc
  .tuple(
    fc.array(fc.oneof({ weight: 6, arbitrary: straight }, { weight: 3, arbitrary: jump }), { maxLength: 40 }),
    fc.array(last, { minLength: 1, maxLength: 3 }),
  )
  .map(([body, ends]) => {
    const program = [...body, ...ends];
    return program.map(([operation, jt, jf, k], index): CbpfInstruction => {
      const room = program.length - index - 2;
      if ((operation & 7) !== 5) return [operation, jt, jf, k];
      if (operation === 5) return [operation, 0, 0, Math.min(k, room)];
      return [operation, Math.min(jt, room), Math.min(jf, room), k];
    });
  });

/** What was captured of a packet, and its length on the wire. */
export const packet = fc.record({
  bytes: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 60, maxLength: 220 })),
  more: fc.oneof(zero, fc.nat(70_000)),
});
