/** Structures of the kernel as the editor needs them to read their memory. */
import { type Btf, BtfKind, type Member } from '../../common/btf/btf.ts';
import { findKernelType, type KernelBtf } from './kernel-btf.ts';
import type { MemberLayout, StructureLayout, ValueName } from '../../common/protocol.ts';

/** Structures in structures: what lies deeper is bytes. */
const DEPTH = 6;

/**
 * Members whose bits have names in enums that nothing but the prefix of their values ties to them: an integer is what
 * the structure has (include/linux/skbuff.h).
 */
const FLAGS: Readonly<Record<string, string>> = {
  'skb_shared_info.gso_type': 'SKB_GSO_',
  'skb_shared_info.flags': 'SKBFL_',
  'skb_shared_info.tx_flags': 'SKBTX_',
};

/** Of those that the kernel has; `flags` of bit fields without an enum are numbers. */
export function structureLayouts(
  btf: Pick<KernelBtf, 'vmlinux'>,
  names: readonly string[],
): StructureLayout[] {
  return names.flatMap((name) => {
    const id = findKernelType(btf, BtfKind.Struct, name);
    if (id === undefined) return [];
    const { vmlinux } = btf;
    return [
      {
        name,
        bytes: vmlinux.sizeOrType(id),
        members: withFlags(vmlinux, name, membersOf(vmlinux, id, 0, 0)),
      },
    ];
  });
}

/** @param base offset of the structure in bits, of the one that its members are counted among */
function membersOf(btf: Btf, id: number, base: number, depth: number): MemberLayout[] {
  return btf.members(id).flatMap((member): MemberLayout[] => {
    const type = btf.strip(member.type);
    const offset = base + member.bits;
    if (member.name === '') return isRecord(btf, type) ? membersOf(btf, type, offset, depth) : [];
    const layout = memberLayout(btf, member, offset, depth);
    return layout === undefined ? [] : [layout];
  });
}

/** undefined: it takes no room, as the array at the end of a structure. */
function memberLayout(btf: Btf, member: Member, bitOffset: number, depth: number): MemberLayout | undefined {
  let type = btf.strip(member.type);
  let count: number | undefined;
  while (btf.kind(type) === BtfKind.Array) {
    const { element, length } = btf.array(type);
    count = (count ?? 1) * length;
    type = btf.strip(element);
  }
  if (count === 0) return undefined;
  const bits = member.width ?? sizeOf(btf, type) * 8;
  const common = {
    name: member.name,
    type: typeText(btf, member.type),
    bitOffset,
    bits,
    ...(count !== undefined && { count }),
  };
  const kind = btf.kind(type);
  if (isRecord(btf, type))
    return depth < DEPTH
      ? { ...common, kind: 'structure', members: membersOf(btf, type, 0, depth + 1) }
      : { ...common, kind: 'bytes' };
  if (kind === BtfKind.Ptr) return { ...common, kind: 'pointer' };
  if (kind === BtfKind.Enum || kind === BtfKind.Enum64)
    return { ...common, kind: btf.isSignedEnum(type) ? 'signed' : 'unsigned', values: btf.enumValues(type) };
  if (kind !== BtfKind.Int) return { ...common, kind: 'bytes' };
  const { signed: isSigned, bool: isBool } = btf.integer(type);
  // Text and buffers alike; what a layer of the network keeps in an skb's is its own.
  if (count !== undefined && bits === 8) return { ...common, kind: 'bytes' };
  return { ...common, kind: isBool ? 'bool' : isSigned ? 'signed' : 'unsigned' };
}

function isRecord(btf: Btf, id: number): boolean {
  return btf.kind(id) === BtfKind.Struct || btf.kind(id) === BtfKind.Union;
}

function sizeOf(btf: Btf, id: number): number {
  const kind = btf.kind(id);
  if (kind === BtfKind.Ptr) return 8;
  return kind === BtfKind.Fwd || kind === BtfKind.Void || kind === BtfKind.FuncProto ? 0 : btf.sizeOrType(id);
}

/** As in C, but for arrays and functions, whose names would stand within. */
function typeText(btf: Btf, id: number): string {
  const kind = btf.kind(id);
  switch (kind) {
    case BtfKind.Void:
      return 'void';
    case BtfKind.Ptr: {
      const to = btf.sizeOrType(id);
      return btf.kind(to) === BtfKind.FuncProto ? 'function *' : `${typeText(btf, to)} *`;
    }
    case BtfKind.Array: {
      const { element, length } = btf.array(id);
      return `${typeText(btf, element)}[${length}]`;
    }
    case BtfKind.Const:
      return `const ${typeText(btf, btf.sizeOrType(id))}`;
    case BtfKind.Volatile:
    case BtfKind.Restrict:
    case BtfKind.TypeTag:
      return typeText(btf, btf.sizeOrType(id));
    case BtfKind.Struct:
    case BtfKind.Fwd:
      return `struct ${btf.name(id)}`;
    case BtfKind.Union:
      return `union ${btf.name(id)}`;
    case BtfKind.Enum:
    case BtfKind.Enum64:
      return `enum ${btf.name(id)}`;
    default:
      return btf.name(id);
  }
}

function withFlags(btf: Btf, structure: string, members: MemberLayout[]): MemberLayout[] {
  return members.map((member) => {
    const prefix = FLAGS[`${structure}.${member.name}`];
    const flags = prefix === undefined ? [] : valuesWithPrefix(btf, prefix);
    return flags.length === 0 ? member : { ...member, flags };
  });
}

/** The values of the enum whose first one has a name that begins so. */
function valuesWithPrefix(btf: Btf, prefix: string): ValueName[] {
  for (let id = btf.firstId; id < btf.endId; id++) {
    if (btf.kind(id) !== BtfKind.Enum) continue;
    const values = btf.enumValues(id);
    if (values[0]?.name.startsWith(prefix) === true) return values;
  }
  return [];
}
