/** What is asked of both tools; ours.ts and theirs.ts say how. */

/** Where events go: to a listener that counts, or to a file. */
export type Sink = 'engine' | 'json' | 'text';

export interface Tool {
  /** Traces all functions, until it is stopped. */
  start(filter: string, sink: Sink): Promise<Running>;
}

/** CPU time in seconds since the probes were attached. */
export interface CpuTime {
  /** On the traced machine: the agent, or pwru. */
  agent: number;
  /** There too: the SSH server's process that carries what the agent sends. */
  transport: number;
  /** On the machine of the editor. */
  editor: number;
}

export interface Delivered {
  events: number;
  /** Seconds since the last of them came. */
  quietFor: number;
  /** As many as the tool said were lost until now; text only says that there are some. */
  lost: number;
}

export interface Running {
  /** It counts what is lost: what did not come and was not told was never there. */
  readonly tellsLoss: boolean;
  /** Milliseconds from the command until all probes were attached. */
  readonly attachMs: number;
  /** Of the process on the traced machine. */
  readonly pid: number;
  delivered(): Promise<Delivered>;
  cpu(): Promise<CpuTime>;
  /** Ends it as Ctrl-C does. */
  stop(): Promise<Stopped>;
  /** Ends it without a chance to clean up. @returns milliseconds until no probe was armed any more */
  kill(): Promise<number>;
}

export interface Stopped {
  /** Milliseconds until no probe was armed any more and the tool had ended. */
  goneMs: number;
  events: number;
  /** As the tool counted them. */
  lost: number;
  /** Hits that the kernel passed over, as the tool counted them. */
  missed: number;
  /** Mean bytes of an event on its way out of the kernel. */
  eventBytes: number;
}
