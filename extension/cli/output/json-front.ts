import type { Writable } from 'node:stream';
import type { Extras, ModulesLoaded, ProgramsLoaded } from '../../../common/protocol.ts';
import type { PacketTraceError } from '../../base/errors.ts';
import type { CaptureEnd, TracePause } from '../../recording/capture.ts';
import type { CaptureFilter } from '../../recording/filters.ts';
import type { StoryTotals } from '../../recording/story-totals.ts';
import type { EventIndex } from '../../recording/types.ts';
import type { Losses } from '../../recording/wording.ts';
import type { TraceOptions } from '../options.ts';
import type { EventLines } from './event-printer.ts';
import type { Front, Traced } from './front.ts';
import {
  attachedObject,
  endObject,
  eventObject,
  filterObject,
  jsonLine,
  lostObject,
  modulesObject,
  pausedObject,
  placeObject,
  programsObject,
  refusedObject,
  skippedObject,
  targetObject,
} from './json-format.ts';
import type { PlaceSources } from './place-sources.ts';

/** Everything in JSON on standard output, an object a line. */
export class JsonFront implements Front {
  readonly events: EventLines;
  readonly foldDrops = false;

  constructor(
    private readonly trace: Traced,
    private readonly stdout: Writable,
    private readonly version: string,
    extras: Extras & Partial<Pick<TraceOptions, 'netnsNames'>>,
    sources: PlaceSources | undefined,
  ) {
    const { capture } = trace;
    const line = (event: EventIndex) => jsonLine(eventObject(capture, event, extras));
    this.events =
      sources === undefined
        ? { line }
        : {
            prepare: () => sources.prepare(),
            line: (event) =>
              sources
                .firstAt(event)
                .map((place) => jsonLine(placeObject(place, sources.at(place))))
                .join('') + line(event),
          };
  }

  attached(milliseconds: number): void {
    const { target, capture } = this.trace;
    this.#print(targetObject(target, capture.hello, this.version));
    if (capture.attached !== undefined) this.#print(attachedObject(capture.attached, milliseconds));
    for (const filter of capture.filters) this.inForce(filter);
  }

  programs(programs: ProgramsLoaded): void {
    this.#print(programsObject(programs));
  }

  modules(modules: ModulesLoaded): void {
    this.#print(modulesObject(modules));
  }

  lost(totals: Losses): void {
    this.#print(lostObject(totals));
  }

  skipped(first: EventIndex, end: EventIndex): string {
    return jsonLine(skippedObject(first, end));
  }

  paused(pause: TracePause): void {
    this.#print(pausedObject(pause, this.trace.capture.hello));
  }

  inForce(filter: CaptureFilter): void {
    this.#print(filterObject(filter, this.trace.capture.hello));
  }

  refused(line: string, error: PacketTraceError): void {
    this.#print(refusedObject(line, error));
  }

  end(end: CaptureEnd, totals: StoryTotals, skipped: number): void {
    this.#print(endObject(end, totals, this.trace.capture.pauses, skipped));
  }

  #print(object: object): void {
    this.stdout.write(jsonLine(object));
  }
}
