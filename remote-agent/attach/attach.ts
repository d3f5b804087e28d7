/**
 * Arms the probes. In come a plan and the loaded programs of the dispatcher; out comes an Attachment: what is
 * probed, and how to disarm it. Read this file first, then the backends: backend.ts says which of them this kernel
 * has, multi.ts and kprobe/attach.ts are the two.
 */
import { attachKprobes } from './kprobe/attach.ts';
import { attachMulti } from './multi.ts';
import type { Attachment } from './attachment.ts';
import { attachRawTracepoint, destroyLink, LibbpfError } from '../native/libbpf.ts';
import type { ProbePlan } from '../plan/plan.ts';
import type { Dispatcher } from '../programs/dispatcher.ts';
import type { Backend, SkippedFunctions } from '../../common/protocol.ts';

export interface AttachRequest {
  backend: Backend;
  dispatcher: Dispatcher;
  plan: ProbePlan;
  signal: AbortSignal;
  onProgress: (done: number, total: number) => void;
}

/**
 * Probes the functions of the plan, and the tracepoint of drops.
 * @throws AgentFailure `attach`, `no-privilege`; AbortError when cancelled. Nothing is attached then.
 */
export async function attach(request: AttachRequest): Promise<Attachment> {
  const { backend, dispatcher, plan, signal, onProgress } = request;
  const total = plan.functions.length;
  onProgress(0, total);
  const attachProbes = backend === 'kprobe' ? attachKprobes : attachMulti;
  const probes = await attachProbes(plan, {
    program: (position) => dispatcher.program(position),
    signal,
    onProgress: (done) => {
      onProgress(done, total);
    },
  });
  try {
    const drop = attachDrop(dispatcher);
    return {
      functions: probes.functions,
      skipped: [...probes.skipped, ...drop.skipped],
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

/** Without it a drop has no reason; everything else is still worth having. */
function attachDrop(dispatcher: Dispatcher): { skipped: SkippedFunctions[]; detach: () => void } {
  try {
    const link = attachRawTracepoint(dispatcher.dropProgram, 'kfree_skb');
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
