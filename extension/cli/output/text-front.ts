import type { Writable } from 'node:stream';
import type { ModulesLoaded, ProgramsLoaded, SkippedFunctions } from '../../../common/protocol.ts';
import { errorText, type PacketTraceError } from '../../base/errors.ts';
import { formatCount } from '../../base/numbers.ts';
import type { CaptureEnd, TracePause } from '../../recording/capture.ts';
import type { CaptureFilter } from '../../recording/filters.ts';
import { pauseText } from '../../recording/pauses.ts';
import type { StoryTotals } from '../../recording/story-totals.ts';
import {
  attachedLine,
  filterText,
  type Losses,
  modulesText,
  ownConnectionText,
  programsText,
  totalsText,
} from '../../recording/wording.ts';
import type { Front, Traced } from './front.ts';
import type { PlaceSources } from './place-sources.ts';
import type { Status } from './status.ts';
import { TextFormat, type TextOptions } from './text-format.ts';

/** Events on standard output, all else on standard error. */
export class TextFront implements Front {
  readonly events: TextFormat;
  readonly foldDrops = true;
  #lossTold = false;
  #untrackedTold = false;
  #skippedTold = false;
  #missedTold = false;

  constructor(
    private readonly trace: Traced,
    private readonly stdout: Writable,
    private readonly status: Status,
    options: TextOptions,
    sources: PlaceSources | undefined,
  ) {
    this.events = new TextFormat(trace.capture, options, sources);
  }

  attached(milliseconds: number): void {
    const { target, capture } = this.trace;
    const { attached } = capture;
    if (attached === undefined) return;
    const line = attachedLine(target.label, attached, target.facts.kernelRelease, milliseconds);
    this.status.say(`${line} Ctrl-C stops.`);
    const ownConnection = ownConnectionText(attached);
    if (ownConnection !== undefined) this.status.say(ownConnection);
    this.#logSkipped(attached.skipped);
    this.stdout.write(this.events.header());
  }

  programs(programs: ProgramsLoaded): void {
    for (const line of programsText(programs).split('\n')) this.status.say(line);
  }

  modules(modules: ModulesLoaded): void {
    const text = modulesText(modules);
    if (text !== undefined) this.status.say(text);
    this.#logSkipped(modules.skipped);
  }

  lost({ lost, missed, untracked }: Losses): void {
    if (lost > 0 && !this.#lossTold) {
      this.status.say(
        'Events are being lost: a narrower filter or --filter-func helps. The totals will count them.',
      );
      this.#lossTold = true;
    }
    if (untracked > 0 && !this.#untrackedTold) {
      this.status.say(
        'There are more packets at once than can be followed: a narrower filter helps. The totals will count them.',
      );
      this.#untrackedTold = true;
    }
    if (missed > 0 && !this.#missedTold) {
      this.status.say(
        'Probes are being missed while another one runs on the same CPU: packets may lack a step. The totals will count them.',
      );
      this.#missedTold = true;
    }
  }

  paused(pause: TracePause): void {
    this.status.say(pauseText(pause, this.trace.capture.hello));
  }

  skipped(): string {
    if (!this.#skippedTold)
      this.status.say(
        'Lines are not read as fast as events come: the oldest are forgotten before they are printed (--keep-events). The totals will count them.',
      );
    this.#skippedTold = true;
    return '';
  }

  inForce(filter: CaptureFilter): void {
    this.status.say(`Filter: ${filterText(filter)}`);
  }

  refused(_line: string, error: PacketTraceError): void {
    this.status.say(errorText(error));
  }

  end(end: CaptureEnd, totals: StoryTotals, skipped: number): void {
    this.status.say(totalsText(totals, end, this.trace.capture.pauses));
    if (skipped > 0)
      this.status.say(
        `${formatCount(skipped, 'event')} of these ${skipped === 1 ? 'was' : 'were'} forgotten before ${skipped === 1 ? 'it was' : 'they were'} printed.`,
      );
  }

  #logSkipped(skipped: readonly SkippedFunctions[]): void {
    for (const { reason, names } of skipped)
      this.status.log.info(`not attached, ${reason}: ${names.join(', ')}`);
  }
}
