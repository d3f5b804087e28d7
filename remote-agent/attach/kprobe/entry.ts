/** Where in a function to put a kprobe so that it is cheap to arm and still sees the arguments. */

/**
 * On x86-64 a compiled function begins with ftrace's 5-byte no-op (a call while something traces it), on kernels
 * with indirect branch tracking after a 4-byte endbr64. A kprobe on that place goes through ftrace: ten
 * milliseconds to arm and more to disarm, each. Right behind it, nothing has touched the arguments yet, and the
 * kprobe is an int3 that all go away at once (arch/x86/kernel/kprobes/core.c).
 */
const FTRACE_CALL_BYTES = 5;
const ENDBR_BYTES = 4;

/** So many bytes from a function's address tell its offset. */
export const ENTRY_BYTES = ENDBR_BYTES + FTRACE_CALL_BYTES;

export interface Entry {
  /** Of the function's symbol. */
  address: bigint;
  /** Of ftrace's call, where the kernel tells. */
  location?: bigint;
}

/**
 * Offsets from a function's address to try in this order; the last one always is the address itself.
 * @param arch as in process.arch
 * @param bytes the function's first ENTRY_BYTES; undefined where kernel memory cannot be read
 */
export function kprobeOffsets(arch: string, entry: Entry, bytes: Uint8Array | undefined): number[] {
  // arm64's probes are an instruction replaced in place, the same everywhere.
  if (arch !== 'x64') return [0];
  if (entry.location !== undefined) return [Number(entry.location - entry.address) + FTRACE_CALL_BYTES, 0];
  // The kernel refuses an address that is not the start of an instruction, so 5 is never in the middle of one.
  if (bytes === undefined) return [FTRACE_CALL_BYTES, 0];
  if (isFtraceCall(bytes, 0)) return [FTRACE_CALL_BYTES, 0];
  if (isEndbr(bytes) && isFtraceCall(bytes, ENDBR_BYTES)) return [ENDBR_BYTES + FTRACE_CALL_BYTES, 0];
  return [0];
}

function isFtraceCall(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] === 0xe8) return true; // call rel32
  return (
    startsWith(bytes, at, [0x0f, 0x1f, 0x44, 0x00, 0x00]) ||
    startsWith(bytes, at, [0x66, 0x66, 0x66, 0x66, 0x90])
  );
}

/** endbr64, or what the kernel puts in its place where it is not needed (arch/x86/include/asm/ibt.h). */
function isEndbr(bytes: Uint8Array): boolean {
  return [
    [0xf3, 0x0f, 0x1e, 0xfa], // endbr64
    [0x66, 0x0f, 0x1f, 0x00], // osp nopl (%rax)
    [0x0f, 0x1f, 0x40, 0xd6], // nopl -42(%rax)
    [0x0f, 0x1f, 0x40, 0x00], // nopl 0(%rax)
  ].some((code) => startsWith(bytes, 0, code));
}

function startsWith(bytes: Uint8Array, at: number, code: readonly number[]): boolean {
  return code.every((byte, index) => bytes[at + index] === byte);
}
