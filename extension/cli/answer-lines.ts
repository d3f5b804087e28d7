import { addAbortSignal } from 'node:stream';
import { throwIfCancelled } from '../base/errors.ts';
import type { Environment } from './environment.ts';
import { drained, linesOf } from './lines.ts';

/**
 * Writes an answer to each line of standard input, in their order, no faster than answers are read. It ends with the
 * input, and when nobody reads any more (`| head`), which is no fault.
 * @throws PacketTraceError `cancelled` at Ctrl-C, and what `answer` throws
 */
export async function answerLines(
  { stdin, stdout, interrupt }: Pick<Environment, 'stdin' | 'stdout' | 'interrupt'>,
  answer: (line: string) => string | Promise<string>,
): Promise<void> {
  let isRead = true;
  const onGone = () => {
    isRead = false;
    stdin.destroy();
  };
  stdout.on('error', onGone).on('close', onGone);
  try {
    for await (const line of linesOf(addAbortSignal(interrupt, stdin))) {
      const text = await answer(line);
      if (isRead && !stdout.write(text)) await drained(stdout);
      if (!isRead) return;
    }
  } catch (error) {
    if (!isRead) return;
    throwIfCancelled(interrupt);
    throw error;
  } finally {
    stdout.off('error', onGone).off('close', onGone);
  }
}
