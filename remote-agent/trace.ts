/** One trace: plan, load, attach, drain, detach. */
import { performance } from 'node:perf_hooks';
import type { Attachment } from './attach/attachment.ts';
import { attachKprobes } from './attach/kprobe/attach.ts';
import { attachMulti } from './attach/multi.ts';
import { chooseBackend } from './attach/backend.ts';
import { readKernelBtf } from './btf/kernel-btf.ts';
import { findDirectReads } from './btf/direct-reads.ts';
import { Dispatcher } from './programs/dispatcher.ts';
import { Drain } from './events/drain.ts';
import { DropLocations } from './events/code-places.ts';
import { dropReasons } from './kernel/drop-reasons.ts';
import { putInForce, type ProgramOptions } from './programs/of-filter.ts';
import { readInterfaces } from './kernel/interfaces.ts';
import { CurrentSymbols, loadedModules } from './kernel/live-symbols.ts';
import { readKallsyms, textSymbols } from './kernel/kallsyms.ts';
import { describeKernelBuild } from './kernel/build.ts';
import { attachKprobeMulti, attachRawTracepoint, destroyLink, LibbpfError } from './native/libbpf.ts';
import { monotonicNow } from './native/libc.ts';
import { mapLossCounters } from './events/loss-counters.ts';
import { releaseGarbage } from './native/release-garbage.ts';
import type { Output } from './events/output.ts';
import { describeConnection, findOwnConnection } from './kernel/own-connection.ts';
import { findPageVariables } from './kernel/page-variables.ts';
import { parsePattern, planProbes, type ProbePlan } from './plan/plan.ts';
import type {
  Attached,
  Backend,
  End,
  FilterChanged,
  FilterRequest,
  Progress,
  SkippedFunctions,
  StartRequest,
} from '../common/protocol.ts';
import { mapRingBuffer } from './events/ring-buffer.ts';
import { SymbolOrder } from './kernel/symbol-map.ts';

const DEFAULT_RING_BYTES = 32 * 1024 * 1024;

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

export class Trace {
  private constructor(
    private readonly output: Output,
    private readonly dispatcher: Dispatcher,
    private readonly programs: ProgramOptions,
    private readonly probes: Cleanup,
    private readonly resources: Cleanup,
    private readonly drain: Drain,
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
    const pattern = request.functions === null ? null : parsePattern(request.functions);
    const btf = await readKernelBtf(signal);
    const modules = loadedModules();
    const kallsyms = await readKallsyms(signal);
    const plan = await planProbes({
      functions: pattern,
      btf,
      kallsyms,
      signal,
      onProgress: progress('scan'),
    });
    const reasons = dropReasons(btf);
    const scan = clock();

    const probes = new Cleanup();
    const resources = new Cleanup();
    try {
      progress('load')(0, 1);
      const backend = chooseBackend(request.backend);
      const ownConnection = request.includeOwnConnection === true ? undefined : findOwnConnection();
      const positions = new Set(plan.functions.map(({ argument }) => argument));
      const ringBufferBytes = request.ringBufferBytes || DEFAULT_RING_BYTES;
      const dispatcher = new Dispatcher({ backend, positions, ringBufferBytes });
      resources.add(() => {
        dispatcher.close();
      });
      const ring = mapRingBuffer(dispatcher.mapFd('events'), dispatcher.ringBufferBytes);
      resources.add(ring.unmap);
      const loss = mapLossCounters(dispatcher.mapFd('.bss'));
      resources.add(loss.unmap);
      const programs: ProgramOptions = {
        backend,
        positions,
        dropReasonArgument: reasons.argument,
        ownConnection,
        memory: { pages: findPageVariables(kallsyms), directReads: findDirectReads(btf) },
      };
      putInForce(dispatcher, programs, request.filter, 0);
      progress('load')(1, 1);
      const load = clock();

      const attachment = await attach({ backend, dispatcher, plan, signal, onProgress: progress('attach') });
      probes.add(attachment.detach);
      const dropSkipped = attachDrop(dispatcher, probes);
      const attached: Attached = {
        type: 'attached',
        backend,
        functions: attachment.functions,
        skipped: [...plan.skipped, ...attachment.skipped, ...dropSkipped],
        ...(ownConnection && { ownConnection: describeConnection(ownConnection) }),
        dropReasons: reasons.names,
        devices: readInterfaces(),
        milliseconds: { scan, load, attach: clock() },
      };
      output.send(attached);
      const symbols = new SymbolOrder(textSymbols(kallsyms));
      const drain = new Drain(
        ring.ring,
        loss,
        output,
        new DropLocations(new CurrentSymbols(symbols, modules)),
      );
      drain.start();
      if (request.wantBuild === true)
        // What it tells helps to find sources; the trace goes on without.
        describeKernelBuild(attached.functions, symbols).then(
          (build) => output.send(build),
          () => undefined,
        );
      setImmediate(releaseGarbage); // once nothing here holds it
      return new Trace(output, dispatcher, programs, probes, resources, drain);
    } catch (error) {
      await probes.run();
      await resources.run();
      throw error;
    }
  }

  /**
   * Takes another filter. Between the old and the new one no packet is missed; the trace waits meanwhile, and its
   * events in the ring buffer.
   * @throws AgentFailure; the old filter stays in force then.
   */
  changeFilter({ filter, generation }: FilterRequest): FilterChanged {
    const clock = stopwatch();
    putInForce(this.dispatcher, this.programs, filter, generation);
    setImmediate(releaseGarbage);
    return { type: 'filter-changed', generation, since: String(monotonicNow()), milliseconds: clock() };
  }

  /** Disarms every probe; events in the ring buffer stay there. */
  async detach(): Promise<void> {
    await this.probes.run();
  }

  /** Disarms the probes, sends the last events, and returns the totals. */
  async stop(): Promise<End> {
    const clock = stopwatch();
    this.output.send({ type: 'progress', stage: 'detach', done: 0, total: 0 });
    await this.detach();
    const detach = clock();
    const lost = await this.drain.finish();
    const missed = this.dispatcher.missed();
    await this.resources.run();
    return { type: 'end', why: 'stop', events: this.drain.events, lost, missed, milliseconds: { detach } };
  }
}

interface AttachRequest {
  backend: Backend;
  dispatcher: Dispatcher;
  plan: ProbePlan;
  signal: AbortSignal;
  onProgress: (done: number, total: number) => void;
}

function attach({ backend, dispatcher, plan, signal, onProgress }: AttachRequest): Promise<Attachment> {
  const total = plan.functions.length;
  onProgress(0, total);
  const io = {
    program: (position: number) => dispatcher.program(position),
    signal,
    onProgress: (done: number) => {
      onProgress(done, total);
    },
  };
  if (backend === 'kprobe') return attachKprobes(plan, io);
  return attachMulti({
    ...io,
    functions: plan.functions,
    links: { attach: attachKprobeMulti, destroy: destroyLink },
  });
}

/** Without it a drop has no reason; everything else is still worth having. */
function attachDrop(dispatcher: Dispatcher, probes: Cleanup): SkippedFunctions[] {
  try {
    const link = attachRawTracepoint(dispatcher.dropProgram, 'kfree_skb');
    probes.add(() => {
      destroyLink(link);
    });
    return [];
  } catch (error) {
    if (!(error instanceof LibbpfError)) throw error;
    return [{ reason: `refused by the kernel (${error.reason})`, names: ['tracepoint skb:kfree_skb'] }];
  }
}
