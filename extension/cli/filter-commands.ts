import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { CaptureFilter } from '../recording/filters.ts';
import { FILTER_COMMANDS, parseFilterCommand } from '../tracing/filter-command.ts';
import { asPacketTraceError, PacketTraceError } from '../base/errors.ts';
import type { RunningTrace } from '../tracing/start-trace.ts';

/** Who is told what became of a command. */
export interface FilterListener {
  inForce(filter: CaptureFilter): void;
  refused(line: string, error: PacketTraceError): void;
}

/**
 * Obeys the commands that come in, one a line and one after the other, until the capture ends. The end of the
 * input is not the end of the trace.
 */
export function followFilterCommands(
  { capture, changeFilter }: RunningTrace,
  input: Readable,
  listener: FilterListener,
): void {
  const lines = createInterface({ input });
  let before = Promise.resolve();
  lines.on('line', (line) => {
    if (line.trim() !== '') before = before.then(() => obey(line));
  });
  capture.on('end', () => {
    lines.close();
    input.destroy();
  });

  async function obey(line: string): Promise<void> {
    const command = parseFilterCommand(line);
    const present = capture.filters.at(-1);
    try {
      if (command === undefined)
        throw new PacketTraceError(
          'usage',
          `"${line}" is not a command for a running trace.`,
          `Commands are ${FILTER_COMMANDS}.`,
        );
      if (command.kind === 'change') listener.inForce(await changeFilter(command.change));
      else if (present !== undefined) listener.inForce(present);
    } catch (error) {
      listener.refused(line, asPacketTraceError(error));
    }
  }
}
