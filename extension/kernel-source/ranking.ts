import { basename, dirname } from 'node:path/posix';

/** A definition found in a checkout. */
export interface Definition {
  /** Relative to the checkout, with forward slashes. */
  path: string;
  /** From 0. */
  line: number;
  column: number;
}

/** Best first; `certain` when the first is clearly the one and the user need not choose. */
export interface Ranked {
  definitions: Definition[];
  certain: boolean;
}

/**
 * Orders the definitions of one name. A `.c` file goes before a header (headers hold stubs for options that
 * are off), then what the module's name points to, then the network core.
 */
export function rankDefinitions(definitions: readonly Definition[], module: string): Ranked {
  const inC = definitions.filter(({ path }) => path.endsWith('.c'));
  const candidates = inC.length > 0 ? inC : definitions;
  const scored = candidates
    .map((definition) => ({
      definition,
      module: moduleScore(definition.path, module),
      core: coreScore(definition.path),
    }))
    .sort(
      (a, b) =>
        b.module - a.module || b.core - a.core || a.definition.path.localeCompare(b.definition.path, 'en'),
    );
  const [first, second] = scored;
  return {
    definitions: scored.map(({ definition }) => definition),
    certain: first !== undefined && (second === undefined || first.module > second.module),
  };
}

/** Whether the path looks like a source of the module: 3 its own file, 2 its folder, 1 a file named after it. */
export function moduleScore(path: string, module: string): number {
  if (module === '') return 0;
  const plain = (name: string) => name.replace(/\.[ch]$/, '').replaceAll('-', '_');
  const wanted = plain(module);
  const file = plain(basename(path));
  if (file === wanted) return 3;
  if (dirname(path).split('/').map(plain).includes(wanted)) return 2;
  return file.startsWith(`${wanted}_`) ? 1 : 0;
}

const CORE = ['net/core/', 'net/ipv4/', 'net/ipv6/', 'net/netfilter/', 'net/sched/', 'net/'];

function coreScore(path: string): number {
  const index = CORE.findIndex((folder) => path.startsWith(folder));
  return index < 0 ? 0 : CORE.length - index;
}
