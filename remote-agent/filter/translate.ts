/**
 * Classic BPF → eBPF. The result is the body of a function of (data, linear, length, link): the kernel address of
 * the packet's first byte, the number of bytes readable there, the packet's length on the wire, and its
 * interface's index (low half) and packet type (high half). It returns nonzero to keep the packet. The meaning is that of libpcap's bpf_filter on a packet of which
 * `linear` bytes were captured.
 */
import { Assembler, Label } from './assembler.ts';
import {
  MEMORY_WORDS,
  type CbpfRegister,
  type JumpTest,
  type LinkFact,
  type Operand,
  type Operation,
} from './cbpf.ts';
import * as ebpf from './ebpf.ts';
import { DATA, LINEAR, PacketLoads } from './packet-loads.ts';
import { dividesByZero, reachable } from './reachability.ts';

/** A and X live in registers that calls preserve, their upper halves always zero. */
const REGISTER: Record<CbpfRegister, number> = { A: ebpf.R6, X: ebpf.R7 };

/**
 * Stack, from the frame pointer down: length, link, scratch memory, then what PacketLoads needs. 224 bytes at most;
 * the kernel allows 512 for the caller and the filter together.
 */
const LENGTH_AT = -8;
const LINK_AT = LENGTH_AT - 8;
const MEMORY_AT = LINK_AT - 4 * MEMORY_WORDS;
/** Halves of the link argument, little-endian as all targets are. */
const LINK_FACT_AT: Record<LinkFact, number> = { interface: LINK_AT, 'packet-type': LINK_AT + 4 };
const LOADS_AT = MEMORY_AT - 8;

/** For a jump over the true branch; `jset` has no opposite. */
const OPPOSITE = { jeq: 'jne', jgt: 'jle', jge: 'jlt', jset: undefined } as const;

/**
 * Translates a checked program.
 * @throws AgentFailure `bad-filter` when its branches are too many for eBPF
 */
export function translate(program: readonly Operation[]): ebpf.Instruction[] {
  return new Translation(program).run();
}

class Translation {
  private readonly asm = new Assembler();
  private readonly labels: readonly Label[];
  private readonly live: readonly boolean[];
  private readonly reject = new Label();
  private readonly loads: PacketLoads;

  constructor(private readonly program: readonly Operation[]) {
    this.labels = program.map(() => new Label());
    this.live = reachable(program);
    this.loads = new PacketLoads(program, this.live, LOADS_AT);
  }

  run(): ebpf.Instruction[] {
    this.prologue();
    this.program.forEach((operation, index) => {
      if (!this.live[index]) return;
      this.asm.bind(this.labels[index]!);
      this.translate(operation, index);
    });
    if (this.reject.waiting.length > 0) {
      this.asm.bind(this.reject);
      this.asm.emit(ebpf.alu32('mov', ebpf.R0, 0), ebpf.exit());
    }
    return this.asm.instructions;
  }

  private prologue(): void {
    const { asm } = this;
    asm.emit(ebpf.alu64Register('mov', DATA, ebpf.R1), ebpf.alu64Register('mov', LINEAR, ebpf.R2));
    asm.emit(ebpf.store(8, ebpf.FP, LENGTH_AT, ebpf.R3));
    if (this.program.some(({ op }) => op === 'load-link')) asm.emit(ebpf.store(8, ebpf.FP, LINK_AT, ebpf.R4));
    asm.emit(ebpf.alu32('mov', REGISTER.A, 0), ebpf.alu32('mov', REGISTER.X, 0));
    const words = new Set(
      this.program.flatMap((operation) => (operation.op === 'load-memory' ? operation.word : [])),
    );
    for (const word of words) asm.emit(ebpf.storeConstant(4, ebpf.FP, MEMORY_AT + 4 * word, 0));
    this.loads.copyPrefix(asm, this.reject);
  }

  private translate(operation: Operation, index: number): void {
    const { asm, reject } = this;
    const { A, X } = REGISTER;
    switch (operation.op) {
      case 'load': {
        const { size, offset, indexed } = operation;
        this.loads.emit(asm, index, { size, offset, index: indexed ? X : undefined }, A, reject);
        break;
      }
      case 'load-header-length':
        this.loads.emit(asm, index, { size: 1, offset: operation.offset, index: undefined }, X, reject);
        asm.emit(ebpf.alu32('and', X, 0xf), ebpf.alu32('lsh', X, 2));
        break;
      case 'load-length':
        asm.emit(ebpf.load(4, REGISTER[operation.to], ebpf.FP, LENGTH_AT));
        break;
      case 'load-link':
        asm.emit(ebpf.load(4, A, ebpf.FP, LINK_FACT_AT[operation.fact]));
        break;
      case 'load-constant':
        asm.emit(ebpf.alu32('mov', REGISTER[operation.to], operation.value));
        break;
      case 'load-memory':
        asm.emit(ebpf.load(4, REGISTER[operation.to], ebpf.FP, MEMORY_AT + 4 * operation.word));
        break;
      case 'store-memory':
        asm.emit(ebpf.store(4, ebpf.FP, MEMORY_AT + 4 * operation.word, REGISTER[operation.from]));
        break;
      case 'alu':
        this.alu(operation);
        break;
      case 'negate':
        asm.emit(ebpf.alu32('neg', A, 0));
        break;
      case 'move':
        asm.emit(ebpf.alu32Register('mov', REGISTER[operation.to], operation.to === 'A' ? X : A));
        break;
      case 'goto':
        this.goto(operation.target, index);
        break;
      case 'jump':
        this.jump(operation, index);
        break;
      case 'return':
        if (operation.value === 'A') asm.emit(ebpf.alu32Register('mov', ebpf.R0, A));
        else asm.emit(ebpf.alu32('mov', ebpf.R0, operation.value));
        asm.emit(ebpf.exit());
        break;
    }
  }

  private alu(operation: Extract<Operation, { op: 'alu' }>): void {
    const { asm, reject } = this;
    const { A, X } = REGISTER;
    const { operator, operand } = operation;
    if (dividesByZero(operation)) {
      asm.jumpTo(reject, ebpf.jump());
    } else if (operand !== 'X') {
      // The verifier refuses such shifts; in classic BPF nothing is left.
      if (isShift(operator) && operand >= 32) asm.emit(ebpf.alu32('mov', A, 0));
      else asm.emit(ebpf.alu32(operator, A, operand));
    } else if (isShift(operator)) {
      const done = new Label();
      asm.emit(ebpf.alu32Register(operator, A, X)); // eBPF takes the count modulo 32
      asm.jumpTo(done, ebpf.jump32('jlt', X, 32));
      asm.emit(ebpf.alu32('mov', A, 0));
      asm.bind(done);
    } else {
      if (operator === 'div' || operator === 'mod') asm.jumpTo(reject, ebpf.jump32('jeq', X, 0));
      asm.emit(ebpf.alu32Register(operator, A, X));
    }
  }

  private goto(target: number, from: number): void {
    if (target !== from + 1) this.asm.jumpTo(this.labels[target]!, ebpf.jump());
  }

  private jump({ test, operand, ifTrue, ifFalse }: Extract<Operation, { op: 'jump' }>, index: number): void {
    const opposite = OPPOSITE[test];
    if (ifTrue === ifFalse) {
      this.goto(ifTrue, index);
    } else if (ifTrue === index + 1 && opposite !== undefined) {
      this.asm.jumpTo(this.labels[ifFalse]!, compare(opposite, operand));
    } else {
      this.asm.jumpTo(this.labels[ifTrue]!, compare(test, operand));
      this.goto(ifFalse, index);
    }
  }
}

function isShift(operator: string): operator is 'lsh' | 'rsh' {
  return operator === 'lsh' || operator === 'rsh';
}

function compare(test: JumpTest | 'jne' | 'jle' | 'jlt', operand: Operand): ebpf.Instruction {
  return operand === 'X'
    ? ebpf.jump32Register(test, REGISTER.A, REGISTER.X)
    : ebpf.jump32(test, REGISTER.A, operand);
}
