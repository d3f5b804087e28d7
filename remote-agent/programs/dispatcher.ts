/**
 * What is attached to the probes (bpf/dispatch.bpf.c): small programs that go on in those of the filter in
 * force. They stay attached while filters come and go.
 *
 * A filter's object and facts of the kernel come into this folder, programs in force go out. Read this file first,
 * then the way of a filter: of-filter.ts, link.ts, load.ts.
 */
import { readFileSync } from 'node:fs';
import {
  BPF_TRACE_KPROBE_MULTI,
  closeObject,
  findMap,
  findProgram,
  mapFd,
  maxEntries,
  openObject,
  programFd,
  setAutoload,
  setExpectedAttachType,
  setMaxEntries,
  setTableProgram,
  type BpfObject,
  type BpfProgram,
} from '../native/libbpf.ts';
import { mapShared, pageSize } from '../native/libc.ts';
import { loadConfigured } from './load.ts';
import { nativeFile } from '../native/native.ts';
import { DispatchTable } from '../../common/layouts.ts';
import type { Backend } from '../../common/protocol.ts';

/** Argument positions of a packet that there are programs for. */
const POSITIONS = [1, 2, 3, 4, 5];

/** In both objects. */
const DROP_PROGRAM = 'skb_drop';
const probeProgram = (position: number) => `skb_argument_${position}`;

export interface DispatcherOptions {
  backend: Backend;
  /** Argument positions of the packet that programs are needed for. */
  positions: ReadonlySet<number>;
  /** Bytes, a power of two and at least a page. */
  ringBufferBytes: number;
}

/** Sets in an object that is not loaded yet which of its programs are needed, and how they will be attached. */
export function chooseProgramsOf(
  object: BpfObject,
  { backend, positions }: Pick<DispatcherOptions, 'backend' | 'positions'>,
): void {
  for (const position of POSITIONS) {
    const program = findProgram(object, probeProgram(position));
    setAutoload(program, positions.has(position));
    // Not only where it is attached: a table holds programs of one kind, and bpf_get_func_ip depends on it.
    if (backend === 'kprobe-multi') setExpectedAttachType(program, BPF_TRACE_KPROBE_MULTI);
  }
}

/** Loaded programs and the maps of the whole trace; they live until it is closed and their links are destroyed. */
export class Dispatcher {
  readonly #object: BpfObject;
  readonly #positions: readonly number[];
  readonly #active: { half: Uint32Array; unmap: () => void };

  /** @throws AgentFailure `no-privilege`, `load` */
  constructor(options: DispatcherOptions) {
    this.#positions = [...options.positions];
    this.#object = loadDispatcher(options);
    const { buffer, unmap } = mapShared(mapFd(findMap(this.#object, '.data.active')), 0, pageSize(), true);
    this.#active = { half: new Uint32Array(buffer, 0, 1), unmap };
  }

  /** The program for functions whose nth argument is the packet. */
  program(position: number): BpfProgram {
    return findProgram(this.#object, probeProgram(position));
  }

  get dropProgram(): BpfProgram {
    return findProgram(this.#object, DROP_PROGRAM);
  }

  /** Descriptor of a map that the programs of every filter share: `events` or `.bss`; it belongs to the object. */
  mapFd(name: 'events' | '.bss'): number {
    return mapFd(findMap(this.#object, name));
  }

  /** Bytes; at least what was asked for. */
  get ringBufferBytes(): number {
    return maxEntries(findMap(this.#object, 'events'));
  }

  /**
   * Makes a filter's loaded programs the ones in force, by one store for all CPUs; the object may be closed then.
   * Those of the filter before stay in the other half of the tables until the next change: a CPU that has just
   * read which half is in force finds them there.
   */
  use(object: BpfObject): void {
    const half = 1 - Atomics.load(this.#active.half, 0);
    const probes = mapFd(findMap(this.#object, 'probe_programs'));
    for (const position of this.#positions)
      setTableProgram(
        probes,
        half * DispatchTable.Half + position,
        findProgram(object, probeProgram(position)),
      );
    setTableProgram(mapFd(findMap(this.#object, 'drop_programs')), half, findProgram(object, DROP_PROGRAM));
    Atomics.store(this.#active.half, 0, half);
  }

  /**
   * Probe hits for which the kernel ran no program, because another one was running on that CPU. Nothing is
   * known of their packets. Kernels before 6.7 do not count all of them.
   */
  missed(): number {
    const programs = [...this.#positions.map((position) => this.program(position)), this.dropProgram];
    return programs.reduce((sum, program) => sum + recursionMisses(programFd(program)), 0);
  }

  close(): void {
    this.#active.unmap();
    closeObject(this.#object);
  }
}

function loadDispatcher(options: DispatcherOptions): BpfObject {
  return loadConfigured(
    () => openObject(nativeFile('dispatch.bpf.o')),
    (object) => {
      chooseProgramsOf(object, options);
      setMaxEntries(findMap(object, 'events'), options.ringBufferBytes);
    },
  );
}

/** Kernels before 5.12 do not tell. */
function recursionMisses(fd: number): number {
  const facts = readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1');
  return Number(/^recursion_misses:\s*(\d+)$/m.exec(facts)?.[1] ?? 0);
}
