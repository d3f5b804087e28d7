import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { textSymbols } from './kallsyms.ts';
import { SymbolOrder } from './symbol-map.ts';

/**
 * Which modules are loaded, and where, as text to compare.
 * @param procfs where procfs is mounted
 */
export function loadedModules(procfs = '/proc'): string {
  try {
    const lines = readFileSync(join(procfs, 'modules'), 'latin1').split('\n');
    // name size references users state address: references change all the time.
    return lines.map((line) => line.replace(/^(\S+) .* (\S+)(?: \(\w+\))?$/, '$1 $2')).join('\n');
  } catch {
    return ''; // a kernel without modules
  }
}

/**
 * The kernel's functions by address, as of now. Without it, code of a module that was loaded during the trace
 * would seem to be of whatever lies before it.
 */
export class CurrentSymbols {
  /**
   * @param symbols of all modules in `modules`
   * @param modules what `loadedModules` said before the symbols were read
   */
  constructor(
    private symbols: SymbolOrder,
    private modules: string,
    private readonly procfs = '/proc',
  ) {}

  /** Reads the symbols again when modules came or went since. It takes a moment: not for each event. */
  get(): SymbolOrder {
    const modules = loadedModules(this.procfs);
    if (modules !== this.modules) {
      this.symbols = new SymbolOrder(textSymbols(readFileSync(join(this.procfs, 'kallsyms'))));
      this.modules = modules;
    }
    return this.symbols;
  }
}
