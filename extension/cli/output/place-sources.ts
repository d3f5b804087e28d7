import type { Capture, EventIndex, KernelPlace } from '../../recording/capture.ts';
import type { KernelSource } from '../../kernel-source/kernel-source.ts';
import type { SourceFrame } from '../../kernel-source/symbolizer/symbolizer.ts';
import { LinesThread } from '../../kernel-source/symbolizer/thread.ts';
import { shownFrame } from '../../kernel-source/symbolizer/shown-frame.ts';
import { sourceName } from '../../base/symbol.ts';
import { TracedKernel } from '../../kernel-source/traced-kernel.ts';

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

export interface PlaceSourcesOptions {
  distDir: string;
  /** A vmlinux, or a folder with debug files. */
  debugInfo: string | undefined;
  /** Told once why places are shown at their function's definition. */
  onNoLine: (reason: string) => void;
}

/** The agent tells of its kernel's build at once or, an old target under load, never. */
const BUILD_WAIT_MS = 5000;

/** Where in a checkout the events of a trace happened; every place is looked up once. */
export class PlaceSources {
  private readonly known = new Map<number, SourceLine | undefined>();
  /** Events before this one have been looked at. */
  private looked: EventIndex = 0;
  /** Reasons for showing no line that were told. */
  private readonly told = new Set<string>();
  /** The first event of each place. */
  private readonly firsts = new Set<EventIndex>();
  private target: Promise<{ kernel: TracedKernel; lines: LinesThread } | undefined> | undefined;

  constructor(
    private readonly capture: Capture,
    private readonly source: KernelSource,
    private readonly options: PlaceSourcesOptions,
  ) {}

  /** Looks up the places of all events that have come. */
  async prepare(): Promise<void> {
    const { store } = this.capture;
    for (; this.looked < store.length; this.looked++) {
      const place = store.place(this.looked);
      if (place === undefined || this.known.has(place.start + place.offset)) continue;
      this.firsts.add(this.looked);
      const takesSkb = store.kind(this.looked) === 'function';
      this.known.set(place.start + place.offset, await this.find(place, takesSkb));
    }
  }

  /** Of an event that `prepare` has looked at; undefined: nothing certain is known. */
  of(event: EventIndex): SourceLine | undefined {
    const place = this.capture.store.place(event);
    return place && this.known.get(place.start + place.offset);
  }

  /** Whether no event before this one happened at its place. */
  isFirst(event: EventIndex): boolean {
    return this.firsts.has(event);
  }

  private async find(place: KernelPlace, takesSkb: boolean): Promise<SourceLine | undefined> {
    this.target ??= this.openTarget();
    const target = await this.target;
    if (place.offset > 0 && target !== undefined) {
      const answer = await target.lines.resolve(target.kernel.codePlace(place));
      const line = answer.kind === 'line' ? exactLine(answer.frames) : undefined;
      if (line !== undefined) return line;
      if (answer.kind === 'definition') this.tell(answer.reason);
    }
    const { candidates, certain } = await this.source.find({
      name: sourceName(place.name),
      module: place.module === '' ? 'vmlinux' : place.module,
      neighbours: target?.kernel.neighbours(place) ?? [],
      takesSkb,
    });
    const [best] = candidates;
    if (best === undefined || !certain) return undefined;
    return { file: best.definition.path, line: best.definition.line + 1, exact: false, frames: null };
  }

  private tell(reason: string): void {
    if (this.told.has(reason)) return;
    this.told.add(reason);
    this.options.onNoLine(reason);
  }

  /** What the agent tells of its kernel, for the choice between definitions and for lines. */
  private async openTarget() {
    const { capture, source } = this;
    const build = await buildOf(capture);
    if (build === undefined || capture.attached === undefined) return undefined;
    const kernel = new TracedKernel(capture.attached.functions, build);
    source.setTarget({ machine: capture.hello?.machine ?? '', config: kernel.config });
    const lines = new LinesThread(this.options.distDir, {
      checkout: source.root,
      configured: this.options.debugInfo,
      release: capture.hello?.kernelRelease ?? '',
      buildIds: build.buildIds,
    });
    return { kernel, lines };
  }

  async dispose(): Promise<void> {
    (await this.target)?.lines.stop();
    this.source.dispose();
  }
}

function exactLine(frames: readonly SourceFrame[]): SourceLine | undefined {
  const shown = shownFrame(frames);
  if (shown === undefined) return undefined;
  const chain = frames.map(({ function: name, path, file, line }) => ({
    function: name,
    file: path ?? file,
    line,
  }));
  return { file: shown.path, line: shown.line, exact: true, frames: chain };
}

async function buildOf(capture: Capture): Promise<Capture['build']> {
  if (capture.build !== undefined || capture.ended !== undefined) return capture.build;
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timeout);
      capture.off('build', done).off('end', done);
      resolve(capture.build);
    };
    const timeout = setTimeout(done, BUILD_WAIT_MS);
    capture.on('build', done).on('end', done);
  });
}
