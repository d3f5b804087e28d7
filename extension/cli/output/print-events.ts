import type { Writable } from 'node:stream';
import type { Capture, Recording } from '../../recording/capture.ts';
import { EventPrinter } from './event-printer.ts';
import type { Front } from './front.ts';

/**
 * Prints what comes from now on.
 * @param limitLines 0: all
 * @param onFull the limit is reached or the reader is gone: nothing more will be printed
 */
export function printEvents(
  capture: Recording & Pick<Capture, 'release'>,
  front: Front,
  stdout: Writable,
  limitLines: number,
  onFull: () => void,
): EventPrinter {
  const printer = new EventPrinter(capture, front.events, stdout, {
    foldDrops: front.foldDrops,
    limitLines: limitLines || undefined,
    skipped: (first, end) => front.skipped(first, end),
    onFull,
  });
  capture.on('events', () => printer.request());
  capture.on('modules', (modules) => front.modules(modules));
  capture.on('programs', (programs) => front.programs(programs));
  capture.on('lost', (totals) => front.lost(totals));
  capture.on('paused', (pause) => front.paused(pause));
  return printer;
}
