import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ColumnStore } from '../../../../../extension/recording/event-store.ts';
import { Symbols } from '../../../../../extension/recording/symbols.ts';
import { CHUNK_EVENTS } from '../../../../../extension/recording/store/event-columns.ts';
import { attached, batch, functionAddress, kernelAddress } from '../../../../support/agent/records.ts';

const PROBED = functionAddress(0);
/** A place that is not probed, within a function that begins at `start`. */
const place = (name: string, start: number, offset: number, module = '') => ({
  address: start + offset,
  start,
  name,
  module,
});
const CALLER = place('ip_local_deliver', 0xffff_8120_0000, 0x31);
const BRIDGE = place('br_handle_frame', 0xffff_c010_0000, 0x1a, 'bridge');

function storeWith(...events: Parameters<typeof batch>[0]): ColumnStore {
  const store = new ColumnStore();
  const symbols = new Symbols(attached(['ip_rcv']));
  symbols.addLocations([CALLER, BRIDGE]);
  store.setSymbols(symbols);
  store.append(batch(events));
  return store;
}

test('each event has what it told, and none what it did not', () => {
  const probed = {
    life: 1,
    address: kernelAddress(PROBED),
    source: [10, 0, 0, 1],
    destination: [10, 0, 0, 2],
  };
  const bytes = [1, 2, 3, 4, 5];
  const store = storeWith(
    { ...probed, extras: { caller: CALLER.address, packet: { bytes, network: 14 } } },
    probed,
    { ...probed, extras: {} },
    { ...probed, extras: { packet: { bytes: [9] } } },
    { ...probed, extras: { caller: 0xffff_8130_0000 } },
  );
  assert.deepEqual(store.caller(0), { text: '0xffffffff81200031', place: { ...CALLER, offset: 0x31 } });
  assert.deepEqual(store.packetBytes(0), { bytes: Uint8Array.from(bytes), network: 14 });
  assert.equal(store.stack(0), undefined);
  for (const event of [1, 2])
    assert.deepEqual(
      [store.caller(event), store.stack(event), store.packetBytes(event)],
      [undefined, undefined, undefined],
    );
  assert.equal(store.caller(3), undefined);
  assert.deepEqual(store.packetBytes(3), { bytes: Uint8Array.of(9), network: 0 });
  // Where nobody knows a name, the address is what is known.
  assert.deepEqual(store.caller(4), { text: '0xffffffff81300000', place: undefined });
  // What else an event tells is read behind it.
  assert.equal(store.tuple(0), '10.0.0.1:0->10.0.0.2:0(0)');
});

test('a stack is told once, and begins with who called', () => {
  const probed = { life: 1, address: kernelAddress(PROBED) };
  const id = 0xf_1234_5678_9abdn;
  const frames = [PROBED + 5, PROBED, BRIDGE.address, CALLER.address];
  const store = storeWith(
    // Its packet could not be followed, and it is no step: the stack is known from it all the same.
    { life: 0, quiet: true, extras: { stack: { id, frames } } },
    { ...probed, extras: { stack: { id } } },
    { ...probed, extras: { stack: { id: id - 2n } } },
    { ...probed, kind: 'drop', extras: { stack: { id: 7n, frames: [PROBED, CALLER.address] } } },
  );
  const names = (event: number) => store.stack(event)?.map(({ place: of }) => of?.name);
  assert.deepEqual(names(0), ['br_handle_frame', 'ip_local_deliver']);
  assert.equal(store.stack(1), undefined); // one that nobody told
  // The place of a drop is not the beginning of the stack, which is in the function that drops.
  assert.deepEqual(names(2), [undefined, 'ip_local_deliver']);
});

test('it goes with its events', () => {
  const store = new ColumnStore({ keepEvents: 1, readOnce: false });
  store.setSymbols(new Symbols(attached(['ip_rcv'])));
  const payload = (n: number) =>
    batch(
      Array.from({ length: CHUNK_EVENTS / 8 }, (_, i) => ({
        life: n * CHUNK_EVENTS + i + 1,
        address: kernelAddress(PROBED),
        ...(i % 2 === 0 && { extras: { packet: { bytes: [n, i & 255] } } }),
      })),
    );
  for (let n = 0; n < 20; n++) store.append(payload(n));
  assert.ok(store.first > 0);
  for (const event of [store.first, store.length - 2]) {
    const [n, i] = [Math.floor(event / (CHUNK_EVENTS / 8)), event % (CHUNK_EVENTS / 8)];
    assert.deepEqual(store.packetBytes(event)?.bytes, Uint8Array.of(n, i & 255));
  }
  assert.equal(store.packetBytes(store.length - 1), undefined);
  assert.throws(() => store.packetBytes(store.first - 1), RangeError);
});
