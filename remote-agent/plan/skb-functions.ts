/** Which functions take a packet, and in which argument register: from the prototypes in BTF. */
import { type Btf, BtfKind } from '../../common/btf/btf.ts';

export const SkbProblem = {
  TooFar: 'the packet is beyond the fifth argument',
  AfterStructure: 'a structure passed by value comes before the packet',
} as const;

export interface SkbFunction {
  /** As in the source: without suffixes that the compiler adds (.isra.0). */
  name: string;
  /** Empty for vmlinux. */
  module: string;
  /** Of its type in the object's BTF; absent for what is not found there. */
  id?: number;
  /** Position of the first struct sk_buff pointer among the parameters, from 1. */
  argument: number;
  /** Why its packet cannot be read at entry; undefined: it can. */
  problem?: (typeof SkbProblem)[keyof typeof SkbProblem];
}

/** Our programs read arguments 1 to 5; x86-64 passes six in registers, arm64 eight. */
const MAX_ARGUMENT = 5;
const REGISTER_BYTES = 8;

const SK_BUFF = Buffer.from('sk_buff');

/** The functions of one BTF object (not of its base) that have a `struct sk_buff *` parameter, const or not. */
export function findSkbFunctions(btf: Btf, module: string): SkbFunction[] {
  const found: SkbFunction[] = [];
  // Functions share prototypes, and prototypes share types: by id, 0 is not looked at yet, else answer + 1.
  const positions = new Uint8Array(btf.endId);
  const pointers = new Uint8Array(btf.endId);
  const isPacket = (type: number): boolean => {
    if (pointers[type] === 0) pointers[type] = isSkbPointer(btf, type) ? 2 : 1;
    return pointers[type] === 2;
  };
  for (let id = btf.firstId; id < btf.endId; id++) {
    if (btf.kind(id) !== BtfKind.Func) continue;
    const proto = btf.sizeOrType(id);
    if (positions[proto] === 0) positions[proto] = packetPosition(btf, proto, isPacket) + 1;
    const argument = (positions[proto] ?? 1) - 1;
    if (argument === 0) continue;
    const entry: SkbFunction = { name: btf.name(id), module, id, argument };
    if (hasStructureBefore(btf, proto, argument)) entry.problem = SkbProblem.AfterStructure;
    else if (argument > MAX_ARGUMENT) entry.problem = SkbProblem.TooFar;
    found.push(entry);
  }
  return found;
}

/** Position of the first packet among the parameters, from 1; 0 when there is none. */
function packetPosition(btf: Btf, proto: number, isPacket: (type: number) => boolean): number {
  const count = btf.count(proto);
  for (let index = 0; index < count; index++) if (isPacket(btf.parameterType(proto, index))) return index + 1;
  return 0;
}

function isSkbPointer(btf: Btf, type: number): boolean {
  const pointer = btf.strip(type);
  if (btf.kind(pointer) !== BtfKind.Ptr) return false;
  const target = btf.strip(btf.sizeOrType(pointer));
  const kind = btf.kind(target);
  // A module that only passes packets on may know the structure by name alone.
  return (kind === BtfKind.Struct || kind === BtfKind.Fwd) && btf.isNamed(target, SK_BUFF);
}

/** Whether a parameter before the packet takes no register, or more than one. */
function hasStructureBefore(btf: Btf, proto: number, argument: number): boolean {
  for (let index = 0; index < argument - 1; index++) {
    const type = btf.strip(btf.parameterType(proto, index));
    const kind = btf.kind(type);
    if (kind === BtfKind.Struct || kind === BtfKind.Union || kind === BtfKind.Float) return true;
    if (kind === BtfKind.Int && btf.sizeOrType(type) > REGISTER_BYTES) return true;
  }
  return false;
}
