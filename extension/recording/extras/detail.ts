import type { KernelPlace } from '../types.ts';

/** What an event tells on request as people are shown it, in the terminal and in the editor: a tree of names and values. */
export interface Detail {
  /** `len`, `frags[0]`, `ip_local_deliver+0x31` */
  name: string;
  /** Empty where what it consists of says all. */
  value: string;
  /** Of a member of a structure, as in C. */
  type?: string;
  /** A member that is zero, with all that is in it: most are, and people look for the others. */
  isZero?: boolean;
  /** The code that it names. */
  place?: KernelPlace;
  /** What it consists of; read when somebody opens it. */
  inner?: () => Detail[];
}
