import type { Readable, Writable } from 'node:stream';
import type { HostKeyStore } from '../target/connection.ts';
import type { StatusStream } from './output/status.ts';

/** What a command needs of the process it runs in. */
export interface Environment {
  stdin: Readable;
  stdout: Writable;
  stderr: StatusStream;
  /** Drops stand out on standard output. */
  hasColors: boolean;
  distDir: string;
  version: string;
  hostKeys: HostKeyStore;
  /** Aborts at the first Ctrl-C. */
  interrupt: AbortSignal;
  /** Does what Ctrl-C does, where the terminal makes no signal of it. */
  onCtrlC: () => void;
}
