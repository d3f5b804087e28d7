import { readText } from './read-file.ts';

const MB = 2 ** 20;
/** 200,000 events of the common size. Mapped, it counts as memory of this process too. */
const RING_MAX = 8 * MB;
const RING_MIN = MB;
/** The ring buffer is never swapped out: no more than this share of what the machine has to spare. */
const SHARE = 32;

/** How large a trace's ring buffer is where nobody says it: a power of two. */
export function ringBufferBytes(
  meminfo = readText('/proc/meminfo') ?? '',
  /** Of our control group, which the buffer counts for; a huge number or nothing: it has none. */
  limit: number | undefined = process.constrainedMemory(),
): number {
  const kilobytes = /^MemAvailable:\s*(\d+) kB$/m.exec(meminfo)?.[1];
  const available = kilobytes === undefined ? Infinity : Number(kilobytes) * 1024;
  const share = Math.min(available, limit || Infinity) / SHARE;
  let bytes = RING_MAX;
  while (bytes > RING_MIN && bytes > share) bytes /= 2;
  return bytes;
}
