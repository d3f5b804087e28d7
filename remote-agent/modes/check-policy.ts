/** What a target's facts mean for tracing, and what its owner can do: from facts alone. */
import type { CheckItem } from '../../common/protocol.ts';

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
  /** Why the kernel's type information cannot be used; undefined: it can. */
  btfProblem: string | undefined;
  modulesWithBtf: number;
  modulesWithoutBtf: number;
  ringBuffer: boolean;
  tracefs: string | undefined;
  kprobeEvents: boolean;
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

/** One item for each thing that tracing needs, always in the same order. */
export function judgeTarget(facts: TargetFacts): CheckItem[] {
  return [
    { name: 'kernel', ...kernel(facts) },
    { name: 'privileges', ...privileges(facts) },
    { name: 'lockdown', ...lockdown(facts) },
    { name: 'btf', ...btf(facts) },
    { name: 'bpf', ...bpf(facts) },
    { name: 'ring-buffer', ...ringBuffer(facts) },
    { name: 'tracefs', ...tracefs(facts) },
    { name: 'kprobe-multi', ...kprobeMulti(facts) },
    { name: 'kprobes', ...kprobes(facts) },
  ];
}

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

function bpf({ bpfSyscall }: TargetFacts): Verdict {
  if (bpfSyscall) return ok('available');
  return missing('the kernel has no bpf() system call', 'Use a kernel built with CONFIG_BPF_SYSCALL.');
}

function ringBuffer({ ringBuffer: present, btfProblem }: TargetFacts): Verdict {
  if (present) return ok('available');
  if (btfProblem !== undefined) return missing('not known without type information', NEWER_KERNEL);
  return missing('the kernel has no BPF ring buffer (before Linux 5.8)', NEWER_KERNEL);
}

function tracefs({ tracefs: root }: TargetFacts): Verdict {
  if (root !== undefined) return ok(root);
  return missing(
    'not mounted, or not visible to this user',
    'As root: mount -t tracefs tracefs /sys/kernel/tracing',
  );
}

function kprobeMulti({ kprobeMulti: { supported, detail } }: TargetFacts): Verdict {
  if (supported) return ok(detail);
  return limited(detail, 'Plain kprobes are used instead; a trace takes seconds longer to start.');
}

function kprobes(facts: TargetFacts): Verdict {
  if (facts.kprobeEvents) return ok('available');
  const remedy = 'Use a kernel built with CONFIG_KPROBE_EVENTS.';
  if (facts.kprobeMulti.supported)
    return limited('no kprobe_events in tracefs; kprobe.multi does not need it', remedy);
  return missing('no kprobe_events in tracefs', facts.tracefs === undefined ? 'See tracefs.' : remedy);
}
