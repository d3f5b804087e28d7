import { ColumnStore } from '../../../extension/recording/event-store.ts';
import type { Retention } from '../../../extension/recording/retention.ts';
import { Symbols } from '../../../extension/recording/symbols.ts';
import { attached, functionAddress } from './records.ts';
import { DROPPED_AT, TRAFFIC_FUNCTIONS } from './traffic.ts';

export const TRAFFIC_ATTACHED = attached(TRAFFIC_FUNCTIONS, {
  dropReasons: [{ value: 6, name: 'NETFILTER_DROP' }],
});
export const TRAFFIC_LOCATION = {
  address: DROPPED_AT,
  start: functionAddress(4),
  name: 'nf_hook_slow',
  module: '',
};

/** A store that knows the functions of traffic.ts. */
export function trafficStore(retention?: Retention): ColumnStore {
  const store = new ColumnStore(retention);
  const symbols = new Symbols(TRAFFIC_ATTACHED);
  symbols.addLocations([TRAFFIC_LOCATION]);
  store.setSymbols(symbols);
  return store;
}
