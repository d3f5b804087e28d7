/** What events tell on request, as text and as fields of the JSON object. docs/json.md describes the fields. */
import type { Extras } from '../../../common/protocol.ts';
import { printable } from '../../base/printable.ts';
import { formatTuple } from '../../base/tuple.ts';
import type { Detail } from '../../recording/extras/detail.ts';
import type { EventExtras } from '../../recording/extras/event-extras.ts';
import { eventDetails, type EventDetail, functionText } from '../../recording/extras/event-details.ts';
import type { PacketBytes } from '../../recording/extras/sections.ts';
import type { CodeAddress, EventIndex, KernelPlace } from '../../recording/types.ts';
import type { SourceLine } from './place-sources.ts';

/** Of lines that belong to an event's line. */
const INDENT = '    ';
const PLACE_WIDTH = 40;

/** The fields that were asked for. */
export function extraFields(store: EventExtras, event: EventIndex, wanted: Extras): object {
  const { caller, stack, packetBytes = 0 } = wanted;
  return {
    ...(caller === true && { caller: codeObject(store.caller(event)) }),
    ...(stack === true && { stack: store.stack(event)?.map(codeObject) ?? null }),
    ...(packetBytes > 0 && { bytes: bytesObject(store.packetBytes(event)) }),
    ...(wanted.skb === true && { skbuff: store.structure(event, 'skb') ?? null }),
    ...(wanted.sharedInfo === true && { sharedInfo: store.structure(event, 'sharedInfo') ?? null }),
    ...(wanted.cb === true && { cb: store.cb(event) ?? null }),
    ...(asksMetadata(wanted) && { metadata: store.structure(event, 'metadata') ?? null }),
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
export function callerText(store: EventExtras, event: EventIndex): string {
  const code = store.caller(event);
  return code === undefined ? '' : functionText(code);
}

/** Addresses and ports inside of a tunnel; empty: there is none. */
export function tunnelText(store: EventExtras, event: EventIndex): string {
  const tuple = store.tunnel(event);
  return tuple === undefined ? '' : formatTuple(tuple);
}

function asksMetadata({ skbMetadata = [], xdpMetadata = [] }: Extras): boolean {
  return skbMetadata.length + xdpMetadata.length > 0;
}

/** The lines behind an event's own, each with its end. */
export function extraLines(
  store: EventExtras,
  event: EventIndex,
  wanted: Extras,
  source: (place: KernelPlace) => SourceLine | undefined,
): string {
  if (!store.hasExtras(event)) return '';
  const details = eventDetails(store, event);
  const values = details.filter(({ of }) => of === 'metadata' && asksMetadata(wanted));
  const line = values.map(({ name, value }) => `${printable(name)}=${printable(value)}`).join(' ');
  return (
    (line === '' ? '' : `${INDENT}${line}\n`) +
    details
      .filter(({ of }) => of !== 'metadata' && Boolean(wanted[of]))
      .map((detail) => detailLines(detail, source))
      .join('')
  );
}

function detailLines(
  { of, name, inner }: EventDetail,
  source: (place: KernelPlace) => SourceLine | undefined,
): string {
  const parts = inner?.() ?? [];
  switch (of) {
    case 'stack':
      return parts.map((frame) => `${INDENT}${frameLine(frame, source)}\n`).join('');
    case 'packetBytes':
      return parts.map((line) => `${INDENT}${line.name}:  ${line.value}\n`).join('');
    case 'cb':
      return `${INDENT}cb ${parts.map(({ value }) => value).join(' ')}\n`;
    case 'skb':
    case 'sharedInfo':
      return `${INDENT}${name}\n${memberLines(parts, INDENT.repeat(2))}`;
    default:
      return ''; // those have columns, or a line for all
  }
}

function frameLine({ name, place }: Detail, source: (place: KernelPlace) => SourceLine | undefined): string {
  const text = printable(name);
  const found = place && source(place);
  return found === undefined
    ? text
    : `${text.padEnd(PLACE_WIDTH - INDENT.length)} ${printable(found.file)}:${found.line}`;
}

/** Members that are zero are left out. */
function memberLines(members: readonly Detail[], indent: string): string {
  let lines = '';
  for (const { name, value, isZero, inner } of members) {
    if (isZero === true) continue;
    lines += `${indent}${printable(name)}${value === '' ? '' : ` ${printable(value)}`}\n`;
    if (inner !== undefined) lines += memberLines(inner(), indent + INDENT);
  }
  return lines;
}
