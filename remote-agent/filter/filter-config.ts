import { FilterConfigLayout as At, TunnelFilter } from '../../common/layouts.ts';
import type { PageVariables } from '../kernel/page-variables.ts';
import type { CompiledFilter } from '../../common/protocol.ts';
import { readsLink } from './filter-object.ts';

/** `struct filter_config` of bpf/filter/filter-config.h. */
export function encodeFilterConfig(filter: CompiledFilter | null, pages: PageVariables): Uint8Array {
  const bytes = new Uint8Array(At.bytes);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(At.vmemmapBase, pages.vmemmapBase, true);
  view.setBigUint64(At.pageOffsetBase, pages.pageOffsetBase, true);
  view.setUint32(At.pageBytes, pages.pageBytes, true);
  view.setUint8(At.readsLink, Number(readsLink(filter)));
  const tunnelL2 = filter?.tunnelL2 === undefined ? 0 : TunnelFilter.L2;
  const tunnelL3 = filter?.tunnelL3 === undefined ? 0 : TunnelFilter.L3;
  view.setUint8(At.tunnelFilters, tunnelL2 | tunnelL3);
  return bytes;
}
