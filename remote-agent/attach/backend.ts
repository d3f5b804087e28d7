import { constants } from 'node:os';
import { AgentFailure } from '../../common/errors.ts';
import { errnoMessage } from '../native/libc.ts';
import { tryFentryMulti, tryKprobeMulti } from '../native/trials.ts';
import type { Backend } from '../../common/protocol.ts';

export interface MultiSupport {
  supported: boolean;
  /** What the kernel answered to a trial. */
  detail: string;
}

const remembered = new Map<() => number, MultiSupport>();

/**
 * @param ask the trial
 * @param known what it answers where the kernel knows such links
 */
function support(ask: () => number, known: number): MultiSupport {
  let answer = remembered.get(ask);
  if (answer === undefined) {
    const errno = ask();
    const supported = errno === known;
    answer = { supported, detail: supported ? 'available' : `refused: ${errnoMessage(errno)}` };
    remembered.set(ask, answer);
  }
  return answer;
}

/** Whether the kernel has kprobe.multi links (since 5.18, with CONFIG_FPROBE): found by asking for one. */
export const kprobeMultiSupport = (): MultiSupport => support(tryKprobeMulti, constants.errno.ESRCH);

/** Whether it has tracing-multi links (since 7.2, on x86-64): found in the same way. */
const fentryMultiSupport = (): MultiSupport => support(tryFentryMulti, constants.errno.EINVAL);

/**
 * @param registers options that need the registers of a hit, as a user writes them
 * @throws AgentFailure `attach` when the wanted backend is not to be had.
 */
export function chooseBackend(wanted: Backend | 'auto', registers: readonly string[] = []): Backend {
  if (wanted === 'kprobe') return wanted;
  if (wanted === 'fentry-multi') {
    refuseRegisters(registers);
    const { supported, detail } = fentryMultiSupport();
    if (supported) return wanted;
    throw new AgentFailure(
      'attach',
      `This kernel has no tracing-multi links (${detail}).`,
      'Leave the choice to the agent; they came with Linux 7.2, for x86-64.',
    );
  }
  const { supported, detail } = kprobeMultiSupport();
  if (supported) return 'kprobe-multi';
  if (wanted === 'auto') return 'kprobe';
  throw new AgentFailure(
    'attach',
    `This kernel has no kprobe.multi (${detail}).`,
    'Leave the choice to the agent, or choose plain kprobes.',
  );
}

/** Where a function was called from its registers tell, and there programs get its arguments in their place. */
function refuseRegisters(options: readonly string[]): void {
  if (options.length === 0) return;
  throw new AgentFailure(
    'attach',
    `The backend fentry-multi cannot do ${options.join(', ')}: its programs do not see where a function was called from.`,
    'Leave "--backend" out, or these options.',
  );
}
