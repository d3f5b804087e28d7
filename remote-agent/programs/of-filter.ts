/** The programs of one filter (bpf/trace.bpf.c), as the trace wants them. */
import { chooseProgramsOf, type Dispatcher, type DispatcherOptions } from './dispatcher.ts';
import { closeObject, findMap, initialValue, reuseMap, type BpfObject } from '../native/libbpf.ts';
import type { PacketMemory } from './packet-memory.ts';
import { loadLinked } from './link.ts';
import type { Connection } from '../kernel/own-connection.ts';
import type { CompiledFilter } from '../../common/protocol.ts';
import { encodeTraceConfig } from './trace-config.ts';

/** What is the same for every filter of a trace. */
export interface ProgramOptions extends Pick<DispatcherOptions, 'backend' | 'positions'> {
  /** Of the reason among the tracepoint's arguments, the skb being 0; −1: it has none. */
  dropReasonArgument: number;
  /** Its packets are left out. */
  ownConnection: Connection | undefined;
  memory: PacketMemory;
}

/**
 * Loads the programs of a filter and puts them in force; while that fails, the filter before stays.
 * @throws AgentFailure: `no-privilege`, `bad-filter` (the filter's code is refused), `load`
 */
export function putInForce(
  dispatcher: Dispatcher,
  options: ProgramOptions,
  filter: CompiledFilter | null,
  generation: number,
): void {
  const object = loadLinked('trace.bpf.o', filter, options.memory, (opened) => {
    configure(opened, options, filter !== null, generation);
    for (const map of ['events', '.bss'] as const) reuseMap(findMap(opened, map), dispatcher.mapFd(map));
  });
  try {
    dispatcher.use(object);
  } finally {
    closeObject(object); // the dispatcher's tables keep what is in force
  }
}

function configure(object: BpfObject, options: ProgramOptions, filtered: boolean, generation: number): void {
  const config = encodeTraceConfig({
    kprobeMulti: options.backend === 'kprobe-multi',
    filtered,
    dropReasonArgument: options.dropReasonArgument,
    ownConnection: options.ownConnection,
    directReads: options.memory.directReads !== undefined,
    generation,
  });
  initialValue(findMap(object, '.rodata')).set(config);
  chooseProgramsOf(object, options);
}
