/** Where a kernel's files with debug information can be, most likely first. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Where distributions put debug files (gdb and elfutils look there too). */
const SYSTEM_DEBUG_FOLDER = '/usr/lib/debug';

export interface DebugSearch {
  /** A file, or a folder like /usr/lib/debug or a build folder; from the user's setting. */
  configured?: string | undefined;
  /** The user's kernel checkout. */
  checkout?: string | undefined;
  /** Another folder in place of /usr/lib/debug. */
  system?: string | undefined;
  /** The target's `uname -r`; undefined when it is not known. */
  release: string | undefined;
}

/**
 * Paths that may hold the debug information of the kernel (`module` empty) or of a module; whether they exist
 * and are the right build is for the caller to see.
 * @param module as in /proc/modules
 * @param buildId in hexadecimal, or `any`
 */
export async function* debugCandidates(
  search: DebugSearch,
  module: string,
  buildId: string,
): AsyncGenerator<string> {
  const { configured, checkout, system = SYSTEM_DEBUG_FOLDER } = search;
  if (configured !== undefined) {
    const found = await stat(configured).catch(() => undefined);
    if (found?.isDirectory() === true) {
      yield* inBuild(configured, module);
      yield* inDebugFolder(configured, search.release, module, buildId);
    } else if ((moduleName(configured) ?? '') === module) {
      yield configured; // a vmlinux says nothing about modules, nor a module about others
    }
  }
  if (checkout !== undefined) yield* inBuild(checkout, module);
  yield* inDebugFolder(system, search.release, module, buildId);
}

/** A folder in which a kernel was built: modules.order names the modules and their folders. */
async function* inBuild(folder: string, module: string): AsyncGenerator<string> {
  if (module === '') {
    yield join(folder, 'vmlinux');
    return;
  }
  const order = await readFile(join(folder, 'modules.order'), 'utf8').catch(() => '');
  for (const line of order.split('\n')) {
    if (moduleName(line) !== module) continue;
    // Lines began with `kernel/` until 5.x, and end with `.o` since 6.3.
    const path = line.replace(/\.k?o$/, '.ko');
    for (const candidate of new Set([path.replace(/^kernel\//, ''), path])) {
      yield join(folder, `${candidate}.debug`);
      yield join(folder, candidate);
    }
  }
}

/** A folder like /usr/lib/debug. */
async function* inDebugFolder(
  folder: string,
  releaseOrNone: string | undefined,
  module: string,
  buildId: string,
): AsyncGenerator<string> {
  if (buildId !== 'any') yield join(folder, '.build-id', buildId.slice(0, 2), `${buildId.slice(2)}.debug`);
  const release = releaseOrNone ?? (await onlyRelease(folder));
  if (release === undefined) return;
  for (const place of ['lib/modules', 'usr/lib/modules']) {
    const modules = join(folder, place, release);
    if (module === '') yield join(modules, 'vmlinux');
    const entries = module === '' ? [] : await readdir(modules, { recursive: true }).catch(() => []);
    for (const entry of entries) if (moduleName(entry) === module) yield join(modules, entry);
  }
  if (module !== '') return;
  yield join(folder, 'boot', `vmlinux-${release}`);
  yield join(folder, `vmlinux-${release}`);
}

/** The kernel that a folder like /usr/lib/debug is of, where it is of one. */
async function onlyRelease(folder: string): Promise<string | undefined> {
  const releases = await readdir(join(folder, 'lib/modules')).catch(() => []);
  return releases.length === 1 ? releases[0] : undefined;
}

/** `drivers/net/vxlan/vxlan-core.ko.debug` → `vxlan_core`; undefined when the path is no module's. */
function moduleName(path: string): string | undefined {
  const match = /([^/\\]+)\.k?o(\.debug)?$/.exec(path);
  return match?.[1]?.replaceAll('-', '_');
}
