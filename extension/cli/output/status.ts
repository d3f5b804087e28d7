import type { Writable } from 'node:stream';
import { printable, printableLines } from '../../base/printable.ts';
import type { Logger } from '../../target/connection.ts';

export interface StatusStream extends Writable {
  isTTY?: boolean;
}

/**
 * What is being done, on standard error: on a terminal one line that changes, else a line a stage. Verbose, it says of
 * each stage how long it took.
 */
export class Status {
  #stage = '';
  #since = 0;
  #shown = false;

  /** @param now in milliseconds */
  constructor(
    private readonly stream: StatusStream,
    private readonly verbose: boolean,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The present stage, e.g. "Uploading the agent (2 of 9 MB)". */
  progress(message: string): void {
    const stage = message.replace(/ \(.*\)$/, '');
    const isNew = stage !== this.#stage;
    if (isNew) this.#begin(stage);
    if (this.stream.isTTY === true) {
      this.stream.write(`\r\x1b[K${printable(message)}`);
      this.#shown = true;
    } else if (isNew) this.stream.write(`${printable(stage)}\n`);
  }

  /** The last stage is over. */
  done(): void {
    this.#begin('');
    this.clear();
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

  #begin(stage: string): void {
    const now = this.now();
    if (this.#stage !== '') this.#ifVerbose(`${this.#stage}: ${((now - this.#since) / 1000).toFixed(2)} s`);
    this.#stage = stage;
    this.#since = now;
  }

  #ifVerbose(message: string): void {
    if (this.verbose) this.say(message);
  }
}
