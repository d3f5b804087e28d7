/** Wording that the terminal, the tree and the debug console share. */
import type { CaptureEnd, EventIndex, EventStore } from './api.ts';

/** An event's function; of a drop with the place in it, as the kernel's own messages write it: `nf_hook_slow+0x1a`. */
export function placeText(store: EventStore, event: EventIndex): string {
  const offset = store.dropOffset(event);
  return `${store.functionName(event)}${offset === undefined ? '' : `+0x${offset.toString(16)}`}`;
}

/** `, 12 hits missed while another probe ran` to follow the count of lost events; empty when there were none. */
export function missedText({ agent }: Pick<CaptureEnd, 'agent'>): string {
  const missed = agent?.missed ?? 0;
  if (missed === 0) return '';
  return `, ${missed.toLocaleString('en')} ${missed === 1 ? 'hit' : 'hits'} missed while another probe ran`;
}
