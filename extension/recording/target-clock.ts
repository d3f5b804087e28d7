import type { Hello } from '../../common/protocol.ts';

/**
 * A time of the target in milliseconds since the epoch, by its own clock, to the microsecond.
 * @param monotonic CLOCK_MONOTONIC in nanoseconds
 */
export function wallClockOf(monotonic: bigint, hello: Pick<Hello, 'realtimeOffset'>): number {
  return Number((monotonic + BigInt(hello.realtimeOffset)) / 1000n) / 1000;
}
