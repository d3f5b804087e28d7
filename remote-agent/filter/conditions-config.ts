import { ConditionsLayout as At } from '../../common/layouts.ts';

/** What a packet must meet besides the filter, as this kernel numbers it; 0: not asked for. */
export interface ResolvedConditions {
  /** Inode number of the network namespace. */
  netns: number;
  ifindex: number;
  mark: number;
  markMask: number;
}

export const NO_CONDITIONS: ResolvedConditions = { netns: 0, ifindex: 0, mark: 0, markMask: 0 };

/**
 * `struct conditions` of bpf/filter/conditions.h.
 * @param expressions which there are besides
 */
export function encodeConditions(
  { netns, ifindex, mark, markMask }: ResolvedConditions,
  expressions: { skb?: unknown; xdp?: unknown },
): Uint8Array {
  const bytes = new Uint8Array(At.bytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(At.netns, netns, true);
  view.setUint32(At.ifindex, ifindex, true);
  view.setUint32(At.markMask, markMask, true);
  view.setUint32(At.mark, (mark & markMask) >>> 0, true);
  view.setUint8(At.any, Number(netns !== 0 || ifindex !== 0 || markMask !== 0));
  view.setUint8(At.expression, Number(expressions.skb !== undefined));
  view.setUint8(At.xdpExpression, Number(expressions.xdp !== undefined));
  return bytes;
}
