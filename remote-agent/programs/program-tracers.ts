/**
 * What runs when BPF programs that get packets begin and end (bpf/packet-programs.bpf.c). Each of those needs one of its
 * own, which is loaded for it and has the filter in it; so another filter is another of each, which is attached, sleeps
 * until that filter is in force, and takes the place of the one before.
 */
import {
  closeObject,
  destroyLink,
  findMap,
  findProgram,
  initialValue,
  LibbpfError,
  programFd,
  setAutoload,
  type BpfLink,
  type BpfObject,
} from '../native/libbpf.ts';
import { attachTracing, setTracedProgram, withProgram } from '../native/bpf-programs.ts';
import { AgentFailure } from '../../common/errors.ts';
import { TracedProgramLayout } from '../../common/layouts.ts';
import type { PacketProgramKind, ProbedFunction, SkippedFunctions } from '../../common/protocol.ts';
import { loadForFilter, type ProgramOptions, type Wanted } from './of-filter.ts';
import { traceObject } from './load.ts';
import { tracedName, type PacketProgram } from './packet-programs.ts';
import { recursionMisses, type ProbePrograms } from './probe-programs.ts';

const PROGRAMS: Record<PacketProgramKind, readonly string[]> = {
  tc: ['tc_begins', 'tc_ends'],
  xdp: ['xdp_begins', 'xdp_ends'],
};
/** ENOTSUPP of include/linux/errno.h, which C libraries have no words for. */
const NOT_SUPPORTED = 524;

/** One BPF program's. */
interface Tracer {
  object: BpfObject;
  links: BpfLink[];
  /** Descriptors, which belong to the object. */
  fds: number[];
}

export class ProgramTracers {
  readonly #tracers = new Map<PacketProgram, Tracer>();
  #missedBefore = 0;

  /** @param options of the probes' programs */
  constructor(
    private readonly probePrograms: ProbePrograms,
    private readonly options: ProgramOptions,
  ) {}

  /** Traces one more program by the filter in force. @returns what it is to events, or why it cannot be traced */
  add(program: PacketProgram, wanted: Wanted): ProbedFunction | SkippedFunctions {
    try {
      const tracer = this.#load(program, wanted, this.probePrograms.place);
      if (tracer === undefined) return skipped(program, 'the BPF program is gone');
      this.#tracers.set(program, tracer);
    } catch (error) {
      return skipped(program, whyNot(error));
    }
    const { id, kind } = program;
    return { address: id, name: tracedName(program), module: '', argument: 1, program: { id, kind } };
  }

  /**
   * Prepares another filter: what has it sleeps.
   * @returns to be called once it is in force, or, with false, when it did not come to that
   * @throws AgentFailure: as loading the filter does. The filter before stays.
   */
  prepare(wanted: Wanted): (isInForce: boolean) => void {
    const next = new Map<PacketProgram, Tracer>();
    try {
      for (const program of this.#tracers.keys()) {
        const tracer = this.#load(program, wanted, this.probePrograms.nextPlace);
        if (tracer !== undefined) next.set(program, tracer);
      }
    } catch (error) {
      for (const tracer of next.values()) detach(tracer);
      throw error;
    }
    return (isInForce) => {
      const over = isInForce ? [...this.#tracers.values()] : [...next.values()];
      for (const tracer of over) {
        this.#missedBefore += missedBy(tracer);
        detach(tracer);
      }
      if (isInForce) for (const [program, tracer] of next) this.#tracers.set(program, tracer);
    };
  }

  /** As of ProbePrograms. */
  missed(): number {
    return [...this.#tracers.values()].reduce((sum, tracer) => sum + missedBy(tracer), this.#missedBefore);
  }

  close(): void {
    for (const tracer of this.#tracers.values()) detach(tracer);
    this.#tracers.clear();
  }

  /** Undefined: the program is gone. */
  #load({ id, kind, name }: PacketProgram, wanted: Wanted, place: number): Tracer | undefined {
    return withProgram(id, (fd) => {
      const object = loadForFilter(
        traceObject('packet-programs'),
        this.probePrograms,
        this.options,
        wanted,
        (opened) => {
          initialValue(findMap(opened, '.rodata.program')).set(encodeTracedProgram(id, place));
          for (const [of, names] of Object.entries(PROGRAMS))
            for (const each of names) {
              const program = findProgram(opened, each);
              setAutoload(program, of === kind);
              if (of === kind) setTracedProgram(program, fd, name);
            }
        },
      );
      const tracer: Tracer = { object, links: [], fds: [] };
      try {
        for (const each of PROGRAMS[kind]) {
          const program = findProgram(object, each);
          tracer.links.push(attachTracing(program));
          tracer.fds.push(programFd(program));
        }
      } catch (error) {
        detach(tracer);
        throw error;
      }
      return tracer;
    });
  }
}

function detach({ object, links }: Tracer): void {
  for (const link of links) destroyLink(link);
  closeObject(object);
}

function missedBy({ fds }: Tracer): number {
  return fds.reduce((sum, fd) => sum + recursionMisses(fd), 0);
}

function skipped(program: PacketProgram, reason: string): SkippedFunctions {
  return { reason, names: [tracedName(program)] };
}

/** In words. */
function whyNot(error: unknown): string {
  if (error instanceof LibbpfError && error.errno === NOT_SUPPORTED)
    return 'this kernel cannot trace BPF programs (on arm64 those since 6.0 can)';
  if (error instanceof LibbpfError) return `refused by the kernel (${error.reason})`;
  if (error instanceof AgentFailure) return error.message.replace(/\n.*$/s, ''); // without the verifier's log
  throw error;
}

/** `struct traced_program` of bpf/traced-program.h. */
function encodeTracedProgram(id: number, place: number): Uint8Array {
  const bytes = new Uint8Array(TracedProgramLayout.bytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(TracedProgramLayout.id, id, true);
  view.setUint32(TracedProgramLayout.place, place, true);
  return bytes;
}
