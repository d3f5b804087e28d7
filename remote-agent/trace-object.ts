/** The BPF object on its way into the kernel: filter linked in, constants set, verified, loaded. */
import { readFileSync } from 'node:fs';
import { AgentFailure } from './errors.ts';
import { filterObject, readsLink } from './filter/object.ts';
import {
  BPF_TRACE_KPROBE_MULTI,
  closeObject,
  findMap,
  findProgram,
  initialValue,
  LibbpfError,
  linkObjects,
  loadObject,
  mapFd,
  maxEntries,
  openObject,
  programFd,
  setAutoload,
  setExpectedAttachType,
  setMaxEntries,
  takeLibbpfLog,
  type BpfObject,
  type BpfProgram,
} from './libbpf.ts';
import { close, memfdCreate } from './libc.ts';
import { nativeFile } from './native.ts';
import type { Connection } from './own-connection.ts';
import type { Backend, CompiledFilter } from './protocol.ts';
import { encodeTraceConfig } from './trace-config.ts';

export interface TraceObjectOptions {
  filter: CompiledFilter | null;
  backend: Backend;
  /** Of the reason among the tracepoint's arguments, the skb being 0; −1: it has none. */
  dropReasonArgument: number;
  /** Its packets are left out. */
  ownConnection: Connection | undefined;
  /** The kernel has bpf_rdonly_cast. */
  directReads: boolean;
  /** Argument positions of the packet that programs are needed for. */
  positions: ReadonlySet<number>;
  /** Bytes, a power of two and at least a page. */
  ringBufferBytes: number;
}

/** A loaded object; its maps and programs live until it is closed and their links are destroyed. */
export interface TraceObject {
  program(position: number): BpfProgram;
  dropProgram: BpfProgram;
  /** Descriptors, owned by the object. */
  ringBufferFd: number;
  lossFd: number;
  /** Bytes; at least what was asked for. */
  ringBufferBytes: number;
  /**
   * Probe hits for which the kernel ran no program, because another one was running on that CPU. Nothing is
   * known of their packets. Kernels before 6.7 do not count all of them.
   */
  missed(): number;
  close(): void;
}

const POSITIONS = [1, 2, 3, 4, 5];
/** What of the verifier's log goes to the user. */
const LOG_SHOWN = 4000;

/** @throws AgentFailure: `no-privilege`, `bad-filter` (the filter's code is refused), `load` */
export function loadTraceObject(options: TraceObjectOptions): TraceObject {
  takeLibbpfLog();
  try {
    const object = withLinkedFile(options.filter, openObject);
    try {
      configure(object, options);
      loadObject(object);
      return loaded(object, options.positions);
    } catch (error) {
      closeObject(object);
      throw error;
    }
  } catch (error) {
    throw error instanceof LibbpfError ? loadFailure(error) : error;
  }
}

function withLinkedFile<T>(filter: CompiledFilter | null, use: (path: string) => T): T {
  const filterFd = memfdCreate('filter', filterObject(filter));
  const linkedFd = memfdCreate('linked', new Uint8Array());
  try {
    const path = `/proc/self/fd/${linkedFd}`;
    linkObjects(path, [nativeFile('trace.bpf.o'), `/proc/self/fd/${filterFd}`]);
    return use(path);
  } finally {
    close(filterFd);
    close(linkedFd);
  }
}

function configure(object: BpfObject, options: TraceObjectOptions): void {
  const multi = options.backend === 'kprobe-multi';
  const config = encodeTraceConfig({
    kprobeMulti: multi,
    filtered: options.filter !== null,
    filterReadsLink: readsLink(options.filter),
    dropReasonArgument: options.dropReasonArgument,
    ownConnection: options.ownConnection,
    directReads: options.directReads,
  });
  initialValue(findMap(object, '.rodata')).set(config);
  setMaxEntries(findMap(object, 'events'), options.ringBufferBytes);
  for (const position of POSITIONS) {
    const program = findProgram(object, programName(position));
    setAutoload(program, options.positions.has(position));
    if (multi) setExpectedAttachType(program, BPF_TRACE_KPROBE_MULTI);
  }
}

function loaded(object: BpfObject, positions: ReadonlySet<number>): TraceObject {
  const program = (position: number) => findProgram(object, programName(position));
  const dropProgram = findProgram(object, 'skb_drop');
  const events = findMap(object, 'events');
  const programs = [...positions].map(program);
  return {
    program,
    dropProgram,
    ringBufferFd: mapFd(events),
    ringBufferBytes: maxEntries(events),
    lossFd: mapFd(findMap(object, '.bss')),
    missed: () => [...programs, dropProgram].reduce((sum, each) => sum + recursionMisses(programFd(each)), 0),
    close: () => {
      closeObject(object);
    },
  };
}

function programName(position: number): string {
  return `skb_argument_${position}`;
}

/** Kernels before 5.12 do not tell. */
function recursionMisses(fd: number): number {
  const facts = readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1');
  return Number(/^recursion_misses:\s*(\d+)$/m.exec(facts)?.[1] ?? 0);
}

function loadFailure(error: LibbpfError): AgentFailure {
  const log = takeLibbpfLog().trim().slice(-LOG_SHOWN);
  if (error.reason === 'Operation not permitted')
    return new AgentFailure(
      'no-privilege',
      `The kernel refused the BPF programs: ${error.message}.`,
      'Run as root; in a container the capabilities CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN are needed.',
    );
  return new AgentFailure('load', `The kernel refused the BPF programs: ${error.message}.\n${log}`);
}
