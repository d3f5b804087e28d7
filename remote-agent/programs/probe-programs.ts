/**
 * What is attached to the probes (bpf/probes.bpf.c), as long as a trace lasts. Of the programs that those go on in one
 * has the filter in force (bpf/follow.bpf.c); it alone changes with the filter.
 *
 * Facts of the kernel and a filter's program come into this folder, programs in force go out. Read this file first,
 * then the way of a filter: of-filter.ts, link.ts, load.ts.
 */
import { readFileSync } from 'node:fs';
import {
  BPF_TRACE_KPROBE_MULTI,
  closeObject,
  emptyMap,
  findMap,
  findProgram,
  initialValue,
  mapFd,
  maxEntries,
  programFd,
  setAutoload,
  setExpectedAttachType,
  setMaxEntries,
  setTableProgram,
  type BpfObject,
  type BpfProgram,
} from '../native/libbpf.ts';
import { setFentryMulti } from '../native/tracing-multi.ts';
import { mapShared, pageSize } from '../native/libc.ts';
import { filterObject, type MetadataCode } from '../filter/filter-object.ts';
import { extrasOptions } from './extras.ts';
import { openLinked } from './link.ts';
import { loadConfigured, traceObject } from './load.ts';
import { OWN_CONNECTIONS_MAP } from './own-connections.ts';
import { encodeFilterConfig } from '../filter/filter-config.ts';
import type { PacketMemory } from './packet-memory.ts';
import { encodeTraceConfig, type TraceConfig } from './trace-config.ts';
import {
  CounterLimit,
  CpuCountersLayout,
  EventExtra,
  FrameLimit,
  GoOn,
  Program,
  ScratchOf,
  XdpLimit,
} from '../../common/layouts.ts';

const BYSTANDER = 'bystander';

/** What the probes run, by enum program of bpf/program.h. */
const PROBE_PROGRAMS = new Map<number, string>([
  ...[1, 2, 3, 4, 5].map((position) => [Program.Plain + position, `plain_${position}`] as const),
  [Program.Tail, 'in_release'],
  [Program.Build, 'builds'],
  [Program.Bystander, BYSTANDER],
  ...[
    [Program.HeadState, 'release_head_state'] as const,
    [Program.Data, 'release_data'] as const,
    [Program.Final, 'release_final'] as const,
    [Program.FinalSecond, 'release_final_second'] as const,
    [Program.Stolen, 'release_stolen'] as const,
    [Program.Partial, 'release_partial'] as const,
    [Program.Reshape, 'reshapes'] as const,
    [Program.Copy, 'copies'] as const,
    [Program.Merge, 'merges'] as const,
  ].flatMap(([program, name]) => [
    [program, name] as const,
    [program + Program.Quiet, `quiet_${name}`] as const,
  ]),
]);
/** Which of the table they go on in, whatever the filter is; by enum go_on of bpf/program.h. */
const WORK_PROGRAMS = new Map<number, string>([
  [GoOn.Step, 'step'],
  [GoOn.Copy, 'copy'],
  [GoOn.Merge, 'merge'],
]);
const DROP_PROGRAM = 'skb_drop';

/** Maps that what has a filter in it shares, as far as it has them. */
export const SHARED_MAPS = [
  'events',
  '.bss',
  '.data.active',
  'lives',
  'scratches',
  'frames',
  'xdp_packets',
  'skb_heads',
  'stacks',
  OWN_CONNECTIONS_MAP,
] as const;
export type SharedMap = (typeof SHARED_MAPS)[number];

/** The key of lives: where an skb is, or the packet that XDP has. */
const ADDRESS_BYTES = 8;
/** `followed` of struct counters (bpf/events/counters.h), on a page of its own. */
const FOLLOWED_AT = CounterLimit.CounterCpus * CpuCountersLayout.bytes;
const FOLLOWED_BYTES = CounterLimit.FollowedSlots * 4;

/** Stacks that are told once; of more, those that came longest ago are told again. */
const STACKS = 16_384;

export interface ProbeProgramsOptions {
  memory: PacketMemory;
  /** What computes values to tell. */
  metadata: MetadataCode;
  config: Omit<TraceConfig, 'filtered' | 'generation'>;
  /** Bytes, a power of two and at least a page. */
  ringBufferBytes: number;
}

/** A program of a table, or that is attached, is of this kind; bpf_get_func_ip depends on it. */
export function setKind(
  program: BpfProgram,
  { kprobeMulti, fentryMulti }: Pick<TraceConfig, 'kprobeMulti' | 'fentryMulti'>,
): void {
  if (kprobeMulti) setExpectedAttachType(program, BPF_TRACE_KPROBE_MULTI);
  if (fentryMulti) setFentryMulti(program);
}

/** Loaded programs and the maps of the whole trace; they live until it is closed and their links are destroyed. */
export class ProbePrograms {
  readonly #object: BpfObject;
  /** Names of those that were asked for: they run. */
  readonly #used = new Set<string>();
  /** Of enum go_on: the program with the filter in force, or GoOn.Paused. */
  readonly #active: { program: Uint32Array; unmap: () => void };
  /** The place of the present filter's program, in force unless the trace is paused. */
  #present: number = GoOn.Follow;
  #paused = false;

  /** No packet is told of before a filter is in force. @throws AgentFailure `no-privilege`, `load` */
  constructor(options: ProbeProgramsOptions) {
    this.#object = loadProbePrograms(options);
    for (const [index, name] of WORK_PROGRAMS)
      setTableProgram(this.#table, index, findProgram(this.#object, name));
    const { buffer, unmap } = mapShared(mapFd(findMap(this.#object, '.data.active')), 0, pageSize(), true);
    this.#active = { program: new Uint32Array(buffer, 0, 1), unmap };
  }

  /** To be attached. @param index of enum program */
  program(index: number): BpfProgram {
    const name = PROBE_PROGRAMS.get(index);
    if (name === undefined) throw new RangeError(`there is no program ${index}`);
    return this.#use(name);
  }

  /** To be attached to the kfree_skb tracepoint. */
  get dropProgram(): BpfProgram {
    return this.#use(DROP_PROGRAM);
  }

  /** Its descriptor belongs to the object. */
  mapFd(name: SharedMap): number {
    return mapFd(findMap(this.#object, name));
  }

  /** Bytes; at least what was asked for. */
  get ringBufferBytes(): number {
    return maxEntries(findMap(this.#object, 'events'));
  }

  /**
   * Makes a filter's loaded program the one in force, by one store for all CPUs; its object may be closed then.
   * The one before stays in the table until the next change: a CPU that has just read which is in force finds it.
   */
  follow(program: BpfProgram): void {
    const place = this.nextPlace;
    setTableProgram(this.#table, place, program);
    this.#present = place;
    if (!this.#paused) Atomics.store(this.#active.program, 0, place);
  }

  /** Of enum go_on: where the filter in force is in the table. */
  get place(): number {
    return this.#present;
  }

  /** Where the next filter will be. */
  get nextPlace(): number {
    return this.#present === GoOn.Follow ? GoOn.FollowOther : GoOn.Follow;
  }

  /** Every program returns at once from now on; the probes stay. */
  pause(): void {
    this.#paused = true;
    Atomics.store(this.#active.program, 0, GoOn.Paused);
  }

  /**
   * Goes on after a pause, with nobody followed: no release was seen meanwhile, and the address of a packet from before
   * may be another's.
   */
  resume(): void {
    emptyMap(this.mapFd('lives'), ADDRESS_BYTES);
    emptyMap(this.mapFd('xdp_packets'), ADDRESS_BYTES);
    const counters = mapShared(this.mapFd('.bss'), FOLLOWED_AT, FOLLOWED_BYTES, true);
    new Uint8Array(counters.buffer).fill(0);
    counters.unmap();
    this.#paused = false;
    Atomics.store(this.#active.program, 0, this.#present);
  }

  /**
   * Probe hits for which the kernel ran no program, because another one was running on that CPU. Nothing is
   * known of their packets. Kernels before 6.7 do not count all of them.
   */
  missed(): number {
    return [...this.#used].reduce(
      (sum, name) => sum + recursionMisses(programFd(findProgram(this.#object, name))),
      0,
    );
  }

  close(): void {
    this.#active.unmap();
    closeObject(this.#object);
  }

  get #table(): number {
    return mapFd(findMap(this.#object, 'programs'));
  }

  #use(name: string): BpfProgram {
    this.#used.add(name);
    return findProgram(this.#object, name);
  }
}

function loadProbePrograms({ config, memory, metadata, ringBufferBytes }: ProbeProgramsOptions): BpfObject {
  return loadConfigured(
    () => openLinked(traceObject('probes'), filterObject(null, memory.directReads, metadata)),
    (object) => {
      initialValue(findMap(object, '.rodata')).set(
        encodeTraceConfig({ ...config, filtered: false, generation: 0 }),
      );
      initialValue(findMap(object, '.rodata.filter')).set(encodeFilterConfig(null, memory.pages));
      setMaxEntries(findMap(object, 'events'), ringBufferBytes);
      if (config.bystanders) setMaxEntries(findMap(object, 'frames'), FrameLimit.Frames);
      if (config.xdp) {
        setMaxEntries(findMap(object, 'xdp_packets'), XdpLimit.XdpPackets);
        setMaxEntries(findMap(object, 'skb_heads'), XdpLimit.SkbHeads);
      }
      if (config.fentryMulti) setMaxEntries(findMap(object, 'scratches'), ScratchOf.ScratchesWithFentry);
      setAutoload(findProgram(object, BYSTANDER), config.bystanders);
      if ((config.extras & EventExtra.Stack) !== 0) setMaxEntries(findMap(object, 'stacks'), STACKS);
      for (const name of [...PROBE_PROGRAMS.values(), ...WORK_PROGRAMS.values()])
        setKind(findProgram(object, name), config);
    },
    extrasOptions(config.extras),
  );
}

/** Hits for which a loaded program was not run, because another one was running. Kernels before 5.12 do not tell. */
export function recursionMisses(fd: number): number {
  const facts = readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1');
  return Number(/^recursion_misses:\s*(\d+)$/m.exec(facts)?.[1] ?? 0);
}
