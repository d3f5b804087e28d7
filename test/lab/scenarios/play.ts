/**
 * Plays scenarios in a guest: sets all of a group up, starts one trace, sends all their traffic, and tells from the
 * addresses which stories are whose.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Capture, CaptureEnd } from '../../../extension/recording/capture.ts';
import type { RunningTrace } from '../../../extension/tracing/start-trace.ts';
import type { Guest } from '../guests/guest.ts';
import { on, Judge, type ExpectedStory } from './expect.ts';
import type { Group, Scenario } from './scenario.ts';
import { type End, storiesOf, type Story, storyText } from './story.ts';

/** What was not as expected of a scenario. */
export interface Failure {
  scenario: Scenario;
  text: string;
}

export interface Played {
  failures: Failure[];
  stories: Story[];
  end: CaptureEnd;
}

export interface PlayOptions {
  guest: Guest;
  group: Group;
  /** Scenarios of other groups in this guest: their addresses are taken. Default 0. */
  first?: number;
  trace: () => Promise<RunningTrace>;
  log: (line: string) => void;
  /** Runs while the traffic is sent, the trace being armed. */
  beside?: (send: () => Promise<void>) => Promise<void>;
}

const DIR = '/run/scenarios';
/** Numbers in addresses: 10.64.0.0/10 is theirs. */
const FIRST = 64;
const LAST = 127;
/** As many scenarios as a guest can play. */
export const ROOM = LAST - FIRST + 1;
/** An emulator on a busy machine is slow. */
const COMMAND_MS = 600_000;
/** How long after the traffic events may still come. */
const SETTLE_MS = 30_000;
const QUIET_MS = 2000;

interface Numbered extends Scenario {
  number: number;
}

/** @throws Error when a setup fails */
export async function play(options: PlayOptions): Promise<Played> {
  const { guest, group, first = 0, log } = options;
  if (first + group.scenarios.length > ROOM) throw new Error('more scenarios than addresses');
  for (const { name, lacking } of group.scenarios) {
    const why = lacking?.[guest.kernel];
    if (why !== undefined) log(`not on ${guest.kernel}: ${name}: ${why}`);
  }
  const scenarios = group.scenarios
    .map((scenario, index) => numbered(scenario, FIRST + first + index))
    .filter(({ lacking }) => lacking?.[guest.kernel] === undefined);
  const clock = stopwatch();
  await setUp(guest, scenarios);
  const setup = clock();
  const trace = await options.trace();
  const { capture } = trace;
  const started = clock();
  let end: CaptureEnd;
  try {
    const traffic = () => send(guest, scenarios);
    await (options.beside?.(traffic) ?? traffic());
    await settled(capture, () => failing(guest, scenarios, storiesOf(capture)).size === 0);
  } finally {
    end = await capture.stop();
    await trace.dispose();
  }
  const stories = storiesOf(capture);
  log(
    `${group.name}: ${scenarios.length} scenarios, set up in ${setup} s, traced after ${started} s, ` +
      `played and stopped in ${clock()} s; ${stories.length} stories`,
  );
  return { failures: await explained(guest, failing(guest, scenarios, stories)), stories, end };
}

function numbered(scenario: Scenario, number: number): Numbered {
  const filled = JSON.stringify(scenario.stories).replaceAll('$N', String(number));
  return { ...scenario, stories: JSON.parse(filled) as ExpectedStory[], number };
}

async function setUp(guest: Guest, scenarios: readonly Numbered[]): Promise<void> {
  const files = new Map<string, string>();
  for (const name of ['lab.sh', 'sockets.pl'])
    files.set(name, await readFile(new URL(name, import.meta.url), 'utf8'));
  for (const { number, setup, traffic } of scenarios) {
    const head = `N=${number} NS=s${number}\n. ${DIR}/lab.sh\n`;
    files.set(`${number}.setup`, `${head}set -ex\n${setup}\n`);
    files.set(`${number}.traffic`, `${head}set -x\n${traffic}\n`);
  }
  const here = [...files].map(
    ([name, text]) => `cat > ${DIR}/${name} << 'END OF FILE'\n${text}\nEND OF FILE\n`,
  );
  await must(guest, 'sh -s', `mkdir -p ${DIR}\n${here.join('')}`);
  const each = `sh $1 > $1.log 2>&1 < /dev/null || { echo $1; tail -n 8 $1.log; }`;
  const setups = scenarios.map(({ number }) => `${DIR}/${number}.setup`).join(' ');
  const failed = await must(guest, `printf '%s\\n' ${setups} | xargs -n 1 -P 2 sh -c '${each}' sh`);
  if (failed !== '') throw new Error(`setup failed on ${guest.release}: ${failed}`);
}

async function send(guest: Guest, scenarios: readonly Numbered[]): Promise<void> {
  const numbers = scenarios.map(({ number }) => number).join(' ');
  // Most of them wait most of the time.
  await must(
    guest,
    `printf '%s\\n' ${numbers} | xargs -n 1 -P 4 sh -c 'sh ${DIR}/$1.traffic > ${DIR}/$1.traffic.log 2>&1 < /dev/null || true' sh`,
  );
}

async function must(guest: Guest, command: string, input = ''): Promise<string> {
  const { code, stdout, stderr } = await guest.exec(command, { timeoutMs: COMMAND_MS, input });
  if (code !== 0) throw new Error(`code ${code} on ${guest.release}: ${command}\n${stderr}${stdout}`);
  return stdout.trim();
}

/** Waits for the last events, and longer where something is not as expected. Looking at all of them takes a while. */
async function settled(capture: Capture, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + SETTLE_MS;
  for (let before = -1; capture.ended === undefined && Date.now() < deadline; await sleep(QUIET_MS)) {
    const { length } = capture.store;
    if (length === before && condition()) return;
    before = length;
  }
}

/** The scenarios that are not as expected, with what is not and their stories. */
function failing(
  { kernel }: Guest,
  scenarios: readonly Numbered[],
  stories: readonly Story[],
): Map<Numbered, { faults: string[]; own: Story[] }> {
  const judge = new Judge(kernel);
  const failing = new Map<Numbered, { faults: string[]; own: Story[] }>();
  for (const scenario of scenarios) {
    const own = storiesOfNumber(stories, scenario.number);
    const left: Story[] = [];
    const faults = judge.unmet(scenario.stories, own, left).map((wanted) => {
      const why = left.map((story) => `${story.root.id}: ${judge.whyNotStory(wanted, story)}`);
      return `not seen: ${JSON.stringify(wanted)}\n  ${why.join('; ')}`;
    });
    const wrong = wrongCounts(on(kernel, scenario.outcomes), own);
    if (wrong !== undefined) faults.push(wrong);
    if (faults.length > 0) failing.set(scenario, { faults, own });
  }
  return failing;
}

/** The stories with an address of a scenario's. */
export function storiesOfNumber(stories: readonly Story[], number: number): Story[] {
  const isOwn = (address: string) =>
    address.startsWith(`10.${number}.`) || address.startsWith(`fd00:${number}:`);
  return stories.filter((story) =>
    story.events.some(({ tuple }) => tuple !== null && (isOwn(tuple.source) || isOwn(tuple.destination))),
  );
}

export function wrongCounts(
  expected: Partial<Record<End, number | 'any'>>,
  stories: readonly Story[],
): string | undefined {
  const counts: Partial<Record<End, number>> = {};
  for (const { outcome } of stories) counts[outcome] = (counts[outcome] ?? 0) + 1;
  const all = new Set([...Object.keys(expected), ...Object.keys(counts)] as End[]);
  const wrong = [...all].filter(
    (end) => expected[end] !== 'any' && (expected[end] ?? 0) !== (counts[end] ?? 0),
  );
  if (wrong.length === 0) return undefined;
  return `outcomes ${JSON.stringify(counts)} instead of ${JSON.stringify(expected)}`;
}

async function explained(
  guest: Guest,
  failing: Map<Numbered, { faults: string[]; own: Story[] }>,
): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (const [scenario, { faults, own }] of failing) {
    const { name, number } = scenario;
    const log = await must(guest, `cat ${DIR}/${number}.traffic.log`);
    const text =
      `scenario "${name}" (${number}) on ${guest.release}:\n${faults.join('\n')}\n` +
      `${own.map(storyText).join('\n') || 'no stories'}\nits traffic said: ${log}`;
    failures.push({ scenario, text });
  }
  return failures;
}

/** Seconds since the call before. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const elapsed = Math.round((now - last) / 100) / 10;
    last = now;
    return elapsed;
  };
}
