/**
 * Names for the network namespaces that events tell of, where they are asked for. A namespace that is made while
 * tracing is looked for when its first event comes; as numbers are given out again, mounts are looked at now and then.
 */
import {
  DeviceSectionLayout,
  EventHeaderLayout,
  EventSection,
  ExtrasSectionLayout,
  BeginSectionLayout,
  TaskSectionLayout,
} from '../../common/layouts.ts';
import { RINGBUF_HEADER_BYTES, recordStride, type NamespaceName } from '../../common/protocol.ts';
import { mountedNamespaces, namespacesOfProcesses } from '../kernel/namespace-names.ts';
import type { TakenRecords } from './ring-buffer.ts';

const SECTIONS = RINGBUF_HEADER_BYTES + EventHeaderLayout.sections;
/** The first section, where it is there. */
const FIRST = RINGBUF_HEADER_BYTES + EventHeaderLayout.bytes;
const MOUNTS_INTERVAL_MS = 1000;

/** Where names come from, replaced in tests. */
export interface NameSources {
  mounted(): ReadonlyMap<number, string>;
  ofProcesses(): ReadonlyMap<number, string>;
  /** Milliseconds. */
  now(): number;
}

const SOURCES: NameSources = {
  mounted: mountedNamespaces,
  ofProcesses: namespacesOfProcesses,
  now: () => performance.now(),
};

export class NamespaceNames {
  /** Those that were looked for and need not be again; with the name that the mounts had for it, or ''. */
  readonly #known = new Map<number, string>();
  readonly #told = new Map<number, string>();
  #lookedAt = -Infinity;
  #fresh: NamespaceName[] = [];

  constructor(private readonly sources: NameSources = SOURCES) {}

  /** What is to be told before a batch goes out. @param headroom bytes before its records */
  newIn({ frame, count }: TakenRecords, headroom: number): NamespaceName[] {
    if (this.sources.now() - this.#lookedAt >= MOUNTS_INTERVAL_MS) this.#lookAtMounts();
    const unknown = new Set<number>();
    for (let at = headroom, left = count; left > 0; left--, at += recordStride(frame.readUInt32LE(at))) {
      const inode = netnsOf(frame, at);
      if (inode !== 0 && !this.#known.has(inode)) unknown.add(inode);
    }
    if (unknown.size > 0) this.#look(unknown);
    const fresh = this.#fresh;
    this.#fresh = [];
    return fresh;
  }

  #lookAtMounts(): void {
    this.#lookedAt = this.sources.now();
    const mounted = this.sources.mounted();
    // What is no longer mounted may be another's number soon: it is looked for again. Until then it keeps its name.
    for (const [inode, name] of this.#known)
      if (name !== '' && !mounted.has(inode)) this.#known.delete(inode);
    for (const [inode, name] of mounted) {
      this.#known.set(inode, name);
      this.#tell(inode, name);
    }
  }

  #look(unknown: ReadonlySet<number>): void {
    this.#lookAtMounts();
    const left = [...unknown].filter((inode) => !this.#known.has(inode));
    if (left.length === 0) return;
    const processes = this.sources.ofProcesses();
    for (const inode of left) {
      this.#known.set(inode, '');
      const name = processes.get(inode);
      if (name !== undefined) this.#tell(inode, name);
    }
  }

  #tell(inode: number, name: string): void {
    if (this.#told.get(inode) === name) return;
    this.#told.set(inode, name);
    this.#fresh.push({ inode, name });
  }
}

/** 0: the event does not tell it. @param at of the record's header */
function netnsOf(frame: Buffer, at: number): number {
  const sections = frame.readUInt16LE(at + SECTIONS);
  if ((sections & EventSection.Device) === 0) return 0;
  let next = at + FIRST;
  if ((sections & EventSection.Extras) !== 0) next += frame.readUInt16LE(next + ExtrasSectionLayout.length);
  if ((sections & EventSection.Begin) !== 0) next += BeginSectionLayout.bytes;
  if ((sections & EventSection.Task) !== 0) next += TaskSectionLayout.bytes;
  return frame.readUInt32LE(next + DeviceSectionLayout.netns);
}
