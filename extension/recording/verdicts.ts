/** What BPF programs that get packets return, by name. */
import { Reached } from './trajectories/outcome.ts';
import type { TracedProgram } from './types.ts';

/** include/uapi/linux/pkt_cls.h; netkit's and tcx's values (NETKIT_DROP, TCX_NEXT) are the same. */
const TC = new Map([
  [-1, 'TC_ACT_UNSPEC'],
  [0, 'TC_ACT_OK'],
  [1, 'TC_ACT_RECLASSIFY'],
  [2, 'TC_ACT_SHOT'],
  [3, 'TC_ACT_PIPE'],
  [4, 'TC_ACT_STOLEN'],
  [5, 'TC_ACT_QUEUED'],
  [6, 'TC_ACT_REPEAT'],
  [7, 'TC_ACT_REDIRECT'],
  [8, 'TC_ACT_TRAP'],
]);

/** enum xdp_action of include/uapi/linux/bpf.h */
const XDP = new Map([
  [0, 'XDP_ABORTED'],
  [1, 'XDP_DROP'],
  [2, 'XDP_PASS'],
  [3, 'XDP_TX'],
  [4, 'XDP_REDIRECT'],
]);

const NAMES: Record<TracedProgram['kind'], ReadonlyMap<number, string>> = { tc: TC, xdp: XDP };

/**
 * Its number where it has no name: a classifier that does not act (no `direct-action`) returns a class.
 * @param kind undefined: the program is not known
 * @param value 32 bits
 */
export function verdictName(kind: TracedProgram['kind'] | undefined, value: number): string {
  const signed = value | 0;
  return (kind && NAMES[kind].get(signed)) ?? String(signed);
}

/** Drop reasons from here on are what XDP returned; the kernel's own subsystems are far below. */
const XDP_REASONS = 0xffff_0000;

/** What becomes of a packet by what XDP returned. */
export function xdpDecides(
  value: number,
): { drop: number } | { reached: Reached } | 'redirected' | undefined {
  switch (XDP.get(value)) {
    case 'XDP_PASS':
      return undefined;
    case 'XDP_TX':
      return { reached: Reached.Wire };
    case 'XDP_REDIRECT':
      return 'redirected';
    default: // the kernel drops also for what it does not know
      return { drop: XDP_REASONS + Math.min(value, 0xffff) };
  }
}

/** The name of a drop reason that XDP has given; undefined: it is one of the kernel's. */
export function xdpDropReason(reason: number): string | undefined {
  return reason < XDP_REASONS ? undefined : verdictName('xdp', reason - XDP_REASONS);
}
