/** Wording that the terminal, the tree and the debug console share. */
import type { CaptureEnd, EventIndex, EventStore } from './capture.ts';
import type { FilterTexts } from './filters.ts';

/** An event's function; of a drop with the place in it, as the kernel's own messages write it: `nf_hook_slow+0x1a`. */
export function placeText(store: EventStore, event: EventIndex): string {
  const offset = store.dropOffset(event);
  return `${store.functionName(event)}${offset === undefined ? '' : `+0x${offset.toString(16)}`}`;
}

/** A filter in words: `tcp port 80`, `every packet`, and what is asked of packets inside of tunnels. */
export function filterText({ filter, tunnelFilterL2, tunnelFilterL3 }: FilterTexts): string {
  const inside = [
    tunnelFilterL2.trim() && `${tunnelFilterL2.trim()} (from the Ethernet header)`,
    tunnelFilterL3.trim() && `${tunnelFilterL3.trim()} (from the IP header)`,
  ].filter((part) => part !== '');
  const outside = filter.trim() || 'every packet';
  return inside.length === 0 ? outside : `${outside}, with inside of a tunnel ${inside.join(' and ')}`;
}

/** `, 12 hits missed while another probe ran` to follow the count of lost events; empty when there were none. */
export function missedText({ agent }: Pick<CaptureEnd, 'agent'>): string {
  const missed = agent?.missed ?? 0;
  if (missed === 0) return '';
  return `, ${missed.toLocaleString('en')} ${missed === 1 ? 'hit' : 'hits'} missed while another probe ran`;
}
