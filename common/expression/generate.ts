/**
 * eBPF of a typed expression. A value is in R0 when it has been computed, extended to 64 bits as its type's sign says;
 * what waits meanwhile is on the stack. R0 to R5 are lost in reads of memory; R6 keeps the variable.
 */
import { Assembler, Label } from '../bpf/assembler.ts';
import type { DirectReads } from '../bpf/direct-reads.ts';
import * as ebpf from '../bpf/ebpf.ts';
import type { ArithmeticOperator } from './parser.ts';
import type { Comparison, Value } from './typed.ts';
import type { CType, IntType } from './types.ts';

const ROOT = ebpf.R6;
/** What is read by a call comes here, below the frame pointer; values that wait lie below it. */
const SCRATCH = -8;
const SLOT_BYTES = 8;
/** A program has 512 bytes of stack for all functions that call each other, and this is not the first of them. */
const MAX_WAITING = 12;

/** More values wait than the stack has room for. */
export class TooDeep extends Error {}

/**
 * A function of one argument, the variable, that returns the value; 0 when memory cannot be read that it needs, or
 * when it divides by 0.
 * @param direct how programs of the kernel read without calls; undefined: not at all
 * @throws TooDeep
 */
export function generate(value: Value, direct: DirectReads | undefined): ebpf.Instruction[] {
  const generator = new Generator(direct);
  return generator.whole(value);
}

class Generator {
  readonly #asm = new Assembler();
  readonly #fail = new Label();
  #waiting = 0;

  constructor(private readonly direct: DirectReads | undefined) {}

  whole(value: Value): ebpf.Instruction[] {
    this.#emit(ebpf.alu64Register('mov', ROOT, ebpf.R1));
    this.#value(value);
    this.#emit(ebpf.exit());
    // The verifier refuses code that nothing leads to.
    if (this.#fail.waiting.length > 0) {
      this.#asm.bind(this.#fail);
      this.#emit(ebpf.alu64('mov', ebpf.R0, 0), ebpf.exit());
    }
    return this.#asm.instructions;
  }

  #emit(...instructions: ebpf.Instruction[]): void {
    this.#asm.emit(...instructions);
  }

  /** Into R0. */
  #value(value: Value): void {
    switch (value.op) {
      case 'constant':
        this.#constant(ebpf.R0, value.value);
        return;
      case 'root':
        this.#emit(ebpf.alu64Register('mov', ebpf.R0, ROOT));
        return;
      case 'load':
        this.#load(value);
        return;
      case 'convert':
        this.#value(value.of);
        this.#convert(value.of.type, value.type);
        return;
      case 'arithmetic':
        this.#operands(value.left, value.right);
        this.#arithmetic(value.operator, value.type);
        return;
      case 'shift':
        this.#operands(value.left, value.right);
        this.#shift(value.operator, value.type);
        return;
      case 'compare':
        this.#operands(value.left, value.right);
        this.#truth(
          ebpf.jump64Register((value.signed ? SIGNED : UNSIGNED)[value.operator], ebpf.R0, ebpf.R1),
        );
        return;
      case 'logical':
        this.#logical(value.operator, value.left, value.right);
        return;
      case 'conditional':
        this.#choose(value.condition, value.yes, value.no);
        return;
    }
  }

  /** Into R0 and R1. */
  #operands(left: Value, right: Value): void {
    this.#value(left);
    if (right.op === 'constant') {
      this.#constant(ebpf.R1, right.value);
      return;
    }
    if (this.#waiting === MAX_WAITING) throw new TooDeep();
    const slot = SCRATCH - SLOT_BYTES * ++this.#waiting;
    this.#emit(ebpf.store(8, ebpf.FP, slot, ebpf.R0));
    this.#value(right);
    this.#emit(ebpf.alu64Register('mov', ebpf.R1, ebpf.R0), ebpf.load(8, ebpf.R0, ebpf.FP, slot));
    this.#waiting--;
  }

  #constant(register: number, value: bigint): void {
    const signed = BigInt.asIntN(64, value);
    if (BigInt.asIntN(32, signed) === signed) {
      this.#emit(ebpf.alu64('mov', register, Number(signed)));
      return;
    }
    const low = Number(BigInt.asIntN(32, signed));
    this.#emit(
      ebpf.alu64('mov', register, Number(signed >> 32n)),
      ebpf.alu64('lsh', register, 32),
      ebpf.alu32('mov', ebpf.R2, low),
      ebpf.alu64Register('or', register, ebpf.R2),
    );
  }

  #load({ address, offset, bytes, field, type }: Value & { op: 'load' }): void {
    this.#value(address);
    // Kernel addresses are the upper half: where a pointer is null, nothing is read.
    this.#asm.jumpTo(this.#fail, ebpf.jump64('jsge', ebpf.R0, 0));
    const { direct } = this;
    if (direct !== undefined) {
      this.#emit(
        ebpf.alu64Register('mov', ebpf.R1, ebpf.R0),
        ebpf.alu64('add', ebpf.R1, offset - direct.bytesAt),
        ebpf.alu64('mov', ebpf.R2, direct.structure),
        ebpf.callKernel(direct.castFunction),
        ebpf.load(bytes, ebpf.R0, ebpf.R0, direct.bytesAt),
      );
    } else {
      this.#emit(
        ebpf.alu64Register('mov', ebpf.R3, ebpf.R0),
        ebpf.alu64('add', ebpf.R3, offset),
        ebpf.alu64('mov', ebpf.R2, bytes),
        ebpf.alu64Register('mov', ebpf.R1, ebpf.FP),
        ebpf.alu64('add', ebpf.R1, SCRATCH),
        ebpf.call(ebpf.Helper.probeReadKernel),
      );
      this.#asm.jumpTo(this.#fail, ebpf.jump64('jne', ebpf.R0, 0));
      this.#emit(ebpf.load(bytes, ebpf.R0, ebpf.FP, SCRATCH));
    }
    if (field !== undefined) {
      this.#emit(ebpf.alu64('lsh', ebpf.R0, 64 - field.first - field.width));
      this.#emit(ebpf.alu64(field.signed ? 'arsh' : 'rsh', ebpf.R0, 64 - field.width));
      return;
    }
    if (type.kind !== 'int') return;
    if (type.bigEndian === true && bytes !== 1) this.#emit(ebpf.fromBigEndian(ebpf.R0, bytes));
    if (type.signed) this.#extend(type);
  }

  #convert(from: CType, to: CType): void {
    if (to.kind !== 'int') return;
    if (to.isBool === true) {
      this.#truth(ebpf.jump64('jne', ebpf.R0, 0));
      return;
    }
    if (from.kind === 'int') {
      const holdsAll = from.bytes < to.bytes && (from.signed === to.signed || !from.signed);
      if (holdsAll || (from.bytes === to.bytes && from.signed === to.signed)) return;
    }
    this.#extend(to);
  }

  /** Cuts R0 to the type, and extends it again. */
  #extend({ bytes, signed }: IntType): void {
    if (bytes === 8) return;
    const rest = 64 - bytes * 8;
    if (signed) this.#emit(ebpf.alu64('lsh', ebpf.R0, rest), ebpf.alu64('arsh', ebpf.R0, rest));
    else if (bytes === 4) this.#emit(ebpf.alu32Register('mov', ebpf.R0, ebpf.R0));
    else this.#emit(ebpf.alu64('and', ebpf.R0, bytes === 1 ? 0xff : 0xffff));
  }

  /** R0 and R1, of this type, into R0. */
  #arithmetic(operator: ArithmeticOperator, type: CType): void {
    const signed = type.kind === 'int' && type.signed;
    if (operator === '/' || operator === '%') {
      this.#asm.jumpTo(this.#fail, ebpf.jump64('jeq', ebpf.R1, 0));
      if (signed) this.#signedDivision(operator);
      else this.#emit(ebpf.alu64Register(ALU[operator], ebpf.R0, ebpf.R1));
    } else this.#emit(ebpf.alu64Register(ALU[operator], ebpf.R0, ebpf.R1));
    if (type.kind === 'int') this.#extend(type);
  }

  /** eBPF before its version 4 (Linux 6.6) divides unsigned numbers only: the quotient of the amounts gets its sign. */
  #signedDivision(operator: '/' | '%'): void {
    // A quotient is negative when one of both is, a remainder when the dividend is.
    this.#emit(ebpf.alu64Register('mov', ebpf.R2, ebpf.R0));
    if (operator === '/') this.#emit(ebpf.alu64Register('xor', ebpf.R2, ebpf.R1));
    this.#emit(ebpf.alu64('arsh', ebpf.R2, 63));
    for (const operand of [ebpf.R0, ebpf.R1]) {
      this.#emit(ebpf.alu64Register('mov', ebpf.R3, operand), ebpf.alu64('arsh', ebpf.R3, 63));
      this.#negateIf(operand, ebpf.R3);
    }
    this.#emit(ebpf.alu64Register(ALU[operator], ebpf.R0, ebpf.R1));
    this.#negateIf(ebpf.R0, ebpf.R2);
  }

  /** @param sign a register with −1: negate, or 0: do not */
  #negateIf(register: number, sign: number): void {
    this.#emit(ebpf.alu64Register('xor', register, sign), ebpf.alu64Register('sub', register, sign));
  }

  /** A count that C leaves undefined is cut to the bits of the type, as most CPUs do. */
  #shift(operator: '<<' | '>>', type: CType): void {
    if (type.kind !== 'int') return;
    this.#emit(ebpf.alu64('and', ebpf.R1, type.bytes * 8 - 1));
    const right = type.signed ? 'arsh' : 'rsh';
    this.#emit(ebpf.alu64Register(operator === '<<' ? 'lsh' : right, ebpf.R0, ebpf.R1));
    this.#extend(type);
  }

  /** 1 into R0 where the jump is taken, else 0. */
  #truth(jump: ebpf.Instruction): void {
    const end = new Label();
    this.#emit(ebpf.alu64('mov', ebpf.R2, 1));
    this.#asm.jumpTo(end, jump);
    this.#emit(ebpf.alu64('mov', ebpf.R2, 0));
    this.#asm.bind(end);
    this.#emit(ebpf.alu64Register('mov', ebpf.R0, ebpf.R2));
  }

  #logical(operator: '&&' | '||', left: Value, right: Value): void {
    const [decided, end] = [new Label(), new Label()];
    const decides = () => ebpf.jump64(operator === '&&' ? 'jeq' : 'jne', ebpf.R0, 0);
    this.#value(left);
    this.#asm.jumpTo(decided, decides());
    this.#value(right);
    this.#asm.jumpTo(decided, decides());
    this.#emit(ebpf.alu64('mov', ebpf.R0, operator === '&&' ? 1 : 0));
    this.#asm.jumpTo(end, ebpf.jump());
    this.#asm.bind(decided);
    this.#emit(ebpf.alu64('mov', ebpf.R0, operator === '&&' ? 0 : 1));
    this.#asm.bind(end);
  }

  #choose(condition: Value, yes: Value, no: Value): void {
    const [otherwise, end] = [new Label(), new Label()];
    this.#value(condition);
    this.#asm.jumpTo(otherwise, ebpf.jump64('jeq', ebpf.R0, 0));
    this.#value(yes);
    this.#asm.jumpTo(end, ebpf.jump());
    this.#asm.bind(otherwise);
    this.#value(no);
    this.#asm.bind(end);
  }
}

const ALU = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '%': 'mod',
  '&': 'and',
  '|': 'or',
  '^': 'xor',
} as const satisfies Record<ArithmeticOperator, ebpf.AluName>;

const SIGNED: Record<Comparison, ebpf.JumpName> = {
  '==': 'jeq',
  '!=': 'jne',
  '<': 'jslt',
  '<=': 'jsle',
  '>': 'jsgt',
  '>=': 'jsge',
};
const UNSIGNED: Record<Comparison, ebpf.JumpName> = {
  '==': 'jeq',
  '!=': 'jne',
  '<': 'jlt',
  '<=': 'jle',
  '>': 'jgt',
  '>=': 'jge',
};
