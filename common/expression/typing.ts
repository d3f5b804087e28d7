/** Gives an expression its types by C's rules (ISO C 6.5), and refuses what has none. */
import { mostSimilar } from '../similar.ts';
import { ExpressionFault, type Range } from './fault.ts';
import type { KernelTypes } from './kernel-types.ts';
import type { BinaryOperator, Syntax, TypeName } from './parser.ts';
import type { Comparison, Operand, Place, Value } from './typed.ts';
import {
  basicType,
  common,
  type CType,
  INT,
  type IntType,
  literalType,
  LONG,
  promoted,
  UNSIGNED_LONG,
} from './types.ts';

/** The variable that an expression may use: a pointer, `skb`, say. */
export interface Root {
  name: string;
  type: CType;
}

/** Addresses are calculated as numbers of this type. */
const ADDRESS = UNSIGNED_LONG;
/** What an operand of `&&` and so on is compared with. */
const NONE: Value = { op: 'constant', value: 0n, type: INT };
/** Names listed of a structure's members. */
const SHOWN = 8;

export class Typing {
  constructor(
    private readonly types: KernelTypes,
    private readonly root: Root,
  ) {}

  /** The value of an expression. @throws ExpressionFault */
  value(syntax: Syntax): Value {
    return this.#read(this.#operand(syntax), syntax.range);
  }

  /** Its type, also where that has no values, as a structure's. @throws ExpressionFault */
  type(syntax: Syntax): CType {
    const operand = this.#operand(syntax);
    return 'place' in operand ? operand.place.type : operand.value.type;
  }

  #operand(syntax: Syntax): Operand {
    switch (syntax.op) {
      case 'number':
        return { value: { op: 'constant', value: syntax.value, type: literalType(syntax.type) } };
      case 'name':
        return { value: this.#named(syntax.name, syntax.range) };
      case 'member':
        return this.#member(syntax);
      case 'index': {
        const of = this.#operand(syntax.of);
        const index = this.value(syntax.index);
        if ('place' in of && of.place.type.kind === 'array')
          this.#checkIndex(of.place.type.length, index, syntax);
        const ranges = { left: syntax.of.range, right: syntax.index.range };
        const sum = this.#sum('+', this.#read(of, syntax.of.range), index, ranges);
        return this.#pointedTo(sum, syntax.of);
      }
      case 'unary':
        if (syntax.operator === '*') return this.#pointedTo(this.value(syntax.of), syntax.of);
        if (syntax.operator === '&') return { value: this.#addressOf(syntax.of) };
        return { value: this.#unary(syntax.operator, this.value(syntax.of), syntax.of.range) };
      case 'cast':
        return { value: this.#cast(this.value(syntax.of), this.#typeOf(syntax.type), syntax) };
      case 'binary':
        return { value: this.#binary(syntax) };
      case 'conditional':
        return { value: this.#conditional(syntax) };
    }
  }

  #named(name: string, range: Range): Value {
    if (name === this.root.name) return { op: 'root', type: this.root.type };
    const enumerator = this.types.enumerator(name);
    if (enumerator !== undefined) {
      // An enumerator is an int where it fits.
      const fits = BigInt.asIntN(32, enumerator.value) === enumerator.value;
      return { op: 'constant', value: enumerator.value, type: fits ? INT : LONG };
    }
    const type = this.types.typedef(name);
    if (type !== undefined)
      throw new ExpressionFault(`"${name}" is a type`, range, `A cast is written "(${name}) value".`);
    throw new ExpressionFault(
      `there is no "${name}"`,
      range,
      `The expression is about "${this.root.name}"; names of the kernel's enums are known too, macros are not.`,
    );
  }

  #member(syntax: Syntax & { op: 'member' }): Operand {
    const { name, nameRange, arrow } = syntax;
    const of = this.#operand(syntax.of);
    const before = 'place' in of ? of.place.type : of.value.type;
    if (arrow) {
      if (before.kind === 'record')
        throw new ExpressionFault(
          `this is a ${before.name}, not a pointer to one`,
          syntax.of.range,
          `Write ".${name}".`,
        );
      const place = this.#pointedTo(this.#read(of, syntax.of.range), syntax.of);
      return this.#inside(place.place, name, nameRange, syntax.of.range);
    }
    if (before.kind === 'pointer')
      throw new ExpressionFault(
        `this is a pointer (${this.types.describe(before)})`,
        syntax.of.range,
        `Write "->${name}".`,
      );
    if (!('place' in of))
      throw new ExpressionFault(`this is no structure, but ${this.#kindOf(before)}`, syntax.of.range);
    return this.#inside(of.place, name, nameRange, syntax.of.range);
  }

  #inside(place: Place, name: string, nameRange: Range, range: Range): Operand {
    const { type } = place;
    if (type.kind !== 'record')
      throw new ExpressionFault(
        type.kind === 'unknown'
          ? `what ${type.name} consists of is not known to this kernel's type information`
          : `this is no structure, but ${this.#kindOf(type)}`,
        range,
      );
    const member = this.types.member(type.id, name);
    if (member !== undefined)
      return {
        place: {
          address: place.address,
          offset: place.offset + (member.width === undefined ? member.bits >>> 3 : 0),
          bits: member.width === undefined ? 0 : member.bits,
          type: member.type,
          width: member.width,
        },
      };
    const names = this.types.members(type.id).map((known) => known.name);
    const similar = mostSimilar(name, names);
    const shown = names.slice(0, SHOWN).join(', ') + (names.length > SHOWN ? ', …' : '');
    throw new ExpressionFault(
      `${type.name} has no member "${name}"`,
      nameRange,
      similar === undefined ? `It has ${shown}.` : `Did you mean "${similar}"?`,
    );
  }

  /** What a pointer leads to. */
  #pointedTo(pointer: Value, { range }: { range: Range }): { place: Place } {
    const { type } = pointer;
    if (type.kind !== 'pointer')
      throw new ExpressionFault(`this is no pointer, but ${this.#kindOf(type)}`, range);
    const to = this.types.resolve(type.to);
    if (to.kind === 'void')
      throw new ExpressionFault(
        'this points to void: what is there is not known',
        range,
        'Cast it first, as in "((struct iphdr *) pointer)->ttl".',
      );
    return { place: { address: pointer, offset: 0, type: to, bits: 0, width: undefined } };
  }

  #addressOf(syntax: Syntax): Value {
    const operand = this.#operand(syntax);
    if (!('place' in operand))
      throw new ExpressionFault('this lies nowhere in memory, and has no address', syntax.range);
    if (operand.place.width !== undefined)
      throw new ExpressionFault('a bit field has no address', syntax.range);
    return this.#address(operand.place, { kind: 'pointer', to: operand.place.type });
  }

  #address({ address, offset }: Place, type: CType): Value {
    if (offset === 0) return { ...address, type };
    const right: Value = { op: 'constant', value: BigInt(offset), type: ADDRESS };
    return { op: 'arithmetic', operator: '+', left: { ...address, type: ADDRESS }, right, type };
  }

  /** The value that an operand has: what is in its place, or of an array its address. */
  #read(operand: Operand, range: Range): Value {
    if ('value' in operand) return operand.value;
    const { place } = operand;
    const { type, width } = place;
    if (type.kind === 'array') return this.#address(place, { kind: 'pointer', to: type.element });
    if (type.kind === 'pointer')
      return { op: 'load', address: place.address, offset: place.offset, bytes: 8, field: undefined, type };
    if (type.kind !== 'int')
      throw new ExpressionFault(
        `this is ${this.#kindOf(type)}, and no value`,
        range,
        type.kind === 'record' ? 'Name one of its members.' : '',
      );
    if (width === undefined)
      return {
        op: 'load',
        address: place.address,
        offset: place.offset,
        bytes: type.bytes,
        field: undefined,
        type,
      };
    return this.#readField(place, type, width);
  }

  /** A bit field lies in a unit of its type, or, in packed structures, across two: then the bytes that it has. */
  #readField(place: Place, type: IntType, width: number): Value {
    const sizes = [type.bytes, 1, 2, 4, 8] as const;
    for (const bytes of sizes) {
      const unit = bytes * 8;
      const start = bytes === type.bytes ? Math.floor(place.bits / unit) * unit : place.bits & ~7;
      const first = place.bits - start;
      if (first + width > unit) continue;
      const offset = place.offset + start / 8;
      const field = { first, width, signed: type.signed };
      return { op: 'load', address: place.address, offset, bytes, field, type: promoted(type, width) };
    }
    throw new RangeError('a bit field of more than 8 bytes');
  }

  #unary(operator: '-' | '+' | '~' | '!', of: Value, range: Range): Value {
    if (operator === '!') return this.#isNone(of, range);
    const type = promoted(this.#int(of, range));
    const value = converted(of, type);
    if (operator === '+') return value;
    if (value.op === 'constant') {
      const result = operator === '-' ? -value.value : ~value.value;
      return { op: 'constant', value: wrapped(result, type), type };
    }
    const all: Value = { op: 'constant', value: operator === '-' ? 0n : wrapped(-1n, type), type };
    return operator === '-'
      ? { op: 'arithmetic', operator: '-', left: all, right: value, type }
      : { op: 'arithmetic', operator: '^', left: value, right: all, type };
  }

  #isNone(of: Value, range: Range): Value {
    this.#scalar(of, range);
    const right: Value = { ...NONE, type: of.type };
    return { op: 'compare', operator: '==', left: of, right, signed: false, type: INT };
  }

  #binary(syntax: Syntax & { op: 'binary' }): Value {
    const { operator } = syntax;
    const left = this.value(syntax.left);
    const right = this.value(syntax.right);
    switch (operator) {
      case '&&':
      case '||':
        this.#scalar(left, syntax.left.range);
        this.#scalar(right, syntax.right.range);
        return { op: 'logical', operator, left, right, type: INT };
      case '<<':
      case '>>': {
        const type = promoted(this.#int(left, syntax.left.range));
        this.#int(right, syntax.right.range);
        this.#checkShift(right, type, syntax.right.range);
        return { op: 'shift', operator, left: converted(left, type), right, type };
      }
      case '==':
      case '!=':
      case '<':
      case '<=':
      case '>':
      case '>=':
        return this.#compare(operator, left, right, syntax);
      default:
        if (left.type.kind === 'pointer' || right.type.kind === 'pointer')
          return this.#sum(operator, left, right, { left: syntax.left.range, right: syntax.right.range });
    }
    const type = common(
      promoted(this.#int(left, syntax.left.range)),
      promoted(this.#int(right, syntax.right.range)),
    );
    if ((operator === '/' || operator === '%') && right.op === 'constant' && right.value === 0n)
      throw new ExpressionFault('this divides by 0', syntax.right.range);
    return { op: 'arithmetic', operator, left: converted(left, type), right: converted(right, type), type };
  }

  #compare(operator: Comparison, left: Value, right: Value, syntax: Syntax & { op: 'binary' }): Value {
    this.#scalar(left, syntax.left.range);
    this.#scalar(right, syntax.right.range);
    const type =
      left.type.kind === 'int' && right.type.kind === 'int'
        ? common(promoted(left.type), promoted(right.type))
        : ADDRESS;
    const operands = { left: converted(left, type), right: converted(right, type) };
    return { op: 'compare', operator, ...operands, signed: type.signed, type: INT };
  }

  /** Pointers move by elements; two of them are that many apart. */
  #sum(operator: BinaryOperator, left: Value, right: Value, ranges: { left: Range; right: Range }): Value {
    if (left.type.kind === 'int' && right.type.kind === 'pointer' && operator === '+')
      return this.#sum(operator, right, left, { left: ranges.right, right: ranges.left });
    if (left.type.kind !== 'pointer') {
      if (right.type.kind === 'pointer') this.#int(right, ranges.right);
      throw new ExpressionFault(`this is no pointer, but ${this.#kindOf(left.type)}`, ranges.left);
    }
    if (operator !== '+' && operator !== '-') this.#int(left, ranges.left);
    const bytes = this.#elementBytes(left.type, ranges.left);
    const size: Value = { op: 'constant', value: BigInt(bytes), type: LONG };
    const from: Value = { ...converted(left, ADDRESS), type: ADDRESS };
    if (right.type.kind === 'pointer') {
      if (operator !== '-') this.#int(right, ranges.right);
      const apart: Value = {
        op: 'arithmetic',
        operator: '-',
        left: from,
        right: converted(right, ADDRESS),
        type: LONG,
      };
      return bytes === 1 ? apart : { op: 'arithmetic', operator: '/', left: apart, right: size, type: LONG };
    }
    this.#int(right, ranges.right);
    const count = converted(right, LONG);
    const by: Value =
      bytes === 1 ? count : { op: 'arithmetic', operator: '*', left: count, right: size, type: LONG };
    return {
      op: 'arithmetic',
      operator: operator === '-' ? '-' : '+',
      left: from,
      right: converted(by, ADDRESS),
      type: left.type,
    };
  }

  /** As gcc has it, a void has one. */
  #elementBytes(type: CType & { kind: 'pointer' }, range: Range): number {
    const to = this.types.resolve(type.to);
    if (to.kind === 'void' || to.kind === 'function') return 1;
    const bytes = this.types.size(to);
    if (bytes !== undefined && bytes > 0) return bytes;
    throw new ExpressionFault(`how large ${this.types.describe(to)} is is not known`, range);
  }

  #conditional(syntax: Syntax & { op: 'conditional' }): Value {
    const condition = this.value(syntax.condition);
    this.#scalar(condition, syntax.condition.range);
    const [yes, no] = [this.value(syntax.yes), this.value(syntax.no)];
    const both = yes.type.kind === 'int' && no.type.kind === 'int';
    const type = both
      ? common(promoted(this.#int(yes, syntax.yes.range)), promoted(this.#int(no, syntax.no.range)))
      : yes.type.kind === 'pointer'
        ? yes.type
        : no.type;
    return {
      op: 'conditional',
      condition,
      yes: converted(yes, type),
      no: converted(no, type),
      type,
    };
  }

  #cast(of: Value, type: CType, { range }: { range: Range }): Value {
    if (type.kind === 'int' || type.kind === 'pointer') return converted(of, type);
    throw new ExpressionFault(`nothing can be cast to ${this.#kindOf(type)}`, range);
  }

  #typeOf({ tag, words, pointers, range }: TypeName): CType {
    const [name, ...more] = words;
    let type: CType | undefined;
    if (tag !== undefined)
      type = name === undefined || more.length > 0 ? undefined : this.types.tagged(tag, name);
    else
      type =
        basicType(words) ?? (name === undefined || more.length > 0 ? undefined : this.types.typedef(name));
    if (type === undefined)
      throw new ExpressionFault(
        `there is no type "${[...(tag === undefined ? [] : [tag]), ...words].join(' ')}"`,
        range,
        "Types are C's own and those of the kernel itself; those of its modules are not known.",
      );
    for (let depth = 0; depth < pointers; depth++) type = { kind: 'pointer', to: type };
    return type;
  }

  /** @throws ExpressionFault unless it is a number */
  #int({ type }: Value, range: Range): IntType {
    if (type.kind === 'int') return type;
    throw new ExpressionFault(`this is no number, but ${this.#kindOf(type)}`, range);
  }

  #scalar({ type }: Value, range: Range): void {
    if (type.kind !== 'int' && type.kind !== 'pointer')
      throw new ExpressionFault(`this is ${this.#kindOf(type)}, and no value`, range);
  }

  #kindOf(type: CType): string {
    const described = this.types.describe(type);
    if (type.kind === 'pointer') return `a pointer (${described})`;
    if (type.kind === 'int') return `a number (${described})`;
    if (type.kind === 'array') return `an array (${described})`;
    return described;
  }

  /** One element is where C before 1999 lets the structure's end be open. */
  #checkIndex(length: number, index: Value, syntax: Syntax & { op: 'index' }): void {
    if (index.op !== 'constant' || length <= 1) return;
    if (index.value >= 0n && index.value < BigInt(length)) return;
    throw new ExpressionFault(
      `the array has ${length} elements, from 0 to ${length - 1}`,
      syntax.index.range,
    );
  }

  #checkShift(count: Value, type: IntType, range: Range): void {
    if (count.op !== 'constant') return;
    const bits = type.bytes * 8;
    if (count.value < 0n || count.value >= BigInt(bits))
      throw new ExpressionFault(`what is shifted has ${bits} bits (${type.name})`, range);
  }
}

/** A value as another type. */
function converted(value: Value, type: CType): Value {
  if (value.op === 'constant' && type.kind === 'int' && type.isBool !== true)
    return { op: 'constant', value: wrapped(value.value, type), type };
  return { op: 'convert', of: value, type };
}

/** What a type makes of a number that it cannot hold. */
export function wrapped(value: bigint, { bytes, signed }: IntType): bigint {
  return signed ? BigInt.asIntN(bytes * 8, value) : BigInt.asUintN(bytes * 8, value);
}
