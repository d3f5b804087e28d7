/** `struct cpu_loss loss[]` of bpf/loss.h: how many events found the ring buffer full. */
import { mapShared } from './libc.ts';

const CPUS = 1024;
const BYTES_PER_CPU = 64;
/** The total is a u64 at the start of each CPU's part. */
const TWO_32 = 2 ** 32;

export interface LossCounters {
  /** Sum over all CPUs since the programs were loaded. */
  total(): number;
  unmap: () => void;
}

export function mapLossCounters(fd: number): LossCounters {
  const mapping = mapShared(fd, 0, CPUS * BYTES_PER_CPU, false);
  const words = new Uint32Array(mapping.buffer);
  return { total: () => sumLoss(words), unmap: mapping.unmap };
}

export function sumLoss(words: Uint32Array): number {
  let total = 0;
  for (let at = 0; at < words.length; at += BYTES_PER_CPU / 4)
    total += (words[at] ?? 0) + (words[at + 1] ?? 0) * TWO_32;
  return total;
}
