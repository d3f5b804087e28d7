/** What the terminal keeps: of what it printed, only what something more may be heard of. */
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { afterEach, test } from 'node:test';
import { frameHeader } from '../../../../../common/framing.ts';
import { FrameKind } from '../../../../../common/protocol.ts';
import { parseCommandLine } from '../../../../../extension/cli/command-line.ts';
import { traceCommand } from '../../../../../extension/cli/commands/trace.ts';
import { CHUNK_EVENTS } from '../../../../../extension/recording/store/event-columns.ts';
import { endFakeAgents } from '../../../../support/agent/fake-agent.ts';
import { FakeProcess, FakeTrace } from '../../../../support/agent/fake-trace.ts';
import { EVENTS_A_PACKET, Traffic } from '../../../../support/agent/traffic.ts';
import { TRAFFIC_ATTACHED, TRAFFIC_LOCATION } from '../../../../support/agent/traffic-store.ts';
import { bytesInUse } from '../../../../support/memory.ts';

afterEach(endFakeAgents);

/** A reader that may stop to read. */
class Reader extends Writable {
  lines = 0;
  objects: Record<string, unknown>[] = [];
  #waiting: (() => void) | undefined;
  #paused = false;

  constructor(private readonly keepsObjects: boolean) {
    super();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#waiting?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const lines = chunk.toString().split('\n').slice(0, -1);
    this.lines += lines.length;
    if (this.keepsObjects)
      for (const line of lines) this.objects.push(JSON.parse(line) as Record<string, unknown>);
    if (this.#paused) this.#waiting = done;
    else done();
  }
}

async function start(args: string[], reader: Reader) {
  const command = parseCommandLine(['trace', 'root@guest', ...args]);
  assert.ok(command.name === 'trace');
  const trace = new FakeTrace(TRAFFIC_ATTACHED);
  const process = new FakeProcess(reader);
  const done = traceCommand(command, process.environment, trace.start);
  let ended = false;
  void done.then(() => (ended = true));
  while (trace.requests.length === 0) await setImmediate();
  trace.agent.send({ type: 'locations', locations: [TRAFFIC_LOCATION] });
  const traffic = new Traffic({ packetsABatch: 150, endless: 500 });
  let sent = 0;
  const send = (events: number) => {
    for (const end = sent + events; sent < end; sent += 150 * EVENTS_A_PACKET) {
      const payload = traffic.next();
      trace.agent.output.write(Buffer.concat([frameHeader(FrameKind.Events, payload.length), payload]));
    }
  };
  return { trace, process, done, traffic, send, sent: () => sent, hasEnded: () => ended };
}

/** Events between measurements, measurements of each of two periods, and events before them. */
const PART_EVENTS = 50_000;
const PARTS = 10;
const WARM_UP_EVENTS = 1_000_000;

/**
 * At 20,000 events a second these are 100 seconds; a day has 864 times as many. What is known of ended lives is full
 * after eleven of them, a chunk of events after three, and the tables of flows with their texts are swept every 25:
 * between sweeps they grow by a few megabytes, which is why means are compared. What would stay of each life, an entry
 * of a map for example, shows; recording/day.test.ts looks for less in the engine.
 */
test('what was printed is forgotten: memory is flat', async () => {
  const reader = new Reader(false);
  const running = await start(['--timestamp', 'relative'], reader);
  const { process, done, traffic, send, sent, hasEnded } = running;
  const print = async (events: number) => {
    for (const end = sent() + events; sent() < end;) {
      send(10_000);
      // The header, and a line an event: nothing announces the drops, so that they are not told with it.
      while (reader.lines < sent() + 1) {
        assert.ok(!hasEnded(), process.stderr.text);
        await setImmediate();
      }
    }
  };
  const meanInUse = async () => {
    let sum = 0;
    for (let part = 0; part < PARTS; part++) {
      await print(PART_EVENTS);
      sum += bytesInUse();
    }
    return sum / PARTS;
  };
  await print(WARM_UP_EVENTS);
  const before = await meanInUse();
  const grown = (await meanInUse()) - before;
  process.interrupt();
  await done;
  const lives = (2 * PARTS * PART_EVENTS) / EVENTS_A_PACKET;
  assert.ok(grown < 25 * lives, `${grown} bytes more than ${before} for ${lives} lives`);
  assert.match(process.stderr.text, new RegExp(`${traffic.packets.toLocaleString('en')} packets: `));
});

test('a reader that is too slow gets the newest, and is told what it does not get', async () => {
  const reader = new Reader(true);
  const { process, done, traffic, send, sent } = await start(
    ['--json', '--keep-events', `${CHUNK_EVENTS}`],
    reader,
  );
  while (reader.lines < 3) await setImmediate(); // target, attached, filter
  reader.pause();
  send(5 * CHUNK_EVENTS);
  for (let turns = 0; turns < 1000; turns++) await setImmediate();
  reader.resume();
  while (reader.objects.at(-1)?.event !== sent() - 1) await setImmediate();
  process.interrupt();
  await done;
  // Every event is there, or is among those that are said not to be.
  let next = 0;
  for (const { type, event, events } of reader.objects) {
    if (type !== 'event' && type !== 'skipped') continue;
    assert.equal(event, next);
    next += type === 'skipped' ? Number(events) : 1;
  }
  assert.equal(next, sent());
  const skipped = reader.objects.filter(({ type }) => type === 'skipped');
  assert.ok(skipped.length > 0);
  const end = reader.objects.at(-1);
  assert.deepEqual([end?.type, end?.packets, end?.events], ['end', traffic.packets, sent()]);
  assert.equal(
    end?.skipped,
    skipped.reduce((sum, { events }) => sum + Number(events), 0),
  );
});

test('a person is told once that lines are left out, and at the end how many', async () => {
  const reader = new Reader(false);
  const { process, done, send, sent } = await start(['--keep-events', `${CHUNK_EVENTS}`], reader);
  for (let times = 0; times < 2; times++) {
    reader.pause();
    send(5 * CHUNK_EVENTS);
    for (let turns = 0; turns < 1000; turns++) await setImmediate();
    reader.resume();
    while (reader.writableLength > 0) await setImmediate();
  }
  process.interrupt();
  await done;
  assert.equal(process.stderr.text.match(/forgotten before they are printed/g)?.length, 1);
  const [, forgotten] = /\n([\d,]+) events of these were forgotten/.exec(process.stderr.text) ?? [];
  const header = 1;
  assert.equal(reader.lines - header + Number(forgotten?.replaceAll(',', '')), sent());
});
