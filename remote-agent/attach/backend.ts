import { constants } from 'node:os';
import { AgentFailure } from '../../common/errors.ts';
import { errnoMessage } from '../native/libc.ts';
import { tryKprobeMulti } from '../native/libbpf.ts';
import type { Backend } from '../../common/protocol.ts';

export interface MultiSupport {
  supported: boolean;
  /** What the kernel answered to a trial. */
  detail: string;
}

let tried: MultiSupport | undefined;

/** Whether the kernel has kprobe.multi links (since 5.18, with CONFIG_FPROBE): found by asking for one. */
export function kprobeMultiSupport(): MultiSupport {
  if (tried === undefined) {
    const errno = tryKprobeMulti();
    const supported = errno === constants.errno.ESRCH;
    tried = { supported, detail: supported ? 'available' : `refused: ${errnoMessage(errno)}` };
  }
  return tried;
}

/** @throws AgentFailure `attach` when the wanted backend is not to be had. */
export function chooseBackend(wanted: Backend | 'auto'): Backend {
  if (wanted === 'kprobe') return wanted;
  const { supported, detail } = kprobeMultiSupport();
  if (supported) return 'kprobe-multi';
  if (wanted === 'auto') return 'kprobe';
  throw new AgentFailure(
    'attach',
    `This kernel has no kprobe.multi (${detail}).`,
    'Leave the choice to the agent, or choose plain kprobes.',
  );
}
