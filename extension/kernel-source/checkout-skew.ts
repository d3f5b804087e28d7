import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KernelSource } from './kernel-source.ts';
import { compareSource, parseMakefileVersion, parseProcVersion, type Skew } from './checkout/skew.ts';
import { sourceName } from '../base/symbol.ts';

/**
 * Whether a checkout is the source of a target's kernel; waits for the index of all of it.
 * @param kernelVersion the target's /proc/version
 * @param functions names of its traced functions, as kallsyms has them
 * @returns undefined when there is no index
 */
export async function skewOf(
  source: KernelSource,
  kernelVersion: string,
  functions: readonly string[],
): Promise<Skew | undefined> {
  await source.prepare();
  const { index } = source;
  if (index === undefined) return undefined;
  const makefile = await readFile(join(source.root, 'Makefile'), 'latin1').catch(() => '');
  const names = [...new Set(functions.map(sourceName))];
  const isFound = (name: string) => index.pathsOf(name).length > 0;
  return compareSource(parseMakefileVersion(makefile), parseProcVersion(kernelVersion), names, isFound);
}
