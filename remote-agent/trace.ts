/** One trace: plan, load, attach, drain, detach. */
import { performance } from 'node:perf_hooks';
import { attach } from './attach/attach.ts';
import { chooseBackend } from './attach/backend.ts';
import { dropReasons } from './btf/drop-reasons.ts';
import { findDirectReads } from './btf/find-direct-reads.ts';
import { readKernelBtf } from './btf/kernel-btf.ts';
import { CodePlaces } from './events/code-places.ts';
import { Drain } from './events/drain.ts';
import { mapLossCounters } from './events/loss-counters.ts';
import type { Output } from './events/output.ts';
import { mapRingBuffer } from './events/ring-buffer.ts';
import { describeKernelBuild, noKernelBuild } from './kernel/build.ts';
import { readInterfaces } from './kernel/interfaces.ts';
import { readKallsyms, textSymbols } from './kernel/kallsyms.ts';
import { LiveSymbols } from './kernel/live-symbols.ts';
import { loadedModules } from './kernel/modules.ts';
import { describeConnection, findOwnConnection } from './kernel/own-connection.ts';
import { findPageVariables } from './kernel/page-variables.ts';
import { SymbolMap } from './kernel/symbol-map.ts';
import { monotonicNow } from './native/libc.ts';
import { releaseGarbage } from './native/release-garbage.ts';
import { parsePattern, planProbes } from './plan/plan.ts';
import { Dispatcher } from './programs/dispatcher.ts';
import { putInForce, type ProgramOptions } from './programs/of-filter.ts';
import type {
  Attached,
  End,
  FilterChanged,
  FilterRequest,
  Progress,
  StartRequest,
} from '../common/protocol.ts';

const DEFAULT_RING_BYTES = 32 * 1024 * 1024;

/** A trace that runs. */
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
    const planned = await planTrace(request, signal, progress('scan'));
    const { plan, reasons, kallsyms, modules } = planned;
    const scan = clock();

    const probes = new Cleanup();
    const resources = new Cleanup();
    try {
      progress('load')(0, 1);
      const { dispatcher, programs, ring, loss } = loadPrograms(request, planned, resources);
      const { backend, ownConnection } = programs;
      progress('load')(1, 1);
      const load = clock();

      const onProgress = progress('attach');
      const attachment = await attach({ backend, dispatcher, plan, signal, onProgress });
      probes.add(attachment.detach);
      const attached: Attached = {
        type: 'attached',
        backend,
        functions: attachment.functions,
        skipped: [...plan.skipped, ...attachment.skipped],
        ...(ownConnection && { ownConnection: describeConnection(ownConnection) }),
        dropReasons: reasons.names,
        devices: readInterfaces(),
        milliseconds: { scan, load, attach: clock() },
      };
      output.send(attached);

      const symbols = new SymbolMap(textSymbols(kallsyms));
      const places = new CodePlaces(new LiveSymbols(symbols, modules));
      const drain = new Drain(ring, loss, output, places);
      drain.start();
      if (request.wantBuild === true)
        void describeKernelBuild(attached.functions, symbols)
          .catch(noKernelBuild)
          .then((build) => {
            output.send(build);
          });
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

type Planned = Awaited<ReturnType<typeof planTrace>>;

/** What to probe, and what of the kernel was read to find that out; some ten megabytes. */
async function planTrace(
  request: StartRequest,
  signal: AbortSignal,
  onProgress: (done: number, total: number) => void,
) {
  const functions = request.functions === null ? null : parsePattern(request.functions);
  const btf = await readKernelBtf(signal);
  const modules = loadedModules(); // before the symbols: one that comes in between is noticed later
  const kallsyms = await readKallsyms(signal);
  const plan = await planProbes({ functions, btf, kallsyms, signal, onProgress });
  const memory = { pages: findPageVariables(kallsyms), directReads: findDirectReads(btf) };
  return { plan, reasons: dropReasons(btf), memory, kallsyms, modules };
}

/** Loads the programs with the first filter in force. @param resources gets what gives them back */
function loadPrograms(request: StartRequest, { plan, reasons, memory }: Planned, resources: Cleanup) {
  const programs: ProgramOptions = {
    backend: chooseBackend(request.backend),
    positions: new Set(plan.functions.map(({ argument }) => argument)),
    dropReasonArgument: reasons.argument,
    ownConnection: request.includeOwnConnection === true ? undefined : findOwnConnection(),
    memory,
  };
  const ringBufferBytes = request.ringBufferBytes || DEFAULT_RING_BYTES;
  const dispatcher = new Dispatcher({ ...programs, ringBufferBytes });
  resources.add(() => {
    dispatcher.close();
  });
  const { ring, unmap } = mapRingBuffer(dispatcher.mapFd('events'), dispatcher.ringBufferBytes);
  resources.add(unmap);
  const loss = mapLossCounters(dispatcher.mapFd('.bss'));
  resources.add(loss.unmap);
  putInForce(dispatcher, programs, request.filter, 0);
  return { dispatcher, programs, ring, loss };
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
