/**
 * Rows of a file into records as an agent sends them, so that one decoder reads both. Each tells all that is known of
 * its packet; what that was before, the decoder compares itself.
 */
import {
  BeginSectionLayout,
  EventHeaderLayout,
  EventSection,
  Ipv4SectionLayout,
  Ipv6SectionLayout,
  TupleFlag,
} from '../../../common/layouts.ts';
import { EventsHeader, RINGBUF_HEADER_BYTES } from '../../../common/protocol.ts';
import { extrasWords } from '../extras/sections.ts';
import { addressBytes } from './address-text.ts';
import { ROW_KINDS } from './columns.ts';
import type { BatchRows } from './batch-rows.ts';

/** A record with its header, what it told on request left out: 168 at most. */
const RECORD_BYTES = 192;
const CPUS = 4096;
/** Of the texts of processes and devices, the NUL behind them included. */
const NAME_BYTES = 16;
const ADDRESSES = 65_536;

export class RowEncoder {
  #buffer = new ArrayBuffer(1024 * 1024);
  #view = new DataView(this.#buffer);
  #bytes = new Uint8Array(this.#buffer);
  #at: number = EventsHeader.bytes;
  #count = 0;
  /** Of each CPU, how many lost events it has told of. */
  readonly #lost = new Uint32Array(CPUS);
  readonly #addresses = new Map<string, Uint8Array>();

  /** @param realtimeOffset CLOCK_REALTIME − CLOCK_MONOTONIC in nanoseconds */
  constructor(private readonly realtimeOffset: bigint) {}

  /** Records that were not taken yet. */
  get count(): number {
    return this.#count;
  }

  /** The payload of an Events frame with the records so far. */
  take(): Uint8Array<ArrayBuffer> {
    const payload = new Uint8Array(this.#buffer.slice(0, this.#at));
    new DataView(payload.buffer).setFloat64(EventsHeader.count, this.#count, true);
    this.#at = EventsHeader.bytes;
    this.#count = 0;
    return payload;
  }

  /** @throws RangeError when the row is none that an event can have */
  add(rows: BatchRows, row: number): void {
    const extras = rows.bytes('extras', row);
    this.#makeRoom(RECORD_BYTES + (extras?.length ?? 0));
    const start = this.#at + RINGBUF_HEADER_BYTES;
    const view = this.#view;
    const kind = rows.kind(row);
    const isShown = rows.truth('shown', row);
    const cpu = rows.number('cpu', row) % CPUS;
    let sections: number = EventSection.Begin;
    let at = start + EventHeaderLayout.bytes;
    const words = (...values: number[]) => {
      for (const value of values) {
        view.setUint32(at, value, true);
        at += 4;
      }
    };
    const tracked = rows.truth('tracked', row);
    view.setBigUint64(
      start + EventHeaderLayout.time,
      BigInt.asUintN(64, rows.time(row) - this.realtimeOffset),
      true,
    );
    const life = tracked ? lifeOf(rows.number('trajectory', row)) : 0;
    view.setUint32(start + EventHeaderLayout.life, life, true);
    view.setUint32(start + EventHeaderLayout.place, rows.lowWord('address', row), true);
    view.setUint32(start + EventHeaderLayout.length, rows.number('length', row), true);
    view.setUint16(start + EventHeaderLayout.cpuKind, (kind << 12) | cpu, true);
    if (extras !== undefined) {
      this.#bytes.set(extras, at);
      if (
        extras.length % 4 !== 0 ||
        extras.length < 4 ||
        extrasWords(Uint32Array.of(view.getUint32(at, true)), 0) * 4 !== extras.length
      )
        throw new RangeError('what an event told on request is not as long as it says');
      sections |= EventSection.Extras;
      at += extras.length;
    }
    const parent = rows.nullableNumber('parent', row);
    const begin = at;
    view.setUint32(begin + BeginSectionLayout.skb, rows.lowWord('skb', row), true);
    view.setUint32(begin + BeginSectionLayout.skb + 4, rows.highWord('skb', row), true);
    view.setBigUint64(begin + BeginSectionLayout.head, 0n, true);
    view.setUint32(begin + BeginSectionLayout.parent, parent === undefined ? 0 : lifeOf(parent), true);
    view.setUint32(begin + BeginSectionLayout.generation, rows.number('filter', row), true);
    at += BeginSectionLayout.bytes;
    if (isShown) {
      sections |= EventSection.Task | EventSection.Device | EventSection.Protocol | EventSection.Mark;
      words(rows.number('pid', row));
      at = this.#name(rows.bytes('comm', row), at);
      words(rows.number('netns', row), rows.number('ifindex', row), rows.number('mtu', row));
      at = this.#name(rows.bytes('device', row), at);
      const source = this.#address(rows.text('source', row));
      const destination = this.#address(rows.text('destination', row));
      const family = familyOf(source, destination);
      const fragment = rows.truth('fragment', row) ? TupleFlag.Fragment : 0;
      words(
        rows.number('protocol', row) |
          ((family === 0 ? 0 : family | fragment) << 16) |
          (rows.number('ip_protocol', row) << 24),
      );
      if (family !== 0) {
        const layout = family === TupleFlag.Ipv4 ? Ipv4SectionLayout : Ipv6SectionLayout;
        sections |= family === TupleFlag.Ipv4 ? EventSection.Ipv4 : EventSection.Ipv6;
        this.#bytes.set(source ?? [], at + layout.source);
        this.#bytes.set(destination ?? [], at + layout.destination);
        view.setUint16(at + layout.sourcePort, rows.number('source_port', row), true);
        view.setUint16(at + layout.destinationPort, rows.number('destination_port', row), true);
        view.setUint32(at + layout.tcpFlags, rows.number('tcp_flags', row), true);
        at += layout.bytes;
      }
      words(rows.number('mark', row));
    } else sections |= EventSection.Quiet;
    const name = ROW_KINDS[kind];
    if (name === 'drop') {
      sections |= EventSection.Drop;
      words(rows.number('value', row));
    } else if (name === 'merge') {
      const into = rows.nullableNumber('merged_into', row);
      const isKnown = into !== undefined && into !== rows.number('trajectory', row);
      sections |= EventSection.Merge;
      words(isKnown ? lifeOf(into) : 0);
    }
    const lost = rows.number('lost_before', row);
    if (lost > 0) {
      sections |= EventSection.Lost;
      const total = ((this.#lost[cpu] ?? 0) + lost) >>> 0;
      this.#lost[cpu] = total;
      words(total);
    }
    if (name === 'verdict') {
      sections |= EventSection.Verdict;
      words(rows.number('value', row));
    }
    if (rows.truth('ends', row)) sections |= EventSection.Ends;
    view.setUint16(start + EventHeaderLayout.sections, sections, true);
    view.setUint32(this.#at, at - start, true);
    view.setUint32(this.#at + 4, 0, true);
    this.#at = (at + 7) & ~7;
    this.#count++;
  }

  /** @returns the byte behind it */
  #name(name: Uint8Array | undefined, at: number): number {
    this.#bytes.fill(0, at, at + NAME_BYTES);
    if (name !== undefined) this.#bytes.set(name.subarray(0, NAME_BYTES - 1), at);
    return at + NAME_BYTES;
  }

  #address(text: string | undefined): Uint8Array | undefined {
    if (text === undefined) return undefined;
    let bytes = this.#addresses.get(text);
    if (bytes === undefined) {
      bytes = addressBytes(text);
      if (bytes === undefined) throw new RangeError('an address is none');
      if (this.#addresses.size === ADDRESSES) this.#addresses.clear();
      this.#addresses.set(text, bytes);
    }
    return bytes;
  }

  #makeRoom(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.byteLength) return;
    const larger = new ArrayBuffer((this.#at + bytes) * 2);
    const all = new Uint8Array(larger);
    all.set(this.#bytes);
    this.#buffer = larger;
    this.#bytes = all;
    this.#view = new DataView(larger);
  }
}

/** 0 is none. */
const lifeOf = (trajectory: number) => (trajectory + 1) >>> 0;

function familyOf(source: Uint8Array | undefined, destination: Uint8Array | undefined): number {
  if (source === undefined || source.length !== destination?.length) return 0;
  return source.length === 4 ? TupleFlag.Ipv4 : TupleFlag.Ipv6;
}
