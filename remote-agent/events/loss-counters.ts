/** `struct cpu_loss loss[]` of bpf/events/loss.h: how many events found the ring buffer full. */
import { readFileSync } from 'node:fs';
import { CpuLossLayout, LossLimit } from '../../common/layouts.ts';
import { mapShared } from '../native/libc.ts';

const TWO_32 = 2 ** 32;
const POSSIBLE = '/sys/devices/system/cpu/possible';

export interface LossCounters {
  /** Sum over all CPUs since the programs were loaded. */
  total(): number;
  unmap: () => void;
}

export function mapLossCounters(fd: number): LossCounters {
  const mapping = mapShared(fd, 0, LossLimit.LossCpus * CpuLossLayout.bytes, false);
  const cpus = Math.min(possibleCpus(readFileSync(POSSIBLE, 'latin1')), LossLimit.LossCpus);
  const words = new Uint32Array(mapping.buffer, 0, (cpus * CpuLossLayout.bytes) / 4);
  return { total: () => sumLoss(words), unmap: mapping.unmap };
}

export function sumLoss(words: Uint32Array): number {
  let total = 0;
  for (let at = CpuLossLayout.total / 4; at < words.length; at += CpuLossLayout.bytes / 4)
    total += (words[at] ?? 0) + (words[at + 1] ?? 0) * TWO_32;
  return total;
}

/** @param list CPUs that the kernel has room for, such as `0-3` or `0,2-5`; one more than the highest number */
export function possibleCpus(list: string): number {
  return Math.max(...list.trim().split(/[,-]/).map(Number)) + 1;
}
