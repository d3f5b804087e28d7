import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { tableFromIPC } from 'apache-arrow';
import type { PacketTraceError } from '../../../../../extension/base/errors.ts';
import { RecordingFile } from '../../../../../extension/recording/file/recording-file.ts';
import { openRecording } from '../../../../../extension/recording/file/open-recording.ts';
import { RecordingBuilder } from '../../../../../extension/recording/recording-builder.ts';
import { DEFAULT_RETENTION } from '../../../../../extension/recording/retention.ts';
import type { Fact } from '../../../../../extension/recording/facts.ts';
import { TARGET_FACTS } from '../../../../support/agent/fake-trace.ts';
import {
  batch,
  CLASSIFIER,
  functionAddress,
  hello,
  kernelAddress,
  type TestEvent,
  VXLAN,
} from '../../../../support/agent/records.ts';
import { Traffic, TRAFFIC_FUNCTIONS } from '../../../../support/agent/traffic.ts';
import { TRAFFIC_ATTACHED, TRAFFIC_LOCATION } from '../../../../support/agent/traffic-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'kpt-recording-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const HEAD = { version: '1', target: { label: 'lab', facts: TARGET_FACTS }, told: {} };

let files = 0;

const FIRST: Fact = {
  type: 'filter',
  generation: 0,
  since: null,
  filter: 'tcp',
  tunnelFilterL2: '',
  tunnelFilterL3: '',
};
const BEGIN: Fact[] = [
  hello(),
  FIRST,
  TRAFFIC_ATTACHED,
  { type: 'locations', locations: [TRAFFIC_LOCATION] },
];

type Told = Fact | readonly TestEvent[];

/** Makes a recording and writes it on the way. */
async function record(told: readonly Told[]): Promise<{ made: RecordingBuilder; path: string }> {
  const path = join(folder, `${files++}.kpt.arrow`);
  const made = new RecordingBuilder(DEFAULT_RETENTION);
  const failed = (error: PacketTraceError) => assert.fail(error.message);
  const file = await RecordingFile.create(path, failed);
  file.follow(made, HEAD);
  for (const each of told)
    if (Array.isArray(each)) made.addEvents(batch(each as TestEvent[]));
    else made.addFact(each as Fact);
  await file.close();
  return { made, path };
}

async function read(path: string): Promise<{ recording: RecordingBuilder; isWhole: boolean }> {
  const opened = await openRecording(path, DEFAULT_RETENTION);
  try {
    const { isWhole } = await opened.read();
    return { recording: opened.recording, isWhole };
  } finally {
    await opened.close();
  }
}

/** All that views can ask of a recording. */
function everything({ store, trajectories, ...recording }: RecordingBuilder) {
  const events = Array.from({ length: store.length }, (_, event) => ({
    time: store.time(event),
    wallClock: store.wallClock(event),
    trajectory: store.trajectory(event),
    kind: store.kind(event),
    edge: store.edge(event),
    functionName: store.functionName(event),
    dropOffset: store.dropOffset(event),
    program: store.program(event)?.id,
    verdict: store.verdict(event),
    dropReason: store.dropReason(event),
    skb: store.skb(event),
    cpu: store.cpu(event),
    pid: store.pid(event),
    comm: store.comm(event),
    netns: store.netns(event),
    ifindex: store.ifindex(event),
    device: store.device(event),
    mtu: store.mtu(event),
    mark: store.mark(event),
    packetLength: store.packetLength(event),
    protocol: store.protocol(event),
    tuple: store.tuple(event),
    tcpFlags: store.tupleParts(event)?.tcpFlags,
    lostBefore: store.lostBefore(event),
    generation: store.generation(event),
    caller: store.caller(event)?.text,
    stack: store.stack(event)?.map(({ text }) => text),
    bytes: store.packetBytes(event)?.bytes.join(),
    cb: store.cb(event),
    tunnel: store.tunnel(event),
  }));
  const paths = trajectories.ids().map((id) => ({
    id,
    events: Array.from({ length: trajectories.eventCount(id) }, (_, nth) => trajectories.event(id, nth)),
    end: trajectories.end(id),
    reason: trajectories.dropReason(id),
    parent: trajectories.parent(id),
    children: trajectories.children(id),
    outcome: trajectories.outcome(trajectories.root(id)),
  }));
  const { hello: target, attached: probes, ended, lost, missed, untracked, pauses, filters } = recording;
  return { events, paths, target, probes, ended, lost, missed, untracked, pauses, filters };
}

const byte = fc.integer({ min: 0, max: 255 });
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const u16 = fc.integer({ min: 0, max: 65535 });
const name = fc.constantFrom('', 'eth0', 'curl', 'a name of 15 ch');
const address = (length: number) => fc.array(byte, { minLength: length, maxLength: length });
const addresses = fc.oneof(
  fc.record({ source: address(4), destination: address(4) }),
  fc.record({ source: address(16), destination: address(16) }),
  fc.constant({}),
);
const place = fc.oneof(
  fc.nat(TRAFFIC_FUNCTIONS.length - 1).map((nth) => kernelAddress(functionAddress(nth))),
  fc.constant(kernelAddress(TRAFFIC_LOCATION.address)),
);
const event: fc.Arbitrary<TestEvent> = fc
  .record({
    life: fc.integer({ min: 0, max: 6 }),
    parent: fc.integer({ min: 0, max: 6 }),
    into: fc.integer({ min: 0, max: 6 }),
    kind: fc.constantFrom('function', 'drop', 'copy', 'merge', 'origin', 'verdict'),
    address: place,
    quiet: fc.boolean(),
    ends: fc.boolean(),
    device: name,
    comm: name,
    dropReason: fc.constantFrom(6, 99),
    verdict: fc.integer({ min: -1, max: 9 }),
    netns: u32,
    ifindex: u32,
    mtu: u32,
    mark: u32,
    len: u32,
    pid: u32,
    cpu: fc.nat(3),
    protocol: u16,
    l4Protocol: byte,
    tcpFlags: byte,
    sourcePort: u16,
    destinationPort: u16,
    generation: fc.nat(3),
  })
  .chain((fields) => addresses.map((both) => ({ ...fields, ...both })));

describe('a recording in a file', () => {
  test('whatever comes, what is read from the file is what was told', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(event, { maxLength: 20 }), { maxLength: 5 }), async (batches) => {
        let timestamp = 5_000_000_000n;
        let lost = 0;
        const timed = batches.map((events) =>
          // A life has one skb, and each event is later than the one before.
          events.map((each) => ({
            ...each,
            skb: kernelAddress((each.life ?? 0) * 4096),
            into: each.into === each.life ? 0 : (each.into ?? 0),
            timestamp: (timestamp += 1000n),
            ...(each.mark === 0 ? { lostTotal: ++lost } : {}),
          })),
        );
        const { made, path } = await record([...BEGIN, ...timed]);
        const { recording, isWhole } = await read(path);
        assert.deepEqual(everything(recording), everything(made));
        assert.equal(isWhole, false, 'it has no end');
      }),
      { numRuns: 60 },
    );
  });

  test('what the target told beside its events comes in between them', async () => {
    const later: Fact = { ...FIRST, type: 'filter', generation: 1, since: '7000000000', filter: 'udp' };
    const steps = (from: number): TestEvent[] =>
      [0, 1].map((nth) => ({
        timestamp: BigInt(from + nth) * 1_000_000_000n,
        life: 1,
        skb: kernelAddress(4096),
        address: kernelAddress(functionAddress(nth)),
      }));
    const { made, path } = await record([
      ...BEGIN,
      steps(5),
      later,
      { type: 'pause', why: 'silence', from: '8000000000', to: null },
      { type: 'unfollowed' },
      { type: 'pause', why: 'silence', from: '8000000000', to: '9000000000' },
      VXLAN,
      CLASSIFIER,
      { type: 'namespaces', namespaces: [{ inode: 0, name: 'blue' }] },
      steps(10),
      { type: 'loss', lost: 3, missed: 2, untracked: 1 },
      {
        type: 'over',
        why: 'connection-lost',
        error: { code: 'connection-lost', message: 'The link is gone.', remedy: 'Wait.' },
        events: 4,
        bytes: 400,
        incomplete: null,
        agent: null,
      },
    ]);
    const { recording, isWhole } = await read(path);
    assert.deepEqual(everything(recording), everything(made));
    assert.equal(recording.store.netnsName(3), 'blue');
    assert.equal(recording.filters.length, 2);
    assert.equal(isWhole, true);
  });

  test('what events told on request comes with them', async () => {
    const told: TestEvent[] = [
      { life: 1, extras: { caller: functionAddress(1), packet: { bytes: [1, 2, 3, 4, 5], network: 2 } } },
      {
        life: 1,
        extras: { stack: { id: 7n, frames: [functionAddress(1), functionAddress(2)] }, cb: [1, 2] },
      },
      { life: 1, extras: { stack: { id: 7n } } },
    ].map((each) => ({ address: kernelAddress(functionAddress(0)), ...each }));
    const { made, path } = await record([...BEGIN, told]);
    const { recording } = await read(path);
    assert.deepEqual(everything(recording), everything(made));
    assert.equal(recording.store.packetBytes(0)?.bytes.length, 5);
    assert.equal(recording.store.stack(2)?.length, recording.store.stack(1)?.length);
  });

  test('other programs read it as a table of named columns', async () => {
    const { made, path } = await record([
      ...BEGIN,
      [{ life: 1, source: [10, 0, 2, 15], destination: [1, 1, 1, 1], l4Protocol: 6, comm: 'curl' }],
    ]);
    const table = tableFromIPC(readFileSync(path));
    const row = table.toArray().find((each) => (each as { kind: string }).kind === 'function') as Record<
      string,
      unknown
    >;
    assert.equal(row.source, '10.0.2.15');
    assert.equal(row.comm, 'curl');
    assert.equal(Number(row.time), made.store.wallClock(0)); // the library has milliseconds
  });

  test('a file that was cut off anywhere has all batches before', async () => {
    const events = Array.from({ length: 40_000 }, (_, nth): TestEvent => ({
      timestamp: BigInt(nth),
      life: 1 + (nth % 1000),
      skb: kernelAddress((1 + (nth % 1000)) * 4096),
      address: kernelAddress(functionAddress(nth % 3)),
    }));
    const { path } = await record([...BEGIN, events]);
    const { size } = statSync(path);
    const counts: number[] = [];
    for (const part of [0.99, 0.8, 0.5, 0.2]) {
      truncateSync(path, Math.floor(size * part));
      const { recording, isWhole } = await read(path);
      assert.equal(isWhole, false);
      counts.push(recording.store.length);
    }
    assert.deepEqual(
      counts,
      [...counts].sort((a, b) => b - a),
    );
    assert.ok((counts[0] ?? 0) >= 32_000 && (counts[1] ?? 0) > 0, counts.join());
  });

  test('a file that is none is refused with its name and why', async () => {
    const path = join(folder, 'other');
    for (const [content, why] of [
      ['', /no Arrow file/],
      ['ARROW', /no Arrow file/],
      ['ARROW1\0\0', /schema/],
      ['ARROW1\0\0\xff\xff\xff\xff\xff\xff\xff\x7f', /schema/],
    ] as const) {
      writeFileSync(path, content, 'latin1');
      await assert.rejects(read(path), (error: PacketTraceError) => {
        assert.equal(error.code, 'recording');
        assert.match(error.message, why);
        return error.message.includes(path);
      });
    }
    await assert.rejects(read(join(folder, 'missing')), /There is no file/);
  });

  test('a recording of another protocol is refused, whole or not', async () => {
    const { path } = await record([hello({ protocol: 1 }), ...BEGIN.slice(1)]);
    await assert.rejects(read(path), /recorded by version 1 of .* that this version does not read/);
  });

  test('a file that was to follow nothing is removed', async () => {
    const path = join(folder, 'nothing');
    const file = await RecordingFile.create(path, (error) => assert.fail(error.message));
    await file.close();
    assert.equal(existsSync(path), false);
  });

  test('an existing file is not overwritten', async () => {
    const { path } = await record(BEGIN);
    const before = readFileSync(path);
    await assert.rejects(
      RecordingFile.create(path, () => undefined),
      /is there already/,
    );
    assert.deepEqual(readFileSync(path), before);
  });

  test('hours of traffic take bounded memory to write', async () => {
    const traffic = new Traffic({ packetsABatch: 200 });
    const path = join(folder, 'traffic.kpt.arrow');
    const made = new RecordingBuilder({ keepEvents: 100_000, readOnce: false });
    const file = await RecordingFile.create(path, (error) => assert.fail(error.message));
    file.follow(made, HEAD);
    for (const fact of BEGIN) made.addFact(fact);
    for (let nth = 0; nth < 100; nth++) {
      made.addEvents(traffic.next().slice());
      if (nth % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await file.close();
    const opened = await openRecording(path, { keepEvents: 1e9, readOnce: false });
    await opened.read();
    await opened.close();
    assert.equal(opened.recording.store.length, made.store.length);
  });
});
