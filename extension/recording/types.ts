/** What parts of a recording are called by number or by name. Everything in this folder builds on these. */
import type { KernelAddress } from '../../common/kernel-address.ts';
import type { ProbedFunction } from '../../common/protocol.ts';

/** Index of an event in its capture, in order of arrival, from 0. */
export type EventIndex = number;
/** Index of a trajectory in its capture, in order of its first event, from 0. */
export type TrajectoryId = number;

/** A function of the target's kernel. */
export interface KernelFunction {
  name: string;
  /** Empty for vmlinux. */
  module: string;
}

/** A BPF program that gets packets; its function's name is `NAME(tc)`. */
export type TracedProgram = NonNullable<ProbedFunction['program']>;

/** A place in the target's kernel, as far as the agent knows it. */
export interface KernelPlace extends KernelFunction {
  /** Where the function begins. */
  start: KernelAddress;
  /** Bytes from there; 0: its entry. */
  offset: number;
  /** Bytes from the function to the next symbol, and the functions around it; of probed ones KernelBuild tells. */
  distance?: number;
  neighbours?: readonly string[];
  /** Of its module, in hexadecimal, where the agent told it with the place. */
  buildId?: string;
}

/** An address in the target's kernel, of a caller. */
export interface CodeAddress {
  /** `0xffffffff81000000` */
  text: string;
  /** Where that is; undefined: the agent has no name for it. */
  place: KernelPlace | undefined;
}
