/** The BPF programs of all the machine, by bpf(2) through libbpf. */
import { nextId, readInfo, withId } from './by-id.ts';
import { libbpf, type BpfLink, type BpfProgram, LibbpfError } from './libbpf.ts';
import { lastErrno } from './libc.ts';
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

interface Api {
  bpf_program__set_attach_target(program: BpfProgram, fd: number, name: string): number;
  bpf_program__attach_trace(program: BpfProgram): BpfLink | null;
}

let bound: Api | undefined;

function api(): Api {
  const library = libbpf();
  bound ??= {
    bpf_program__set_attach_target: library.func('int bpf_program__set_attach_target(void *, int, str)'),
    bpf_program__attach_trace: library.func('void *bpf_program__attach_trace(void *)'),
  };
  return bound;
}

/** The number of the next program of this machine; undefined: there is none. */
export const nextProgram = (after: number): number | undefined => nextId('prog', after);

/** What is made of an open program; undefined: it is gone. */
export const withProgram = <T>(id: number, use: (fd: number) => T): T | undefined => withId('prog', id, use);

export function programInfo(fd: number): ProgramInfo | undefined {
  const info = Buffer.alloc(PROGRAM_INFO_BYTES);
  const first = new Uint8Array(FUNCTION_INFO_BYTES); // struct bpf_func_info: offset, type id
  info.writeUInt32LE(FUNCTION_INFO_BYTES, 132); // func_info_rec_size
  info.writeBigUInt64LE(koffi().address(first), 136); // func_info
  info.writeUInt32LE(1, 144); // nr_func_info
  if (!readInfo(fd, info)) return undefined;
  return {
    type: info.readUInt32LE(0),
    id: info.readUInt32LE(4),
    isCompiled: info.readUInt32LE(16) > 0,
    name: info.toString('latin1', 64, 80).replace(/\0.*$/s, ''),
    btfId: info.readUInt32LE(128),
    entryType: info.readUInt32LE(144) === 0 ? 0 : new DataView(first.buffer).getUint32(4, true),
  };
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
