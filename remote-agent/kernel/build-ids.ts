import { join } from 'node:path';
import { gnuBuildId } from '../../common/elf-notes.ts';
import type { BuildIds } from '../../common/protocol.ts';
import { readBytes } from './read-file.ts';

/**
 * The running kernel's build ids. Modules that are not loaded or have no note are left out.
 * @param modules names as in /proc/modules (with underscores)
 * @param sysfs where sysfs is mounted
 */
export function readBuildIds(modules: readonly string[], sysfs = '/sys'): BuildIds {
  const ids: BuildIds = { modules: {} };
  const kernel = readBuildId(join(sysfs, 'kernel/notes'));
  if (kernel !== undefined) ids.kernel = kernel;
  for (const name of modules) {
    const id = moduleBuildId(name, sysfs);
    if (id !== undefined) ids.modules[name] = id;
  }
  return ids;
}

/** The build id of a loaded module; undefined when it has none. @param name as in /proc/modules */
export function moduleBuildId(name: string, sysfs = '/sys'): string | undefined {
  return readBuildId(join(sysfs, 'module', name, 'notes/.note.gnu.build-id'));
}

/** Undefined: no such file (CONFIG_SYSFS or the module's notes are missing), or no such note in it. */
function readBuildId(path: string): string | undefined {
  const notes = readBytes(path);
  return notes && gnuBuildId(notes);
}
