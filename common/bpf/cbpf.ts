/**
 * Classic BPF as libpcap emits it (bpf(4), pcap/bpf.h), decoded into operations. What arrives over the wire
 * is not trusted: everything that the translation relies on is checked here.
 */
import { AgentFailure } from '../errors.ts';
import type { CbpfInstruction } from '../protocol.ts';

export type AluOperator = 'add' | 'sub' | 'mul' | 'div' | 'or' | 'and' | 'lsh' | 'rsh' | 'mod' | 'xor';
export type JumpTest = 'jeq' | 'jgt' | 'jge' | 'jset';
export type LoadSize = 1 | 2 | 4;
/** The accumulator and the index register, 32 bits each. */
export type CbpfRegister = 'A' | 'X';
/**
 * PACKET_* of linux/if_packet.h, PACKET_OUTGOING for what this machine sends; the interface's index; a VLAN tag
 * that is outside of the packet: 1 if there is one, and its 16 bits.
 */
export type LinkFact = 'packet-type' | 'interface' | 'vlan-present' | 'vlan-tag';
/** Facts of one packet; 0 for what is left out. */
export type LinkFacts = Partial<Record<LinkFact, number>>;
/** A constant, or the index register. */
export type Operand = number | 'X';

/** One instruction; jump targets are indexes into the program. Only `goto` goes back, in loops. */
export type Operation =
  | { op: 'load'; size: LoadSize; offset: number; indexed: boolean }
  /** X = 4 × low nibble of the byte: the length of an IPv4 header. */
  | { op: 'load-header-length'; offset: number }
  | { op: 'load-length'; to: CbpfRegister }
  /** What the skb knows of the packet besides its bytes. */
  | { op: 'load-link'; fact: LinkFact }
  | { op: 'load-constant'; to: CbpfRegister; value: number }
  | { op: 'load-memory'; to: CbpfRegister; word: number }
  | { op: 'store-memory'; from: CbpfRegister; word: number }
  | { op: 'alu'; operator: AluOperator; operand: Operand }
  | { op: 'negate' }
  | { op: 'move'; to: CbpfRegister }
  | { op: 'goto'; target: number }
  | { op: 'jump'; test: JumpTest; operand: Operand; ifTrue: number; ifFalse: number }
  | { op: 'return'; value: number | 'A' };

/** Words of scratch memory (BPF_MEMWORDS). */
export const MEMORY_WORDS = 16;

const ALU_OPERATORS = [
  'add',
  'sub',
  'mul',
  'div',
  'or',
  'and',
  'lsh',
  'rsh',
  undefined,
  'mod',
  'xor',
] as const;
const JUMP_TESTS = [undefined, 'jeq', 'jgt', 'jge', 'jset'] as const;

/**
 * Loads from here on are no packet bytes: Linux answers them from the skb (SKF_AD_OFF in linux/filter.h),
 * whatever their size. libpcap emits them for the primitives below.
 */
const ANCILLARY_START = 0xffff_f000;
const LINK_FACTS = new Map<number, LinkFact>([
  [ANCILLARY_START + 4, 'packet-type'], // inbound, outbound
  [ANCILLARY_START + 8, 'interface'], // ifindex
  [ANCILLARY_START + 44, 'vlan-tag'], // vlan
  [ANCILLARY_START + 48, 'vlan-present'],
]);

const UPDATE_REMEDY = 'Editor and agent disagree about the filter program; please report the filter text.';

function fail(index: number, problem: string): never {
  throw new AgentFailure(
    'bad-filter',
    `The filter cannot run in the kernel: instruction ${index} ${problem}.`,
    UPDATE_REMEDY,
  );
}

/**
 * Checks and decodes a program.
 * @throws AgentFailure `bad-filter` naming the instruction
 */
export function decodeCbpf(program: readonly CbpfInstruction[]): Operation[] {
  if (program.length === 0)
    throw new AgentFailure('bad-filter', 'The filter program is empty.', UPDATE_REMEDY);
  program.forEach((instruction, index) => {
    const [code, jt, jf, k] = instruction;
    const fits = (value: number, bits: number) => Number.isInteger(value) && value >= 0 && value < 2 ** bits;
    if (instruction.length !== 4 || !fits(code, 16) || !fits(jt, 8) || !fits(jf, 8) || !fits(k, 32))
      fail(index, `is not [code, jt, jf, k]: ${JSON.stringify(instruction)}`);
  });
  const operations = program.map((_, index) => decodeInstruction(program, index));
  const last = operations.at(-1);
  if (last?.op !== 'return') fail(program.length - 1, 'runs past the end of the program');
  return operations;
}

function decodeInstruction(program: readonly CbpfInstruction[], index: number): Operation {
  const [code, jt, jf, k] = program[index]!;
  const unknown = (): never => fail(index, `has the unknown code 0x${code.toString(16)}`);
  const target = (offset: number) => jumpTarget(program.length, index, offset);
  const word = () => (k < MEMORY_WORDS ? k : fail(index, `uses scratch word ${k} of ${MEMORY_WORDS}`));
  const operand = code & 0x08 ? 'X' : k;
  const to = code & 0x01 ? 'X' : 'A';
  switch (code & 0x07) {
    case 0x00: // BPF_LD
    case 0x01: // BPF_LDX
      switch (code) {
        case 0x00:
        case 0x01:
          return { op: 'load-constant', to, value: k };
        case 0x60:
        case 0x61:
          return { op: 'load-memory', to, word: word() };
        case 0x80:
        case 0x81:
          return { op: 'load-length', to };
        case 0x20:
        case 0x28:
        case 0x30:
          return absoluteLoad(loadSize(code), k);
        case 0x40:
        case 0x48:
        case 0x50:
          return { op: 'load', size: loadSize(code), offset: k, indexed: true };
        case 0xb1:
          return { op: 'load-header-length', offset: k };
        default:
          return unknown();
      }
    case 0x02: // BPF_ST
      return code === 0x02 ? { op: 'store-memory', from: 'A', word: word() } : unknown();
    case 0x03: // BPF_STX
      return code === 0x03 ? { op: 'store-memory', from: 'X', word: word() } : unknown();
    case 0x04: {
      // BPF_ALU
      if (code === 0x84) return { op: 'negate' };
      const operator = ALU_OPERATORS[code >> 4];
      return operator ? { op: 'alu', operator, operand } : unknown();
    }
    case 0x05: {
      // BPF_JMP; the offset of BPF_JA is signed: libpcap's protochain jumps backward with it
      if (code === 0x05) return { op: 'goto', target: target(k | 0) };
      const test = JUMP_TESTS[code >> 4];
      return test ? { op: 'jump', test, operand, ifTrue: target(jt), ifFalse: target(jf) } : unknown();
    }
    case 0x06: // BPF_RET
      if (code === 0x06) return { op: 'return', value: k };
      return code === 0x16 ? { op: 'return', value: 'A' } : unknown();
    default: // BPF_MISC
      if (code === 0x07) return { op: 'move', to: 'X' };
      return code === 0x87 ? { op: 'move', to: 'A' } : unknown();
  }
}

/** BPF_W, BPF_H or BPF_B. */
function loadSize(code: number): LoadSize {
  const size = code & 0x18;
  return size === 0x00 ? 4 : size === 0x08 ? 2 : 1;
}

function jumpTarget(length: number, index: number, offset: number): number {
  const target = index + 1 + offset;
  if (target < 0) fail(index, 'jumps to before the program');
  return target < length ? target : fail(index, 'jumps past the end of the program');
}

/**
 * An offset there that names no fact is merely out of the packet, as for libpcap's bpf_filter. libpcap itself
 * makes such: in "pppoes and inbound" it counts from the inner header.
 */
function absoluteLoad(size: LoadSize, k: number): Operation {
  const fact = LINK_FACTS.get(k);
  return fact === undefined ? { op: 'load', size, offset: k, indexed: false } : { op: 'load-link', fact };
}
