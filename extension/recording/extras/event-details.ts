/** All that an event tells on request, as a tree: the terminal prints lines of it, the editor shows rows. */
import type { Extras } from '../../../common/protocol.ts';
import { formatTuple } from '../../base/tuple.ts';
import type { CodeAddress, EventIndex, KernelPlace } from '../types.ts';
import type { Detail } from './detail.ts';
import type { EventExtras } from './event-extras.ts';
import type { PacketBytes } from './sections.ts';

/** Bytes in a line, as tcpdump has them. */
const LINE_BYTES = 16;

/** A detail of an event itself, and what it is of. */
export interface EventDetail extends Detail {
  of: keyof Extras | 'metadata';
}

/** In the order in which they are shown; what an event does not tell is left out. */
export function eventDetails(store: EventExtras, event: EventIndex): EventDetail[] {
  const caller = store.caller(event);
  const tunnel = store.tunnel(event);
  const stack = store.stack(event);
  const packet = store.packetBytes(event);
  const cb = store.cb(event);
  const details: EventDetail[] = (store.members(event, 'metadata') ?? []).map((value) => ({
    ...value,
    of: 'metadata',
    isZero: false, // it was asked for, whatever it is
  }));
  if (caller !== undefined)
    details.push({ of: 'caller', name: 'called by', value: functionText(caller), ...placeOf(caller) });
  if (tunnel !== undefined) details.push({ of: 'tunnel', name: 'in the tunnel', value: formatTuple(tunnel) });
  if (stack !== undefined)
    details.push({
      of: 'stack',
      name: 'stack',
      value: stack[0] === undefined ? '' : functionText(stack[0]),
      inner: () => stack.map((frame) => ({ name: frameText(frame), value: '', ...placeOf(frame) })),
    });
  if (packet !== undefined) details.push(bytesDetail(packet));
  if (cb !== undefined)
    details.push({
      of: 'cb',
      name: 'skb->cb',
      value: '',
      inner: () => cb.map((word, nth) => ({ name: `u32[${nth}]`, value: hex(word, 8), isZero: word === 0 })),
    });
  for (const [which, name] of [
    ['skb', 'struct sk_buff'],
    ['sharedInfo', 'struct skb_shared_info'],
  ] as const) {
    const members = store.members(event, which);
    if (members !== undefined) details.push({ of: which, name, value: '', inner: () => members });
  }
  return details;
}

function bytesDetail({ bytes, network }: PacketBytes): EventDetail {
  const from = network === 0 ? 'from the IP header' : `IP header at ${network}`;
  return {
    of: 'packetBytes',
    name: 'bytes',
    value: `${bytes.length}, ${from}`,
    inner: () => {
      const lines: Detail[] = [];
      for (let at = 0; at < bytes.length; at += LINE_BYTES) {
        const text = Buffer.from(bytes.subarray(at, at + LINE_BYTES)).toString('hex');
        lines.push({ name: hex(at, 4), value: text.replaceAll(/.{4}(?=.)/g, '$& ') });
      }
      return lines;
    },
  };
}

/** `ip_local_deliver_finish`, with the module where it is in one. */
export function functionText({ text, place }: CodeAddress): string {
  return place === undefined ? text : `${place.name}${moduleText(place)}`;
}

function frameText({ text, place }: CodeAddress): string {
  return place === undefined ? text : `${place.name}+0x${place.offset.toString(16)}${moduleText(place)}`;
}

function moduleText({ module }: KernelPlace): string {
  return module === '' ? '' : ` [${module}]`;
}

function placeOf({ place }: CodeAddress): Pick<Detail, 'place'> {
  return place === undefined ? {} : { place };
}

function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}
