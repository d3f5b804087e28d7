/** Which functions the user wants to see: by their names, by the modules that they are in. */
import { AgentFailure } from '../../common/errors.ts';
import type { FunctionChoice } from '../../common/protocol.ts';
import { mostSimilar } from '../../common/similar.ts';
import { parsePattern } from './pattern.ts';

export interface Choice {
  /** Tested against names without the compiler's suffixes; null: every function. */
  pattern: RegExp | null;
  /** Besides the kernel itself; null: every module. */
  modules: ReadonlySet<string> | null;
}

/**
 * @param loaded names of the modules that there are
 * @throws AgentFailure: `bad-pattern`; `no-module` when one is not loaded
 */
export function parseChoice({ functions, modules }: FunctionChoice, loaded: readonly string[]): Choice {
  return {
    pattern: functions === null ? null : parsePattern(functions),
    modules: modules === undefined ? null : new Set(modules.map((name) => loadedAs(name, loaded))),
  };
}

/** @param module empty for the kernel itself */
export function isChosen({ pattern, modules }: Choice, name: string, module: string): boolean {
  return (module === '' || modules?.has(module) !== false) && pattern?.test(name) !== false;
}

/** As the kernel names it, which knows no hyphens: modprobe(8). */
function loadedAs(wanted: string, loaded: readonly string[]): string {
  const name = wanted.replaceAll('-', '_');
  if (loaded.includes(name)) return name;
  const similar = mostSimilar(name, loaded);
  throw new AgentFailure(
    'no-module',
    `No module "${wanted}" is loaded.`,
    similar === undefined
      ? 'Load it first (modprobe), leave it out if it is built into the kernel, whose functions are probed anyway, or choose no modules: then those that come later are probed too.'
      : `Did you mean "${similar}"?`,
  );
}
