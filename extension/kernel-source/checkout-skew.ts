import { sourceName } from '../base/symbol.ts';
import { readSourceText } from './checkout/read-source-file.ts';
import { compareSource, parseMakefileVersion, parseProcVersion, type Skew } from './checkout/skew.ts';
import type { KernelSource } from './kernel-source.ts';
import type { KernelFacts } from './place-resolver.ts';

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
  const makefile = await readSourceText(source.root, 'Makefile');
  const names = [...new Set(functions.map(sourceName))];
  const isFound = (name: string) => index.pathsOf(name).length > 0;
  return compareSource(parseMakefileVersion(makefile), parseProcVersion(kernelVersion), names, isFound);
}

/**
 * What to tell the user of a checkout that is not the source of the traced kernel; waits for its index.
 * @returns undefined when it is the source, and when nothing is known
 */
export async function skewNotice(
  source: KernelSource,
  { hello, attached }: Pick<KernelFacts, 'hello' | 'attached'>,
): Promise<{ level: 'near' | 'other'; message: string } | undefined> {
  if (hello === undefined || attached === undefined) return undefined;
  const names = attached.functions.map(({ name }) => name);
  // Why there is no index is told where it is made.
  const skew = await skewOf(source, hello.kernelVersion, names).catch(() => undefined);
  if (skew === undefined || skew.level === 'same') return undefined;
  return { level: skew.level, message: `${skew.message} ${skew.remedy}`.trim() };
}
