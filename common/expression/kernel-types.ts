/** C's types out of the kernel's type information. */
import { type Btf, BtfKind, type Member } from '../btf/btf.ts';
import type { CType, IntType, TypeRef } from './types.ts';

const TAG_KINDS: Readonly<Record<string, readonly number[]>> = {
  struct: [BtfKind.Struct],
  union: [BtfKind.Union],
  enum: [BtfKind.Enum, BtfKind.Enum64],
};
const TAG_OF: Readonly<Record<number, string>> = {
  [BtfKind.Struct]: 'struct',
  [BtfKind.Union]: 'union',
  [BtfKind.Enum]: 'enum',
  [BtfKind.Enum64]: 'enum',
};
/** sparse's names of numbers in network order (include/uapi/linux/types.h). */
const BIG_ENDIAN = ['__be16', '__be32', '__be64'];
const MAX_TYPEDEFS = 32;

export interface FoundMember {
  type: CType;
  /** Of a bit field its size in bits. */
  width: number | undefined;
  /** In bits from where the structure begins, those around it counted. */
  bits: number;
}

export type NamedMember = Pick<FoundMember, 'type' | 'width'> & { name: string };

export class KernelTypes {
  readonly #named = new Map<string, number | undefined>();
  #enumerators: Map<string, { value: bigint; type: CType }> | undefined;

  constructor(private readonly btf: Btf) {}

  /** The type behind typedefs and qualifiers. */
  resolve(ref: TypeRef): CType {
    if (typeof ref !== 'number') return ref;
    const { btf } = this;
    let bigEndian = false;
    let typedef = '';
    let id = ref;
    for (let depth = 0; depth < MAX_TYPEDEFS; depth++) {
      const kind = btf.kind(id);
      if (kind === BtfKind.Typedef) {
        typedef ||= btf.name(id);
        bigEndian ||= BIG_ENDIAN.includes(btf.name(id));
      } else if (!(kind > BtfKind.Typedef && kind <= BtfKind.Restrict) && kind !== BtfKind.TypeTag) break;
      id = btf.sizeOrType(id);
    }
    const kind = btf.kind(id);
    if (kind === BtfKind.Void) return { kind: 'void' };
    const name = typedef || btf.name(id);
    switch (kind) {
      case BtfKind.Int: {
        const { signed, bool } = btf.integer(id);
        const bytes = sizeOf(btf.sizeOrType(id));
        if (bytes === undefined) return { kind: 'unknown', name };
        return {
          kind: 'int',
          bytes,
          signed,
          name,
          ...(bool && { isBool: true }),
          ...(bigEndian && bytes > 1 && { bigEndian: true }),
        };
      }
      case BtfKind.Enum:
      case BtfKind.Enum64: {
        const bytes = sizeOf(btf.sizeOrType(id)) ?? 4;
        const shown = typedef || `enum ${name}`;
        return { kind: 'int', bytes, signed: btf.isSignedEnum(id), name: shown, enumeration: id };
      }
      case BtfKind.Ptr:
        return { kind: 'pointer', to: btf.sizeOrType(id) };
      case BtfKind.Array: {
        const { element, length } = btf.array(id);
        return { kind: 'array', element, length };
      }
      case BtfKind.Struct:
      case BtfKind.Union: {
        const tag = TAG_OF[kind] ?? '';
        const shown = typedef || `${tag} ${name || '{…}'}`;
        return { kind: 'record', id, name: shown, bytes: btf.sizeOrType(id) };
      }
      case BtfKind.Fwd: {
        const found = this.#find(TAG_KINDS.struct ?? [], name) ?? this.#find(TAG_KINDS.union ?? [], name);
        return found === undefined ? { kind: 'unknown', name: `struct ${name}` } : this.resolve(found);
      }
      case BtfKind.FuncProto:
        return { kind: 'function' };
      default:
        return { kind: 'unknown', name };
    }
  }

  /** A type by its tag and name, as in `struct iphdr`. */
  tagged(tag: string, name: string): CType | undefined {
    const id = this.#find(TAG_KINDS[tag] ?? [], name);
    return id === undefined ? undefined : this.resolve(id);
  }

  typedef(name: string): CType | undefined {
    const id = this.#find([BtfKind.Typedef], name);
    return id === undefined ? undefined : this.resolve(id);
  }

  /** A member by its name, also one of an unnamed structure in this one. */
  member(record: number, name: string): FoundMember | undefined {
    const members = this.btf.members(record);
    const found = members.find((member) => member.name === name);
    if (found !== undefined) return this.#found(found);
    for (const member of members) {
      if (member.name !== '') continue;
      const type = this.resolve(member.type);
      const inside = type.kind === 'record' ? this.member(type.id, name) : undefined;
      if (inside !== undefined) return { ...inside, bits: member.bits + inside.bits };
    }
    return undefined;
  }

  /** All that `member` finds, with their names. */
  members(record: number): NamedMember[] {
    return this.btf.members(record).flatMap((member): NamedMember[] => {
      const { name, type, width } = member;
      const resolved = this.resolve(type);
      if (name !== '') return [{ name, type: resolved, width }];
      return resolved.kind === 'record' ? this.members(resolved.id) : [];
    });
  }

  /** A value that an enum of the kernel has by this name. */
  enumerator(name: string): { value: bigint; type: CType } | undefined {
    this.#enumerators ??= this.#readEnumerators();
    return this.#enumerators.get(name);
  }

  /** Bytes of a type; undefined: it has no size. */
  size(type: CType): number | undefined {
    switch (type.kind) {
      case 'int':
      case 'record':
        return type.bytes;
      case 'pointer':
        return 8;
      case 'array': {
        const element = this.size(this.resolve(type.element));
        return element === undefined ? undefined : element * type.length;
      }
      case 'void':
      case 'function':
      case 'unknown':
        return undefined;
    }
  }

  /** Names of an enum's values; of other numbers none. */
  valueNames({ enumeration }: IntType): { value: number; name: string }[] {
    return enumeration === undefined ? [] : this.btf.enumValues(enumeration);
  }

  /** As C writes it. */
  describe(type: CType): string {
    switch (type.kind) {
      case 'pointer': {
        const to = this.resolve(type.to);
        if (to.kind === 'function') return 'pointer to a function';
        const inner = this.describe(to);
        return inner.endsWith('*') ? `${inner}*` : `${inner} *`;
      }
      case 'array':
        return `${this.describe(this.resolve(type.element))}[${type.length}]`;
      case 'void':
        return 'void';
      case 'function':
        return 'function';
      case 'int':
      case 'record':
      case 'unknown':
        return type.name;
    }
  }

  #found({ type, bits, width }: Member): FoundMember {
    return { type: this.resolve(type), bits, width };
  }

  #find(kinds: readonly number[], name: string): number | undefined {
    const key = `${kinds.join()} ${name}`;
    if (!this.#named.has(key)) this.#named.set(key, this.#search(kinds, Buffer.from(name)));
    return this.#named.get(key);
  }

  #search(kinds: readonly number[], name: Buffer): number | undefined {
    for (let id = 1; id < this.btf.endId; id++)
      if (kinds.includes(this.btf.kind(id)) && this.btf.isNamed(id, name)) return id;
    return undefined;
  }

  #readEnumerators(): Map<string, { value: bigint; type: CType }> {
    const all = new Map<string, { value: bigint; type: CType }>();
    for (let id = 1; id < this.btf.endId; id++) {
      const kind = this.btf.kind(id);
      if (kind !== BtfKind.Enum && kind !== BtfKind.Enum64) continue;
      const type = this.resolve(id);
      for (const { name, value } of this.btf.enumValues(id))
        if (!all.has(name)) all.set(name, { value: BigInt(value), type });
    }
    return all;
  }
}

function sizeOf(bytes: number): 1 | 2 | 4 | 8 | undefined {
  return bytes === 1 || bytes === 2 || bytes === 4 || bytes === 8 ? bytes : undefined;
}
