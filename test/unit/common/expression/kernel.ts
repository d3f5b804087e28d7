/** A small kernel for expressions: its types, and one skb in its memory. */
import { Btf, BtfKind } from '../../../../common/btf/btf.ts';
import { encode } from '../../../../common/bpf/ebpf.ts';
import type { DirectReads } from '../../../../common/bpf/direct-reads.ts';
import { ExpressionCompiler, SKB } from '../../../../common/expression/compile.ts';
import { BtfBuilder, type StructureMember } from '../../../support/agent/btf-builder.ts';
import { assertNoDeadCode, runEbpf64 } from '../../../support/bpf/ebpf-interpreter.ts';

export const ADDRESS = 0xffff_8880_1234_5000n;
/** In its memory. */
const DEVICE_AT = 256;
const QUEUE_AT = 320;

/** Members of the skb that are numbers: bytes, sign, where they are. */
export const NUMBERS = {
  s8: { bytes: 1, signed: true, at: 0 },
  u8: { bytes: 1, signed: false, at: 1 },
  s16: { bytes: 2, signed: true, at: 2 },
  u16: { bytes: 2, signed: false, at: 4 },
  s32: { bytes: 4, signed: true, at: 8 },
  u32: { bytes: 4, signed: false, at: 12 },
  s64: { bytes: 8, signed: true, at: 16 },
  u64: { bytes: 8, signed: false, at: 24 },
} as const;

/** Bit fields: where they are in bits, how many, and their type. */
export const FIELDS = {
  low: { bits: 32 * 8, width: 3, signed: false },
  signedField: { bits: 32 * 8 + 3, width: 5, signed: true },
  across: { bits: 32 * 8 + 12, width: 11, signed: false },
} as const;

export const PROTOCOL_AT = 40;
const HASH_AT = 44;
const DEV_AT = 48;
const NEXT_AT = 56;
const CB_AT = 64;
const LAST_AT = 112;
const INNER_AT = 120;

function types(): Btf {
  const builder = new BtfBuilder();
  const numbers = Object.fromEntries(
    Object.entries(NUMBERS).map(([name, { bytes, signed }]) => [
      name,
      builder.integer(`${signed ? 'signed' : 'unsigned'} ${bytes * 8}`, bytes, Number(signed)),
    ]),
  ) as Record<keyof typeof NUMBERS, number>;
  const bool = builder.integer('_Bool', 1, 4);
  const be16 = builder.add(BtfKind.Typedef, '__be16', numbers.u16);
  const be32 = builder.add(BtfKind.Typedef, '__be32', numbers.u32);
  builder.add(BtfKind.Typedef, 'u8', numbers.u8);
  builder.add(BtfKind.Typedef, '__u16', numbers.u16);
  const kinds = builder.enum('kind', { KIND_NONE: 0, KIND_HOST: 3 });
  const name = builder.add(BtfKind.Array, '', 0, 0, [numbers.s8, numbers.u32, 16]);
  const queue = builder.structure('queue', 8, [['index', numbers.u16, 0]]);
  const device = builder.structure('net_device', 64, [
    ['ifindex', numbers.s32, 0],
    ['name', name, 64],
    ['queues', builder.pointer(queue), 192],
  ]);
  const constDevice = builder.add(BtfKind.Const, '', device);
  const cb = builder.add(BtfKind.Array, '', 0, 0, [numbers.u8, numbers.u32, 48]);
  const inner = builder.structure('', 8, [
    ['priority', numbers.u32, 0],
    ['kind', kinds, 32],
  ]);
  const toDevice = builder.pointer(constDevice);
  const nowhere = builder.pointer(0);
  // The type after this one is struct sk_buff.
  const toSkb = builder.pointer(nowhere + 2);
  const numberMembers = Object.entries(NUMBERS).map(
    ([member, { at }]) => [member, numbers[member as keyof typeof NUMBERS], at * 8] as const,
  );
  const fieldMembers = Object.entries(FIELDS).map(
    ([member, { bits, width, signed }]) => [member, signed ? numbers.s32 : numbers.u32, bits, width] as const,
  );
  const members: StructureMember[] = [
    ...numberMembers,
    ...fieldMembers,
    ['protocol', be16, PROTOCOL_AT * 8],
    ['flag', bool, (PROTOCOL_AT + 2) * 8],
    ['hash', be32, HASH_AT * 8],
    ['dev', toDevice, DEV_AT * 8],
    ['next', toSkb, NEXT_AT * 8],
    ['cb', cb, CB_AT * 8],
    ['head', nowhere, LAST_AT * 8],
    ['', inner, INNER_AT * 8],
  ];
  builder.structure('sk_buff', 128, members);
  builder.add(BtfKind.Fwd, 'secret', 0);
  return new Btf(builder.bytes());
}

export const kernelTypes = types();

/** The bytes of the skb and of what it points to; numbers are written over them by tests. */
export function memory(): Uint8Array {
  const bytes = new Uint8Array(400);
  const view = new DataView(bytes.buffer);
  view.setUint16(PROTOCOL_AT, 0x0800); // big-endian
  view.setUint8(PROTOCOL_AT + 2, 1);
  view.setUint32(HASH_AT, 0x0a00_0001);
  view.setBigUint64(DEV_AT, ADDRESS + BigInt(DEVICE_AT), true);
  for (let at = 0; at < 48; at++) bytes[CB_AT + at] = at;
  view.setBigUint64(LAST_AT, ADDRESS + BigInt(PROTOCOL_AT), true);
  view.setUint32(INNER_AT, 7, true);
  view.setUint32(INNER_AT + 4, 3, true);
  view.setInt32(DEVICE_AT, 9, true);
  bytes.set(Buffer.from('eth0'), DEVICE_AT + 8);
  view.setBigUint64(DEVICE_AT + 24, ADDRESS + BigInt(QUEUE_AT), true);
  view.setUint16(QUEUE_AT, 5, true);
  view.setUint16(QUEUE_AT + 8, 6, true);
  return bytes;
}

const DIRECT: DirectReads = { castFunction: 1, structure: 2, bytesAt: 64 };

/** The value of an expression, which both ways to read memory must agree on. */
export function evaluate(text: string, bytes = memory(), root = ADDRESS): bigint {
  const results = [undefined, DIRECT].map((direct) => {
    const code = encode(new ExpressionCompiler(kernelTypes, direct).value(text, SKB).code);
    assertNoDeadCode(code);
    return runEbpf64(code, [root], { address: ADDRESS, bytes });
  });
  if (results[0] !== results[1]) throw new Error(`${text}: ${results.join(' and ')}`);
  return BigInt.asIntN(64, results[0] ?? 0n);
}
