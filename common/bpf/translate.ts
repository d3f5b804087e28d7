/**
 * Classic BPF → eBPF: operations come in, as cbpf.ts decodes them, instructions go out, for ebpf.ts to encode. The
 * other files of this folder are parts of this one, or list and interpret programs; read this file first.
 *
 * The result is the body of a function of the arguments in FILTER_PARAMETERS, which returns
 * nonzero to keep the packet. The meaning is that of libpcap's bpf_filter on a packet of which the linear and
 * the paged bytes were captured.
 */
import type { DirectReads } from './direct-reads.ts';
import { Assembler, Label } from './assembler.ts';
import {
  MEMORY_WORDS,
  type CbpfRegister,
  type JumpTest,
  type LinkFact,
  type LinkFacts,
  type Operand,
  type Operation,
} from './cbpf.ts';
import * as ebpf from './ebpf.ts';
import { CAPTURED, DATA, PacketLoads } from './packet-loads.ts';
import { dividesByZero, loopHeads, reachable } from './reachability.ts';

/**
 * All u64: the kernel address of the packet's first byte; how many bytes are linear from there, negative when
 * it lies behind them; the packet's length with its paged bytes; the skb, or 0 where none of its bytes are paged;
 * and what LINK_FACT_BYTES says, 0 for filters that do not ask.
 */
export const FILTER_PARAMETERS = ['data', 'linear', 'length', 'paged', 'link'];

/** Bytes of the argument `link`: place and size of each fact. */
export const LINK_FACT_BYTES: Record<LinkFact, readonly [at: number, size: 1 | 2 | 4]> = {
  interface: [0, 4],
  'packet-type': [4, 1],
  'vlan-present': [5, 1],
  'vlan-tag': [6, 2],
};

/** The argument `link` for a packet of which these facts are known. */
export function linkWord(facts: LinkFacts): bigint {
  let word = 0n;
  for (const [fact, [at]] of Object.entries(LINK_FACT_BYTES))
    word |= BigInt(facts[fact as LinkFact] ?? 0) << BigInt(8 * at);
  return word;
}

/**
 * Rounds of one loop of the program; a packet that needs more is rejected. Each follows one header of a chain
 * (`protochain`): senders use fewer than ten, and 1,500 bytes hold 187.
 */
export const MAX_ROUNDS = 64;

/** A and X live in registers that calls preserve, their upper halves always zero. */
const REGISTER: Record<CbpfRegister, number> = { A: ebpf.R6, X: ebpf.R7 };

/**
 * Stack, from the frame pointer down: arguments, rounds left, scratch memory, then what PacketLoads needs. 216
 * bytes at most; the kernel allows 512 for the caller, the filter and what it calls together.
 */
const LENGTH_AT = -8;
const LINK_AT = LENGTH_AT - 8;
const LINEAR_AT = LINK_AT - 8;
const PAGED_AT = LINEAR_AT - 8;
const ROUNDS_AT = PAGED_AT - 8;
const MEMORY_AT = ROUNDS_AT - 4 * MEMORY_WORDS;
const LOADS_AT = MEMORY_AT - 8;

/** For a jump over the true branch; `jset` has no opposite. */
const OPPOSITE = { jeq: 'jne', jgt: 'jle', jge: 'jlt', jset: undefined } as const;

/**
 * Translates a checked program.
 * @param direct how to read without calls; undefined: not at all
 * @throws AgentFailure `bad-filter` when its branches are too many for eBPF
 */
export function translate(program: readonly Operation[], direct?: DirectReads): ebpf.Instruction[] {
  return new Translation(program, direct).run();
}

class Translation {
  private readonly asm = new Assembler();
  private readonly labels: readonly Label[];
  /** Where loops begin again: behind what is done once before them. */
  private readonly again = new Map<number, Label>();
  private readonly live: readonly boolean[];
  private readonly reject = new Label();
  private readonly loads: PacketLoads;

  constructor(
    private readonly program: readonly Operation[],
    direct: DirectReads | undefined,
  ) {
    this.labels = program.map(() => new Label());
    this.live = reachable(program);
    const heads = loopHeads(program, this.live);
    for (const head of heads) this.again.set(head, new Label());
    const places = { linear: LINEAR_AT, paged: PAGED_AT, scratch: LOADS_AT };
    // With direct reads the verifier walks two loops in a row beyond its limit.
    const reads = heads.size > 0 ? undefined : direct;
    this.loads = new PacketLoads(this.asm, this.reject, program, this.live, heads, places, reads);
  }

  run(): ebpf.Instruction[] {
    this.prologue();
    this.program.forEach((operation, index) => {
      if (!this.live[index]) return;
      this.loads.beforeOperation();
      this.asm.bind(this.labels[index]!);
      const again = this.again.get(index);
      if (again !== undefined) this.beginLoop(again);
      this.translate(operation, index);
    });
    this.loads.epilogue();
    if (this.reject.waiting.length > 0) {
      this.asm.bind(this.reject);
      this.asm.emit(ebpf.alu32('mov', ebpf.R0, 0), ebpf.exit());
    }
    return this.asm.instructions;
  }

  private prologue(): void {
    const { asm } = this;
    asm.emit(ebpf.alu64Register('mov', DATA, ebpf.R1), ebpf.alu64Register('mov', CAPTURED, ebpf.R2));
    asm.emit(ebpf.store(8, ebpf.FP, LINEAR_AT, ebpf.R2), ebpf.store(8, ebpf.FP, PAGED_AT, ebpf.R4));
    const asks = (op: Operation['op']) => this.program.some((operation) => operation.op === op);
    if (asks('load-length')) asm.emit(ebpf.store(8, ebpf.FP, LENGTH_AT, ebpf.R3));
    if (asks('load-link')) asm.emit(ebpf.store(8, ebpf.FP, LINK_AT, ebpf.R5));
    asm.emit(ebpf.alu32('mov', REGISTER.A, 0), ebpf.alu32('mov', REGISTER.X, 0));
    const words = new Set(
      this.program.flatMap((operation) => (operation.op === 'load-memory' ? operation.word : [])),
    );
    for (const word of words) asm.emit(ebpf.storeConstant(4, ebpf.FP, MEMORY_AT + 4 * word, 0));
    this.loads.prologue();
  }

  private translate(operation: Operation, index: number): void {
    const { asm } = this;
    const { A, X } = REGISTER;
    switch (operation.op) {
      case 'load': {
        const { size, offset, indexed } = operation;
        this.loads.emit(index, { size, offset, index: indexed ? X : undefined }, A);
        break;
      }
      case 'load-header-length':
        this.loads.emit(index, { size: 1, offset: operation.offset, index: undefined }, X);
        asm.emit(ebpf.alu32('and', X, 0xf), ebpf.alu32('lsh', X, 2));
        break;
      case 'load-length':
        asm.emit(ebpf.load(4, REGISTER[operation.to], ebpf.FP, LENGTH_AT));
        break;
      case 'load-link':
        this.loadLink(operation.fact);
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

  private loadLink(fact: LinkFact): void {
    const [at, size] = LINK_FACT_BYTES[fact];
    this.asm.emit(ebpf.load(size, REGISTER.A, ebpf.FP, LINK_AT + at));
  }

  private beginLoop(again: Label): void {
    this.asm.emit(ebpf.alu64('mov', ebpf.R1, MAX_ROUNDS), ebpf.store(8, ebpf.FP, ROUNDS_AT, ebpf.R1));
    this.asm.bind(again);
  }

  private goto(target: number, from: number): void {
    if (target <= from) this.goBack(this.again.get(target)!);
    else if (target !== from + 1) this.asm.jumpTo(this.labels[target]!, ebpf.jump());
  }

  /**
   * The verifier walks every round. It comes to the next one with the same knowledge of A and X on every way
   * through this one, none, so that it walks that one once.
   */
  private goBack(again: Label): void {
    const { asm } = this;
    asm.emit(ebpf.load(8, ebpf.R1, ebpf.FP, ROUNDS_AT), ebpf.alu64('sub', ebpf.R1, 1));
    asm.emit(ebpf.store(8, ebpf.FP, ROUNDS_AT, ebpf.R1));
    asm.jumpTo(this.reject, ebpf.jump64('jeq', ebpf.R1, 0));
    for (const register of Object.values(REGISTER))
      asm.emit(ebpf.alu32Register('add', register, DATA), ebpf.alu32Register('sub', register, DATA));
    asm.jumpTo(again, ebpf.jump());
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
