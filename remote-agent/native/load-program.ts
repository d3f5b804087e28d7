/** Programs that are loaded from their instructions, without an object file. */
import { libbpf } from './libbpf.ts';

/** enum bpf_prog_type */
export const BPF_PROG_TYPE_KPROBE = 2;
export const BPF_PROG_TYPE_TRACING = 26;

/** Of one instruction that is no 64-bit immediate; those count as two. */
export const INSTRUCTION_BYTES = 8;
/** r0 = 0; exit */
export const EMPTY_PROGRAM = Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);

/** struct bpf_prog_load_opts to the end of attach_btf_obj_fd. */
const LOAD_OPTS_BYTES = 48;

interface Load {
  /** enum bpf_prog_type */
  type: number;
  /** enum bpf_attach_type; 0: none is expected. */
  attachType?: number;
  /** Encoded. */
  instructions: Uint8Array;
  /** At most 15 characters. */
  name?: string;
  /** Types of the module for whose functions it is; 0: it is for vmlinux. */
  btfFd?: number;
}

type BpfProgLoad = (
  type: number,
  name: string,
  license: string,
  instructions: Uint8Array,
  count: number,
  options: Uint8Array,
) => number;

let bound: BpfProgLoad | undefined;

/** @returns a descriptor that the caller closes, or a negative error number */
export function loadInstructions({
  type,
  attachType = 0,
  instructions,
  name = 'probe',
  btfFd = 0,
}: Load): number {
  bound ??= libbpf().func('int bpf_prog_load(int, str, str, void *, size_t, void *)') as BpfProgLoad;
  const options = new Uint8Array(LOAD_OPTS_BYTES);
  const view = new DataView(options.buffer);
  view.setBigUint64(0, BigInt(options.length), true); // sz
  view.setUint32(12, attachType, true); // expected_attach_type
  view.setUint32(40, btfFd, true); // attach_btf_obj_fd
  return bound(type, name, 'GPL', instructions, instructions.length / INSTRUCTION_BYTES, options);
}
