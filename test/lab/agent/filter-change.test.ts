/**
 * Another filter while tracing: numbered packets flow all the time, to ports that one filter, the other or both
 * keep. Whatever both keep must be seen at every function, whenever the filter changes.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { distDir } from '../../../build/paths.ts';
import { FilterCompiler } from '../../../extension/filter/filter-compiler.ts';
import { type CompiledFilter, type FilterChanged, type StartRequest } from '../../../common/protocol.ts';
import { EventKind, EventSection } from '../../../common/layouts.ts';
import type { DecodedEvent } from '../../support/agent/decode-events.ts';
import { kernelsPlayed } from '../kernels-played.ts';
import type { AgentClient } from './client.ts';
import { agentSuite, functionNames } from './suite.ts';

/** One for each way to attach. */
const KERNELS = [
  { kernel: '6.12', backend: 'kprobe-multi' },
  { kernel: '6.1', backend: 'kprobe' },
] as const;

const CHANGES = 15;
/** Ports of packets that the first filter keeps, the second, and both. */
const FIRST = 7001;
const SECOND = 7002;
const BOTH = 7003;
const KEPT = [
  [FIRST, BOTH],
  [SECOND, BOTH],
];

/** What no kernel's verifier takes: packets from any of 9000 addresses, of which it must keep each in mind. */
const TOO_MANY_ADDRESSES: CompiledFilter['l3'] = [
  [0x20, 0, 0, 12], // ld [12]
  ...Array.from({ length: 9000 }, (_, nth): [number, number, number, number][] => {
    const left = 99 - (nth % 100);
    const compare: [number, number, number, number] = [0x15, left + 1, 0, 0x0a000000 + nth]; // jeq #address, to the ret
    return left > 0 ? [compare] : [compare, [0x05, 0, 0, 1], [0x06, 0, 0, 0xffff]]; // ja over ret #65535
  }).flat(),
  [0x06, 0, 0, 0], // ret #0
];

/** Every packet passes each of them once. */
const FUNCTIONS = ['ip_send_skb', 'ip_output', 'ip_rcv'];

/**
 * Sends to each port in turn until its input ends; the number of a packet is the address that it goes to,
 * 127.0.0.1 and up. Prints the last number.
 */
const SENDER = `
  const { createSocket } = require('node:dgram');
  const ports = [${FIRST}, ${SECOND}, ${BOTH}];
  const sockets = ports.map((port) => createSocket('udp4').bind(port));
  const sender = createSocket('udp4');
  let over = false;
  process.stdin.resume().on('end', () => (over = true));
  let number = 0;
  const next = () => {
    if (over) {
      console.log(number);
      process.exit();
    }
    number++;
    const address = [127, number >> 16, (number >> 8) & 255, number & 255].join('.');
    sender.send('x', ports[number % 3], address, number % 64 === 0 ? () => setTimeout(next, 1) : next);
  };
  next();
`;

function destination({ tuple = '' }: DecodedEvent): { number: number; port: number } {
  const [, high = 0, middle = 0, low = 0, port = 0] = (
    /->127\.(\d+)\.(\d+)\.(\d+):(\d+)\//.exec(tuple) ?? []
  ).map(Number);
  return { number: (high << 16) | (middle << 8) | low, port };
}

async function changed(client: AgentClient, generation: number): Promise<FilterChanged> {
  for (;;) {
    const message = await client.message('filter-changed');
    client.messages.splice(client.messages.indexOf(message), 1);
    if (message.generation === generation) return message;
  }
}

for (const { kernel, backend } of kernelsPlayed(KERNELS))
  describe(`filter change on ${kernel}`, () => {
    const { guest, trace, sh } = agentSuite(kernel);
    const filters: CompiledFilter[] = [];

    before(async () => {
      const compiler = new FilterCompiler(distDir);
      for (const ports of KEPT) {
        const text = ports.map((port) => `udp dst port ${port}`).join(' or ');
        filters.push(await compiler.compile(text));
      }
      await compiler.dispose();
    });
    after(() => filters.splice(0));

    const start = (filter: CompiledFilter | undefined) => {
      const request: StartRequest = {
        type: 'start',
        filter: filter ?? null,
        functions: FUNCTIONS.join('|'),
        backend: 'auto',
        // Each step is asked of the filter in force. A packet keeps the number of the filter that kept it first.
        track: false,
        ringBufferBytes: 0,
      };
      return trace(request);
    };

    test(`${CHANGES} changes miss no packet and mislabel none`, { timeout: 900_000 }, async (context) => {
      const { client, attached } = await start(filters[0]);
      assert.equal(attached.backend, backend);
      await sh(`cat > /tmp/sender.cjs <<'END'\n${SENDER}\nEND\nmkfifo /tmp/sender.in`);
      // The shell keeps the input open until it is told to close it.
      const sent = guest().exec('node /tmp/sender.cjs < /tmp/sender.in', { timeoutMs: 800_000 });
      const hold = guest().exec(
        'exec 3> /tmp/sender.in; until test -e /tmp/sender.stop; do sleep 0.1; done',
        {
          timeoutMs: 800_000,
        },
      );
      const changes: FilterChanged[] = [];
      for (let generation = 1; generation <= CHANGES; generation++) {
        client.send({ type: 'filter', filter: filters[generation % 2] ?? null, generation });
        changes.push(await changed(client, generation));
      }
      await sh('touch /tmp/sender.stop');
      await hold;
      const last = Number((await sent).stdout);
      client.send({ type: 'stop' });
      const end = await client.message('end');

      const events = client.events.map((event) => ({ ...event, ...destination(event) }));
      const mislabelled = events.filter(({ generation, port }) => !KEPT[generation % 2]?.includes(port));
      assert.deepEqual(mislabelled.slice(0, 3), []);

      const seen = new Map<number, Set<number>>();
      // A receiver that does not keep up makes drops too.
      const hits = events.filter(
        ({ kind, isQuiet, port }) => kind === EventKind.Step && !isQuiet && port === BOTH,
      );
      for (const { number, place } of hits) seen.set(number, (seen.get(number) ?? new Set()).add(place));
      const passed = [...seen.values()].reduce((sum, { size }) => sum + size, 0);
      const expected = FUNCTIONS.length * Math.floor((last + 1) / 3);
      const missing = expected - passed;
      const twice = hits.length - passed;
      const late = events.filter(
        ({ sections, generation, timestamp }) =>
          (sections & EventSection.Begin) !== 0 &&
          timestamp > BigInt(changes[generation]?.since ?? 2n ** 63n),
      );
      const times = changes.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
      context.diagnostic(
        `${kernel}: ${changes.length} changes of ${times[times.length >> 1]} ms (median), ${last} packets sent, ` +
          `${events.length} events, ${expected} of packets that both filters keep, ${missing} of these missing, ${twice} seen twice, ` +
          `${mislabelled.length} mislabelled, ${late.length} packets of an old filter after its change, ` +
          `${end.lost} lost, ${end.untracked} not followed, ${end.missed} hits missed`,
      );
      assert.deepEqual([...new Set(functionNames(attached, client.events))].sort(), [...FUNCTIONS].sort());
      assert.ok(expected > 1000, `only ${expected} events could be missed`);
      assert.equal(end.lost, 0);
      assert.equal(missing, 0);
      const generations = new Set(events.map(({ generation }) => generation));
      assert.ok(generations.size > CHANGES / 2, `events of ${generations.size} filters only`);
    });

    /** Asks for a filter that is refused, and sees that the one before it goes on. */
    async function refused(filter: CompiledFilter, says: RegExp): Promise<void> {
      const { client } = await start(filters[0]);
      client.send({ type: 'filter', filter, generation: 1 });
      await assert.rejects(client.message('filter-changed'), (error: Error) => {
        assert.match(error.message, /"generation":1/);
        assert.match(error.message, says);
        return true;
      });
      await sh('echo x | nc -u -w 1 127.0.0.1 7001 || true');
      client.messages.length = 0;
      client.send({ type: 'stop' });
      assert.ok((await client.message('end')).events > 0);
      assert.deepEqual([...new Set(client.events.map(({ generation }) => generation))], [0]);
    }

    test('a filter that is refused leaves the old one in force', () =>
      refused({ l2: [[0xff, 0, 0, 0]], l3: null }, /"code":"bad-filter"/));

    test('a filter that is too large for the kernel says so, and leaves the old one in force', () =>
      refused({ l2: null, l3: TOO_MANY_ADDRESSES }, /too large for the kernel.*branches.*Use fewer terms/));
  });
