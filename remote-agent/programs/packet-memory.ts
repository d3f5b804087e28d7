import type { DirectReads } from '../../common/bpf/direct-reads.ts';
import type { PageVariables } from '../kernel/page-variables.ts';

/** How programs reach the bytes of packets in the running kernel. */
export interface PacketMemory {
  /** For those in page fragments. */
  pages: PageVariables;
  /** Undefined: each read is a call of bpf_probe_read_kernel. */
  directReads: DirectReads | undefined;
}
