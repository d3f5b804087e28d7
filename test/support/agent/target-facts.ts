import type { TargetFacts } from '../../../remote-agent/modes/check-policy.ts';

/** A machine that lacks nothing. */
export const GOOD_TARGET: TargetFacts = {
  kernelRelease: '6.12.1',
  arch: 'x64',
  uid: 0,
  capabilities: 0x1ff_ffff_ffffn,
  initialUserNamespace: true,
  lockdown: 'none',
  bpfSyscall: true,
  bpfRefusal: undefined,
  btfProblem: undefined,
  modulesWithBtf: 20,
  modulesWithoutBtf: 0,
  ringBuffer: true,
  hiddenAddresses: undefined,
  tracefs: '/sys/kernel/tracing',
  ftraceOff: false,
  kprobeEvents: true,
  kprobesOff: false,
  kprobeMulti: { supported: true, detail: 'available' },
};
