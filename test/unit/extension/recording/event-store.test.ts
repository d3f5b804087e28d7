import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHUNK_EVENTS } from '../../../../extension/recording/store/event-columns.ts';
import { ColumnStore } from '../../../../extension/recording/event-store.ts';
import { Symbols } from '../../../../extension/recording/symbols.ts';
import {
  attached,
  batch,
  functionAddress,
  kernelAddress,
  type TestEvent,
} from '../../../support/agent/records.ts';

function storeOf(events: readonly TestEvent[], names: string[] = [], extra = {}): ColumnStore {
  const store = new ColumnStore();
  store.setSymbols(new Symbols(attached(names, extra)));
  store.append(batch(events));
  return store;
}

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const byte = fc.integer({ min: 0, max: 255 });

test('every field comes back as the agent sent it', () => {
  const numbers = {
    netns: u32,
    ifindex: u32,
    mtu: u32,
    mark: u32,
    len: u32,
    pid: u32,
    cpu: fc.integer({ min: 0, max: 0xfff }),
    protocol: u16,
  };
  const record = fc.record({
    ...numbers,
    tcpFlags: byte,
    l4Protocol: fc.constant(6),
    sourcePort: u16,
    destinationPort: u16,
    source: fc.array(byte, { minLength: 4, maxLength: 4 }),
    destination: fc.array(byte, { minLength: 4, maxLength: 4 }),
    comm: fc.stringMatching(/^[a-z/0-9:-]{0,15}$/),
    timestamp: fc.bigInt({ min: 1n << 52n, max: (1n << 52n) + 1_000_000_000_000n }),
    // With 48 bits, and with the 57 of five-level page tables.
    skb: fc.oneof(
      fc.integer({ min: 0, max: 2 ** 47 }).map((low) => kernelAddress(2 ** 47 + (low % 2 ** 46))),
      fc.bigInt({ min: 0xff11_0000_0000_0000n, max: 0xff90_ffff_ffff_fff8n }),
    ),
  });
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), (events) => {
      const store = storeOf(events);
      assert.equal(store.length, events.length);
      events.forEach((event, i) => {
        assert.equal(store.monotonic(i), event.timestamp);
        assert.equal(BigInt(store.time(i)), event.timestamp - (events[0]?.timestamp ?? 0n));
        assert.equal(BigInt(store.skb(i)), event.skb);
        assert.equal(store.packetLength(i), event.len);
        for (const name of ['netns', 'ifindex', 'mtu', 'mark', 'pid', 'cpu', 'protocol', 'comm'] as const)
          assert.equal(store[name](i), event[name], name);
        const { tcpFlags, sourcePort, destinationPort } = event;
        const source = event.source.join('.');
        const destination = event.destination.join('.');
        assert.deepEqual(store.tupleParts(i), {
          source,
          sourcePort,
          destination,
          destinationPort,
          protocol: 'tcp',
          tcpFlags,
        });
        assert.equal(store.tuple(i), `${source}:${sourcePort}->${destination}:${destinationPort}(tcp)`);
      });
    }),
    { numRuns: 25 },
  );
});

test('what is no IP packet has no tuple, whatever its bytes are', () => {
  const store = storeOf([{ protocol: 0x0806, sourcePort: 7 }]);
  assert.equal(store.tuple(0), undefined);
  assert.equal(store.tupleParts(0), undefined);
});

test('IPv6 packets have bracketed tuples', () => {
  const zeros = Array.from({ length: 15 }, () => 0);
  const store = storeOf([
    { source: [...zeros, 1], destination: [...zeros, 2], l4Protocol: 17, sourcePort: 5, destinationPort: 53 },
  ]);
  assert.equal(store.tuple(0), '[::1]:5->[::2]:53(udp)');
});

test('time may step back between CPUs', () => {
  const store = storeOf([{ timestamp: 1_000_000_500n }, { timestamp: 1_000_000_200n }]);
  assert.deepEqual([store.time(0), store.time(1)], [0, -300]);
});

test('the wall clock is the target’s', () => {
  const store = storeOf([{ timestamp: 1_000n }, { timestamp: 2_501_000n }]);
  store.setRealtimeOffset(1_700_000_000_000_000_000n);
  assert.equal(store.wallClock(1), 1_700_000_000_002.501);
});

test('functions, devices and drop reasons get their names, or their numbers', () => {
  const names = { dropReasons: [{ value: 5, name: 'NETFILTER_DROP' }] };
  const store = storeOf(
    [
      { address: kernelAddress(functionAddress(1)), ifindex: 2, device: 'eth0' },
      { address: kernelAddress(functionAddress(1) + 1), ifindex: 2 },
      { kind: 'drop', dropReason: 5 },
      { kind: 'drop', dropReason: 0x20001 },
    ],
    ['ip_rcv', 'ip_output'],
    names,
  );
  assert.deepEqual(
    [0, 1].map((i) => store.functionName(i)),
    ['ip_output', '0xffffffff81002001'],
  );
  assert.deepEqual(
    [0, 1].map((i) => store.device(i)),
    ['eth0', undefined],
  );
  assert.deepEqual(
    [0, 1, 2, 3].map((i) => store.dropReason(i)),
    [undefined, undefined, 'NETFILTER_DROP', String(0x20001)],
  );
  assert.deepEqual(
    [1, 2].map((i) => store.kind(i)),
    ['function', 'drop'],
  );
});

test('a device is called what it is called then, whoever has its number before and elsewhere', () => {
  const seen = [
    { netns: 1, ifindex: 7, device: 'veth0123456789' },
    { netns: 2, ifindex: 7, device: 'p0' },
    { netns: 1, ifindex: 7, device: 'v9' },
    { netns: 1, ifindex: 7 },
    { netns: 1, ifindex: 8, device: 'v9' },
  ];
  const store = storeOf(seen.slice(0, 1));
  const told = () =>
    Array.from({ length: store.length }, (_, event) => ({
      netns: store.netns(event),
      ifindex: store.ifindex(event),
      ...(store.device(event) !== undefined && { device: store.device(event) }),
    }));
  // Asked for before and after what comes later: a name is kept once it is made.
  assert.deepEqual(told(), seen.slice(0, 1));
  store.append(batch(seen.slice(1)));
  assert.deepEqual(told(), seen);
});

test('a drop is placed in the function that the agent named for its location', () => {
  const location = kernelAddress(functionAddress(0) + 0x2a);
  const unnamed = kernelAddress(functionAddress(1) + 0x2a);
  const symbols = new Symbols(attached(['nf_hook_slow', 'ip_rcv'], {}));
  const name = 'nft_do_chain';
  const start = functionAddress(0) + 0x20;
  symbols.addLocations([{ address: functionAddress(0) + 0x2a, start, name, module: 'nf_tables' }]);
  const store = new ColumnStore();
  store.setSymbols(symbols);
  store.append(batch([{ kind: 'drop', address: location }, { kind: 'drop', address: unnamed }, {}]));
  assert.equal(store.functionName(0), name);
  assert.equal(store.function(0)?.module, 'nf_tables');
  assert.deepEqual(
    [store.dropOffset(0), store.dropOffset(1), store.dropOffset(2)],
    [0xa, undefined, undefined],
  );
  assert.equal(store.function(1), undefined);
  assert.match(store.functionName(1), /^0xffff[0-9a-f]{12}$/);
});

test('discarded records are skipped', () => {
  const store = storeOf([{ mark: 1 }, { mark: 2, discarded: true }, { mark: 3 }]);
  assert.deepEqual([store.length, store.mark(0), store.mark(1)], [2, 1, 3]);
});

test('a batch tells how much was lost, and a malformed one is refused whole', () => {
  const store = new ColumnStore();
  assert.equal(store.append(batch([{}], { lost: 12 })).lost, 12);
  const good = batch([{}, {}]);
  assert.throws(() => store.append(good.slice(0, good.length - 8)), RangeError);
  assert.throws(() => store.append(new Uint8Array(3)), RangeError);
  assert.equal(store.length, 1);
});

test('events beyond one chunk stay apart', () => {
  const store = new ColumnStore();
  const size = 1024;
  for (let first = 0; first <= CHUNK_EVENTS; first += size)
    store.append(batch(Array.from({ length: size }, (_, i) => ({ mark: first + i }))));
  for (const event of [0, CHUNK_EVENTS - 1, CHUNK_EVENTS, store.length - 1])
    assert.equal(store.mark(event), event);
  assert.throws(() => store.mark(store.length), RangeError);
  assert.throws(() => store.mark(-1), RangeError);
});
