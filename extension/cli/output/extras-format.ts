/** What events tell on request, as text and as fields of the JSON object. docs/json.md describes the fields. */
import type { Extras } from '../../../common/protocol.ts';
import { printable } from '../../base/printable.ts';
import { formatTuple } from '../../base/tuple.ts';
import type { EventStore } from '../../recording/capture.ts';
import type { PacketBytes } from '../../recording/extras/sections.ts';
import type { StructureMembers, StructureValue } from '../../recording/extras/structure.ts';
import type { CodeAddress, EventIndex, KernelPlace } from '../../recording/types.ts';
import type { SourceLine } from './place-sources.ts';

/** Of lines that belong to an event's line. */
const INDENT = '    ';
const PLACE_WIDTH = 40;

type ExtraStore = Pick<EventStore, 'caller' | 'stack' | 'packetBytes' | 'structure' | 'cb' | 'tunnel'>;

/** The fields that were asked for. */
export function extraFields(store: ExtraStore, event: EventIndex, wanted: Extras): object {
  const { caller, stack, packetBytes = 0 } = wanted;
  return {
    ...(caller === true && { caller: codeObject(store.caller(event)) }),
    ...(stack === true && { stack: store.stack(event)?.map(codeObject) ?? null }),
    ...(packetBytes > 0 && { bytes: bytesObject(store.packetBytes(event)) }),
    ...(wanted.skb === true && { skbuff: store.structure(event, 'skb') ?? null }),
    ...(wanted.sharedInfo === true && { sharedInfo: store.structure(event, 'sharedInfo') ?? null }),
    ...(wanted.cb === true && { cb: store.cb(event) ?? null }),
    ...(wanted.tunnel === true && { tunnel: store.tunnel(event) ?? null }),
  };
}

function codeObject(code: CodeAddress | undefined): object | null {
  if (code === undefined) return null;
  const { text, place } = code;
  return { function: place?.name ?? text, module: place?.module ?? null, offset: place?.offset ?? null };
}

function bytesObject(packet: PacketBytes | undefined): object | null {
  return packet === undefined
    ? null
    : { network: packet.network, data: Buffer.from(packet.bytes).toString('hex') };
}

/** Who called: `ip_local_deliver_finish`, with the module where it is in one; empty: not known. */
export function callerText(store: ExtraStore, event: EventIndex): string {
  const code = store.caller(event);
  if (code === undefined) return '';
  return code.place === undefined ? code.text : `${code.place.name}${moduleText(code.place)}`;
}

/** Addresses and ports inside of a tunnel; empty: there is none. */
export function tunnelText(store: ExtraStore, event: EventIndex): string {
  const tuple = store.tunnel(event);
  return tuple === undefined ? '' : formatTuple(tuple);
}

/** The lines behind an event's own, each with its end. */
export function extraLines(
  store: ExtraStore,
  event: EventIndex,
  wanted: Extras,
  source: (place: KernelPlace) => SourceLine | undefined,
): string {
  let lines = '';
  if (wanted.stack === true)
    for (const frame of store.stack(event) ?? []) lines += `${INDENT}${frameText(frame, source)}\n`;
  if (wanted.packetBytes !== undefined) lines += hexLines(store.packetBytes(event)?.bytes);
  if (wanted.cb === true) lines += cbLine(store.cb(event));
  if (wanted.skb === true) lines += structureLines('sk_buff', store.structure(event, 'skb'));
  if (wanted.sharedInfo === true)
    lines += structureLines('skb_shared_info', store.structure(event, 'sharedInfo'));
  return lines;
}

function frameText(
  { text, place }: CodeAddress,
  source: (place: KernelPlace) => SourceLine | undefined,
): string {
  if (place === undefined) return text;
  const name = printable(`${place.name}+0x${place.offset.toString(16)}${moduleText(place)}`);
  const found = source(place);
  return found === undefined
    ? name
    : `${name.padEnd(PLACE_WIDTH - INDENT.length)} ${printable(found.file)}:${found.line}`;
}

function moduleText({ module }: KernelPlace): string {
  return module === '' ? '' : ` [${module}]`;
}

/** As tcpdump -x prints them: offset, and eight groups of two bytes. */
function hexLines(bytes: Uint8Array = new Uint8Array()): string {
  let lines = '';
  for (let at = 0; at < bytes.length; at += 16) {
    const hex = Buffer.from(bytes.subarray(at, at + 16)).toString('hex');
    lines += `${INDENT}0x${at.toString(16).padStart(4, '0')}:  ${hex.replaceAll(/.{4}(?=.)/g, '$& ')}\n`;
  }
  return lines;
}

function cbLine(words: readonly number[] | undefined): string {
  if (words === undefined) return '';
  return `${INDENT}cb ${words.map((word) => `0x${word.toString(16).padStart(8, '0')}`).join(' ')}\n`;
}

function structureLines(name: string, value: StructureMembers | undefined): string {
  return value === undefined ? '' : `${INDENT}struct ${name}\n${memberLines(value, INDENT.repeat(2))}`;
}

/** Members that are zero are left out: most are, and then it is what is there that shows. */
function memberLines(members: StructureMembers, indent: string): string {
  let lines = '';
  for (const [name, value] of Object.entries(members)) {
    if (isZero(value)) continue;
    lines += memberText(printable(name), value, indent);
  }
  return lines;
}

function memberText(name: string, value: StructureValue, indent: string): string {
  if (typeof value !== 'object') return `${indent}${name} ${printable(String(value))}\n`;
  if (!Array.isArray(value)) return `${indent}${name}\n${memberLines(value, indent + INDENT)}`;
  if (value.every((each) => typeof each !== 'object'))
    return `${indent}${name} ${printable(value.join(' '))}\n`;
  return value.map((each, nth) => memberText(`${name}[${nth}]`, each, indent)).join('');
}

function isZero(value: StructureValue): boolean {
  if (typeof value === 'string') return /^(0x)?0*$/.test(value);
  if (typeof value !== 'object') return value === 0 || value === false;
  return Object.values(value).every(isZero);
}
