/**
 * What one hit of a probe costs, in instructions: of a packet that does not match, of one that is met for the first
 * time, and of one that is followed already. A guest of its own, whose clock counts instructions.
 */
import { bootGuest } from '../../lab/guests/guest.ts';
import type { KernelName } from '../../lab/images/kernels.ts';
import { Home } from '../../lab/terminal/packet-trace.ts';
import { FUNCTIONS, packetTrace, PORT, pwru, send, type Tool } from '../hit.ts';
import { BenchGuest, type ProgramAccount } from './bench-guest.ts';
import type { Row } from './rows.ts';
import { figureOf } from './statistics.ts';
import { Pwru } from './theirs.ts';

/** Spaced out, since pwru pays less for an event that it loses. */
const MATCHING = { count: 300, pauseMs: 15 };
const OTHER = { count: 3000, pauseMs: 0 };
/** The programs behind functions that are shown; others only follow a packet's life. */
const SHOWN = { ours: /^(plain|multi|fentry)/, theirs: /^kprobe_(multi_sk|skb_[1-5])/ };
const FIRST = FUNCTIONS.slice(0, 1);

/** On kernels that can read packets without a helper's call the goals are higher. */
const GOALS = {
  direct: { other: 0.15, first: 0.4, further: 0.15 },
  before: { other: 0.3, first: undefined, further: undefined },
};

export async function hitCosts(kernel: KernelName, log: (line: string) => void): Promise<Row[]> {
  const guest = await bootGuest({ kernel, userland: 'node', countInstructions: true, log });
  const home = new Home(guest);
  try {
    const ready = await BenchGuest.prepare(guest);
    const { program } = await Pwru.prepare(ready);
    await ready.sh('sysctl -qw kernel.bpf_stats_enabled=1');
    const cost = async (tool: Tool, shown: RegExp, port: number, packets: typeof MATCHING) => {
      const running = await tool(`udp port ${port}`);
      try {
        await send(guest, { ...packets, count: 20 }); // warms caches and the emulator's translations
        const before = sum(await ready.programs(), shown);
        await send(guest, packets);
        const after = sum(await ready.programs(), shown);
        return { hits: after.hits - before.hits, nanoseconds: after.nanoseconds - before.nanoseconds };
      } finally {
        await running.stop();
      }
    };
    const ours = {
      other: await cost(packetTrace(guest, home), SHOWN.ours, PORT.other, OTHER),
      one: await cost(packetTrace(guest, home, FIRST), SHOWN.ours, PORT.traffic, MATCHING),
      all: await cost(packetTrace(guest, home), SHOWN.ours, PORT.traffic, MATCHING),
    };
    const theirs = {
      other: await cost(pwru(guest, program), SHOWN.theirs, PORT.other, OTHER),
      all: await cost(pwru(guest, program), SHOWN.theirs, PORT.traffic, MATCHING),
    };
    log(JSON.stringify({ ours, theirs }));
    const goals = kernel === '6.1' ? GOALS.before : GOALS.direct;
    const further = {
      hits: ours.all.hits - ours.one.hits,
      nanoseconds: ours.all.nanoseconds - ours.one.nanoseconds,
    };
    const row = (measure: string, a: Cost, b: Cost, times: number | undefined): Row => ({
      measure,
      unit: 'instructions',
      ours: figureOf([a.nanoseconds / a.hits]),
      theirs: figureOf([b.nanoseconds / b.hits]),
      goal: times === undefined ? undefined : { atMostTimes: times },
    });
    return [
      row('a hit that does not match', ours.other, theirs.other, goals.other),
      row('the first hit of a packet that matches', ours.one, theirs.all, goals.first),
      row('each further step of it', further, theirs.all, goals.further),
    ];
  } finally {
    await home.dispose();
    await guest.stop();
  }
}

interface Cost {
  hits: number;
  nanoseconds: number;
}

function sum(programs: readonly ProgramAccount[], shown: RegExp): Cost {
  const total = { hits: 0, nanoseconds: 0 };
  for (const { name, hits, nanoseconds } of programs) {
    if (!shown.test(name)) continue;
    total.hits += hits;
    total.nanoseconds += nanoseconds;
  }
  if (total.hits === 0) throw new Error(`no program ${shown} ran: ${JSON.stringify(programs)}`);
  return total;
}
