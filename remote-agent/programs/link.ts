/** A BPF object of ours with a filter linked in. */
import { encodeFilterConfig } from '../filter/filter-config.ts';
import { filterObject, type ExpressionCode } from '../filter/filter-object.ts';
import type { PacketMemory } from './packet-memory.ts';
import { findMap, initialValue, linkObjects, openObject, type BpfObject } from '../native/libbpf.ts';
import { close, memfdCreate } from '../native/libc.ts';
import { loadConfigured } from './load.ts';
import { nativeFile } from '../native/native.ts';
import type { CompiledFilter } from '../../common/protocol.ts';

/**
 * Links and loads; the caller closes the object.
 * @param name one of the agent's files, e.g. `follow.bpf.o`
 * @param memory how programs reach the bytes of packets
 * @param configure runs between opening and loading
 * @param expressions keep packets besides, where the programs ask them
 * @param extras options that make its programs larger, by name
 * @throws AgentFailure: `no-privilege`, `bad-filter` (the filter is refused), `load`
 */
export function loadLinked(
  name: string,
  filter: CompiledFilter | null,
  memory: PacketMemory,
  configure: (object: BpfObject) => void,
  expressions?: ExpressionCode,
  extras: readonly string[] = [],
): BpfObject {
  const filterFile = filterObject(filter, memory.directReads, expressions);
  return loadConfigured(
    () => openLinked(name, filterFile),
    (object) => {
      initialValue(findMap(object, '.rodata.filter')).set(encodeFilterConfig(filter, memory.pages));
      configure(object);
    },
    extras,
  );
}

/** @param filterFile what filterObject gave */
export function openLinked(name: string, filterFile: Uint8Array): BpfObject {
  const filterFd = memfdCreate('filter', filterFile);
  const linkedFd = memfdCreate('linked', new Uint8Array());
  try {
    const path = `/proc/self/fd/${linkedFd}`;
    linkObjects(path, [nativeFile(name), `/proc/self/fd/${filterFd}`]);
    return openObject(path);
  } finally {
    close(filterFd);
    close(linkedFd);
  }
}
