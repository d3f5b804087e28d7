/** What a step changed of a packet, against the step before. */
import { printable } from '../../base/printable.ts';
import type { TupleParts } from '../../base/tuple.ts';
import type { EventStore } from '../../recording/capture.ts';
import type { EventIndex } from '../../recording/types.ts';

/** `10.244.2.162 → 172.19.0.3`, `mark 0x0 → 0x1`; nothing where nothing changed. */
export function changesBetween(store: EventStore, before: EventIndex, after: EventIndex): string[] {
  const changes: string[] = [];
  const change = (name: string, from: string, to: string) => {
    if (from !== to) changes.push(`${name}${from} → ${to}`);
  };
  // Headers that are not there (yet) are no change of addresses.
  const from = store.tupleParts(before);
  const to = store.tupleParts(after);
  if (from !== undefined && to !== undefined && store.tuple(before) !== store.tuple(after))
    changes.push(tupleChange(from, to) ?? `${store.tuple(before)} → ${store.tuple(after)}`);
  change('device ', deviceName(store, before), deviceName(store, after));
  const netns = [store.netns(before), store.netns(after)] as const;
  if (!netns.includes(0)) change('netns ', String(netns[0]), String(netns[1]));
  change('mark ', `0x${store.mark(before).toString(16)}`, `0x${store.mark(after).toString(16)}`);
  change('length ', String(store.packetLength(before)), String(store.packetLength(after)));
  return changes;
}

function deviceName(store: EventStore, event: EventIndex): string {
  const ifindex = store.ifindex(event);
  if (ifindex === 0) return 'none';
  const name = store.device(event);
  return name === undefined ? `${ifindex}` : printable(name);
}

/** Where one end only changed, that; undefined where more did. */
function tupleChange(from: TupleParts, to: TupleParts): string | undefined {
  const sameSource = from.source === to.source && from.sourcePort === to.sourcePort;
  const sameDestination = from.destination === to.destination && from.destinationPort === to.destinationPort;
  if (from.protocol !== to.protocol || sameSource === sameDestination) return undefined;
  return sameDestination
    ? endChange(from.source, from.sourcePort, to.source, to.sourcePort)
    : endChange(from.destination, from.destinationPort, to.destination, to.destinationPort);
}

function endChange(address: string, port: number, newAddress: string, newPort: number): string {
  if (port === newPort) return `${address} → ${newAddress}`;
  const end = (host: string, number: number) => `${host.includes(':') ? `[${host}]` : host}:${number}`;
  return `${end(address, port)} → ${end(newAddress, newPort)}`;
}
