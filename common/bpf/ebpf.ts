/** Encoding of the eBPF instructions that a filter needs (Documentation/bpf/standardization/instruction-set.rst). */

export const R0 = 0;
export const R1 = 1;
export const R2 = 2;
export const R3 = 3;
export const R4 = 4;
export const R5 = 5;
/** R6 to R9 survive calls. */
export const R6 = 6;
export const R7 = 7;
export const R8 = 8;
export const R9 = 9;
/** The frame pointer: the stack lies below it. */
export const FP = 10;

export interface Instruction {
  code: number;
  dst: number;
  src: number;
  /** Jump distance in instructions, or memory offset in bytes; signed 16 bits. */
  off: number;
  /** Signed or unsigned 32 bits. */
  imm: number;
}

export const INSTRUCTION_BYTES = 8;

const ALU = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  div: 0x30,
  or: 0x40,
  and: 0x50,
  lsh: 0x60,
  rsh: 0x70,
  neg: 0x80,
  mod: 0x90,
  xor: 0xa0,
  mov: 0xb0,
  /** Right, the sign coming in. */
  arsh: 0xc0,
} as const;
export type AluName = keyof typeof ALU;

/** Comparisons are unsigned, but for those that begin with `js`. */
const JUMP = {
  jeq: 0x10,
  jgt: 0x20,
  jge: 0x30,
  jset: 0x40,
  jne: 0x50,
  jsgt: 0x60,
  jsge: 0x70,
  jlt: 0xa0,
  jle: 0xb0,
  jslt: 0xc0,
  jsle: 0xd0,
} as const;
export type JumpName = keyof typeof JUMP;

const JA = 0x05;
const CALL = 0x85;
const EXIT = 0x95;

const FROM_REGISTER = 0x08;
/** Memory access sizes by bytes. */
const SIZE = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 } as const;
export type AccessSize = keyof typeof SIZE;

function make(code: number, dst = 0, src = 0, off = 0, imm = 0): Instruction {
  return { code, dst, src, off, imm };
}

/** 32-bit arithmetic: the upper half of `dst` becomes 0. */
export const alu32 = (name: AluName, dst: number, imm: number) => make(0x04 | ALU[name], dst, 0, 0, imm);
export const alu32Register = (name: AluName, dst: number, src: number) =>
  make(0x04 | FROM_REGISTER | ALU[name], dst, src);
/** 64-bit arithmetic: `imm` is sign-extended. */
export const alu64 = (name: AluName, dst: number, imm: number) => make(0x07 | ALU[name], dst, 0, 0, imm);
export const alu64Register = (name: AluName, dst: number, src: number) =>
  make(0x07 | FROM_REGISTER | ALU[name], dst, src);

/** Network order to host order; clears what lies above `size` bytes. Nothing to do for one byte. */
export const fromBigEndian = (dst: number, size: 2 | 4 | 8) => make(0xdc, dst, 0, 0, size * 8);

/** `dst = *(src + off)`, zero-extended. */
export const load = (size: AccessSize, dst: number, src: number, off: number) =>
  make(0x61 | SIZE[size], dst, src, off);
/** `*(dst + off) = src` */
export const store = (size: AccessSize, dst: number, off: number, src: number) =>
  make(0x63 | SIZE[size], dst, src, off);
/** `*(dst + off) = imm` */
export const storeConstant = (size: AccessSize, dst: number, off: number, imm: number) =>
  make(0x62 | SIZE[size], dst, 0, off, imm);

/** Jumps' distances are filled in by the assembler. */
export const jump = () => make(JA);
export const jump32 = (name: JumpName, dst: number, imm: number) => make(0x06 | JUMP[name], dst, 0, 0, imm);
export const jump32Register = (name: JumpName, dst: number, src: number) =>
  make(0x06 | FROM_REGISTER | JUMP[name], dst, src);
/** `imm` is sign-extended to 64 bits. */
export const jump64 = (name: JumpName, dst: number, imm: number) => make(0x05 | JUMP[name], dst, 0, 0, imm);
export const jump64Register = (name: JumpName, dst: number, src: number) =>
  make(0x05 | FROM_REGISTER | JUMP[name], dst, src);

/** Numbers of include/uapi/linux/bpf.h. */
export const Helper = { probeReadKernel: 113 } as const;
export const call = (helper: number) => make(CALL, 0, 0, 0, helper);
/** In `src` of a call: of a function of the program, not of a helper (BPF_PSEUDO_CALL). */
const FUNCTION = 1;
const KERNEL_FUNCTION = 2;
/** A call of the function that the linker puts in: −1 is what it adds the distance to. */
export const callExternal = () => make(CALL, 0, FUNCTION, 0, -1);
export const isExternalCall = ({ code, src }: Instruction) => code === CALL && src === FUNCTION;
/** A call of a kernel function by its BTF id (BPF_PSEUDO_KFUNC_CALL). */
export const callKernel = (function_: number) => make(CALL, 0, KERNEL_FUNCTION, 0, function_);
export const exit = () => make(EXIT);

/** Where an instruction at `index` may jump to; undefined when it is no jump. */
export function jumpsTo({ code, off }: Instruction, index: number): number | undefined {
  const isJump = (code & 0x07) === 0x05 || (code & 0x07) === 0x06;
  return isJump && code !== CALL && code !== EXIT ? index + 1 + off : undefined;
}

/** Whether the next instruction may follow. */
export function fallsThrough({ code }: Instruction): boolean {
  return code !== JA && code !== EXIT;
}

/** The program as little-endian bytes. */
export function encode(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * INSTRUCTION_BYTES);
  const view = new DataView(bytes.buffer);
  instructions.forEach(({ code, dst, src, off, imm }, index) => {
    const at = index * INSTRUCTION_BYTES;
    view.setUint8(at, code);
    view.setUint8(at + 1, (src << 4) | dst);
    view.setInt16(at + 2, off, true);
    view.setUint32(at + 4, imm, true);
  });
  return bytes;
}
