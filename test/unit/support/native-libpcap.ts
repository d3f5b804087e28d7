/** The machine's own libpcap, called through koffi, as the judge of ours. */
import koffi from 'koffi';
import { ensureInstalled } from '../../../build/debian.ts';
import type { LinkType } from '../../../extension/filter/compile.ts';
import type { CbpfInstruction } from '../../../remote-agent/protocol.ts';

export interface NativeLibpcap {
  version: string;
  compile(
    text: string,
    link: LinkType,
    optimize: boolean,
  ): { ok: true; instructions: CbpfInstruction[] } | { ok: false; message: string };
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
  const free = library.func('void pcap_freecode(bpf_program *)');
  return {
    version: version(),
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
  };
}
