/** Reads a structure of the target's kernel from its memory, by the layout that the agent sent. */
import type { MemberLayout, StructureLayout, ValueName } from '../../../common/protocol.ts';

/**
 * Names to values. Numbers that a double does not hold are texts of their digits, addresses `0xffff…`, bytes hexadecimal;
 * values of enums are names where they have one, flags lists of names.
 */
export type StructureValue =
  number | string | boolean | StructureValue[] | { [name: string]: StructureValue };
export type StructureMembers = Record<string, StructureValue>;

/** Arrays of which not all elements are in use, and the member that tells how many are. */
const LENGTHS: Readonly<Record<string, string>> = { 'skb_shared_info.frags': 'nr_frags' };

/** @param bytes may end early: members that are not in them are left out */
export function readStructure(layout: StructureLayout, bytes: Uint8Array): StructureMembers {
  const value = readMembers(layout.members, bytes, 0);
  for (const member of layout.members) {
    const length = value[LENGTHS[`${layout.name}.${member.name}`] ?? ''];
    const elements = value[member.name];
    if (typeof length === 'number' && Array.isArray(elements)) value[member.name] = elements.slice(0, length);
  }
  return value;
}

/** @param base where their structure begins, in bits */
function readMembers(members: readonly MemberLayout[], bytes: Uint8Array, base: number): StructureMembers {
  const value: StructureMembers = {};
  for (const member of members) {
    const { name, bits, count = 1 } = member;
    const start = base + member.bitOffset;
    if (start + bits * count <= bytes.length * 8) value[name] = readMember(member, bytes, start);
  }
  return value;
}

function readMember(member: MemberLayout, bytes: Uint8Array, start: number): StructureValue {
  const { kind, bits, count } = member;
  if (kind === 'bytes')
    return Buffer.from(bytes.subarray(start / 8, start / 8 + (bits / 8) * (count ?? 1))).toString('hex');
  if (count === undefined) return readElement(member, bytes, start);
  return Array.from({ length: count }, (_, nth) => readElement(member, bytes, start + nth * bits));
}

function readElement(member: MemberLayout, bytes: Uint8Array, start: number): StructureValue {
  const { kind, bits } = member;
  if (kind === 'structure') return readMembers(member.members ?? [], bytes, start);
  const raw = readBits(bytes, start, bits);
  if (kind === 'pointer') return `0x${raw.toString(16).padStart(bits / 4, '0')}`;
  if (kind === 'bool') return raw !== 0n;
  const value = exact(kind === 'signed' ? BigInt.asIntN(bits, raw) : raw);
  if (member.flags !== undefined) return flagNames(Number(raw), member.flags);
  return member.values?.find((named) => named.value === value)?.name ?? value;
}

/** Both kinds of targets are little-endian: a bit field counts from the lowest bit. */
function readBits(bytes: Uint8Array, start: number, bits: number): bigint {
  const first = start >>> 3;
  const last = (start + bits - 1) >>> 3;
  let value = 0n;
  for (let at = last; at >= first; at--) value = (value << 8n) | BigInt(bytes[at] ?? 0);
  return BigInt.asUintN(bits, value >> BigInt(start & 7));
}

function exact(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

/** What has no name is one number at the end. */
function flagNames(value: number, flags: readonly ValueName[]): (string | number)[] {
  const names: (string | number)[] = [];
  let rest = value;
  // Names for several bits at once tell nothing that those of each do not.
  for (const { name, value: bit } of flags) {
    if ((bit & (bit - 1)) !== 0 || (rest & bit) === 0) continue;
    names.push(name);
    rest &= ~bit;
  }
  if (rest !== 0) names.push(rest >>> 0);
  return names;
}
