/**
 * Lines of places in the kernel's code. `func+0xOFF` of one build comes in; frames in the checkout go out, or the
 * reason why there are none. Read this file first: debug-files/ finds the file of that build, match-function.ts the
 * address in it, dwarf/ and tools/ the lines. thread.ts runs it apart from the editor.
 */
import type { BuildIds } from '../../../common/protocol.ts';
import { sourceName } from '../../base/symbol.ts';
import { checkLines } from './check-lines.ts';
import { CheckoutPaths } from './checkout-path.ts';
import type { DebugSearch } from './debug-files/candidates.ts';
import { findDebugFile } from './debug-files/find-debug-file.ts';
import { DwarfReader } from './dwarf/dwarf-reader.ts';
import type { DebugFile } from './elf/debug-file.ts';
import { isUnreadable, LinesError } from './errors.ts';
import { type CodePlace, locateInDebugFile } from './match-function.ts';
import type { RawFrame, Resolver } from './resolver.ts';
import type { SourceFrame } from './source-frame.ts';
import { type Tool, TOOLS } from './tools/answers.ts';
import { ToolResolver } from './tools/tool-resolver.ts';

export type LineAnswer =
  | { kind: 'line'; frames: SourceFrame[] }
  /**
   * No line is known, only the function's definition can be shown; the reason is a sentence for the user.
   * `isMissing`: there is no debug information for its module at all.
   */
  | { kind: 'definition'; reason: string; isMissing?: boolean };

export interface SymbolizerOptions extends DebugSearch {
  checkout: string;
  /** `any`: of a kernel that told none. Then the size of each function decides whether a file is of it. */
  buildIds: BuildIds | 'any';
  /** Programs to try, in this order, before our own reader. */
  tools?: readonly Tool[];
}

interface Opened {
  file: DebugFile;
  reader: DwarfReader;
  tools: ToolResolver[];
}

/** Source lines for places in the code of one kernel, while debug information of just that build is at hand. */
export class Symbolizer {
  private readonly opened = new Map<string, Promise<Opened>>();
  private readonly paths: CheckoutPaths;

  constructor(private readonly options: SymbolizerOptions) {
    this.paths = new CheckoutPaths(options.checkout);
  }

  /** @throws the signal's reason when it is aborted; whatever else goes wrong is the answer's reason */
  async resolve(place: CodePlace, signal?: AbortSignal): Promise<LineAnswer> {
    try {
      const buildId = place.buildId ?? this.buildId(place.module);
      const { file, reader, tools } = await this.open(place.module, buildId);
      const { address, functionStart } = locateInDebugFile(file.symbols, place, buildId !== 'any');
      const code = Math.max(address, reader.skipPatchArea(functionStart));
      const found = await firstAnswer([...tools, reader], code, signal);
      if (found[0] === undefined || found[0].line === 0)
        throw new LinesError(
          `The debug information has no line for ${place.name}+0x${place.offset.toString(16)}.`,
        );
      const frames = await Promise.all(found.map((frame) => this.locate(frame, place.name)));
      const declared = reader.declaredLines(code);
      await checkLines(this.options.checkout, frames, declared.length === frames.length ? declared : []);
      return { kind: 'line', frames };
    } catch (error) {
      signal?.throwIfAborted();
      if (!isUnreadable(error)) throw error;
      if (!(error instanceof LinesError))
        return { kind: 'definition', reason: 'The debug information is damaged.' };
      return { kind: 'definition', reason: error.message, isMissing: error.isMissing };
    }
  }

  /** Closes files and ends tools. */
  async dispose(): Promise<void> {
    const opened = await Promise.allSettled(this.opened.values());
    this.opened.clear();
    for (const result of opened) {
      if (result.status === 'rejected') continue;
      for (const tool of result.value.tools) tool.dispose();
      result.value.file.close();
    }
  }

  private buildId(module: string): string | undefined {
    const { buildIds } = this.options;
    if (buildIds === 'any') return buildIds;
    return module === '' ? buildIds.kernel : buildIds.modules[module];
  }

  private open(module: string, buildId: string | undefined): Promise<Opened> {
    const key = `${module} ${buildId}`;
    let opened = this.opened.get(key);
    if (opened === undefined) {
      opened = this.openFile(module, buildId);
      this.opened.set(key, opened);
      // What is missing now may be there at the next question.
      opened.catch(() => this.opened.delete(key));
    }
    return opened;
  }

  private async openFile(module: string, buildId: string | undefined): Promise<Opened> {
    const { tools = Object.keys(TOOLS) as Tool[] } = this.options;
    const file = await findDebugFile(this.options, module, buildId);
    // llvm-symbolizer knows no addresses in modules: all their sections are at 0.
    const usable = tools.filter((tool) => !file.elf.relocatable || tool !== 'llvm-symbolizer');
    const path = file.elf.path;
    return { file, reader: new DwarfReader(file), tools: usable.map((tool) => new ToolResolver(tool, path)) };
  }

  private async locate({ function: name, file, line }: RawFrame, symbol: string): Promise<SourceFrame> {
    return { function: sourceName(name ?? symbol), path: await this.paths.find(file), file, line };
  }
}

/** The answer of the first that has one; a tool that is missing or breaks is passed over. */
async function firstAnswer(
  resolvers: readonly Resolver[],
  address: number,
  signal: AbortSignal | undefined,
): Promise<RawFrame[]> {
  let failure: unknown;
  for (const resolver of resolvers) {
    try {
      const frames = await resolver.resolve(address, signal);
      if (frames.length > 0) return frames;
      failure = undefined;
    } catch (error) {
      signal?.throwIfAborted();
      failure = error;
    }
  }
  if (failure instanceof Error) throw failure;
  return [];
}
