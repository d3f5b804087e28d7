/**
 * A BPF program that holds packets and calls the linked filter on each, as the tracing programs do: with a
 * kernel address in place of a pointer. It runs by BPF_PROG_TEST_RUN and leaves its decisions at the start of `.bss`.
 */
import type { Link } from '../unit/support/cbpf-interpreter.ts';
import { compileBpf } from '../unit/support/libbpf-linker.ts';

/** Argument `link` of the filter functions in C. */
function linkWord({ packetType, ifindex }: Link): string {
  return `${packetType}ull << 32 | ${ifindex}`;
}

export interface FilterCall {
  side: 'l2' | 'l3';
  /** What is readable. */
  bytes: Uint8Array;
  /** The length on the wire. */
  length: number;
  link: Link;
}

export function compileHarness(calls: readonly FilterCall[]): Uint8Array {
  const longest = Math.max(...calls.map(({ bytes }) => bytes.length));
  const rows = calls.map(
    ({ side, bytes, length, link }) =>
      `{ ${side === 'l2' ? 1 : 0}, ${bytes.length}, ${length}, ${linkWord(link)}, { ${bytes.length === 0 ? 0 : bytes.join(',')} } },`,
  );
  return compileBpf(`
    typedef unsigned long long u64;
    extern int pcap_filter_l2(u64 data, u64 linear, u64 length, u64 link);
    extern int pcap_filter_l3(u64 data, u64 linear, u64 length, u64 link);

    /* The odd size gives packets every alignment. */
    struct __attribute__((packed)) call {
      unsigned char l2;
      unsigned int linear, length;
      u64 link;
      unsigned char bytes[${longest | 1}];
    };
    const volatile struct call calls[${calls.length}] = {
      ${rows.join('\n')}
    };
    volatile struct {
      unsigned char decisions[${calls.length}];
      /* The verifier takes what it reads from here for a number. */
      u64 address;
    } state;

    char LICENSE[] __attribute__((section("license"), used)) = "GPL";
    __attribute__((section("raw_tp"), used)) int run(void *context) {
      for (int i = 0; i < ${calls.length}; i++) {
        const volatile struct call *call = &calls[i];
        state.address = (u64)call->bytes;
        u64 address = state.address;
        state.decisions[i] = 0 != (call->l2 ? pcap_filter_l2(address, call->linear, call->length, call->link)
                                            : pcap_filter_l3(address, call->linear, call->length, call->link));
      }
      return 0;
    }`);
}
