/** The filters of a capture, one after the other: an event's generation is the number of the one that kept it. */
import type { CompiledFilter, Conditions } from '../../common/protocol.ts';

/** What packets must meet before the filter is asked, as the user wrote it; absent or empty: not asked for. */
export interface ConditionTexts {
  /** Network namespace on the target: a path, `inode:N`, or a name of /run/netns. */
  netns?: string;
  /** Device in that namespace, or, without one, in the agent's. */
  ifname?: string;
  /** `mark[/mask]` */
  mark?: string;
  /** Expression of C about `skb`. */
  skbExpression?: string;
  /** The same about `xdp`, for packets that XDP has. */
  xdpExpression?: string;
}

/** Filters as the user wrote them; empty: none. A packet must match all of them. */
export interface FilterTexts extends ConditionTexts {
  /** pcap filter on the packet itself. */
  filter: string;
  /** pcap filters on the packet inside of a tunnel, from its Ethernet header and from its IP header. */
  tunnelFilterL2: string;
  tunnelFilterL3: string;
}

/** What is needed to put a filter in force. */
export interface WantedFilter extends FilterTexts {
  /** null: every packet. */
  compiled: CompiledFilter | null;
  /** Absent: none. */
  conditions?: Conditions;
}

/** A filter that is or was in force. */
export interface CaptureFilter extends FilterTexts {
  /** 0 for the first, then 1, 2, … */
  generation: number;
  /** CLOCK_MONOTONIC of the target in nanoseconds from which on every packet met it; undefined: from the start. */
  since: bigint | undefined;
}

/** Every packet. */
export const NO_FILTER: WantedFilter = { filter: '', tunnelFilterL2: '', tunnelFilterL3: '', compiled: null };

/** The texts alone of what may hold more; conditions that are not asked for are absent. */
export function filterTexts(of: FilterTexts): FilterTexts {
  const { filter, tunnelFilterL2, tunnelFilterL3, netns, ifname, mark, skbExpression, xdpExpression } = of;
  return {
    filter,
    tunnelFilterL2,
    tunnelFilterL3,
    ...(isAsked(netns) && { netns }),
    ...(isAsked(ifname) && { ifname }),
    ...(isAsked(mark) && { mark }),
    ...(isAsked(skbExpression) && { skbExpression }),
    ...(isAsked(xdpExpression) && { xdpExpression }),
  };
}

const isAsked = (text: string | undefined): text is string => text !== undefined && text.trim() !== '';
