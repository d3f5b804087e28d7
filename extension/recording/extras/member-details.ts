/** From the members of a structure of the target's kernel, by its own types, to what people are shown of them. */
import type { MemberLayout } from '../../../common/protocol.ts';
import type { Detail } from './detail.ts';
import type { StructureMembers, StructureValue } from './structure.ts';

/** In the order of the structure. @param members of which those without a value are left out */
export function memberDetails(members: readonly MemberLayout[], values: StructureMembers): Detail[] {
  return members.flatMap((member) => {
    const value = values[member.name];
    if (value === undefined) return [];
    const isTable = Array.isArray(value) && value.some((each) => typeof each === 'object');
    return isTable
      ? value.map((each, nth) => detailOf(`${member.name}[${nth}]`, member, each))
      : [detailOf(member.name, member, value)];
  });
}

function detailOf(name: string, member: MemberLayout, value: StructureValue): Detail {
  const shown = { name, value: '', type: member.type, isZero: isZero(value) };
  if (typeof value !== 'object') return { ...shown, value: String(value) };
  if (Array.isArray(value)) return { ...shown, value: value.map(String).join(' ') };
  return { ...shown, inner: () => memberDetails(member.members ?? [], value) };
}

/** Numbers, addresses and bytes; names of enums and flags are something, whatever their value. */
function isZero(value: StructureValue): boolean {
  if (typeof value === 'string') return /^(0x)?0*$/.test(value);
  if (typeof value !== 'object') return value === 0 || value === false;
  return Object.values(value).every(isZero);
}
