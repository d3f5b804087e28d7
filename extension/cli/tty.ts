import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { printableLines } from '../base/printable.ts';
import { type Answer, DECLINED, LineEditor } from './line-editor.ts';

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
 * Asks on the terminal and reads one line; without a terminal the answer is as if the user declined. Answers are not
 * shown unless `echo`. A prompt may be a server's words.
 */
export function askOnTty(prompt: string, { echo }: { echo: boolean }): Promise<Answer> {
  let descriptor: number;
  try {
    descriptor = openSync(TTY, 'r+');
  } catch {
    return Promise.resolve(DECLINED);
  }
  const stream = new ReadStream(descriptor);
  const write = (text: string) => writeSync(descriptor, text);
  // Before the prompt: what is typed at the sight of it must not be echoed any more.
  stream.setRawMode(true);
  write(printableLines(prompt));
  return new Promise((resolve) => {
    const line = new LineEditor(echo ? write : () => undefined);
    stream.on('data', (chunk: Buffer) => {
      const answer = line.type(chunk);
      if (answer === undefined) return;
      stream.setRawMode(false);
      write('\n');
      stream.destroy();
      resolve(answer);
    });
    stream.on('error', () => resolve(DECLINED)); // the terminal was hung up
  });
}
