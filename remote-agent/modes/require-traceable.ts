import { judgeTarget, type TargetFacts } from './check-policy.ts';
import { AgentFailure } from '../../common/errors.ts';
import type { AgentErrorCode, Backend, CheckItem } from '../../common/protocol.ts';

const CODES: Record<CheckItem['name'], AgentErrorCode> = {
  kernel: 'no-bpf',
  privileges: 'no-privilege',
  lockdown: 'lockdown',
  btf: 'no-btf',
  bpf: 'no-bpf',
  'ring-buffer': 'no-bpf',
  addresses: 'no-privilege',
  tracefs: 'no-privilege',
  ftrace: 'attach',
  'kprobe-multi': 'attach',
  kprobes: 'attach',
  programs: 'load',
};

/** What is needed to let the kernel decide which packets match; to trace takes all. */
const MATCHING: readonly CheckItem['name'][] = ['kernel', 'privileges', 'lockdown', 'bpf'];

/**
 * A trace refuses what a check says is missing, in the same words: what would fail later fails with another reason,
 * or does not fail and sees nothing.
 * @throws AgentFailure of the first thing that is missing
 */
export function requireTraceable(facts: TargetFacts, wanted: Backend | 'auto'): void {
  requireAll(judgeTarget(facts, wanted), 'Packets cannot be traced here');
}

/** The same for matching packets without a trace. @throws AgentFailure */
export function requireMatching(facts: TargetFacts): void {
  const items = judgeTarget(facts).filter(({ name }) => MATCHING.includes(name));
  requireAll(items, 'Packets cannot be matched by this kernel');
}

function requireAll(items: readonly CheckItem[], refusal: string): void {
  const lacking = items.find(({ status }) => status === 'missing');
  if (lacking === undefined) return;
  const { name, detail, remedy } = lacking;
  throw new AgentFailure(CODES[name], `${refusal}: ${name}: ${detail}.`, remedy);
}
