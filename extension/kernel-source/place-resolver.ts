import type { Attached, Hello, KernelBuild } from '../../common/protocol.ts';
import { sourceName } from '../base/symbol.ts';
import type { KernelPlace } from '../recording/types.ts';
import type { KernelSource } from './kernel-source.ts';
import type { Resolution } from './resolve/resolve.ts';
import { shownFrame, type SourceFrame } from './symbolizer/source-frame.ts';
import type { LineAnswer } from './symbolizer/symbolizer.ts';
import { SymbolizerThread } from './symbolizer/thread.ts';
import { TracedKernel } from './traced-kernel.ts';

/** A kernel function as it was seen on a target. */
export interface FunctionReference {
  /** As the kernel has it, with the compiler's suffixes. */
  name: string;
  /** Empty for vmlinux; undefined when not known. */
  module: string | undefined;
  /** It was traced, with a packet. */
  takesSkb: boolean;
  /** Where in it an event happened. */
  place?: KernelPlace;
}

/** What an agent told of its kernel; a capture has all of it soon after its probes are armed. */
export interface KernelFacts {
  hello: Hello | undefined;
  attached: Attached | undefined;
  build: KernelBuild | undefined;
}

export interface PlaceResolverOptions {
  distDir: string;
  /** A vmlinux, or a folder with debug files; those in the usual folders are found without. */
  debugInfo: string | undefined;
}

/** Where a place is: at a line, or only in a function that has these definitions; then `reason` may say why. */
export type PlaceSource =
  | { kind: 'line'; shown: { path: string; line: number }; frames: readonly SourceFrame[] }
  | { kind: 'definition'; resolution: Resolution; reason: string | undefined };

/** From places in the code of one traced kernel to its source in one checkout. */
export class PlaceResolver {
  private readonly traced: { kernel: TracedKernel; lines: SymbolizerThread } | undefined;

  /** Of a kernel that told nothing it finds definitions by their names alone. */
  constructor(
    readonly source: KernelSource,
    { hello, attached, build }: KernelFacts,
    { distDir, debugInfo }: PlaceResolverOptions,
  ) {
    if (hello === undefined || attached === undefined || build === undefined) return;
    const kernel = new TracedKernel(attached.functions, build);
    const lines = new SymbolizerThread(distDir, {
      checkout: source.root,
      configured: debugInfo,
      release: hello.kernelRelease,
      buildIds: build.buildIds,
    });
    this.traced = { kernel, lines };
    source.setTarget({ machine: hello.machine, config: kernel.config });
  }

  /** The line of a place within a function, else the definitions of the function. */
  async resolve(place: KernelPlace, takesSkb: boolean): Promise<PlaceSource> {
    const answer = place.offset > 0 && this.traced !== undefined ? await this.line(place) : undefined;
    const frames = answer?.kind === 'line' ? answer.frames : [];
    const shown = shownFrame(frames);
    if (shown !== undefined) return { kind: 'line', shown, frames };
    const { name, module } = place;
    const resolution = await this.definitions({ name, module, takesSkb, place });
    return {
      kind: 'definition',
      resolution,
      reason: answer?.kind === 'definition' ? answer.reason : undefined,
    };
  }

  /** The line of a place, or why there is none. */
  async line(place: KernelPlace): Promise<LineAnswer> {
    if (this.traced === undefined)
      return { kind: 'definition', reason: 'The target has not told which kernel build it runs.' };
    return this.traced.lines.resolve(this.traced.kernel.codePlace(place));
  }

  /** The definitions of a function, best first. @throws the signal's reason when it is aborted */
  definitions(
    { name, module, takesSkb, place }: FunctionReference,
    signal?: AbortSignal,
  ): Promise<Resolution> {
    const reference = {
      name: sourceName(name),
      module: module === '' ? 'vmlinux' : (module ?? ''),
      neighbours: (place && this.traced?.kernel.neighbours(place)) ?? [],
      takesSkb,
    };
    return this.source.find(reference, signal);
  }

  /** Lets go of debug files and tools; another question opens them again. */
  stop(): void {
    this.traced?.lines.stop();
  }
}
