/**
 * Functions that end or link the lives of packets (bpf/events/life.h), by their names in the kernel's source
 * (net/core/skbuff.c and gro.c, net/ipv4 and ipv6/ip_output.c). They are always probed, whatever was asked for.
 */
import { Program } from '../../common/layouts.ts';

interface LifeCycleFunction {
  program: number;
  /** Position of the packet whose life it is, or that becomes one. */
  argument: number;
}

const FIRST = (program: number): LifeCycleFunction => ({ program, argument: 1 });

const LIFE_CYCLE = new Map<string, LifeCycleFunction>([
  ['skb_release_head_state', FIRST(Program.HeadState)],
  ['skb_release_data', FIRST(Program.Data)],
  ['kfree_skbmem', FIRST(Program.Final)],
  ['napi_skb_cache_put', FIRST(Program.Final)],
  // The shell stays with GRO and gets the next packet.
  ['napi_reuse_skb', { program: Program.FinalSecond, argument: 2 }],
  ['napi_skb_free_stolen_head', FIRST(Program.Stolen)],
  ['kfree_skb_partial', FIRST(Program.Partial)],
  ['pskb_expand_head', FIRST(Program.Reshape)],
  ['pskb_carve_inside_header', FIRST(Program.Reshape)],
  ['pskb_carve_inside_nonlinear', FIRST(Program.Reshape)],
  ['__copy_skb_header', FIRST(Program.Copy)],
  ['skb_copy_header', FIRST(Program.Copy)],
  ['__skb_clone', FIRST(Program.Copy)],
  ['ip_copy_metadata', FIRST(Program.Copy)],
  ['ip6_copy_metadata', FIRST(Program.Copy)],
  ['skb_gro_receive', FIRST(Program.Merge)],
  ['skb_gro_receive_list', FIRST(Program.Merge)],
  ['skb_try_coalesce', FIRST(Program.Merge)],
  ['__build_skb_around', FIRST(Program.Build)],
  ['__finalize_skb_around', FIRST(Program.Build)],
]);

/** Called by skb_release_data, the completions of zero-copy data by the kernel's habit of naming. */
const IN_RELEASE =
  /^(?:skb_free_head|skb_pp_recycle|\w+_zerocopy_(?:callback|complete)|io_tx_ubuf_complete)$/;

/** Whether a function is probed although it was not asked for. @param name as in the source */
export function isLifeCycle(name: string): boolean {
  return LIFE_CYCLE.has(name);
}

/**
 * What a function means for its packet's life: enum program of bpf/program.h.
 * @param argument position of its first packet
 * @param asked whether it is to be seen as a step
 * @returns undefined: nothing, and it was not asked for
 */
export function programOf(name: string, argument: number, asked: boolean): number | undefined {
  const known = LIFE_CYCLE.get(name);
  if (known?.argument === argument) {
    if (asked || known.program === Program.Build) return known.program;
    return known.program + Program.Quiet;
  }
  if (!asked) return undefined;
  return argument === 1 && IN_RELEASE.test(name) ? Program.Tail : Program.Plain + argument;
}
