import { release } from 'node:os';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { readBuildIds } from './build-ids.ts';
import { readKernelConfig } from './config.ts';
import type { KernelBuild, ProbedFunction } from '../../common/protocol.ts';
import type { SymbolMap } from './symbol-map.ts';

/** Nothing is known: the editor waits for the message, whatever comes of it. */
export function noKernelBuild(): KernelBuild {
  return {
    type: 'kernel-build',
    buildIds: { modules: {} },
    config: null,
    textStart: null,
    neighbourhood: '',
    types: '',
  };
}

/**
 * What tells which source and which debug information the running kernel has.
 * @param functions those probed
 * @param types packed, for the editor
 */
export async function describeKernelBuild(
  functions: readonly ProbedFunction[],
  symbols: SymbolMap,
  types: string,
): Promise<KernelBuild> {
  const modules = new Set(functions.map(({ module }) => module).filter((module) => module !== ''));
  const neighbourhood = symbols.neighbourhood(functions.map(({ address }) => address));
  const [config, packed] = await Promise.all([
    readKernelConfig(release()),
    promisify(gzip)(JSON.stringify(neighbourhood)),
  ]);
  return {
    type: 'kernel-build',
    buildIds: readBuildIds([...modules]),
    config: config?.toString('base64') ?? null,
    textStart: symbols.textStart ?? null,
    neighbourhood: packed.toString('base64'),
    types,
  };
}
