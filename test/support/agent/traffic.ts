/**
 * Batches of packets as an agent sends them, fast enough for hours of them: one batch is encoded, and for each one
 * that follows only what differs is written into it. Every packet is new: its life, its skb, its flow, its process.
 */
import {
  BeginSectionLayout,
  DeviceSectionLayout,
  EventHeaderLayout,
  EventKind,
  EventSection,
  Ipv6SectionLayout,
  ProtocolSectionLayout,
  TaskSectionLayout,
  TupleFlag,
} from '../../../common/layouts.ts';
import { EventsHeader, RINGBUF_HEADER_BYTES, recordStride } from '../../../common/protocol.ts';
import { functionAddress } from './records.ts';

/** Functions of a packet and of its copy, and where the packet is dropped. */
export const TRAFFIC_FUNCTIONS = [
  'ip_rcv',
  'ip_forward',
  '__skb_clone',
  'packet_rcv',
  'nf_hook_slow',
  'kfree_skbmem',
];
export const DROPPED_AT = functionAddress(4) + 0x40;
/** A packet has a copy; both pass functions, the packet is dropped, and both are released. */
export const EVENTS_A_PACKET = 14;

const { Begin, Task, Device, Protocol, Ipv6, Drop, Ends } = EventSection;
const FIRST = Begin | Task | Device | Protocol | Ipv6;

interface Step {
  of: 'packet' | 'copy';
  kind?: number;
  place: number;
  sections?: number;
}

const at = (nth: number) => functionAddress(nth) % 2 ** 32;

const STEPS: readonly Step[] = [
  { of: 'packet', place: at(0), sections: FIRST },
  { of: 'packet', place: at(1) },
  { of: 'copy', place: at(2), kind: EventKind.Copy, sections: Begin | Task },
  { of: 'packet', place: at(1) },
  { of: 'copy', place: at(3) },
  { of: 'packet', place: at(4) },
  { of: 'copy', place: at(3) },
  { of: 'packet', place: DROPPED_AT % 2 ** 32, kind: EventKind.Drop, sections: Drop },
  { of: 'copy', place: at(1) },
  { of: 'copy', place: at(1) },
  // The end of a life is told when its data are released, and again when its shell is.
  { of: 'packet', place: at(5), sections: Ends },
  { of: 'packet', place: at(5), sections: Ends },
  { of: 'copy', place: at(5), sections: Ends },
  { of: 'copy', place: at(5), sections: Ends },
];

export interface TrafficOptions {
  packetsABatch: number;
  eventsASecond?: number;
  /** Of so many packets one is never told to end, as when its end was lost. */
  endless?: number;
}

export class Traffic {
  packets = 0;
  readonly #payload: Uint8Array<ArrayBuffer>;
  readonly #words: Uint32Array;
  /** Word of each event of each packet, in order. */
  readonly #starts: number[] = [];
  readonly #nanoseconds: number;
  #events = 0;

  constructor(private readonly options: TrafficOptions) {
    const { packetsABatch, eventsASecond = 20_000 } = options;
    this.#nanoseconds = Math.round(1e9 / eventsASecond);
    const sizes = STEPS.map(({ sections = 0 }) => EventHeaderLayout.bytes + sectionBytes(sections));
    const strides = sizes.map(recordStride);
    const bytes = EventsHeader.bytes + packetsABatch * strides.reduce((sum, stride) => sum + stride, 0);
    this.#payload = new Uint8Array(bytes);
    this.#words = new Uint32Array(this.#payload.buffer);
    new DataView(this.#payload.buffer).setFloat64(EventsHeader.count, packetsABatch * STEPS.length, true);
    let start: number = EventsHeader.bytes;
    // The packets of a batch are on their way at the same time.
    for (let nth = 0; nth < STEPS.length; nth++)
      for (let packet = 0; packet < packetsABatch; packet++) {
        this.#words[start >>> 2] = sizes[nth] ?? 0;
        this.#starts[packet * STEPS.length + nth] = (start + RINGBUF_HEADER_BYTES) >>> 2;
        start += strides[nth] ?? 0;
      }
  }

  /** Valid until the next call. */
  next(): Uint8Array<ArrayBuffer> {
    for (let packet = 0; packet < this.options.packetsABatch; packet++) this.#packet(packet);
    return this.#payload;
  }

  #packet(packet: number): void {
    const number = this.packets++;
    const { endless = Infinity } = this.options;
    const ends = number % endless !== endless - 1;
    const lives = { packet: number * 2 + 1, copy: number * 2 + 2 };
    for (const [nth, { of, kind = EventKind.Step, place, sections = 0 }] of STEPS.entries()) {
      const told = ends ? sections : sections & ~Ends;
      const words = this.#words;
      let word = this.#starts[packet * STEPS.length + nth] ?? 0;
      const time = this.#events++ * this.#nanoseconds;
      words[word] = time;
      words[word + 1] = time / 2 ** 32;
      words[word + (EventHeaderLayout.life >>> 2)] = lives[of];
      words[word + (EventHeaderLayout.place >>> 2)] = place;
      words[word + (EventHeaderLayout.cpuKind >>> 2)] = (kind << 12) | (told << 16);
      word += EventHeaderLayout.bytes >>> 2;
      if ((told & Begin) !== 0) {
        words[word] = lives[of] * 256;
        words[word + 1] = 0xffff_8881;
        words[word + (BeginSectionLayout.parent >>> 2)] = of === 'copy' ? lives.packet : 0;
        word += BeginSectionLayout.bytes >>> 2;
      }
      if ((told & Task) !== 0) {
        words[word] = number;
        word += TaskSectionLayout.bytes >>> 2;
      }
      if ((told & Device) !== 0) {
        words[word + 1] = number;
        word += DeviceSectionLayout.bytes >>> 2;
      }
      if ((told & Protocol) !== 0) words[word++] = (TupleFlag.Ipv6 << 16) | 0x86dd;
      if ((told & Ipv6) !== 0) words[word] = number;
      if ((told & Drop) !== 0) words[word] = 6;
    }
  }
}

function sectionBytes(sections: number): number {
  const sizes = [
    [Begin, BeginSectionLayout.bytes],
    [Task, TaskSectionLayout.bytes],
    [Device, DeviceSectionLayout.bytes],
    [Protocol, ProtocolSectionLayout.bytes],
    [Ipv6, Ipv6SectionLayout.bytes],
    [Drop, 4],
  ] as const;
  return sizes.reduce((sum, [section, bytes]) => sum + ((sections & section) === 0 ? 0 : bytes), 0);
}
