/**
 * Arms the probes. In come a plan and the loaded programs; out comes an Attachment: what is
 * probed, and how to disarm it. Read this file first, then the backends: backend.ts says which of them this kernel
 * has; fentry-multi.ts, multi.ts and kprobe/attach.ts are the three.
 */
import { attachFentry } from './fentry-multi.ts';
import { attachKprobes } from './kprobe/attach.ts';
import { attachMulti } from './multi.ts';
import type { Attachment, AttachOptions } from './attachment.ts';
import { attachRawTracepoint, destroyLink, LibbpfError } from '../native/libbpf.ts';
import type { ProbePlan } from '../plan/plan.ts';
import type { ProbePrograms } from '../programs/probe-programs.ts';
import type { Backend, SkippedFunctions } from '../../common/protocol.ts';

export interface AttachRequest {
  backend: Backend;
  programs: ProbePrograms;
  plan: ProbePlan;
  signal: AbortSignal;
  onProgress: (done: number, total: number) => void;
}

/**
 * Probes the functions of the plan, and the tracepoint of drops.
 * @throws AgentFailure `attach`, `no-privilege`; AbortError when cancelled. Nothing is attached then.
 */
export async function attach(request: AttachRequest): Promise<Attachment> {
  const { programs, plan, onProgress } = request;
  const total = plan.functions.length;
  onProgress(0, total);
  const probes = await attachProbes(request, {
    onProgress: (done) => {
      onProgress(done, total);
    },
  });
  try {
    const drop = attachDrop(programs);
    return {
      functions: probes.functions,
      lifeCycle: probes.lifeCycle,
      skipped: [...probes.skipped, ...drop.skipped],
      ...(probes.missed && { missed: probes.missed }),
      detach: async () => {
        drop.detach();
        await probes.detach();
      },
    };
  } catch (error) {
    await probes.detach();
    throw error;
  }
}

/**
 * Probes functions of a plan besides those that are probed already; there may be none that can be.
 * @throws AgentFailure `attach`; AbortError when cancelled. None of them is attached then.
 */
export function attachMore(request: Omit<AttachRequest, 'onProgress'>): Promise<Attachment> {
  return attachProbes(request, { mayBeNone: true });
}

function attachProbes(
  { backend, programs, plan, signal }: Omit<AttachRequest, 'onProgress'>,
  options: Pick<AttachOptions, 'onProgress' | 'mayBeNone'>,
): Promise<Attachment> {
  return attachFunctions(backend, plan, { program: (index) => programs.program(index), signal, ...options });
}

/**
 * Attaches any programs to the functions of a plan, and nothing else.
 * @throws AgentFailure `attach`; AbortError when cancelled. None of them is attached then.
 */
export function attachFunctions(
  backend: Backend,
  plan: Pick<ProbePlan, 'functions'>,
  options: AttachOptions,
): Promise<Attachment> {
  return ATTACH[backend](plan, options);
}

const ATTACH = { kprobe: attachKprobes, 'kprobe-multi': attachMulti, 'fentry-multi': attachFentry };

/** Without it a drop has no reason; everything else is still worth having. */
function attachDrop(programs: ProbePrograms): { skipped: SkippedFunctions[]; detach: () => void } {
  try {
    const link = attachRawTracepoint(programs.dropProgram, 'kfree_skb');
    return {
      skipped: [],
      detach: () => {
        destroyLink(link);
      },
    };
  } catch (error) {
    if (!(error instanceof LibbpfError)) throw error;
    const reason = `refused by the kernel (${error.reason})`;
    return { skipped: [{ reason, names: ['tracepoint skb:kfree_skb'] }], detach: () => undefined };
  }
}
