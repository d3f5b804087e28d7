/**
 * Tracing-multi links (BPF_TRACE_FENTRY_MULTI, since Linux 7.2 on x86-64): one program on the entries of many functions,
 * which are named by their types. Those of a module want a program that was loaded for the module's types. libbpf 1.4
 * knows nothing of them.
 */
import { constants } from 'node:os';
import { libbpf, LibbpfError, type BpfProgram } from './libbpf.ts';
import { bpf, close } from './libc.ts';
import { koffi, type Pointer } from './native.ts';

/** enum bpf_attach_type */
const BPF_TRACE_FENTRY_MULTI = 59;
/** enum bpf_prog_type */
const BPF_PROG_TYPE_TRACING = 26;
/** enum bpf_cmd */
const BPF_LINK_CREATE = 28;
const INSTRUCTION_BYTES = 8;
/** sizeof(struct bpf_btf_info) */
const BTF_INFO_BYTES = 32;
const NAME_BYTES = 64;

interface Api {
  bpf_program__set_type(program: BpfProgram, type: number): number;
  bpf_program__set_expected_attach_type(program: BpfProgram, type: number): number;
  bpf_program__insns(program: BpfProgram): Pointer;
  bpf_program__insn_cnt(program: BpfProgram): number;
  bpf_prog_load(
    type: number,
    name: string,
    license: string,
    instructions: Uint8Array,
    count: number,
    options: Uint8Array,
  ): number;
  bpf_btf_get_next_id(id: number, next: Uint32Array): number;
  bpf_btf_get_fd_by_id(id: number): number;
  bpf_obj_get_info_by_fd(fd: number, info: Uint8Array, bytes: Uint32Array): number;
}

let bound: Api | undefined;

function api(): Api {
  const library = libbpf();
  bound ??= {
    bpf_program__set_type: library.func('int bpf_program__set_type(void *, int)'),
    bpf_program__set_expected_attach_type: library.func(
      'int bpf_program__set_expected_attach_type(void *, int)',
    ),
    bpf_program__insns: library.func('void *bpf_program__insns(void *)'),
    bpf_program__insn_cnt: library.func('size_t bpf_program__insn_cnt(void *)'),
    bpf_prog_load: library.func('int bpf_prog_load(int, str, str, void *, size_t, void *)'),
    bpf_btf_get_next_id: library.func('int bpf_btf_get_next_id(uint32_t, _Out_ uint32_t *)'),
    bpf_btf_get_fd_by_id: library.func('int bpf_btf_get_fd_by_id(uint32_t)'),
    bpf_obj_get_info_by_fd: library.func(
      'int bpf_obj_get_info_by_fd(int, _Inout_ uint8_t *, _Inout_ uint32_t *)',
    ),
  };
  return bound;
}

/** Of a program that is not loaded yet: it is for functions of vmlinux, or to be gone on in by such a program. */
export function setFentryMulti(program: BpfProgram): void {
  for (const result of [
    api().bpf_program__set_type(program, BPF_PROG_TYPE_TRACING),
    api().bpf_program__set_expected_attach_type(program, BPF_TRACE_FENTRY_MULTI),
  ])
    if (result < 0) throw new LibbpfError('set the type of a program', -result);
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
  return loadTracing(name, instructions, btfFd);
}

function loadTracing(name: string, instructions: Uint8Array, btfFd: number): number {
  const options = new Uint8Array(48); // struct bpf_prog_load_opts to the end of attach_btf_obj_fd
  const view = new DataView(options.buffer);
  view.setBigUint64(0, BigInt(options.length), true); // sz
  view.setUint32(12, BPF_TRACE_FENTRY_MULTI, true); // expected_attach_type
  view.setUint32(40, btfFd, true); // attach_btf_obj_fd
  const count = instructions.length / INSTRUCTION_BYTES;
  const fd = api().bpf_prog_load(BPF_PROG_TYPE_TRACING, name, 'GPL', instructions, count, options);
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
  const link = createLink(program, ids);
  if (link < 0) throw new LibbpfError(`attach to ${ids.length} functions`, -link);
  return link;
}

function createLink(program: number, ids: Uint32Array): number {
  const attributes = new Uint8Array(40); // union bpf_attr to the end of link_create.tracing_multi
  const view = new DataView(attributes.buffer);
  view.setUint32(0, program, true);
  view.setUint32(8, BPF_TRACE_FENTRY_MULTI, true);
  view.setBigUint64(16, koffi().address(ids), true);
  view.setUint32(32, ids.length, true);
  return bpf(BPF_LINK_CREATE, attributes);
}

/**
 * Asks the kernel for a link on no function.
 * @returns the error number: EINVAL where the kernel knows such links; another where it does not
 */
export function tryFentryMulti(): number {
  const instructions = Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0); // r0 = 0; exit
  let program: number;
  try {
    program = loadTracing('probe', instructions, 0);
  } catch {
    return constants.errno.EOPNOTSUPP;
  }
  try {
    const link = createLink(program, Uint32Array.of(0));
    if (link >= 0) close(link);
    return Math.max(-link, 0);
  } finally {
    close(program);
  }
}

/** The types of modules by the modules' names, as descriptors that the caller closes. */
export function openModuleBtf(names: ReadonlySet<string>): Map<string, number> {
  const found = new Map<string, number>();
  const next = new Uint32Array(1);
  for (let id = 0; api().bpf_btf_get_next_id(id, next) === 0;) {
    id = next[0] ?? 0;
    const fd = api().bpf_btf_get_fd_by_id(id);
    if (fd < 0) continue; // it is gone
    const name = kernelBtfName(fd);
    if (name !== undefined && names.has(name) && !found.has(name)) found.set(name, fd);
    else close(fd);
  }
  return found;
}

/** Undefined: it is not the kernel's. */
function kernelBtfName(fd: number): string | undefined {
  const info = Buffer.alloc(BTF_INFO_BYTES);
  const name = Buffer.alloc(NAME_BYTES);
  info.writeBigUInt64LE(koffi().address(name), 16);
  info.writeUInt32LE(name.length, 24);
  if (api().bpf_obj_get_info_by_fd(fd, info, Uint32Array.of(info.length)) < 0) return undefined;
  if (info.readUInt32LE(28) === 0) return undefined; // kernel_btf
  return name.toString('latin1').replace(/\0.*$/s, '');
}
