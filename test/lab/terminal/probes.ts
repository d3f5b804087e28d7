import { setTimeout as sleep } from 'node:timers/promises';
import type { Guest } from '../guests/guest.ts';

/**
 * Armed probes in a guest: functions that ftrace calls out of (kprobe.multi) and kprobes that are not marked
 * as disabled, which is how definitions wait for their removal.
 */
export async function armedProbes(guest: Guest): Promise<number> {
  const files = '/sys/kernel/tracing/enabled_functions /sys/kernel/debug/kprobes/list';
  const { code, stdout, stderr } = await guest.exec(`cat ${files}`, { timeoutMs: 120_000 });
  if (code !== 0) throw new Error(`the guest's probes cannot be counted: ${stderr}`);
  return stdout.split('\n').filter((line) => line !== '' && !line.includes('[DISABLED]')).length;
}

/** Waits until the guest has no armed probe. @returns the milliseconds it took */
export async function probesGone(guest: Guest, limitMs: number): Promise<number> {
  const began = performance.now();
  for (;;) {
    const armed = await armedProbes(guest);
    const took = performance.now() - began;
    if (armed === 0) return took;
    if (took > limitMs) throw new Error(`${armed} probes are left after ${Math.round(took)} ms`);
    await sleep(100);
  }
}
