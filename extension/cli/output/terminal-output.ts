import { write } from 'node:fs';
import { Writable } from 'node:stream';

/** How soon a terminal that somebody made non-blocking is tried again. */
const RETRY_MS = 10;

/**
 * A terminal that holds nothing up. Node writes to terminals in place: after Ctrl-S nothing else would be done any more,
 * and a target that hears nothing pauses its trace and at last leaves. Here the write waits on a thread of its own.
 */
export class TerminalOutput extends Writable {
  readonly isTTY = true;

  constructor(private readonly fd: number) {
    super();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    write(this.fd, chunk, (error, written) => {
      if (error?.code === 'EAGAIN') setTimeout(() => this._write(chunk, encoding, done), RETRY_MS);
      else if (error === null && written < chunk.length) this._write(chunk.subarray(written), encoding, done);
      else done(error);
    });
  }
}

/** A process's output as it can be written without waiting; pipes and files can be already. */
export function withoutWaiting(output: NodeJS.WriteStream & { fd: number }): Writable & { isTTY?: boolean } {
  return output.isTTY ? new TerminalOutput(output.fd) : output;
}
