import type { Guest } from '../guests/guest.ts';
import { Home, START_LIMIT_MS, targetArgs } from '../terminal/packet-trace.ts';
import type { RunningTrace, Scenario, TraceEvent } from './scenario.ts';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Traces a scenario with the built terminal front end, as a script would: ready file, Ctrl-C, JSON lines. */
export async function terminalTrace(guest: Guest, { filter }: Scenario): Promise<RunningTrace> {
  const home = new Home(guest);
  const ready = join(home.dir, 'ready');
  const trace = home.start(['trace', ...targetArgs(guest), '--json', '--ready-file', ready, filter]);
  const events = () => trace.objects.filter(({ type }) => type === 'event') as unknown as TraceEvent[];
  try {
    await trace.until('the ready file', () => existsSync(ready), START_LIMIT_MS);
  } catch (error) {
    await home.dispose();
    throw error;
  }
  return {
    events,
    async stop() {
      try {
        const { code, stderr } = await trace.interrupt();
        if (code !== 0) throw new Error(`packet-trace ended with ${code}: ${stderr}`);
        return events();
      } finally {
        await home.dispose();
      }
    },
  };
}
