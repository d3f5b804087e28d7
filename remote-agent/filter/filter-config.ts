import type { PageVariables } from '../kernel/page-variables.ts';
import type { CompiledFilter } from '../../common/protocol.ts';
import { readsLink } from './filter-object.ts';

const TUNNEL_FILTER_L2 = 1;
const TUNNEL_FILTER_L3 = 2;

/** `struct filter_config` of bpf/filter-config.h. */
export function encodeFilterConfig(filter: CompiledFilter | null, pages: PageVariables): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, pages.vmemmapBase, true);
  view.setBigUint64(8, pages.pageOffsetBase, true);
  view.setUint8(16, Number(readsLink(filter)));
  const tunnelL2 = filter?.tunnelL2 === undefined ? 0 : TUNNEL_FILTER_L2;
  const tunnelL3 = filter?.tunnelL3 === undefined ? 0 : TUNNEL_FILTER_L3;
  view.setUint8(17, tunnelL2 | tunnelL3);
  return bytes;
}
