/** What elfutils says of places in kernel code: the tests' own idea of the right lines. */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ensureInstalled } from '../../../build/packages/debian.ts';
import { DEBUG_MODULES, kernelDebug, type KernelDebug } from '../../../build/packages/kernel-debug.ts';
import { run } from '../../../build/run.ts';

export interface Frame {
  function: string;
  /** Relative to the kernel tree. */
  file: string;
  line: number;
}

/** Why a test is skipped. */
export const NO_DEBUG_PACKAGE = 'the mirror has no debug package of the newest 6.1';

/** Debug information of the lab's 6.1; undefined when the mirror has none. */
export async function labDebug(log: (line: string) => void): Promise<KernelDebug | undefined> {
  await ensureInstalled(['elfutils', 'binutils']);
  try {
    return await kernelDebug('bookworm', 'amd64', DEBUG_MODULES, log);
  } catch (error) {
    if (String(error).includes('has no package')) return undefined;
    throw error;
  }
}

/** The file with debug information of the kernel (`module` empty) or of a module. */
export function debugFile({ release, root }: KernelDebug, module: string): string {
  if (module === '') return join(root, 'boot', `vmlinux-${release}`);
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' });
  const path = files.find((file) => basename(file) === `${module}.ko`);
  if (path === undefined) throw new Error(`there is no debug file of ${module} in ${root}`);
  return join(root, path);
}

/**
 * The call that returns to a place in a function of a Debian kernel, innermost first.
 * @param offset bytes from the function's begin
 */
export async function callBefore(
  debug: KernelDebug,
  { module = '', function: name, offset }: { module?: string; function: string; offset: number },
): Promise<Frame[]> {
  const call = `${name}+0x${(offset - 1).toString(16)}`;
  const args = ['--inlines', '--functions', '--exe', debugFile(debug, module), call];
  const lines = (await run('eu-addr2line', args)).trimEnd().split('\n');
  const frames: Frame[] = [];
  for (let at = 0; at < lines.length; at += 2) {
    const [inlined = ''] = (lines[at] ?? '').split(' ');
    // The package was built in debian/build/FLAVOUR.
    const [, file = '', line] = /^(?:.*debian\/build\/[^/]+\/)?(.*?):(\d+)/.exec(lines[at + 1] ?? '') ?? [];
    frames.push({ function: inlined, file, line: Number(line) });
  }
  return frames;
}
