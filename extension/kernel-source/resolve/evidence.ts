/** A reason for or against a definition. */
export interface Evidence {
  /** Positive: for it. How much: see WEIGHT. */
  weight: number;
  text: string;
}

/** What a function's reference tells besides its name. */
export interface Reference {
  /** As in the source, without compiler suffixes. */
  name: string;
  /** Kernel module, or `vmlinux`; empty when not known. */
  module: string;
  /** Names of the symbols before and after it in the target's kallsyms, nearest first. */
  neighbours?: readonly string[];
  /** It was traced with an skb: one of its parameters is a `struct sk_buff *`. */
  takesSkb?: boolean;
}

/** How much a reason weighs; resolve.ts says which lead is clear. */
export const WEIGHT = {
  // Not part of the kernel, whatever else speaks for it.
  otherArchitecture: -1000,
  otherProgram: -600,
  notCompiled: -500,
  otherMachine: -400,
  // Where the Makefiles put it.
  module: 400,
  moduleInclude: 300,
  moduleFolder: 60,
  alwaysBuilt: 20,
  builtIn: 10,
  mayBeModule: -45,
  notAsModule: -150,
  noMakefile: -170,
  isModule: -300,
  otherModule: -300,
  notBuilt: -300,
  // What is only assumed of options. Less than a clear lead: a guess does not open anything.
  usuallyOff: -35,
  likelyOff: -50,
  // Of an option that next to nobody turns on, or off. A stub beside it is still asked about.
  unexpected: -85,
  // The function itself.
  skb: 70,
  stub: -30,
  weak: -100,
  inline: -150,
  noSkb: -150,
  neighbours: 300,
} as const;
