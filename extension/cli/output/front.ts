/** What is printed of a trace beside its events, which text and JSON say each in its way. */
import type { ModulesLoaded, ProgramsLoaded } from '../../../common/protocol.ts';
import type { CaptureEnd, Recording, TracePause } from '../../recording/capture.ts';
import type { EventIndex } from '../../recording/types.ts';
import type { StoryTotals } from '../../recording/story-totals.ts';
import type { Losses } from '../../recording/wording.ts';
import type { Target } from '../../target/connection.ts';
import type { FilterListener } from '../filter-commands.ts';
import type { EventLines } from './event-printer.ts';

/** A trace that runs, or one that was recorded. */
export interface Traced {
  target: Pick<Target, 'label' | 'facts'>;
  capture: Recording;
}

/** What differs between text and JSON. */
export interface Front extends FilterListener {
  readonly events: EventLines;
  readonly foldDrops: boolean;
  attached(milliseconds: number): void;
  modules(modules: ModulesLoaded): void;
  programs(programs: ProgramsLoaded): void;
  lost(totals: Losses): void;
  paused(pause: TracePause): void;
  skipped(first: EventIndex, end: EventIndex): string;
  /** @param skipped events that were forgotten before they were printed */
  end(end: CaptureEnd, totals: StoryTotals, skipped: number): void;
}
