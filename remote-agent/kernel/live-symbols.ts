import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { textSymbols } from './kallsyms.ts';
import { loadedModules } from './modules.ts';
import { SymbolMap } from './symbol-map.ts';

/**
 * The kernel's functions by address, as of now. Without it, code of a module that was loaded during the trace
 * would seem to be of whatever lies before it.
 */
export class LiveSymbols {
  /**
   * @param symbols of all modules in `modules`
   * @param modules what `loadedModules` said before the symbols were read
   * @param procfs where procfs is mounted
   */
  constructor(
    private symbols: SymbolMap,
    private modules: string,
    private readonly procfs = '/proc',
  ) {}

  /** Reads the symbols again when modules came or went since. It takes a moment: not for each event. */
  get(): SymbolMap {
    const modules = loadedModules(join(this.procfs, 'modules'));
    if (modules !== this.modules) {
      this.symbols = new SymbolMap(textSymbols(readFileSync(join(this.procfs, 'kallsyms'))));
      this.modules = modules;
    }
    return this.symbols;
  }
}
