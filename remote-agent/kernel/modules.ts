import { readText } from './read-file.ts';

/**
 * Which modules are loaded, and where: a line `name address` for each, with a third word for one that is just being
 * loaded or unloaded. A text to compare. Built-in code has none, and a kernel without modules no such file.
 */
export function loadedModules(path = '/proc/modules'): string {
  // name size references users state address (taint flags): references change all the time.
  return (readText(path) ?? '').replace(/^(\S+) .* (\w+) (0x[0-9a-f]+).*$/gm, (_, name, state, address) =>
    state === 'Live' ? `${name} ${address}` : `${name} ${address} ${state}`,
  );
}

/** The names of those in what `loadedModules` gave that are ready for use, with underscores. */
export function moduleNames(modules: string): string[] {
  return newModules('', modules);
}

/** The names of those that were not ready, or elsewhere, before. @param before what `loadedModules` gave, as `now` */
export function newModules(before: string, now: string): string[] {
  const known = new Set(before.split('\n'));
  return now
    .split('\n')
    .filter((line) => /^\S+ \S+$/.test(line) && !known.has(line))
    .map((line) => line.slice(0, line.indexOf(' ')));
}
