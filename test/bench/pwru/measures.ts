/** What is measured of both tools in one guest. Each function here makes the rows of one subject. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KernelName } from '../../lab/images/kernels.ts';
import { type BenchGuest, PORT } from './bench-guest.ts';
import type { PacketTraceTool } from './ours.ts';
import { climb, eventsOfPacket, fastest, missedHits, step, type Step } from './rates.ts';
import type { Row } from './rows.ts';
import { type Figure, figureOf } from './statistics.ts';
import type { Pwru } from './theirs.ts';
import type { CpuTime, Running, Sink, Tool } from './tool.ts';

export interface Bench {
  guest: BenchGuest;
  kernel: KernelName;
  ours: PacketTraceTool;
  theirs: Pwru;
  tries: number;
  /** Short loads. */
  quick: boolean;
  log: (line: string) => void;
}

const UDP = `udp and dst port ${PORT.udp}`;
const NOTHING = 'udp and dst port 7';
const TCP = `tcp port ${PORT.tcp}`;
/** Where a climb begins, in events a second: well below what each can. */
const CLIMB_FROM = { ours: 16_000, theirs: 500 };
/** The load of the goal for missed hits, in events a second. */
const MISSED_RATE = 50_000;
const IDLE = { packets: 200, seconds: 20 };
const CONNECTIONS = 200;
const MB = 1e6;

/** For 6.12 and newer, and for kernels where probes are set one by one. */
const GOALS = {
  multi: { start: 0.5, stop: 0.3 },
  single: { start: 0.5, stop: 0.02 },
};

export async function measureLoads(bench: Bench): Promise<Row[]> {
  return [
    ...(await startAndStop(bench)),
    ...(await throughput(bench)),
    ...(await idle(bench)),
    ...(await manyConnections(bench)),
    ...(await stream(bench)),
  ];
}

async function startAndStop({ guest, kernel, ours, theirs, tries, log }: Bench): Promise<Row[]> {
  const goals = kernel === '6.1' ? GOALS.single : GOALS.multi;
  const run = async (name: string, tool: Tool) => {
    await (await tool.start(NOTHING, 'text')).stop(); // the first one fills caches; ours uploads
    const [start, stop, killed]: [number[], number[], number[]] = [[], [], []];
    for (let each = 0; each < tries; each++) {
      const running = await tool.start(NOTHING, 'text');
      start.push(running.attachMs / 1000);
      stop.push((await running.stop()).goneMs / 1000);
      log(`${name}: attached after ${start.at(-1)} s, gone ${stop.at(-1)} s after stop`);
    }
    killed.push((await (await tool.start(NOTHING, 'text')).kill()) / 1000);
    return { start: figureOf(start), stop: figureOf(stop), killed: figureOf(killed) };
  };
  const [a, b] = [await run('packet-trace', ours), await run('pwru', theirs)];
  await guest.gone();
  return [
    {
      measure: 'start → probes attached, warm target',
      unit: 's',
      theirs: b.start,
      ours: a.start,
      goal: { atMostTimes: goals.start },
      note: 'ours with login by SSH',
    },
    {
      measure: 'stop → all probes gone',
      unit: 's',
      theirs: b.stop,
      ours: a.stop,
      goal: { atMostTimes: goals.stop },
    },
    { measure: 'kill -9 → all probes gone', unit: 's', theirs: b.killed, ours: a.killed, goal: undefined },
  ];
}

interface Climbed {
  /** Events a second without loss. */
  rate: Figure;
  /** CPU seconds a million events, at the fastest rate without loss. */
  cpu: Figure;
  parts: CpuTime;
  /** Share of what did not come that was told, in percent. */
  told: Figure | undefined;
  missedShare: Figure;
  eventBytes: number;
}

async function throughput({ guest, ours, theirs, tries, quick, log }: Bench): Promise<Row[]> {
  const run = async (name: string, tool: Tool, sink: Sink, from: number): Promise<Climbed> => {
    const [rate, cpu, missed, told]: number[][] = [[], [], [], []];
    let parts: CpuTime = { agent: 0, transport: 0, editor: 0 };
    let eventBytes = NaN;
    for (let each = 0; each < tries; each++) {
      log(`${name}, ${sink}:`);
      const running = await tool.start(UDP, sink);
      const perPacket = await eventsOfPacket(guest, running);
      log(`  ${perPacket.toFixed(2)} events a packet`);
      const steps = await climb(guest, running, perPacket, from, quick, log);
      const fast = fastest(steps) ?? steps[0]!;
      rate!.push(fastest(steps)?.rate ?? 0);
      parts = perMillion(fast.cpu, fast.delivered);
      cpu!.push(parts.agent + parts.transport + parts.editor);
      missed!.push(await missedShare(guest, running, perPacket));
      const stopped = await running.stop();
      const share = toldShare(steps, stopped);
      if (share !== undefined) told!.push(share);
      eventBytes = stopped.eventBytes;
    }
    return {
      rate: figureOf(rate!),
      cpu: figureOf(cpu!),
      parts,
      told: told!.length === 0 ? undefined : figureOf(told!),
      missedShare: figureOf(missed!),
      eventBytes,
    };
  };
  const text = await run('pwru', theirs, 'text', CLIMB_FROM.theirs);
  const json = theirs.hasJson ? await run('pwru', theirs, 'json', CLIMB_FROM.theirs) : text;
  const jsonNote = theirs.hasJson ? '' : 'this pwru has no JSON: its text';
  const engine = await run('packet-trace', ours, 'engine', CLIMB_FROM.ours);
  const ourJson = await run('packet-trace', ours, 'json', CLIMB_FROM.ours);
  const ourText = await run('packet-trace', ours, 'text', CLIMB_FROM.ours);
  const rates = { unit: 'events/s', measure: '' };
  const seconds = ({ agent, transport, editor }: CpuTime) =>
    `agent ${agent.toFixed(1)} + sshd ${transport.toFixed(1)} (emulated) + editor ${editor.toFixed(1)} (not emulated)`;
  return [
    {
      ...rates,
      measure: 'without loss, to a listener of the engine',
      theirs: text.rate,
      ours: engine.rate,
      goal: { atLeastTimes: 60 },
      note: 'pwru: text to a file',
    },
    {
      ...rates,
      measure: 'without loss, JSON to a file',
      theirs: json.rate,
      ours: ourJson.rate,
      goal: { atLeastTimes: 20 },
      note: jsonNote,
    },
    {
      ...rates,
      measure: 'without loss, text to a file',
      theirs: text.rate,
      ours: ourText.rate,
      goal: { atLeastTimes: 20 },
    },
    {
      measure: 'beyond that, share of what was lost that was told',
      unit: '%',
      theirs: text.told,
      ours: engine.told ?? ourJson.told,
      goal: { atLeast: 100 },
    },
    {
      measure: `missed hits at ${MISSED_RATE} events/s`,
      unit: '%',
      theirs: text.missedShare,
      ours: engine.missedShare,
      goal: { atMost: 1 },
    },
    {
      measure: 'CPU a million events, JSON to a file',
      unit: 's',
      theirs: json.cpu,
      ours: ourJson.cpu,
      goal: { atMostTimes: 0.1 },
      note: seconds(ourJson.parts),
    },
    {
      measure: 'mean bytes an event in the ring, UDP',
      unit: 'bytes',
      theirs: figureOf([text.eventBytes]),
      ours: figureOf([ourJson.eventBytes]),
      goal: { atMost: 40 },
    },
  ];
}

function perMillion({ agent, transport, editor }: CpuTime, events: number): CpuTime {
  const scale = 1e6 / events;
  return { agent: agent * scale, transport: transport * scale, editor: editor * scale };
}

/** Of what the packets of all steps made and did not come, in percent; undefined: nothing was missing. */
function toldShare(
  steps: readonly Step[],
  { lost, missed }: { lost: number; missed: number },
): number | undefined {
  const gone = steps.reduce((sum, { expected, delivered }) => sum + Math.max(0, expected - delivered), 0);
  if (steps.every(({ isLossless }) => isLossless) || gone < 1) return undefined;
  return Math.min(100, (100 * (lost + missed)) / gone);
}

async function missedShare(guest: BenchGuest, running: Running, perPacket: number): Promise<number> {
  const { missed, expected } = await step(guest, running, perPacket, MISSED_RATE);
  return (100 * missed) / expected;
}

async function idle({ guest, ours, theirs, tries, quick, log }: Bench): Promise<Row[]> {
  const run = async (tool: Tool) => {
    const running = await tool.start(NOTHING, 'text');
    const used: number[] = [];
    for (let each = 0; each < tries; each++) {
      await sleep(1000);
      const before = await running.cpu();
      const { seconds } = await guest.udp(IDLE.packets, quick ? 5 : IDLE.seconds, PORT.other);
      const after = await running.cpu();
      used.push((100 * (after.agent + after.transport - before.agent - before.transport)) / seconds);
    }
    await running.stop();
    log(`idle: ${used.join(', ')} % of a CPU`);
    return figureOf(used);
  };
  return [
    {
      measure: `CPU with nothing matching, ${IDLE.packets} other packets/s`,
      unit: '% of a CPU',
      ours: await run(ours),
      theirs: await run(theirs),
      goal: { atMostTimes: 0.03 },
    },
  ];
}

async function manyConnections({ guest, ours, theirs, quick, log }: Bench): Promise<Row[]> {
  const run = async (name: string, tool: Tool) => {
    const running = await tool.start(TCP, 'json');
    const resident: number[] = [];
    let parts = '';
    let events = 0;
    for (let third = 0; third < 3; third++) {
      await guest.connections(CONNECTIONS, quick ? 4 : 20);
      const { anonymous, file, shared } = await guest.resident(running.pid);
      resident.push((anonymous + file + shared) / MB);
      const mb = (bytes: number) => (bytes / MB).toFixed(0);
      parts = `anonymous ${mb(anonymous)}, file ${mb(file)}, shared ${mb(shared)}`;
    }
    await sleep(3000);
    ({ events } = await running.delivered());
    const cpu = perMillion(await running.cpu(), events);
    const missed = missedHits(await guest.programs());
    const stopped = await running.stop();
    log(
      `${name}, ${CONNECTIONS} connections/s: ${events} events, ${stopped.lost} lost, ${missed} missed; resident ${resident.map((each) => each.toFixed(1)).join(', ')} MB (${parts})`,
    );
    return {
      resident: figureOf([resident.at(-1) ?? 0]),
      growth: resident.map((each) => each.toFixed(0)).join(' → '),
      parts,
      cpu,
      stopped,
    };
  };
  const [a, b] = [await run('packet-trace', ours), await run('pwru', theirs)];
  const total = ({ agent, transport, editor }: CpuTime) => figureOf([agent + transport + editor]);
  return [
    {
      measure: `resident memory of the agent, a minute of ${CONNECTIONS} connections/s`,
      unit: 'MB',
      ours: a.resident,
      theirs: b.resident,
      goal: { atMost: 65 },
      note: `each third: ${a.growth}; ${a.parts}`,
    },
    {
      measure: `CPU a million events, ${CONNECTIONS} connections/s`,
      unit: 's',
      ours: total(a.cpu),
      theirs: total(b.cpu),
      goal: { atMostTimes: 0.1 },
    },
    {
      measure: `mean bytes an event, ${CONNECTIONS} connections/s`,
      unit: 'bytes',
      ours: figureOf([a.stopped.eventBytes]),
      theirs: figureOf([b.stopped.eventBytes]),
      goal: { atMost: 40 },
    },
  ];
}

async function stream({ guest, ours, theirs, quick, log }: Bench): Promise<Row[]> {
  const run = async (name: string, tool: Tool) => {
    const running = await tool.start(TCP, 'json');
    const { count, seconds } = await guest.stream(quick ? 3 : 10);
    await sleep(3000);
    const { events } = await running.delivered();
    const stopped = await running.stop();
    log(`${name}, TCP stream: ${events} events, ${stopped.lost} lost, ${stopped.missed} missed`);
    return { speed: figureOf([(count * 65536) / MB / seconds]), events: figureOf([events]), stopped };
  };
  const [a, b] = [await run('packet-trace', ours), await run('pwru', theirs)];
  return [
    {
      measure: 'one TCP stream while it is traced',
      unit: 'MB/s',
      ours: a.speed,
      theirs: b.speed,
      goal: undefined,
    },
    {
      measure: 'events of it that came',
      unit: 'events',
      ours: a.events,
      theirs: b.events,
      goal: undefined,
      note: `ours: ${a.stopped.lost} told as lost`,
    },
    {
      measure: 'mean bytes an event, TCP stream',
      unit: 'bytes',
      ours: figureOf([a.stopped.eventBytes]),
      theirs: figureOf([b.stopped.eventBytes]),
      goal: { atMost: 40 },
    },
  ];
}
