import type { KernelName } from '../images/kernels.ts';
import type { ExpectedStory, On } from './expect.ts';
import type { End } from './story.ts';

/** Packets' ways through a kernel as data: what to set up, what to send, and what a trace must tell. */
export interface Scenario {
  name: string;
  /**
   * Shell commands as root before the trace starts, with the functions of lab.sh; the first that fails is an error.
   * Every scenario has network namespaces of its own, and the addresses 10.$N.0.0/16 and fd00:$N::/32, which in
   * expectations are written so too.
   */
  setup: string;
  /** Shell commands while the trace runs; that a packet is dropped may make them fail. */
  traffic: string;
  /** Kernels that cannot play it, and why. */
  lacking?: Partial<Record<KernelName, string>>;
  /** In this order, each story serving for one expectation. */
  stories: readonly ExpectedStory[];
  /**
   * How many stories have each outcome, all of the scenario counted; an outcome that is not named must not be there.
   * `any`: however many.
   */
  outcomes: On<Partial<Record<End, number | 'any'>>>;
}

/** Scenarios that one trace sees. */
export interface Group {
  name: string;
  /** As `--filter-func`; empty: all. */
  functions: string;
  /** Never matches addresses outside 10.64.0.0/10 and fd00::/8, so that what changes them shows who is followed. */
  filter: string;
  scenarios: readonly Scenario[];
}
