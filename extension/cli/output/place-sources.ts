import type { Capture } from '../../recording/capture.ts';
import type { EventIndex, KernelPlace } from '../../recording/types.ts';
import type { KernelSource } from '../../kernel-source/kernel-source.ts';
import {
  PlaceResolver,
  type PlaceResolverOptions,
  type PlaceSource,
} from '../../kernel-source/place-resolver.ts';

/** A line in a checkout. */
export interface SourceLine {
  /** Relative to the checkout. */
  file: string;
  /** From 1. */
  line: number;
  /** The line of the place itself; else that of its function's definition. */
  exact: boolean;
  /** Of an exact line: the function there, then those that it was inlined into; files as far as possible relative. */
  frames: { function: string; file: string; line: number }[] | null;
}

export interface PlaceSourcesOptions extends PlaceResolverOptions {
  /** Told once why places are shown at their function's definition. */
  onNoLine: (reason: string) => void;
}

/** Where in a checkout the events of a trace happened; every place is looked up once. */
export class PlaceSources {
  private readonly known = new Map<number, SourceLine | undefined>();
  /** Events before this one have been looked at. */
  private looked: EventIndex = 0;
  /** Reasons for showing no line that were told. */
  private readonly told = new Set<string>();
  /** By event the places that no event before it told of. */
  private readonly firsts = new Map<EventIndex, KernelPlace[]>();
  private resolver: Promise<PlaceResolver> | undefined;

  constructor(
    private readonly capture: Capture,
    private readonly source: KernelSource,
    private readonly options: PlaceSourcesOptions,
  ) {}

  /** Looks up the places of all events that have come. */
  async prepare(): Promise<void> {
    const { store } = this.capture;
    for (; this.looked < store.length; this.looked++) {
      this.looked = Math.max(this.looked, store.first);
      const takesSkb = store.kind(this.looked) === 'function';
      await this.look(store.place(this.looked), takesSkb);
      // One that was not asked for is not there.
      await this.look(store.caller(this.looked)?.place, false);
      for (const { place } of store.stack(this.looked) ?? []) await this.look(place, false);
    }
  }

  private async look(place: KernelPlace | undefined, takesSkb: boolean): Promise<void> {
    if (place === undefined || this.known.has(place.start + place.offset)) return;
    this.firsts.set(this.looked, [...(this.firsts.get(this.looked) ?? []), place]);
    this.known.set(place.start + place.offset, await this.find(place, takesSkb));
  }

  /** Of an event that `prepare` has looked at; undefined: nothing certain is known. */
  of(event: EventIndex): SourceLine | undefined {
    const place = this.capture.store.place(event);
    return place && this.at(place);
  }

  /** Of a place that an event tells of which `prepare` has looked at. */
  at(place: KernelPlace): SourceLine | undefined {
    return this.known.get(place.start + place.offset);
  }

  /** Places that this event tells of and none before it did. */
  firstAt(event: EventIndex): readonly KernelPlace[] {
    return this.firsts.get(event) ?? [];
  }

  private async find(place: KernelPlace, takesSkb: boolean): Promise<SourceLine | undefined> {
    this.resolver ??= this.open();
    const found = await (await this.resolver).resolve(place, takesSkb);
    if (found.kind === 'line') return exactLine(found);
    if (found.reason !== undefined) this.tell(found.reason);
    const { candidates, certain } = found.resolution;
    const [best] = candidates;
    if (best === undefined || !certain) return undefined;
    return { file: best.definition.path, line: best.definition.line + 1, exact: false, frames: null };
  }

  private tell(reason: string): void {
    if (this.told.has(reason)) return;
    this.told.add(reason);
    this.options.onNoLine(reason);
  }

  private async open(): Promise<PlaceResolver> {
    await kernelTold(this.capture);
    return new PlaceResolver(this.source, this.capture, this.options);
  }

  async dispose(): Promise<void> {
    (await this.resolver)?.stop();
    this.source.dispose();
  }
}

function exactLine({ shown, frames }: PlaceSource & { kind: 'line' }): SourceLine {
  const chain = frames.map(({ function: name, path, file, line }) => ({
    function: name,
    file: path ?? file,
    line,
  }));
  return { file: shown.path, line: shown.line, exact: true, frames: chain };
}

/** Settles when the agent told of its kernel's build, which it does soon, or the capture ended before that. */
async function kernelTold(capture: Capture): Promise<void> {
  if (capture.build !== undefined || capture.ended !== undefined) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      capture.off('build', done).off('end', done);
      resolve();
    };
    capture.on('build', done).on('end', done);
  });
}
