/**
 * A shell of root's that runs one script after another. Root is become once for all that a start needs, so that a
 * one-time code is asked for once; and files reach root without a folder of the user's in between.
 */
import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { cancelled, PacketTraceError, throwIfCancelled } from '../../base/errors.ts';
import { connectionLost, quote } from '../shell.ts';
import type { RunningScript } from '../shell.ts';

export interface RootResult {
  code: number;
  /** Of both standard output and standard error. */
  output: string;
}

const SCRIPT_LIMIT_MS = 60_000;
/** For one piece of an upload: a slow link takes its time. */
const PIECE_LIMIT_MS = 300_000;
const PIECE_BYTES = 256 * 1024;
const OUTPUT_LIMIT = 256 * 1024;
const STDERR_LIMIT = 8 * 1024;

/**
 * `receive`: copies the pieces that `feed` sends to standard output, and says after each whether more is wanted.
 * What a reader that has died leaves of a piece is read to its end, so that the next script is not lost in it.
 */
const RECEIVE = `receive() {
  trap '' PIPE
  say more >&3
  while IFS= read -r size && [ "$size" -gt 0 ]; do
    head -c "$size" | { if cat; then say more >&3; else cat >/dev/null; say stop >&3; fi; } 2>/dev/null
  done
}`;

export class RootSession {
  readonly #mark = `kpt-${randomBytes(8).toString('hex')}`;
  #ended = false;

  constructor(
    private readonly running: RunningScript,
    /** For messages: the host. */
    readonly name: string,
  ) {
    void running.process.ended.then(() => (this.#ended = true));
  }

  /** It can run another script. */
  get alive(): boolean {
    return !this.#ended;
  }

  /** Runs a script in a subshell, with nothing on its standard input. @throws PacketTraceError */
  async run(
    script: string,
    { signal, timeoutMs = SCRIPT_LIMIT_MS }: { signal?: AbortSignal | undefined; timeoutMs?: number } = {},
  ): Promise<RootResult> {
    throwIfCancelled(signal);
    this.#write(`(\n${script}\n) 2>&1 </dev/null`);
    const { word, before } = await this.#word(timeoutMs, signal);
    return { code: Number(word), output: before };
  }

  /**
   * Runs a script in which `receive` gives the input on its standard output.
   * @throws PacketTraceError
   */
  async feed(script: string, input: Readable, signal?: AbortSignal): Promise<RootResult> {
    throwIfCancelled(signal);
    input.on('error', () => undefined); // which may come before it is read; reading tells of it
    this.#write(`(\nexec 3>&1\n${RECEIVE}\n${script}\n) 2>&1`);
    const { stdin } = this.running.process;
    let output = '';
    let next = await this.#word(SCRIPT_LIMIT_MS, signal);
    try {
      for await (const piece of pieces(input)) {
        output += next.before;
        if (next.word !== 'more') break;
        stdin.write(`${piece.length}\n`);
        stdin.write(piece);
        next = await this.#word(PIECE_LIMIT_MS, signal);
      }
    } catch (error) {
      // The script waits for what will not come: it ends with its shell.
      this.dispose();
      if (error instanceof PacketTraceError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new PacketTraceError('deploy', `Could not read what to send: ${why}.`, '', { cause: error });
    } finally {
      input.destroy();
    }
    if (next.word === 'more' || next.word === 'stop') {
      stdin.write('0\n');
      next = await this.#word(SCRIPT_LIMIT_MS, signal);
    }
    return { code: Number(next.word), output: output + next.before };
  }

  /**
   * Runs a check and, if it succeeds, becomes this program, whose standard output begins with its first byte. In one
   * script: what was checked is what is run.
   * @returns the program, or what the check said and its exit code; then the session goes on
   */
  async become(
    check: string,
    argv: readonly string[],
    signal?: AbortSignal,
  ): Promise<RunningScript | RootResult> {
    throwIfCancelled(signal);
    const { process } = this.running;
    let stderr = '';
    const onData = (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-STDERR_LIMIT));
    process.stderr.on('data', onData);
    this.#write(`(\n${check}\n) 2>&1 </dev/null && {\ncd /\nsay start\nexec ${argv.map(quote).join(' ')}\n}`);
    const { word, before } = await this.#word(SCRIPT_LIMIT_MS, signal);
    if (word === 'start') {
      this.#ended = true; // as a session
      return { process, stderr: () => stderr };
    }
    process.stderr.off('data', onData);
    return { code: Number(word), output: before };
  }

  /** Ends the shell by the end of its input; as root, it could not be killed from here. */
  dispose(): void {
    this.#ended = true;
    this.running.process.stdin.end();
  }

  /** The shell reads a compound command whole before it runs it: what follows is the command's to read. */
  #write(command: string): void {
    const say = (word: string) => `printf '\\n%s %s\\n' ${this.#mark} ${word}`;
    this.running.process.stdin.write(`{\nsay() { ${say('"$1"')}; }\n${command}\n${say('"$?"')}\n}\n`);
  }

  /** Waits for what the script says next. @throws PacketTraceError */
  async #word(limitMs: number, signal: AbortSignal | undefined): Promise<{ word: string; before: string }> {
    const { stdout, ended } = this.running.process;
    const needle = `\n${this.#mark} `;
    let seen = Buffer.alloc(0);
    return new Promise((resolve, reject) => {
      const settle = (then: () => void) => {
        clearTimeout(timer);
        stdout.off('readable', onReadable).off('end', onEnd).off('close', onEnd);
        signal?.removeEventListener('abort', onAbort);
        then();
      };
      const give = (error: () => PacketTraceError) => {
        this.dispose();
        settle(() => reject(error()));
      };
      const timer = setTimeout(
        () => give(() => new PacketTraceError('deploy', `A command on ${this.name} did not end in time.`)),
        limitMs,
      );
      const onReadable = () => {
        for (;;) {
          const chunk = stdout.read() as Buffer | null;
          if (chunk === null) return;
          seen = Buffer.concat([seen, chunk]);
          const at = seen.indexOf(needle);
          const end = at < 0 ? -1 : seen.indexOf('\n', at + needle.length);
          if (end >= 0) {
            const rest = seen.subarray(end + 1);
            if (rest.length > 0) stdout.unshift(rest);
            const word = seen.toString('latin1', at + needle.length, end);
            settle(() => resolve({ word, before: seen.toString('utf8', 0, at) }));
            return;
          }
          if (seen.length > OUTPUT_LIMIT) seen = seen.subarray(-OUTPUT_LIMIT / 2);
        }
      };
      const onEnd = () => {
        this.#ended = true;
        settle(() => {
          void ended.then(({ lost, code }) => {
            const said = `${seen.toString()}\n${this.running.stderr()}`.trim().slice(-500);
            reject(
              lost || said === ''
                ? connectionLost(this)
                : new PacketTraceError(
                    'deploy',
                    `The shell of root on ${this.name} ended (${code ?? 'no exit code'}): ${said}`,
                  ),
            );
          });
        });
      };
      const onAbort = () => give(cancelled);
      if (this.#ended) {
        onEnd();
        return;
      }
      signal?.addEventListener('abort', onAbort);
      stdout.on('readable', onReadable).on('end', onEnd).on('close', onEnd);
    });
  }
}

/** The input in pieces of one size. */
async function* pieces(input: Readable): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input as AsyncIterable<Buffer>) {
    waiting.push(chunk);
    bytes += chunk.length;
    if (bytes < PIECE_BYTES) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}
