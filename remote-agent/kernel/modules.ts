import { readText } from './read-file.ts';

/**
 * Which modules are loaded, and where: a line `name address` for each, a text to compare. Built-in code has none,
 * and a kernel without modules no such file.
 */
export function loadedModules(path = '/proc/modules'): string {
  // name size references users state address (taint flags): references change all the time.
  return (readText(path) ?? '').replace(/^(\S+) .* (0x[0-9a-f]+).*$/gm, '$1 $2');
}

/** The names in what `loadedModules` gave, with underscores. */
export function moduleNames(modules: string): string[] {
  return modules.match(/^\S+/gm) ?? [];
}
