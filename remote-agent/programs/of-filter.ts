/** The program of one filter (bpf/follow.bpf.c), as the trace wants it. */
import {
  type BpfObject,
  closeObject,
  findMap,
  findProgram,
  initialValue,
  reuseMap,
} from '../native/libbpf.ts';
import { loadLinked } from './link.ts';
import type { PacketMemory } from './packet-memory.ts';
import { setKind, SHARED_MAPS, type ProbePrograms } from './probe-programs.ts';
import { encodeTraceConfig, type TraceConfig } from './trace-config.ts';
import type { Instruction } from '../../common/bpf/ebpf.ts';
import { encodeConditions, type ResolvedConditions } from '../filter/conditions-config.ts';
import type { CompiledFilter } from '../../common/protocol.ts';

const FILTER_PROGRAM = 'follow_or_begin';

/** What decides about packets, and can be changed while tracing. */
export interface Wanted {
  /** null: every packet. */
  filter: CompiledFilter | null;
  conditions: ResolvedConditions;
  /** On the skb; undefined: none. */
  expression: readonly Instruction[] | undefined;
  /** The number that its events carry. */
  generation: number;
}

/** What is the same for every filter of a trace. */
export interface ProgramOptions {
  config: Omit<TraceConfig, 'filtered' | 'generation'>;
  memory: PacketMemory;
}

/**
 * Loads the program of a filter and puts it in force; while that fails, the filter before stays.
 * @throws AgentFailure: `no-privilege`, `bad-filter` (the filter's code is refused), `load`
 */
export function putInForce(
  probePrograms: ProbePrograms,
  { config, memory }: ProgramOptions,
  { filter, conditions, expression, generation }: Wanted,
): void {
  const configure = (opened: BpfObject) => {
    const asked = encodeConditions(conditions, expression !== undefined);
    initialValue(findMap(opened, '.rodata.conditions')).set(asked);
    const whole = { ...config, filtered: filter !== null, generation };
    initialValue(findMap(opened, '.rodata')).set(encodeTraceConfig(whole));
    for (const map of SHARED_MAPS) reuseMap(findMap(opened, map), probePrograms.mapFd(map));
    setKind(findProgram(opened, FILTER_PROGRAM), config);
  };
  const object = loadLinked('follow.bpf.o', filter, memory, configure, expression);
  try {
    probePrograms.follow(findProgram(object, FILTER_PROGRAM));
  } finally {
    closeObject(object); // the table keeps what is in force
  }
}
