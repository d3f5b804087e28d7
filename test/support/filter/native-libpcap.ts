/** The machine's own libpcap, called through koffi, as the judge of ours. */
import koffi from 'koffi';
import { ensureInstalled } from '../../../build/packages/debian.ts';
import type { LinkType } from '../../../extension/filter/libpcap/compile.ts';
import type { CbpfInstruction } from '../../../common/protocol.ts';

export interface NativeLibpcap {
  version: string;
  compile(
    text: string,
    link: LinkType,
    optimize: boolean,
  ): { ok: true; instructions: CbpfInstruction[] } | { ok: false; message: string };
  /** Numbers of the packets of a capture file that a filter matches, from 1. */
  matchFile(path: string, text: string): number[];
  /** bpf_filter(): what the program returns for a packet of which `bytes` were captured. */
  runner(program: readonly CbpfInstruction[]): (bytes: Uint8Array, length: number) => number;
  /** bpf_image: one instruction as `tcpdump -d` prints it. */
  image(instruction: CbpfInstruction, index: number): string;
}

const linkTypeNumbers: Record<LinkType, number> = { EN10MB: 1, RAW: 12 };
const PCAP_NETMASK_UNKNOWN = 0xffffffff;
const SNAPLEN = 262144;

export async function loadNativeLibpcap(): Promise<NativeLibpcap> {
  await ensureInstalled(['libpcap0.8', 'netbase']);
  const library = koffi.load('libpcap.so.0.8');
  koffi.struct('bpf_program', { bf_len: 'uint32', bf_insns: 'void *' });
  const version = library.func('const char *pcap_lib_version()') as () => string;
  const open = library.func('void *pcap_open_dead(int, int)');
  const close = library.func('void pcap_close(void *)');
  const error = library.func('const char *pcap_geterr(void *)') as (handle: unknown) => string;
  const compile = library.func(
    'int pcap_compile(void *, _Out_ bpf_program *, const char *, int, uint32)',
  ) as (...values: unknown[]) => number;
  const filter = library.func('uint32 bpf_filter(void *, void *, uint32, uint32)') as (
    ...values: unknown[]
  ) => number;
  const free = library.func('void pcap_freecode(bpf_program *)');
  const openFile = library.func('void *pcap_open_offline(const char *, void *)') as (
    path: string,
    error: Uint8Array,
  ) => unknown;
  const next = library.func('int pcap_next_ex(void *, _Out_ void **, _Out_ void **)') as (
    ...values: unknown[]
  ) => number;
  const matches = library.func('int pcap_offline_filter(bpf_program *, void *, void *)') as (
    ...values: unknown[]
  ) => number;
  const image = library.func('const char *bpf_image(const uint8 *, int)') as (
    instruction: Uint8Array,
    index: number,
  ) => string;
  return {
    version: version(),
    image(instruction, index) {
      return image(encodeProgram([instruction]), index);
    },
    runner(program) {
      const code = encodeProgram(program);
      return (bytes, length) => filter(code, bytes, length, bytes.length);
    },
    compile(text, link, optimize) {
      const handle: unknown = open(linkTypeNumbers[link], SNAPLEN);
      try {
        const program = { bf_len: 0, bf_insns: null };
        if (compile(handle, program, text, optimize ? 1 : 0, PCAP_NETMASK_UNKNOWN) !== 0)
          return { ok: false, message: error(handle) };
        const bytes = new DataView(koffi.view(program.bf_insns, program.bf_len * 8).slice(0));
        free(program);
        const instructions = Array.from({ length: program.bf_len }, (_, index) => {
          const at = index * 8;
          return [
            bytes.getUint16(at, true),
            bytes.getUint8(at + 2),
            bytes.getUint8(at + 3),
            bytes.getUint32(at + 4, true),
          ] as const;
        });
        return { ok: true, instructions };
      } finally {
        close(handle);
      }
    },
    matchFile(path, text) {
      const handle = openFile(path, new Uint8Array(256));
      try {
        const program = { bf_len: 0, bf_insns: null };
        if (compile(handle, program, text, 1, PCAP_NETMASK_UNKNOWN) !== 0) throw new Error(error(handle));
        const numbers: number[] = [];
        const [header, data] = [[null], [null]];
        for (let number = 1; next(handle, header, data) === 1; number++)
          if (matches(program, header[0], data[0]) !== 0) numbers.push(number);
        free(program);
        return numbers;
      } finally {
        close(handle);
      }
    },
  };
}

/** struct bpf_insn: u16 code, u8 jt, u8 jf, u32 k, little-endian. */
function encodeProgram(program: readonly CbpfInstruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach(([code, jt, jf, k], index) => {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jt);
    view.setUint8(index * 8 + 3, jf);
    view.setUint32(index * 8 + 4, k, true);
  });
  return bytes;
}
