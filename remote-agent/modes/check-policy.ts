/** What a target's facts mean for tracing, and what its owner can do: from facts alone. */
import { AgentFailure } from '../../common/errors.ts';
import type { HiddenAddresses } from '../kernel/hidden-addresses.ts';
import { NO_TRACEFS } from '../kernel/tracefs.ts';
import type { Backend, CheckItem } from '../../common/protocol.ts';

export interface TargetFacts {
  kernelRelease: string;
  /** As in process.arch. */
  arch: string;
  /** Effective user id and capabilities (CapEff of proc_pid_status(5)). */
  uid: number;
  capabilities: bigint;
  /** False inside a user namespace, where root's capabilities are not the kernel's. */
  initialUserNamespace: boolean;
  /** Of the mode in brackets in /sys/kernel/security/lockdown; undefined: not there. */
  lockdown: string | undefined;
  bpfSyscall: boolean;
  /** What the kernel answered to a program that reads its memory; undefined: it took it. */
  bpfRefusal: { notPermitted: boolean; reason: string } | undefined;
  /** Why the kernel's type information cannot be used; undefined: it can. */
  btfProblem: string | undefined;
  modulesWithBtf: number;
  modulesWithoutBtf: number;
  ringBuffer: boolean;
  hiddenAddresses: HiddenAddresses | undefined;
  tracefs: string | undefined;
  /** kernel.ftrace_enabled is 0: what hangs on ftrace attaches and is never called. */
  ftraceOff: boolean;
  kprobeEvents: boolean;
  /** The same for kprobes, by their switch in debugfs. */
  kprobesOff: boolean;
  kprobeMulti: { supported: boolean; detail: string };
}

const CAP_SYS_ADMIN = 1n << 21n;
const CAP_PERFMON = 1n << 38n;
const CAP_BPF = 1n << 39n;

const PLATFORMS: Record<string, string> = { x64: 'x86-64', arm64: 'arm64' };
const NEWER_KERNEL = 'Use a kernel of Linux 5.10 or newer as distributions build it.';

type Verdict = Pick<CheckItem, 'status' | 'detail' | 'remedy'>;

const ok = (detail: string): Verdict => ({ status: 'ok', detail, remedy: '' });
const limited = (detail: string, remedy: string): Verdict => ({ status: 'limited', detail, remedy });
const missing = (detail: string, remedy: string): Verdict => ({ status: 'missing', detail, remedy });

/** What a trace would do, as far as it can be done without attaching. */
export interface Rehearsal {
  /** That can be probed. */
  functions: number;
}

/** One item for each thing that tracing needs, always in the same order. @param wanted of a trace */
export function judgeTarget(target: TargetFacts, wanted: Backend | 'auto' = 'auto'): CheckItem[] {
  const facts = { ...target, usesMulti: wanted !== 'kprobe' && target.kprobeMulti.supported };
  return [
    { name: 'kernel', ...kernel(facts) },
    { name: 'privileges', ...privileges(facts) },
    { name: 'lockdown', ...lockdown(facts) },
    { name: 'btf', ...btf(facts) },
    { name: 'bpf', ...bpf(facts) },
    { name: 'ring-buffer', ...ringBuffer(facts) },
    { name: 'addresses', ...addresses(facts) },
    { name: 'tracefs', ...tracefs(facts) },
    { name: 'ftrace', ...ftrace(facts) },
    { name: 'kprobe-multi', ...kprobeMulti(facts) },
    { name: 'kprobes', ...kprobes(facts) },
  ];
}

/** What came of trying it. */
export function rehearsed(outcome: Rehearsal | Error): CheckItem {
  if (!(outcome instanceof Error))
    return {
      name: 'programs',
      ...ok(`accepted by the kernel, for ${outcome.functions.toLocaleString('en')} functions`),
    };
  const remedy = outcome instanceof AgentFailure ? outcome.remedy : '';
  return {
    name: 'programs',
    ...missing(outcome.message, remedy || 'Please report it, with what this command and "uname -a" print.'),
  };
}

/** Of the kernel's backends the one that will be used. */
type Facts = TargetFacts & { usesMulti: boolean };

function kernel({ kernelRelease, arch }: TargetFacts): Verdict {
  const platform = PLATFORMS[arch];
  if (platform !== undefined) return ok(`Linux ${kernelRelease} on ${platform}`);
  return missing(`Linux ${kernelRelease} on ${arch}`, 'Only x86-64 and arm64 machines can be traced.');
}

function privileges({ uid, capabilities, initialUserNamespace }: TargetFacts): Verdict {
  if (uid !== 0)
    return missing(`user id ${uid}`, 'Connect as root, or as a user who may become root with sudo.');
  if (!initialUserNamespace)
    return missing('root of a container’s user namespace', 'Trace the host that runs the container.');
  const has = (wanted: bigint) => (capabilities & wanted) === wanted;
  if (has(CAP_SYS_ADMIN) || has(CAP_BPF | CAP_PERFMON)) return ok('root');
  return missing(
    'root without the capabilities to trace',
    'Give the container or service CAP_SYS_ADMIN (or CAP_BPF and CAP_PERFMON), or trace its host.',
  );
}

function lockdown({ lockdown: mode }: TargetFacts): Verdict {
  if (mode !== 'confidentiality') return ok(mode === undefined ? 'not enforced' : `mode "${mode}"`);
  return missing(
    'mode "confidentiality": the kernel forbids reading its memory',
    'Boot with lockdown=integrity, or without lockdown (kernel_lockdown(7)).',
  );
}

function btf(facts: TargetFacts): Verdict {
  const { btfProblem, modulesWithBtf, modulesWithoutBtf } = facts;
  if (btfProblem !== undefined)
    return missing(btfProblem, 'Use a kernel built with CONFIG_DEBUG_INFO_BTF, as distributions build it.');
  if (modulesWithoutBtf === 0) return ok(`for the kernel and ${modulesWithBtf} modules`);
  return limited(
    `for the kernel and ${modulesWithBtf} modules, not for ${modulesWithoutBtf} modules`,
    'Functions of modules without type information are not traced: Linux before 5.11 has none for modules, and modules built elsewhere often come without.',
  );
}

function bpf({ bpfSyscall, bpfRefusal }: TargetFacts): Verdict {
  if (!bpfSyscall)
    return missing('the kernel has no bpf() system call', 'Use a kernel built with CONFIG_BPF_SYSCALL.');
  if (bpfRefusal === undefined) return ok('available');
  const detail = `the kernel refuses programs that read its memory (${bpfRefusal.reason})`;
  return missing(
    detail,
    bpfRefusal.notPermitted
      ? 'A policy forbids it (seccomp of a container or service, SELinux, a BPF LSM): allow bpf() and perf_event_open(), or trace the host.'
      : 'Use a kernel built with CONFIG_BPF_EVENTS and CONFIG_PERF_EVENTS, and not locked down for confidentiality.',
  );
}

function ringBuffer({ ringBuffer: present, btfProblem }: TargetFacts): Verdict {
  if (present) return ok('available');
  if (btfProblem !== undefined) return missing('not known without type information', NEWER_KERNEL);
  return missing('the kernel has no BPF ring buffer (before Linux 5.8)', NEWER_KERNEL);
}

function tracefs({ tracefs: root }: TargetFacts): Verdict {
  return root === undefined ? missing(NO_TRACEFS.detail, NO_TRACEFS.remedy) : ok(root);
}

function addresses({ hiddenAddresses: hidden }: TargetFacts): Verdict {
  return hidden === undefined ? ok('shown') : missing(hidden.detail, hidden.remedy);
}

function ftrace({ ftraceOff, usesMulti }: Facts): Verdict {
  if (!ftraceOff) return ok('not switched off');
  if (!usesMulti) return ok('switched off, and not needed by plain kprobes');
  return missing(
    'switched off (kernel.ftrace_enabled is 0): probes would be attached and never fire',
    'As root: sysctl kernel.ftrace_enabled=1',
  );
}

function kprobeMulti({ kprobeMulti: { supported, detail } }: TargetFacts): Verdict {
  if (supported) return ok(`${detail}; a module with probes cannot be unloaded while a trace runs`);
  return limited(detail, 'Plain kprobes are used instead; a trace takes seconds longer to start.');
}

function kprobes(facts: Facts): Verdict {
  const { kprobeEvents, kprobesOff, usesMulti } = facts;
  if (kprobeEvents && !kprobesOff) return ok('available');
  const [detail, remedy] = kprobeEvents
    ? [
        'switched off (/sys/kernel/debug/kprobes/enabled is 0)',
        'As root: echo 1 > /sys/kernel/debug/kprobes/enabled',
      ]
    : ['no kprobe_events in tracefs', 'Use a kernel built with CONFIG_KPROBE_EVENTS.'];
  if (usesMulti) return limited(`${detail}; kprobe.multi does not need it`, remedy);
  return missing(detail, facts.tracefs === undefined ? 'See tracefs.' : remedy);
}
