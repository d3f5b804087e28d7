/** An expression with its types: what C's rules leave to be done, for generate.ts. */
import type { ArithmeticOperator } from './parser.ts';
import type { CType } from './types.ts';

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** A value: a number of at most 8 bytes or a pointer. */
export type Value = { type: CType } & (
  | { op: 'constant'; value: bigint }
  /** The variable that the expression is about. */
  | { op: 'root' }
  | { op: 'load'; address: Value; offset: number; bytes: 1 | 2 | 4 | 8; field: BitField | undefined }
  /** `of` as another type. */
  | { op: 'convert'; of: Value }
  /** Both operands have the result's type, which is at least an int, or are addresses. */
  | { op: 'arithmetic'; operator: ArithmeticOperator; left: Value; right: Value }
  /** The left operand has the result's type. */
  | { op: 'shift'; operator: '<<' | '>>'; left: Value; right: Value }
  /** Both operands have the same type. */
  | { op: 'compare'; operator: Comparison; left: Value; right: Value; signed: boolean }
  | { op: 'logical'; operator: '&&' | '||'; left: Value; right: Value }
  | { op: 'conditional'; condition: Value; yes: Value; no: Value }
);

/** Bits of what is loaded. */
export interface BitField {
  first: number;
  width: number;
  signed: boolean;
}

/** Somewhere in memory. */
export interface Place {
  address: Value;
  /** Bytes from there. */
  offset: number;
  type: CType;
  /** Of a bit field, where it is in bits from `offset`, and its size in bits. */
  bits: number;
  width: number | undefined;
}

/** What an operand is: somewhere in memory, or a value that lies nowhere. */
export type Operand = { place: Place } | { value: Value };
