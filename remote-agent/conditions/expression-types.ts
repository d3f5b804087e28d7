/**
 * The types that an editor needs to complete expressions: BTF again, with the members of those structures alone that
 * a few pointers lead to from a packet, in a hundredth of the bytes.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Btf, BtfKind } from '../../common/btf/btf.ts';
import { SKB, XDP } from '../../common/expression/compile.ts';
import { readVmlinuxBtf } from '../btf/kernel-btf.ts';
import { StringTable } from '../filter/string-table.ts';

/** Where expressions begin, and the headers that bytes of a packet are cast to. */
const ROOTS = [
  ...[SKB.structure, XDP.structure, 'skb_shared_info'],
  ...['ethhdr', 'vlan_ethhdr', 'arphdr', 'iphdr', 'ipv6hdr', 'tcphdr', 'udphdr', 'icmphdr', 'icmp6hdr'],
].map((name) => Buffer.from(name));
/** From there to the last structures whose members are told. */
const POINTERS = 4;

const MAGIC = 0xeb9f;
const VERSION = 1;
const HEADER_BYTES = 24;
const INT_SIGNED = 1;
const INT_BOOL = 4;
/** Of structures: members' offsets have the widths of bit fields above them; of enums: values have signs. */
const FLAG = 2 ** 31;
const UPPER_BYTE = 2 ** 24;
const UNION_FORWARD = FLAG;

/** As KernelBuild has them. @throws AgentFailure `no-btf` when the kernel has none */
export async function packedExpressionTypes(): Promise<string> {
  const packed = await promisify(gzip)(expressionTypes(readVmlinuxBtf()));
  return packed.toString('base64');
}

/** BTF; a structure behind the last pointer is a name without members. */
export function expressionTypes(btf: Btf): Buffer {
  return new Excerpt(btf, reachedRecords(btf)).bytes();
}

/** Structures and unions whose members are told. */
function reachedRecords(btf: Btf): ReadonlySet<number> {
  const reached = new Set<number>();
  let next = roots(btf);
  for (let pointers = 0; pointers <= POINTERS; pointers++) {
    const waiting = next;
    next = [];
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      const type = btf.strip(id);
      const kind = btf.kind(type);
      if (kind === BtfKind.Ptr) next.push(btf.sizeOrType(type));
      else if (kind === BtfKind.Array) waiting.push(btf.array(type).element);
      else if (isRecord(kind) && !reached.has(type)) {
        reached.add(type);
        waiting.push(...btf.members(type).map((member) => member.type));
      }
    }
  }
  return reached;
}

function roots(btf: Btf): number[] {
  const found: number[] = [];
  for (let id = btf.firstId; id < btf.endId; id++)
    if (btf.kind(id) === BtfKind.Struct && ROOTS.some((name) => btf.isNamed(id, name))) found.push(id);
  return found;
}

function isRecord(kind: number): boolean {
  return kind === BtfKind.Struct || kind === BtfKind.Union;
}

/** Types of another BTF, written anew with the numbers that they have here. */
class Excerpt {
  readonly #strings = new StringTable();
  /** Numbers there and here; nothing is void in both. */
  readonly #numbers = new Map<number, number>([[0, 0]]);
  /** By numbers here, from 1, those there. */
  readonly #originals: number[] = [];

  constructor(
    private readonly btf: Btf,
    private readonly records: ReadonlySet<number>,
  ) {
    for (const record of records) this.#number(record);
  }

  bytes(): Buffer {
    const words: number[] = [];
    // It grows by what the types before refer to.
    for (const original of this.#originals) words.push(...this.#type(original));
    const text = this.#strings.bytes();
    const typeBytes = words.length * 4;
    const header = [MAGIC + VERSION * 2 ** 16, HEADER_BYTES, 0, typeBytes, typeBytes, text.length];
    const bytes = Buffer.alloc(HEADER_BYTES + typeBytes);
    [...header, ...words].forEach((word, index) => bytes.writeUInt32LE(word, index * 4));
    return Buffer.concat([bytes, text]);
  }

  /** Qualifiers say nothing of what an expression can do. */
  #number(type: number): number {
    let original = type;
    while (isQualifier(this.btf.kind(original))) original = this.btf.sizeOrType(original);
    let number = this.#numbers.get(original);
    if (number === undefined) {
      number = this.#originals.push(original);
      this.#numbers.set(original, number);
    }
    return number;
  }

  #type(id: number): number[] {
    const { btf } = this;
    const kind = btf.kind(id);
    const head = (as: number, count: number, sizeOrType: number, flag = 0) => [
      this.#strings.add(btf.name(id)),
      flag + as * UPPER_BYTE + count,
      sizeOrType,
    ];
    switch (kind) {
      case BtfKind.Int: {
        const { signed, bool } = btf.integer(id);
        const bytes = btf.sizeOrType(id);
        const encoding = (signed ? INT_SIGNED : 0) + (bool ? INT_BOOL : 0);
        return [...head(kind, 0, bytes), encoding * UPPER_BYTE + bytes * 8];
      }
      case BtfKind.Ptr:
      case BtfKind.Typedef:
        return head(kind, 0, this.#number(btf.sizeOrType(id)));
      case BtfKind.Array: {
        const { element, length } = btf.array(id);
        const number = this.#number(element);
        return [...head(kind, 0, 0), number, number, length];
      }
      case BtfKind.Struct:
      case BtfKind.Union: {
        if (!this.records.has(id)) return head(BtfKind.Fwd, 0, 0, kind === BtfKind.Union ? UNION_FORWARD : 0);
        const members = btf.members(id);
        // A large structure without bit fields has offsets that need the upper byte.
        const hasFields = members.some(({ width }) => width !== undefined);
        return [
          ...head(kind, members.length, btf.sizeOrType(id), hasFields ? FLAG : 0),
          ...members.flatMap(({ name, type, bits, width = 0 }) => [
            this.#strings.add(name),
            this.#number(type),
            width * UPPER_BYTE + bits,
          ]),
        ];
      }
      case BtfKind.Enum:
      case BtfKind.Enum64:
        // Completion of members wants no names of values, of which there are thousands.
        return head(BtfKind.Enum, 0, btf.sizeOrType(id), btf.isSignedEnum(id) ? FLAG : 0);
      case BtfKind.FuncProto:
        return head(kind, 0, 0);
      default:
        return head(BtfKind.Fwd, 0, 0);
    }
  }
}

function isQualifier(kind: number): boolean {
  return (kind > BtfKind.Typedef && kind <= BtfKind.Restrict) || kind === BtfKind.TypeTag;
}
