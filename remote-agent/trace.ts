/** One trace: plan, load, attach, drain, detach. */
import { performance } from 'node:perf_hooks';
import { attach } from './attach/attach.ts';
import { chooseBackend } from './attach/backend.ts';
import { hasOwnTypes, type KernelBtf, readBtfOf, useBtfFile } from './btf/kernel-btf.ts';
import { structureLayouts } from './btf/structures.ts';
import { compileExpressions, compileMetadata, type Metadata } from './conditions/expression.ts';
import { packedExpressionTypes } from './conditions/expression-types.ts';
import { resolveConditions } from './conditions/resolve.ts';
import { CodePlaces } from './events/code-places.ts';
import { NamespaceNames } from './events/namespace-names.ts';
import { Drain } from './events/drain.ts';
import { mapCounters } from './events/counters.ts';
import type { Output } from './events/output.ts';
import { NO_CONDITIONS, type ResolvedConditions } from './filter/conditions-config.ts';
import { mapRingBuffer } from './events/ring-buffer.ts';
import { describeKernelBuild, noKernelBuild } from './kernel/build.ts';
import { possibleCpus } from './kernel/cpus.ts';
import { readKallsyms, textSymbols } from './kernel/kallsyms.ts';
import { LiveSymbols } from './kernel/live-symbols.ts';
import { loadedModules, moduleNames } from './kernel/modules.ts';
import { describeConnection } from './kernel/connection.ts';
import { findOwnConnections } from './kernel/own-connections.ts';
import { SymbolMap } from './kernel/symbol-map.ts';
import { ringBufferBytes } from './kernel/memory.ts';
import { readFacts } from './modes/check.ts';
import type { Rehearsal } from './modes/check-policy.ts';
import { requireTraceable } from './modes/require-traceable.ts';
import { useBtfForObjects } from './native/libbpf.ts';
import { monotonicNow } from './native/libc.ts';
import { releaseGarbage } from './native/release-garbage.ts';
import { addBystanders, addCalled } from './plan/bystanders.ts';
import { readKernelFacts } from './plan/facts.ts';
import { FactsCache } from './plan/facts-cache.ts';
import { parseChoice, planProbes, type ProbePlan } from './plan/plan.ts';
import { ModuleProbes } from './module-probes.ts';
import { Pauses } from './pauses.ts';
import { CalledFunctions } from './programs/called-functions.ts';
import { encodeExtras, optionsOfRegisters } from './programs/extras.ts';
import { putInForce, type ProgramOptions, type Wanted } from './programs/of-filter.ts';
import { ProgramTracers } from './programs/program-tracers.ts';
import { ProgramProbes } from './program-probes.ts';
import { OWN_CONNECTIONS_MAP, OwnConnections } from './programs/own-connections.ts';
import { ProbePrograms } from './programs/probe-programs.ts';
import type {
  Attached,
  Conditions,
  End,
  Extras,
  FilterChanged,
  FilterRequest,
  FunctionChoice,
  PacketProgramKind,
  Progress,
  StartRequest,
  StructureLayout,
} from '../common/protocol.ts';

/** Packets of every function, as a trace without options has it. */
const EVERYTHING: StartRequest = {
  type: 'start',
  filter: null,
  functions: null,
  backend: 'auto',
  ringBufferBytes: 0,
};

/** A trace that runs. */
export class Trace {
  private constructor(
    readonly pauses: Pauses,
    private readonly output: Output,
    private readonly putInForce: PutInForce,
    private readonly probes: Cleanup,
    private readonly resources: Cleanup,
    private readonly drain: Drain,
    private readonly modules: ModuleProbes,
  ) {}

  /**
   * Arms the probes and sends `attached` and from then on events.
   * @throws AgentFailure; AbortError when cancelled. Nothing is left attached then.
   */
  static async start(request: StartRequest, output: Output, signal: AbortSignal): Promise<Trace> {
    const progress = (stage: Progress['stage']) => (done: number, total: number) => {
      output.send({ type: 'progress', stage, done, total });
    };
    const clock = stopwatch();
    useTypes(request.kernelBtf);
    const conditions = resolveConditions(request.conditions);
    const planned = await planTrace(request, signal, progress('scan'));
    const { facts, choice } = planned;
    const reasons = facts.dropReasons;
    const metadata = compileMetadata(request, facts.directReads);
    const structures = [...(await readStructures(request, signal)), ...metadata.layouts];
    const scan = clock();

    const probes = new Cleanup();
    const resources = new Cleanup();
    try {
      progress('load')(0, 1);
      const called = request.calledFunctions === true ? new CalledFunctions() : undefined;
      const loaded = loadPrograms(request, conditions, metadata, planned, resources);
      const plan =
        called === undefined
          ? planned.plan
          : await addCalled(planned.plan, called.names(await readKallsyms(signal)), facts, signal);
      const { backend, leavesOutOwn, programs, tracers, ring, counters, connections } = loaded;
      progress('load')(1, 1);
      const load = clock();

      const onProgress = progress('attach');
      const attachment = await attach({ backend, programs, plan, signal, onProgress });
      const attachments = [attachment];
      probes.add(attachment.detach);
      const packetPrograms = new ProgramProbes(kindsOf(request), tracers, loaded.present);
      probes.add(() => {
        tracers.close();
      });
      const traced = await packetPrograms.start(signal);
      const attached: Attached = {
        type: 'attached',
        backend,
        functions: [...attachment.functions, ...traced.functions],
        lifeCycleFunctions: attachment.lifeCycle,
        skipped: [...plan.skipped, ...attachment.skipped, ...traced.skipped],
        ownConnections: leavesOutOwn ? planned.connections.map(describeConnection) : [],
        otherConnections: connections.others.map(describeConnection),
        dropReasons: reasons.names,
        since: String(monotonicNow()),
        milliseconds: { scan, load, attach: clock() },
      };
      output.send(attached);
      if (structures.length > 0) output.send({ type: 'structures', structures });

      const { kallsyms, loaded: modules } = planned;
      const symbols = new LiveSymbols(kallsyms && new SymbolMap(textSymbols(kallsyms)), modules);
      const places = new CodePlaces(symbols);
      const missed = () =>
        attachments.reduce((sum, each) => sum + (each.missed?.() ?? 0), programs.missed() + tracers.missed());
      const names = request.netnsNames === true ? new NamespaceNames() : undefined;
      const drain = new Drain(ring, counters, missed, output, places, names);
      drain.start();
      const moduleProbes = new ModuleProbes({
        loaded: planned.loaded,
        dropReasons: reasons.names,
        choice,
        backend,
        programs,
        drain,
        output,
        attached: (more) => {
          attachments.push(more);
          probes.add(more.detach);
        },
      });
      moduleProbes.start();
      packetPrograms.watch(output);
      probes.add(() => packetPrograms.stop());
      const later = new AbortController();
      resources.add(() => {
        later.abort();
      });
      void symbols
        .prepare(later.signal)
        .then(async (map) => {
          if (request.wantBuild !== true) return;
          const types = await packedExpressionTypes();
          const build = await describeKernelBuild(attached.functions, map, types);
          if (!later.signal.aborted) output.send(build);
        })
        .catch(() => {
          if (request.wantBuild === true && !later.signal.aborted) output.send(noKernelBuild());
        })
        .finally(releaseGarbage); // nothing here holds it any more
      setImmediate(planned.keep);
      const pauses = new Pauses(programs, monotonicNow, (message) => {
        drain.sendBehind(message);
      });
      return new Trace(pauses, output, loaded.putInForce, probes, resources, drain, moduleProbes);
    } catch (error) {
      await probes.run();
      await resources.run();
      throw error;
    }
  }

  /**
   * All of a trace's beginning but to attach the probes.
   * @param btf the kernel's types, which take seconds to read on a slow machine
   * @throws AgentFailure: what a trace would fail with
   */
  static async rehearse(btf: KernelBtf): Promise<Rehearsal> {
    const planned = await planTrace(EVERYTHING, undefined, () => undefined, btf);
    const resources = new Cleanup();
    try {
      loadPrograms(EVERYTHING, NO_CONDITIONS, compileMetadata({}, undefined), planned, resources);
    } finally {
      await resources.run();
      setImmediate(releaseGarbage);
    }
    return { functions: planned.plan.functions.filter(({ quiet }) => quiet !== true).length };
  }

  /** What a trace of these functions would probe. @throws AgentFailure: what a trace would fail with */
  static async plan(
    { functions, modules }: FunctionChoice,
    backend: StartRequest['backend'],
    signal: AbortSignal,
    onProgress: (done: number, total: number) => void,
  ): Promise<ProbePlan> {
    const request = { ...EVERYTHING, functions, ...(modules && { modules }), backend };
    const { plan, keep } = await planTrace(request, signal, onProgress);
    setImmediate(keep);
    setImmediate(releaseGarbage);
    return plan;
  }

  /**
   * Takes another filter and other conditions. Between the old and the new one no packet is missed; the trace waits meanwhile, and its
   * events in the ring buffer.
   * @throws AgentFailure; the old filter stays in force then.
   */
  changeFilter({ filter, conditions, generation }: FilterRequest): FilterChanged {
    const clock = stopwatch();
    this.putInForce({
      filter,
      conditions: resolveConditions(conditions),
      asked: conditions,
      generation,
    });
    setImmediate(releaseGarbage);
    return { type: 'filter-changed', generation, since: String(monotonicNow()), milliseconds: clock() };
  }

  /** Disarms every probe; events in the ring buffer stay there. */
  async detach(): Promise<void> {
    await this.modules.stop();
    await this.probes.run();
  }

  /** Disarms the probes, sends the last events, and returns the totals. */
  async stop(): Promise<End> {
    const clock = stopwatch();
    this.output.send({ type: 'progress', stage: 'detach', done: 0, total: 0 });
    await this.detach();
    this.pauses.end();
    const detach = clock();
    const totals = await this.drain.finish();
    await this.resources.run();
    return { type: 'end', why: 'stop', events: this.drain.events, ...totals, milliseconds: { detach } };
  }
}

/** Of expressions the texts, among the conditions as they were asked for. */
type PutInForce = (wanted: Omit<Wanted, 'expressions'> & { asked: Conditions | undefined }) => void;

type Planned = Awaited<ReturnType<typeof planTrace>>;

/** What to probe, and what of the kernel was read to find that out. */
async function planTrace(
  request: StartRequest,
  signal: AbortSignal | undefined,
  onProgress: (done: number, total: number) => void,
  btf?: KernelBtf,
) {
  const loaded = loadedModules(); // before all else: one that comes in between is noticed later
  const choice = parseChoice(request, moduleNames(loaded));
  // What is kept is what the kernel itself tells.
  const cache = request.kernelBtf === undefined ? new FactsCache(loaded) : undefined;
  // What was kept is of no use where programs cannot be loaded: then reading the types says so.
  const kept = hasOwnTypes() ? cache?.read() : undefined;
  const { facts, kallsyms } =
    kept === undefined
      ? await readKernelFacts(loaded, {
          signal,
          onProgress,
          btf,
          first: (btf) => {
            requireTraceable(readFacts(btf), request.backend);
          },
        })
      : { facts: kept, kallsyms: undefined };
  if (kept !== undefined) requireTraceable(readFacts(kept.btf), request.backend);
  const plan = await addBystanders(
    await planProbes(facts, choice, signal),
    request.bystanders ?? [],
    facts,
    signal,
  );
  const connections = await findOwnConnections('/proc', signal);
  return {
    plan,
    facts,
    choice,
    loaded,
    connections,
    kallsyms,
    /** Keeps the facts for the next trace, if this one read them. */
    keep: () => {
      if (kept === undefined) cache?.keep(facts);
    },
  };
}

/** Has a file on this machine tell the types of its kernel; undefined: the kernel tells them. @throws AgentFailure `no-btf` */
function useTypes(file: string | undefined): void {
  useBtfFile(file);
  useBtfForObjects(file);
}

/** Of the kernel's structures whose memory is asked for; most traces ask for none, and their types are not read. */
async function readStructures(extras: Extras, signal: AbortSignal): Promise<StructureLayout[]> {
  const names = [
    ...(extras.skb === true ? ['sk_buff'] : []),
    ...(extras.sharedInfo === true ? ['skb_shared_info'] : []),
  ];
  return names.length === 0 ? [] : structureLayouts(await readBtfOf([], signal), names);
}

/** Loads the programs with the first filter in force. @param resources gets what gives them back */
function loadPrograms(
  request: StartRequest,
  conditions: ResolvedConditions,
  metadata: Metadata,
  planned: Planned,
  resources: Cleanup,
) {
  const bystanders = (request.bystanders?.length ?? 0) > 0 || request.calledFunctions === true;
  const backend = chooseBackend(request.backend, optionsOfRegisters(request));
  const leavesOutOwn = request.includeOwnConnection !== true;
  const { pages, directReads, dropReasons } = planned.facts;
  const options: ProgramOptions = {
    config: {
      kprobeMulti: backend === 'kprobe-multi',
      fentryMulti: backend === 'fentry-multi',
      dropReasonArgument: dropReasons.argument,
      leavesOutOwn,
      localSockets: request.includeLocalSockets === true,
      directReads: directReads !== undefined,
      track: request.track !== false,
      bystanders,
      ...encodeExtras(request),
      cpus: possibleCpus(),
      xdp: request.xdpPrograms === true,
    },
    memory: { pages, directReads },
    metadata,
  };
  const programs = new ProbePrograms({
    config: options.config,
    memory: options.memory,
    metadata,
    ringBufferBytes: request.ringBufferBytes || ringBufferBytes(),
  });
  resources.add(() => {
    programs.close();
  });
  const { ring, unmap } = mapRingBuffer(programs.mapFd('events'), programs.ringBufferBytes);
  resources.add(unmap);
  const counters = mapCounters(programs.mapFd('.bss'));
  resources.add(counters.unmap);
  const connections = new OwnConnections(programs.mapFd(OWN_CONNECTIONS_MAP), planned.connections);
  if (leavesOutOwn) resources.add(connections.watch());
  const tracers = new ProgramTracers(programs, options);
  let present: Wanted;
  const put: PutInForce = ({ asked, ...rest }) => {
    const texts = { skb: asked?.skbExpression, xdp: asked?.xdpExpression };
    const wanted = { ...rest, expressions: compileExpressions(texts, directReads) };
    const settle = tracers.prepare(wanted);
    let isInForce = false;
    try {
      putInForce(programs, options, wanted);
      isInForce = true;
      present = wanted;
    } finally {
      settle(isInForce);
    }
  };
  put({
    filter: request.filter,
    conditions,
    asked: request.conditions,
    generation: request.generation ?? 0,
  });
  return {
    ...{ backend, leavesOutOwn, programs, tracers, putInForce: put, ring, counters, connections },
    /** The filter in force. */
    present: () => present,
  };
}

/** Which BPF programs are to be traced. */
function kindsOf({ tcPrograms, xdpPrograms }: StartRequest): PacketProgramKind[] {
  return [...(tcPrograms === true ? ['tc' as const] : []), ...(xdpPrograms === true ? ['xdp' as const] : [])];
}

/** Milliseconds since the call before, whole. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const elapsed = Math.round(now - last);
    last = now;
    return elapsed;
  };
}

/** Runs its cleanups in reverse order, once. */
class Cleanup {
  readonly #steps: (() => void | Promise<void>)[] = [];

  add(step: () => void | Promise<void>): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) await step();
  }
}
