import type { Writable } from 'node:stream';
import { printable, printableLines } from '../../base/printable.ts';
import type { Logger } from '../../target/connection.ts';

export interface StatusStream extends Writable {
  isTTY?: boolean;
}

/** What is being done, on standard error: on a terminal one line that changes, else a line a stage. */
export class Status {
  #stage = '';
  #shown = false;

  constructor(
    private readonly stream: StatusStream,
    private readonly verbose: boolean,
  ) {}

  /** The present stage, e.g. "Uploading the agent (2 of 9 MB)". */
  progress(message: string): void {
    if (this.stream.isTTY === true) {
      this.stream.write(`\r\x1b[K${printable(message)}`);
      this.#shown = true;
      return;
    }
    const stage = message.replace(/ \(.*\)$/, '');
    if (stage !== this.#stage) this.stream.write(`${printable(stage)}\n`);
    this.#stage = stage;
  }

  /** A line that stays. */
  say(message: string): void {
    this.clear();
    this.stream.write(`${printableLines(message)}\n`);
  }

  /** Takes the changing line away. */
  clear(): void {
    if (this.#shown) this.stream.write('\r\x1b[K');
    this.#shown = false;
  }

  readonly log: Logger = {
    debug: (message) => this.#ifVerbose(message),
    info: (message) => this.#ifVerbose(message),
    warn: (message) => this.say(`warning: ${message}`),
    error: (message) => this.say(message),
  };

  #ifVerbose(message: string): void {
    if (this.verbose) this.say(message);
  }
}
