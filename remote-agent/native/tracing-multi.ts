/**
 * Tracing-multi links (BPF_TRACE_FENTRY_MULTI, since Linux 7.2 on x86-64): one program on the entries of many functions,
 * which are named by their types. Those of a module want a program that was loaded for the module's types. libbpf 1.4
 * knows nothing of them.
 */
import { libbpf, LibbpfError, setExpectedAttachType, type BpfProgram } from './libbpf.ts';
import { bpf } from './libc.ts';
import { BPF_PROG_TYPE_TRACING, INSTRUCTION_BYTES, loadInstructions } from './load-program.ts';
import { koffi, type Pointer } from './native.ts';

/** enum bpf_attach_type */
export const BPF_TRACE_FENTRY_MULTI = 59;
/** enum bpf_cmd */
const BPF_LINK_CREATE = 28;

interface Api {
  bpf_program__set_type(program: BpfProgram, type: number): number;
  bpf_program__insns(program: BpfProgram): Pointer;
  bpf_program__insn_cnt(program: BpfProgram): number;
}

let bound: Api | undefined;

function api(): Api {
  const library = libbpf();
  bound ??= {
    bpf_program__set_type: library.func('int bpf_program__set_type(void *, int)'),
    bpf_program__insns: library.func('void *bpf_program__insns(void *)'),
    bpf_program__insn_cnt: library.func('size_t bpf_program__insn_cnt(void *)'),
  };
  return bound;
}

/** Of a program that is not loaded yet: it is for functions of vmlinux, or to be gone on in by such a program. */
export function setFentryMulti(program: BpfProgram): void {
  const result = api().bpf_program__set_type(program, BPF_PROG_TYPE_TRACING);
  if (result < 0) throw new LibbpfError('set the type of a program', -result);
  setExpectedAttachType(program, BPF_TRACE_FENTRY_MULTI);
}

/**
 * Loads a loaded program once more. It must call no function of its object.
 * @param btfFd types of a module, for whose functions it is; 0: for those of vmlinux
 * @returns a descriptor, which the caller closes
 */
export function loadAgain(program: BpfProgram, name: string, btfFd: number): number {
  const count = api().bpf_program__insn_cnt(program);
  const instructions = new Uint8Array(
    koffi().view(api().bpf_program__insns(program), count * INSTRUCTION_BYTES),
  );
  const type = BPF_PROG_TYPE_TRACING;
  const fd = loadInstructions({ type, attachType: BPF_TRACE_FENTRY_MULTI, instructions, name, btfFd });
  if (fd < 0) throw new LibbpfError(`load program ${name}`, -fd);
  return fd;
}

/**
 * All or none.
 * @param program descriptor
 * @param ids of the functions' types
 * @returns a descriptor; to close it detaches
 */
export function attachFentryMulti(program: number, ids: Uint32Array): number {
  const attributes = new Uint8Array(40); // union bpf_attr to the end of link_create.tracing_multi
  const view = new DataView(attributes.buffer);
  view.setUint32(0, program, true);
  view.setUint32(8, BPF_TRACE_FENTRY_MULTI, true);
  view.setBigUint64(16, koffi().address(ids), true);
  view.setUint32(32, ids.length, true);
  const link = bpf(BPF_LINK_CREATE, attributes);
  if (link < 0) throw new LibbpfError(`attach to ${ids.length} functions`, -link);
  return link;
}
