/**
 * A reader of BTF, the kernel's type information (Documentation/bpf/btf.rst, include/uapi/linux/btf.h). A
 * vmlinux has some 150,000 types: they stay in the bytes they came in, and are asked for by id.
 */
import { AgentFailure } from '../errors.ts';

const MAGIC = 0xeb9f;

export const BtfKind = {
  Void: 0,
  Int: 1,
  Ptr: 2,
  Array: 3,
  Struct: 4,
  Union: 5,
  Enum: 6,
  Fwd: 7,
  Typedef: 8,
  Volatile: 9,
  Const: 10,
  Restrict: 11,
  Func: 12,
  FuncProto: 13,
  Var: 14,
  Datasec: 15,
  Float: 16,
  DeclTag: 17,
  TypeTag: 18,
  Enum64: 19,
} as const;

/** Bytes after the common 12 of a type, by kind: a fixed part, and one for each of `vlen` elements. */
const FIXED_BYTES = [0, 4, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 4, 0, 0];
const ELEMENT_BYTES = [0, 0, 0, 0, 12, 12, 8, 0, 0, 0, 0, 0, 0, 8, 0, 12, 0, 0, 0, 12];

const WORDS_OF_TYPE = 3;
const WORDS_OF_PARAMETER = 2;
const WORDS_OF_MEMBER = 3;

/** BTF_INT_SIGNED and BTF_INT_BOOL. */
const INT_SIGNED = 1;
const INT_BOOL = 4;

export interface Member {
  /** Empty: its own members are those of the structure that it is in. */
  name: string;
  type: number;
  /** Where it is, in bits. */
  bits: number;
  /** Of a bit field its size in bits. */
  width?: number;
}

export interface EnumValue {
  name: string;
  value: number;
}

/** The types of vmlinux, or of one module on top of vmlinux's (split BTF: ids and strings go on from the base). */
export class Btf {
  /** Ids of this object's own types: first ≤ id < end. Those below belong to the base. */
  readonly firstId: number;
  readonly endId: number;
  readonly #base: Btf | undefined;
  readonly #words: Uint32Array;
  /** Index into #words by id − firstId. */
  readonly #starts: Uint32Array;
  readonly #strings: Buffer;
  readonly #firstString: number;

  /**
   * @param data a file of /sys/kernel/btf
   * @throws AgentFailure `no-btf` when it is not BTF, or has a kind that it does not describe
   */
  constructor(data: Uint8Array, base?: Btf) {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    if (data.length < 24 || view.getUint16(0, true) !== MAGIC)
      throw new AgentFailure('no-btf', 'The kernel’s type information (BTF) is not in a known format.');
    const header = view.getUint32(4, true);
    const section = (field: number) => {
      const start = header + view.getUint32(field, true);
      const end = start + view.getUint32(field + 4, true);
      if (end > data.length)
        throw new AgentFailure('no-btf', `BTF is cut short: ${data.length} bytes of at least ${end}.`);
      return new Uint8Array(data.subarray(start, end)); // a copy begins at an aligned offset
    };
    const types = section(8);
    const strings = section(16);
    // Since Linux 7.1 the header may describe how long each kind is (struct btf_layout).
    const layout = header >= 32 ? section(24) : new Uint8Array(0);

    this.#base = base;
    this.firstId = base?.endId ?? 1;
    this.#firstString = base === undefined ? 0 : base.#firstString + base.#strings.length;
    this.#strings = Buffer.from(strings.buffer, strings.byteOffset, strings.length);
    this.#words = new Uint32Array(types.buffer, types.byteOffset, types.length >>> 2);
    this.#starts = findStarts(this.#words, layout);
    this.endId = this.firstId + this.#starts.length;
  }

  kind(id: number): number {
    if (id === 0) return BtfKind.Void;
    return id < this.firstId ? this.#below.kind(id) : kindOf(this.#word(id, 1));
  }

  /** Number of members, parameters or values. */
  count(id: number): number {
    return id < this.firstId ? this.#below.count(id) : countOf(this.#word(id, 1));
  }

  /** The type that a pointer, typedef, modifier or function refers to; the size in bytes of the others. */
  sizeOrType(id: number): number {
    return id < this.firstId ? this.#below.sizeOrType(id) : this.#word(id, 2);
  }

  name(id: number): string {
    return id < this.firstId ? this.#below.name(id) : this.#string(this.#word(id, 0));
  }

  /** Whether the type has this name; cheaper than reading the name. */
  isNamed(id: number, name: Buffer): boolean {
    if (id === 0) return false;
    if (id < this.firstId) return this.#below.isNamed(id, name);
    return this.#stringEquals(this.#word(id, 0), name);
  }

  /** Byte offset of a structure's member; undefined when it has none of this name. */
  memberOffset(id: number, name: Buffer): number | undefined {
    if (id < this.firstId) return this.#below.memberOffset(id, name);
    for (let index = 0; index < this.count(id); index++) {
      const at = WORDS_OF_TYPE + WORDS_OF_MEMBER * index;
      if (!this.#stringEquals(this.#word(id, at), name)) continue;
      // In bits; with bit fields in the structure their sizes are in the upper 8 bits.
      return (this.#word(id, at + 2) & 0xff_ffff) >>> 3;
    }
    return undefined;
  }

  /** Members of a structure or union, in order. */
  members(id: number): Member[] {
    if (id < this.firstId) return this.#below.members(id);
    // Bit 31 of `info`: there are bit fields in it, and their sizes are in the upper 8 bits of the offsets.
    const hasWidths = this.#word(id, 1) >>> 31 === 1;
    return Array.from({ length: this.count(id) }, (_, index) => {
      const at = WORDS_OF_TYPE + WORDS_OF_MEMBER * index;
      const name = this.#string(this.#word(id, at));
      const place = this.#word(id, at + 2);
      const width = hasWidths ? place >>> 24 : 0;
      return {
        name,
        type: this.#word(id, at + 1),
        bits: hasWidths ? place & 0xff_ffff : place,
        ...(width > 0 && { width }),
      };
    });
  }

  /** How an integer type is encoded. */
  integer(id: number): { signed: boolean; bool: boolean } {
    if (id < this.firstId) return this.#below.integer(id);
    const encoding = (this.#word(id, WORDS_OF_TYPE) >>> 24) & 0xf;
    return { signed: (encoding & INT_SIGNED) !== 0, bool: (encoding & INT_BOOL) !== 0 };
  }

  /** Whether an enum has negative values. */
  isSignedEnum(id: number): boolean {
    return id < this.firstId ? this.#below.isSignedEnum(id) : this.#word(id, 1) >>> 31 === 1;
  }

  /** Type id of an array's elements, and how many there are. */
  array(id: number): { element: number; length: number } {
    if (id < this.firstId) return this.#below.array(id);
    return { element: this.#word(id, WORDS_OF_TYPE), length: this.#word(id, WORDS_OF_TYPE + 2) };
  }

  /** Type id of a function prototype's parameter, from 0; 0 for the `...` of a variadic function. */
  parameterType(proto: number, index: number): number {
    if (proto < this.firstId) return this.#below.parameterType(proto, index);
    return this.#word(proto, WORDS_OF_TYPE + WORDS_OF_PARAMETER * index + 1);
  }

  /** The type behind typedefs, const, volatile, restrict and type tags. */
  strip(id: number): number {
    let at = id;
    for (let depth = 0; depth < 32; depth++) {
      const kind = this.kind(at);
      const modifier = (kind >= BtfKind.Typedef && kind <= BtfKind.Restrict) || kind === BtfKind.TypeTag;
      if (!modifier) return at;
      at = this.sizeOrType(at);
    }
    return at;
  }

  /** The values of an enum; those of a 64-bit one are exact below 2^53. */
  enumValues(id: number): EnumValue[] {
    if (id < this.firstId) return this.#below.enumValues(id);
    const wide = this.kind(id) === BtfKind.Enum64;
    const signed = this.#word(id, 1) >>> 31 === 1;
    const values: EnumValue[] = [];
    for (let index = 0; index < this.count(id); index++) {
      const at = WORDS_OF_TYPE + (wide ? 3 : 2) * index;
      const low = this.#word(id, at + 1);
      const high = wide ? this.#word(id, at + 2) : signed && low >>> 31 === 1 ? 0xffff_ffff : 0;
      const value = (signed ? high | 0 : high) * 2 ** 32 + low;
      values.push({ name: this.#string(this.#word(id, at)), value });
    }
    return values;
  }

  get #below(): Btf {
    if (this.#base === undefined) throw new AgentFailure('no-btf', 'BTF refers to a type that it lacks.');
    return this.#base;
  }

  #word(id: number, offset: number): number {
    const start = this.#starts[id - this.firstId];
    const word = start === undefined ? undefined : this.#words[start + offset];
    if (word === undefined) throw new AgentFailure('no-btf', `BTF refers to a type that it lacks: ${id}.`);
    return word;
  }

  #string(offset: number): string {
    if (offset < this.#firstString) return this.#below.#string(offset);
    const start = offset - this.#firstString;
    return this.#strings.toString('latin1', start, this.#strings.indexOf(0, start));
  }

  #stringEquals(offset: number, text: Buffer): boolean {
    if (offset < this.#firstString) return this.#below.#stringEquals(offset, text);
    const start = offset - this.#firstString;
    if (this.#strings[start] !== text[0] || this.#strings[start + text.length] !== 0) return false;
    return this.#strings.compare(text, 0, text.length, start, start + text.length) === 0;
  }
}

// Bits 16–23 and 29–30 of `info` were unused and zero until Linux 7.1 gave them to count and kind.
const kindOf = (info: number) => (info >>> 24) & 0x7f;
const countOf = (info: number) => info & 0xff_ffff;

/** Where each type begins: the only way to know is to walk them all. */
function findStarts(words: Uint32Array, layout: Uint8Array): Uint32Array {
  // A type has at least three words.
  const starts = new Uint32Array(Math.ceil(words.length / WORDS_OF_TYPE));
  let count = 0;
  let at = 0;
  while (at + WORDS_OF_TYPE <= words.length) {
    starts[count++] = at;
    const info = words[at + 1] ?? 0;
    const kind = kindOf(info);
    const fixed = FIXED_BYTES[kind] ?? layout[kind * 4];
    const element = ELEMENT_BYTES[kind] ?? layout[kind * 4 + 1];
    if (kind === 0 || fixed === undefined || element === undefined)
      throw new AgentFailure(
        'no-btf',
        `The kernel’s type information (BTF) has a new kind of type: ${kind}.`,
      );
    at += WORDS_OF_TYPE + ((fixed + element * countOf(info)) >>> 2);
  }
  return starts.slice(0, count);
}
