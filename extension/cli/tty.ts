import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';

/** The controlling terminal, whatever standard input and output are (tty(4)). */
const TTY = '/dev/tty';

export function hasTty(): boolean {
  try {
    closeSync(openSync(TTY, 'r+'));
    return true;
  } catch {
    return false;
  }
}

/**
 * Asks on the terminal and reads one line. Answers are not shown unless `echo`.
 * @returns undefined when the user declined with Ctrl-C or Ctrl-D, or there is no terminal
 */
export function askOnTty(prompt: string, { echo }: { echo: boolean }): Promise<string | undefined> {
  let descriptor: number;
  try {
    descriptor = openSync(TTY, 'r+');
  } catch {
    return Promise.resolve(undefined);
  }
  const stream = new ReadStream(descriptor);
  const write = (text: string) => writeSync(descriptor, text);
  // Before the prompt: what is typed at the sight of it must not be echoed any more.
  stream.setRawMode(true);
  write(prompt);
  return new Promise((resolve) => {
    const line = new LineEditor(echo ? write : () => undefined);
    const finish = (text: string | undefined) => {
      stream.setRawMode(false);
      write('\n');
      stream.destroy();
      resolve(text);
    };
    stream.on('data', (chunk: Buffer) => {
      const answer = line.type(chunk.toString('utf8'));
      if (answer !== undefined) finish(answer.text);
    });
    stream.on('error', () => resolve(undefined)); // the terminal was hung up
  });
}

/** The few keys that editing a line in raw mode needs. */
export class LineEditor {
  #text = '';

  constructor(private readonly echo: (text: string) => unknown) {}

  /** Takes typed characters; an answer once the line is complete, without text when it was declined. */
  type(characters: string): { text: string | undefined } | undefined {
    for (const character of characters) {
      switch (character) {
        case '\r':
        case '\n':
          return { text: this.#text };
        case '\x03': // Ctrl-C
        case '\x04': // Ctrl-D
          return { text: undefined };
        case '\x7f':
        case '\b':
          if (this.#text !== '') this.echo('\b \b');
          this.#text = [...this.#text].slice(0, -1).join('');
          break;
        case '\x15': // Ctrl-U
          this.echo('\b \b'.repeat([...this.#text].length));
          this.#text = '';
          break;
        default:
          this.#text += character;
          this.echo(character);
      }
    }
    return undefined;
  }
}
