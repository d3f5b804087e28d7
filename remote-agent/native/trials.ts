/** What the kernel can do, found by asking it. Each answers with an error number. */
import { constants } from 'node:os';
import { BPF_TRACE_KPROBE_MULTI, libbpf, LibbpfError } from './libbpf.ts';
import { close } from './libc.ts';
import {
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_TRACING,
  EMPTY_PROGRAM,
  loadInstructions,
} from './load-program.ts';
import { koffi } from './native.ts';
import { attachFentryMulti, BPF_TRACE_FENTRY_MULTI } from './tracing-multi.ts';

type BpfLinkCreate = (programFd: number, targetFd: number, type: number, options: Uint8Array) => number;

let linkCreate: BpfLinkCreate | undefined;

/**
 * Has a kprobe program verified and loaded, and forgets it.
 * @param instructions encoded
 * @returns 0 where that worked
 */
export function tryKprobeProgram(instructions: Uint8Array): number {
  const program = loadInstructions({ type: BPF_PROG_TYPE_KPROBE, instructions });
  if (program < 0) return -program;
  close(program);
  return 0;
}

/**
 * Asks for a kprobe.multi link on a function that does not exist.
 * @returns ESRCH where the kernel knows such links and looked for the function
 */
export function tryKprobeMulti(): number {
  const attachType = BPF_TRACE_KPROBE_MULTI;
  const program = loadInstructions({ type: BPF_PROG_TYPE_KPROBE, attachType, instructions: EMPTY_PROGRAM });
  if (program < 0) return -program;
  try {
    linkCreate ??= libbpf().func('int bpf_link_create(int, int, int, void *)') as BpfLinkCreate;
    const name = Buffer.from('no_function_has_this_name\0');
    const names = BigUint64Array.of(koffi().address(name));
    const options = new Uint8Array(64); // struct bpf_link_create_opts to the end of kprobe_multi
    const view = new DataView(options.buffer);
    view.setBigUint64(0, BigInt(options.length), true); // sz
    view.setUint32(36, names.length, true); // kprobe_multi.cnt
    view.setBigUint64(40, koffi().address(names), true); // kprobe_multi.syms
    const link = linkCreate(program, 0, attachType, options);
    if (link >= 0) close(link);
    return Math.max(-link, 0);
  } finally {
    close(program);
  }
}

/**
 * Asks for a tracing-multi link on no function.
 * @returns EINVAL where the kernel knows such links; another where it does not
 */
export function tryFentryMulti(): number {
  const program = loadInstructions({
    type: BPF_PROG_TYPE_TRACING,
    attachType: BPF_TRACE_FENTRY_MULTI,
    instructions: EMPTY_PROGRAM,
  });
  // An older kernel refuses the attach type itself, with EINVAL too.
  if (program < 0) return constants.errno.EOPNOTSUPP;
  try {
    close(attachFentryMulti(program, Uint32Array.of(0)));
    return 0;
  } catch (error) {
    if (error instanceof LibbpfError) return error.errno;
    throw error;
  } finally {
    close(program);
  }
}
