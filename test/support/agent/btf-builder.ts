/** Writes BTF as the kernel's build does (Documentation/bpf/btf.rst), so that tests can describe a kernel. */
import { BtfKind } from '../../../common/btf/btf.ts';

const HEADER_BYTES = 24;

export type StructureMember = readonly [name: string, type: number, bits: number, width?: number];

export class BtfBuilder {
  readonly #words: number[] = [];
  readonly #strings: Buffer[] = [];
  readonly #firstString: number;
  #stringBytes: number;
  #nextId: number;

  /** @param base the builder of vmlinux's BTF when this is a module's */
  constructor(readonly base?: BtfBuilder) {
    this.#nextId = base === undefined ? 1 : base.#nextId;
    this.#firstString = base === undefined ? 0 : base.#firstString + base.#stringBytes;
    this.#stringBytes = 0;
    if (base === undefined) this.#string('');
  }

  /** Adds a type of any kind; returns its id. */
  add(kind: number, name: string, sizeOrType: number, count = 0, extra: number[] = [], flag = false): number {
    const info = count + kind * 2 ** 24 + (flag ? 2 ** 31 : 0);
    const nameAt = name === '' ? 0 : this.#string(name);
    this.#words.push(nameAt, info, sizeOrType, ...extra);
    return this.#nextId++;
  }

  int(name: string, bytes: number): number {
    return this.add(BtfKind.Int, name, bytes, 0, [bytes * 8]);
  }

  struct(name: string, bytes: number): number {
    return this.add(BtfKind.Struct, name, bytes);
  }

  /** A structure with members; `[name, type, bits]`, and of a bit field its width. */
  structure(
    name: string,
    bytes: number,
    members: readonly StructureMember[],
    kind: number = BtfKind.Struct,
  ): number {
    const extra = members.flatMap(([member, type, bits, width = 0]) => [
      member === '' ? 0 : this.#string(member),
      type,
      bits + width * 2 ** 24,
    ]);
    return this.add(kind, name, bytes, members.length, extra, true);
  }

  /** An integer type with its encoding: BTF_INT_SIGNED is 1, BTF_INT_BOOL 4. */
  integer(name: string, bytes: number, encoding: number): number {
    return this.add(BtfKind.Int, name, bytes, 0, [bytes * 8 + encoding * 2 ** 24]);
  }

  array(element: number, length: number): number {
    return this.add(BtfKind.Array, '', 0, 0, [element, element, length]);
  }

  pointer(to: number): number {
    return this.add(BtfKind.Ptr, '', to);
  }

  proto(parameters: readonly (readonly [name: string, type: number])[], returns = 0): number {
    const extra = parameters.flatMap(([name, type]) => [name === '' ? 0 : this.#string(name), type]);
    return this.add(BtfKind.FuncProto, '', returns, parameters.length, extra);
  }

  func(name: string, proto: number): number {
    return this.add(BtfKind.Func, name, proto);
  }

  /** A function whose parameters have these types. */
  function(name: string, ...parameters: number[]): number {
    return this.func(name, this.proto(parameters.map((type, index) => [`p${index}`, type] as const)));
  }

  enum(name: string, values: Record<string, number>, signed = false): number {
    const extra = Object.entries(values).flatMap(([entry, value]) => [this.#string(entry), value >>> 0]);
    return this.add(BtfKind.Enum, name, 4, extra.length / 2, extra, signed);
  }

  enum64(name: string, values: Record<string, bigint>, signed = false): number {
    const extra = Object.entries(values).flatMap(([entry, value]) => [
      this.#string(entry),
      Number(value & 0xffff_ffffn),
      Number((value >> 32n) & 0xffff_ffffn),
    ]);
    return this.add(BtfKind.Enum64, name, 8, extra.length / 3, extra, signed);
  }

  /** @param layout the optional section that says how long each kind is: `[fixed, element]` bytes by kind */
  bytes(layout?: readonly (readonly [fixed: number, element: number])[]): Buffer {
    const types = Buffer.alloc(this.#words.length * 4);
    this.#words.forEach((word, index) => types.writeUInt32LE(word >>> 0, index * 4));
    const strings = Buffer.concat(this.#strings);
    const described = Buffer.from((layout ?? []).flatMap(([fixed, element]) => [fixed, element, 0, 0]));
    const header = Buffer.alloc(layout === undefined ? HEADER_BYTES : HEADER_BYTES + 8);
    header.writeUInt16LE(0xeb9f, 0);
    header[2] = 1;
    header.writeUInt32LE(header.length, 4);
    header.writeUInt32LE(0, 8);
    header.writeUInt32LE(types.length, 12);
    header.writeUInt32LE(types.length, 16);
    header.writeUInt32LE(strings.length, 20);
    if (layout !== undefined) {
      header.writeUInt32LE(types.length + strings.length, 24);
      header.writeUInt32LE(described.length, 28);
    }
    return Buffer.concat([header, types, strings, described]);
  }

  #string(text: string): number {
    const at = this.#firstString + this.#stringBytes;
    const bytes = Buffer.from(`${text}\0`, 'latin1');
    this.#strings.push(bytes);
    this.#stringBytes += bytes.length;
    return at;
  }
}
