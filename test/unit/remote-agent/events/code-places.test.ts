import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventExtra, EventHeaderLayout, EventKind, EventSection } from '../../../../common/layouts.ts';
import { RINGBUF_HEADER_BYTES, recordStride } from '../../../../common/protocol.ts';
import { CodePlaces } from '../../../../remote-agent/events/code-places.ts';
import type { TakenRecords } from '../../../../remote-agent/events/ring-buffer.ts';
import { LiveSymbols } from '../../../../remote-agent/kernel/live-symbols.ts';
import { loadedModules } from '../../../../remote-agent/kernel/modules.ts';
import { SymbolMap } from '../../../../remote-agent/kernel/symbol-map.ts';

const HEADROOM = 21;
const KALLSYMS = `ffffffff81000000 T _stext
ffffffff81000020 T ip_rcv
ffffffff81000050 T icmp_rcv
`;

interface Placed {
  kind: number;
  place: number;
  cpu?: number;
  /** Of sections, beside the header. */
  more?: number;
  /** What the trace asked for, as its section has it. */
  extras?: Uint8Array;
}

function records(...events: Placed[]): TakenRecords {
  const frames = events.map(({ kind, place, cpu = 0, extras, more = extras?.length ?? 0 }) => {
    const length = EventHeaderLayout.bytes + more;
    const record = Buffer.alloc(recordStride(length), 0xff);
    record.writeUInt32LE(length);
    record.writeUInt32LE(place, RINGBUF_HEADER_BYTES + EventHeaderLayout.place);
    record.writeUInt16LE(cpu | (kind << 12), RINGBUF_HEADER_BYTES + EventHeaderLayout.cpuKind);
    record.writeUInt16LE(
      extras === undefined ? 0xffff & ~EventSection.Extras : EventSection.Extras,
      RINGBUF_HEADER_BYTES + EventHeaderLayout.sections,
    );
    if (extras !== undefined) record.set(extras, RINGBUF_HEADER_BYTES + EventHeaderLayout.bytes);
    return record;
  });
  return { frame: Buffer.concat([Buffer.alloc(HEADROOM), ...frames]), count: events.length };
}

function codePlaces(kallsyms = KALLSYMS): CodePlaces {
  return new CodePlaces(new LiveSymbols(new SymbolMap(Buffer.from(kallsyms)), loadedModules()));
}

test('names the places of drops among events of all lengths, each once', () => {
  const places = codePlaces();
  const taken = records(
    { kind: EventKind.Step, place: 0x8100_0020 },
    { kind: EventKind.Drop, place: 0x8100_0033, cpu: 0xfff, more: 4 },
    { kind: EventKind.Copy, place: 0x8100_0050, more: 27 },
    { kind: EventKind.Drop, place: 0x8100_0060 },
    { kind: EventKind.Drop, place: 0x8100_0033, more: 60 },
  );
  const found = places.newIn(taken, HEADROOM);
  assert.deepEqual(
    found.map(({ address, name }) => [address, name]),
    [
      [0xffff_8100_0033, 'ip_rcv'],
      [0xffff_8100_0060, 'icmp_rcv'],
    ],
  );
  assert.deepEqual(places.newIn(taken, HEADROOM), []);
});

test('the symbols are asked for once a batch with places that are new, and not for others', () => {
  let asked = 0;
  const symbols = new SymbolMap(Buffer.from(KALLSYMS));
  const places = new CodePlaces({ get: () => (asked++, symbols) });
  const taken = records(
    ...Array.from({ length: 20 }, (_, nth) => ({ kind: EventKind.Drop, place: 0x8100_0020 + nth })),
  );
  assert.equal(places.newIn(taken, HEADROOM).length, 20);
  assert.equal(asked, 1);
  places.newIn(taken, HEADROOM);
  assert.equal(asked, 1);
});

test('a place before all symbols has no name, nor has any where the kernel does not tell addresses', () => {
  const drop = records({ kind: EventKind.Drop, place: 0x80ff_ffff });
  assert.deepEqual(codePlaces().newIn(drop, HEADROOM), []);
  assert.deepEqual(codePlaces('').newIn(drop, HEADROOM), []);
});

test('names callers and the frames of stacks, by the call and not by where it returns to', () => {
  const words = (present: number, ...more: number[]) =>
    new Uint8Array(Uint32Array.of(present | ((4 + 4 * more.length) << 16), ...more).buffer);
  const both = EventExtra.Caller | EventExtra.Stack;
  // The call of a function that never returns may be the last thing in its caller.
  const atEnd = 0x8100_0050;
  const found = codePlaces().newIn(
    records(
      { kind: EventKind.Step, place: 0x8100_0020, extras: words(EventExtra.Caller, atEnd) },
      {
        kind: EventKind.Step,
        place: 0x8100_0020,
        extras: words(both, atEnd, 1, 2, 2, 0x8100_0051, 0x8100_0024),
      },
      { kind: EventKind.Step, place: 0x8100_0020, extras: words(EventExtra.Stack, 1, 2, 0) },
      { kind: EventKind.Step, place: 0x8100_0020, extras: words(EventExtra.Packet, 0x8100_0040) },
    ),
    HEADROOM,
  );
  assert.deepEqual(
    found.map(({ address, name }) => [address, name]),
    [
      [0xffff_8100_0050, 'ip_rcv'],
      [0xffff_8100_0051, 'icmp_rcv'],
      [0xffff_8100_0024, 'ip_rcv'],
    ],
  );
});
