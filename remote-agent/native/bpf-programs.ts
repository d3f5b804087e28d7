/** The BPF programs of all the machine, by bpf(2) through libbpf. */
import { libbpf, type BpfLink, type BpfProgram, LibbpfError } from './libbpf.ts';
import { close, lastErrno } from './libc.ts';
import { koffi } from './native.ts';

/** What of `struct bpf_prog_info` is read. */
export interface ProgramInfo {
  id: number;
  /** enum bpf_prog_type */
  type: number;
  /** At most 15 characters of it. */
  name: string;
  /** It is machine code; one that is interpreted cannot be traced. */
  isCompiled: boolean;
  /** Of its types; 0: it has none. */
  btfId: number;
  /** The type in there of the function that it begins in; 0: not known. */
  entryType: number;
}

/** sizeof(struct bpf_prog_info) to the end of prog_tags. */
const PROGRAM_INFO_BYTES = 192;
const FUNCTION_INFO_BYTES = 8;
/** sizeof(struct bpf_btf_info) to the end of id. */
const BTF_INFO_BYTES = 16;
/** More than any program has. */
const BTF_LIMIT_BYTES = 1 << 26;

interface Api {
  bpf_prog_get_next_id(id: number, next: Uint32Array): number;
  bpf_prog_get_fd_by_id(id: number): number;
  bpf_btf_get_fd_by_id(id: number): number;
  bpf_obj_get_info_by_fd(fd: number, info: Uint8Array, bytes: Uint32Array): number;
  bpf_program__set_attach_target(program: BpfProgram, fd: number, name: string): number;
  bpf_program__attach_trace(program: BpfProgram): BpfLink | null;
}

let bound: Api | undefined;

function api(): Api {
  const library = libbpf();
  bound ??= {
    bpf_prog_get_next_id: library.func('int bpf_prog_get_next_id(uint32_t, _Out_ uint32_t *)'),
    bpf_prog_get_fd_by_id: library.func('int bpf_prog_get_fd_by_id(uint32_t)'),
    bpf_btf_get_fd_by_id: library.func('int bpf_btf_get_fd_by_id(uint32_t)'),
    bpf_obj_get_info_by_fd: library.func(
      'int bpf_obj_get_info_by_fd(int, _Inout_ uint8_t *, _Inout_ uint32_t *)',
    ),
    bpf_program__set_attach_target: library.func('int bpf_program__set_attach_target(void *, int, str)'),
    bpf_program__attach_trace: library.func('void *bpf_program__attach_trace(void *)'),
  };
  return bound;
}

/** The number of the next program of this machine; undefined: there is none. */
export function nextProgram(after: number): number | undefined {
  const next = new Uint32Array(1);
  return api().bpf_prog_get_next_id(after, next) === 0 ? next[0] : undefined;
}

/** What is made of an open program; undefined: it is gone. */
export function withProgram<T>(id: number, use: (fd: number) => T): T | undefined {
  const fd = api().bpf_prog_get_fd_by_id(id);
  if (fd < 0) return undefined;
  try {
    return use(fd);
  } finally {
    close(fd);
  }
}

export function programInfo(fd: number): ProgramInfo | undefined {
  const info = Buffer.alloc(PROGRAM_INFO_BYTES);
  const first = new Uint8Array(FUNCTION_INFO_BYTES); // struct bpf_func_info: offset, type id
  info.writeUInt32LE(FUNCTION_INFO_BYTES, 132); // func_info_rec_size
  info.writeBigUInt64LE(koffi().address(first), 136); // func_info
  info.writeUInt32LE(1, 144); // nr_func_info
  if (api().bpf_obj_get_info_by_fd(fd, info, Uint32Array.of(info.length)) < 0) return undefined;
  return {
    type: info.readUInt32LE(0),
    id: info.readUInt32LE(4),
    isCompiled: info.readUInt32LE(16) > 0,
    name: info.toString('latin1', 64, 80).replace(/\0.*$/s, ''),
    btfId: info.readUInt32LE(128),
    entryType: info.readUInt32LE(144) === 0 ? 0 : new DataView(first.buffer).getUint32(4, true),
  };
}

/** The types of a program (BTF) by their number; undefined: they cannot be read. */
export function readBtf(id: number): Uint8Array | undefined {
  const fd = api().bpf_btf_get_fd_by_id(id);
  if (fd < 0) return undefined;
  try {
    const bytes = btfInfo(fd, new Uint8Array());
    if (bytes === undefined || bytes > BTF_LIMIT_BYTES) return undefined;
    const types = new Uint8Array(bytes);
    return btfInfo(fd, types) === bytes ? types : undefined;
  } finally {
    close(fd);
  }
}

/** Fills in as much as there is room for. @returns how much there is */
function btfInfo(fd: number, types: Uint8Array): number | undefined {
  const info = Buffer.alloc(BTF_INFO_BYTES);
  if (types.length > 0) info.writeBigUInt64LE(koffi().address(types), 0);
  info.writeUInt32LE(types.length, 8);
  const result = api().bpf_obj_get_info_by_fd(fd, info, Uint32Array.of(info.length));
  return result < 0 ? undefined : info.readUInt32LE(8);
}

/** Of a fentry or fexit program that is not loaded yet: what it will be attached to, a function of another program. */
export function setTracedProgram(program: BpfProgram, fd: number, entry: string): void {
  const result = api().bpf_program__set_attach_target(program, fd, entry);
  if (result < 0) throw new LibbpfError(`find function ${entry} of a BPF program`, -result);
}

/** Attaches a loaded fentry or fexit program to what it was loaded for. */
export function attachTracing(program: BpfProgram): BpfLink {
  const link = api().bpf_program__attach_trace(program);
  if (link === null) throw new LibbpfError('attach to a BPF program', lastErrno());
  return link;
}
