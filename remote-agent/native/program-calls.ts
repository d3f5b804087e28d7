/** Which functions of the kernel a BPF program calls, by its instructions as the verifier left them. */
import { readInfo } from './by-id.ts';
import { koffi } from './native.ts';

/** sizeof(struct bpf_prog_info) to the end of xlated_prog_insns. */
const PROGRAM_INFO_BYTES = 40;
/** Of instructions; the kernel takes a million of 8 bytes. */
const CODE_LIMIT_BYTES = 1 << 24;
const INSTRUCTION_BYTES = 8;
/** BPF_JMP | BPF_CALL; with BPF_PSEUDO_CALL as source it is a function of the program itself. */
const CALL = 0x85;
const PSEUDO_CALL = 1;

/**
 * By the functions' distances in bytes from `__bpf_call_base` (kernel/bpf/core.c); undefined: its instructions cannot
 * be read.
 */
export function programCalls(fd: number): number[] | undefined {
  const length = readCode(fd, new Uint8Array());
  if (length === undefined || length > CODE_LIMIT_BYTES) return undefined;
  const code = Buffer.alloc(length);
  return readCode(fd, code) === length ? callsOf(code) : undefined;
}

/** @param code instructions */
export function callsOf(code: Buffer): number[] {
  const calls: number[] = [];
  for (let at = 0; at + INSTRUCTION_BYTES <= code.length; at += INSTRUCTION_BYTES) {
    const source = code.readUInt8(at + 1) >>> 4;
    if (code[at] === CALL && source !== PSEUDO_CALL) calls.push(code.readInt32LE(at + 4));
  }
  return calls;
}

/** Fills in as far as there is room. @returns how many bytes there are */
function readCode(fd: number, code: Uint8Array): number | undefined {
  const info = Buffer.alloc(PROGRAM_INFO_BYTES);
  info.writeUInt32LE(code.length, 20); // xlated_prog_len
  if (code.length > 0) info.writeBigUInt64LE(koffi().address(code), 32); // xlated_prog_insns
  return readInfo(fd, info) ? info.readUInt32LE(20) : undefined;
}
