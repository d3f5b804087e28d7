import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { textSymbols } from './kallsyms.ts';
import { loadedModules } from './modules.ts';
import { readKernelFile } from './read-file.ts';
import { SymbolMap } from './symbol-map.ts';

/**
 * The kernel's functions by address, as of now. Without it, code of a module that was loaded during the trace
 * would seem to be of whatever lies before it.
 */
export class LiveSymbols {
  /**
   * @param symbols of all modules in `modules`; undefined: they are read when they are needed
   * @param modules what `loadedModules` said before the symbols were read
   * @param procfs where procfs is mounted
   */
  constructor(
    private symbols: SymbolMap | undefined,
    private modules: string,
    private readonly procfs = '/proc',
  ) {}

  /** Reads the symbols again when modules came or went since. It takes a moment: not for each event. */
  get(): SymbolMap {
    const modules = loadedModules(join(this.procfs, 'modules'));
    if (modules === this.modules && this.symbols !== undefined) return this.symbols;
    this.modules = modules;
    return (this.symbols = new SymbolMap(textSymbols(readFileSync(this.#path))));
  }

  /** What `get` will give, read a piece at a time if need be. @throws AbortError when cancelled */
  async prepare(signal: AbortSignal): Promise<SymbolMap> {
    if (this.symbols === undefined) {
      const modules = loadedModules(join(this.procfs, 'modules'));
      const symbols = new SymbolMap(textSymbols(await readKernelFile(this.#path, signal)));
      // Whoever could not wait has them already.
      if (this.symbols === undefined) [this.modules, this.symbols] = [modules, symbols];
    }
    return this.get();
  }

  get #path(): string {
    return join(this.procfs, 'kallsyms');
  }
}
