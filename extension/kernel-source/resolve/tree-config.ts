import { readSourceText } from '../checkout/read-source-file.ts';
import { defconfigPath, KernelConfig } from './kernel-config.ts';

/**
 * What a checkout tells of a kernel whose configuration is not known.
 * @param machine as `uname -m` tells
 * @param kconfigs the Kconfig files of its index, asked for when they are needed; none without an index
 */
export async function readTreeConfig(
  root: string,
  machine = 'x86_64',
  kconfigs: () => ReadonlyMap<string, string> = () => new Map(),
): Promise<KernelConfig> {
  // A checkout without it, or of an architecture that has several, tells less.
  const defconfig = await readSourceText(root, defconfigPath(machine));
  return KernelConfig.unknown(machine, { defconfig, kconfigs });
}
