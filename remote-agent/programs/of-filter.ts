/** The program of one filter (bpf/follow.bpf.c), as the trace wants it. */
import {
  type BpfObject,
  closeObject,
  findMap,
  findProgram,
  initialValue,
  mapIfAny,
  reuseMap,
} from '../native/libbpf.ts';
import { extrasOptions } from './extras.ts';
import { loadLinked } from './link.ts';
import { traceObject } from './load.ts';
import type { PacketMemory } from './packet-memory.ts';
import { setKind, SHARED_MAPS, type ProbePrograms } from './probe-programs.ts';
import { encodeTraceConfig, type TraceConfig } from './trace-config.ts';
import type { ExpressionCode, MetadataCode } from '../filter/filter-object.ts';
import { encodeConditions, type ResolvedConditions } from '../filter/conditions-config.ts';
import type { CompiledFilter } from '../../common/protocol.ts';

const FILTER_PROGRAM = 'follow_or_begin';

/** What decides about packets, and can be changed while tracing. */
export interface Wanted {
  /** null: every packet. */
  filter: CompiledFilter | null;
  conditions: ResolvedConditions;
  expressions: ExpressionCode;
  /** The number that its events carry. */
  generation: number;
}

/** What is the same for every filter of a trace. */
export interface ProgramOptions {
  /** What computes values to tell. */
  metadata: MetadataCode;
  config: Omit<TraceConfig, 'filtered' | 'generation'>;
  memory: PacketMemory;
}

/**
 * Loads the program of a filter and puts it in force; while that fails, the filter before stays.
 * @throws AgentFailure: `no-privilege`, `bad-filter` (the filter's code is refused), `load`
 */
export function putInForce(probePrograms: ProbePrograms, options: ProgramOptions, wanted: Wanted): void {
  const object = loadForFilter(traceObject('follow'), probePrograms, options, wanted, (opened) => {
    setKind(findProgram(opened, FILTER_PROGRAM), options.config);
  });
  try {
    probePrograms.follow(findProgram(object, FILTER_PROGRAM));
  } finally {
    closeObject(object); // the table keeps what is in force
  }
}

/**
 * Loads an object with a filter in it that shares the maps of the trace; the caller closes it.
 * @param configure what else is to be set between opening and loading
 * @throws AgentFailure: as putInForce
 */
export function loadForFilter(
  name: string,
  probePrograms: ProbePrograms,
  { config, memory, metadata }: ProgramOptions,
  { filter, conditions, expressions, generation }: Wanted,
  configure: (opened: BpfObject) => void,
): BpfObject {
  const share = (opened: BpfObject) => {
    const asked = encodeConditions(conditions, expressions);
    initialValue(findMap(opened, '.rodata.conditions')).set(asked);
    const whole = { ...config, filtered: filter !== null, generation };
    initialValue(findMap(opened, '.rodata')).set(encodeTraceConfig(whole));
    for (const map of SHARED_MAPS) {
      const own = mapIfAny(opened, map);
      if (own !== undefined) reuseMap(own, probePrograms.mapFd(map));
    }
    configure(opened);
  };
  return loadLinked(
    name,
    filter,
    memory,
    share,
    { ...expressions, ...metadata },
    extrasOptions(config.extras),
  );
}
