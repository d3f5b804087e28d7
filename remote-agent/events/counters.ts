/** `struct counters` of bpf/events/counters.h: what did not become an event. */
import { CounterLimit, CpuCountersLayout } from '../../common/layouts.ts';
import { possibleCpus } from '../kernel/cpus.ts';
import { mapShared } from '../native/libc.ts';

/** Sums over all CPUs since the programs were loaded. */
export interface CounterTotals {
  /** Events that found the ring buffer full. */
  lost: number;
  /** Packets that matched and could not be followed. */
  untracked: number;
}

export interface Counters {
  totals(): CounterTotals;
  unmap: () => void;
}

const WORDS = CpuCountersLayout.bytes / 4;
const TWO_32 = 2 ** 32;

export function mapCounters(fd: number): Counters {
  const mapping = mapShared(fd, 0, CounterLimit.CounterCpus * CpuCountersLayout.bytes, false);
  const cpus = Math.min(possibleCpus(), CounterLimit.CounterCpus);
  const words = new Uint32Array(mapping.buffer, 0, cpus * WORDS);
  return { totals: () => sumCounters(words), unmap: mapping.unmap };
}

export function sumCounters(words: Uint32Array): CounterTotals {
  const totals = { lost: 0, untracked: 0 };
  const read = (at: number) => (words[at] ?? 0) + (words[at + 1] ?? 0) * TWO_32;
  for (let at = 0; at < words.length; at += WORDS) {
    totals.lost += read(at + CpuCountersLayout.lost / 4);
    totals.untracked += read(at + CpuCountersLayout.untracked / 4);
  }
  return totals;
}
