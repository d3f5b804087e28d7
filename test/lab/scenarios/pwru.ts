/** pwru beside a trace: what it tells of the same packets, at the same time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attached } from '../../../common/protocol.ts';
import type { Guest } from '../guests/guest.ts';
import { type Story, withoutSuffix } from './story.ts';

export interface PwruHit {
  skb: string;
  function: string;
}

const START_MS = 240_000;
/** How long it is given for what it still has: it takes one event at a time out of its queue. */
const REST_MS = 5000;

/** Runs pwru while `work` does. It follows packets by their headers alone, as it does unless told otherwise. */
export async function besidePwru(
  guest: Guest,
  filter: string,
  work: () => Promise<void>,
): Promise<PwruHit[]> {
  const start = `rm -f /run/pwru.ready
    setsid pwru --ready-file /run/pwru.ready '${filter}' > /run/pwru.out 2> /run/pwru.err < /dev/null &
    echo $! > /run/pwru.pid
    while ! test -e /run/pwru.ready; do kill -0 $! || exit 1; sleep 0.2; done`;
  const started = await guest.exec(start, { timeoutMs: START_MS });
  if (started.code !== 0) throw new Error(`pwru did not start: ${started.stderr}`);
  await work();
  await sleep(REST_MS);
  const stop =
    'pid=$(cat /run/pwru.pid); kill -INT $pid; while kill -0 $pid 2> /dev/null; do sleep 0.2; done; cat /run/pwru.out';
  const { stdout } = await guest.exec(stop, { timeoutMs: START_MS });
  return [...stdout.matchAll(/^(0x\S+) +\d+ +\[.*?\] +([\w.]+)/gm)].map(([, skb = '', name = '']) => ({
    skb,
    function: withoutSuffix(name),
  }));
}

export interface Comparison {
  /** Hits of pwru that we have, by packet and function. */
  both: number;
  /** Hits of pwru in functions that we do not probe, by why. */
  notProbed: Map<string, number>;
  /** `function at skb`: hits of pwru that we lack. */
  lacking: string[];
}

/** Why a function without a probe of ours has none that shows, where the plan does not name it. */
const MAKES = 'makes an skb: what its memory says is of the packet before';

export function compare(
  hits: readonly PwruHit[],
  stories: readonly Story[],
  { functions, skipped }: Pick<Attached, 'functions' | 'skipped'>,
): Comparison {
  const probed = new Set(functions.map(({ name }) => withoutSuffix(name)));
  const ours = new Map<string, number>();
  for (const { kind, skb, function: name } of stories.flatMap(({ events }) => events))
    if (kind === 'function') ours.set(`${name} at ${skb}`, (ours.get(`${name} at ${skb}`) ?? 0) + 1);
  const result: Comparison = { both: 0, notProbed: new Map(), lacking: [] };
  for (const { skb, function: name } of hits) {
    const key = `${name} at ${skb}`;
    const left = ours.get(key) ?? 0;
    if (left > 0) {
      ours.set(key, left - 1);
      result.both++;
    } else if (probed.has(name)) result.lacking.push(key);
    else {
      const why =
        skipped.find(({ names }) => names.some((other) => withoutSuffix(other) === name))?.reason ?? MAKES;
      result.notProbed.set(`${name}: ${why}`, (result.notProbed.get(`${name}: ${why}`) ?? 0) + 1);
    }
  }
  return result;
}
