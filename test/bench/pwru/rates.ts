/**
 * How many events a second a tool delivers before the first is lost: UDP packets at higher and higher rates, and at
 * each whether all that they make came through.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchGuest, ProgramAccount } from './bench-guest.ts';
import type { CpuTime, Delivered, Running } from './tool.ts';

/** Events a second; a step is half as much again, or a third. */
const RATES = [
  ...[
    300, 500, 750, 1000, 1500, 2000, 3000, 4000, 6000, 8000, 12_000, 16_000, 24_000, 32_000, 50_000, 75_000,
  ],
  ...[100_000, 150_000, 200_000, 300_000, 400_000, 600_000],
];
const QUICK_RATES = [500, 2000, 6000, 50_000, 150_000];
const STEP_SECONDS = 5;
const QUICK_SECONDS = 2;
/** Nothing came for so long: all has come. */
const QUIET_SECONDS = 1;
const QUIET_LIMIT_MS = 120_000;
/**
 * Of a tool that does not say what it lost so many may be missing without being a loss: at higher rates a packet passes
 * fewer functions, since its receiver need not be woken.
 */
const TOLERANCE = 0.05;
/** A load that sends less than this share of what was asked for is at its own limit. */
const OFFERED_SHARE = 0.8;

/** One rate. */
export interface Step {
  /** Events a second that the packets made. */
  offered: number;
  /** Events a second until the last had come. */
  rate: number;
  expected: number;
  delivered: number;
  /** Hits that the kernel passed over, of all programs of the tool. */
  missed: number;
  isLossless: boolean;
  cpu: CpuTime;
}

/** Mean events of a packet, at a rate that loses nothing. */
export async function eventsOfPacket(guest: BenchGuest, running: Running): Promise<number> {
  await guest.udp(10, 1); // warms
  const before = (await settled(running)).events;
  const { count } = await guest.udp(15, 6);
  return ((await settled(running)).events - before) / count;
}

/** @param rate events a second */
export async function step(
  guest: BenchGuest,
  running: Running,
  perPacket: number,
  rate: number,
  seconds = STEP_SECONDS,
): Promise<Step> {
  const [before, missedBefore, cpuBefore] = [
    await settled(running),
    missedHits(await guest.programs()),
    await running.cpu(),
  ];
  const { count, seconds: took } = await guest.udp(rate / perPacket, seconds);
  const loadEnd = performance.now();
  const after = await settled(running);
  const last = performance.now() - after.quietFor * 1000;
  const cpu = await running.cpu();
  const expected = count * perPacket;
  const delivered = after.events - before.events;
  const missed = missedHits(await guest.programs()) - missedBefore;
  const isWhole = delivered + missed >= expected * (1 - TOLERANCE);
  return {
    offered: expected / took,
    rate: delivered / (took + Math.max(0, last - loadEnd) / 1000),
    expected,
    delivered,
    missed,
    isLossless: after.lost === before.lost && (running.tellsLoss || isWhole),
    cpu: {
      agent: cpu.agent - cpuBefore.agent,
      transport: cpu.transport - cpuBefore.transport,
      editor: cpu.editor - cpuBefore.editor,
    },
  };
}

/**
 * Higher and higher rates until something is lost or the load cannot send more; lower ones where the first is too high.
 * @param from events a second
 */
export async function climb(
  guest: BenchGuest,
  running: Running,
  perPacket: number,
  from: number,
  quick: boolean,
  log: (line: string) => void,
): Promise<Step[]> {
  const steps: Step[] = [];
  const rates = quick ? QUICK_RATES : RATES;
  const take = async (rate: number) => {
    const taken = await step(guest, running, perPacket, rate, quick ? QUICK_SECONDS : STEP_SECONDS);
    steps.push(taken);
    const { offered, delivered, expected, missed, isLossless } = taken;
    log(
      `  ${Math.round(offered)} events/s offered, ${Math.round(taken.rate)} delivered: ${delivered} of ` +
        `${Math.round(expected)}, ${missed} missed${isLossless ? '' : ', LOST'}`,
    );
    return isLossless && offered >= rate * OFFERED_SHARE;
  };
  for (const rate of rates.filter((each) => each >= from)) if (!(await take(rate))) break;
  if (fastest(steps) !== undefined) return steps;
  for (const rate of rates.filter((each) => each < from).reverse()) {
    await take(rate);
    if (fastest(steps) !== undefined) break;
  }
  return steps;
}

/** The fastest without loss; undefined: each lost something. */
export function fastest(steps: readonly Step[]): Step | undefined {
  return steps.filter(({ isLossless }) => isLossless).sort((a, b) => b.rate - a.rate)[0];
}

/** Waits until no more events come. @throws Error when they do not end */
async function settled(running: Running): Promise<Delivered> {
  const deadline = performance.now() + QUIET_LIMIT_MS;
  for (;;) {
    const delivered = await running.delivered();
    if (delivered.quietFor >= QUIET_SECONDS) return delivered;
    if (performance.now() > deadline) throw new Error('events do not cease');
    await sleep(200);
  }
}

/** By the kernel's account of all programs that run. */
export function missedHits(programs: readonly ProgramAccount[]): number {
  return programs.reduce((sum, { missed }) => sum + missed, 0);
}
