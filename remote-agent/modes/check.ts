/**
 * What this machine can do for a trace. In this folder is what the agent does without one: a request comes in, an
 * answer goes out, and nothing is probed. check-policy.ts judges the facts that are read here; match.ts lets the
 * kernel decide which packets a filter matches.
 */
import { existsSync } from 'node:fs';
import { constants, release } from 'node:os';
import { join } from 'node:path';
import { kprobeMultiSupport } from '../attach/backend.ts';
import { type BtfFacts, btfFacts } from '../btf/btf-facts.ts';
import { type KernelBtf, readKernelBtf } from '../btf/kernel-btf.ts';
import { judgeTarget, type Rehearsal, rehearsed, type TargetFacts } from './check-policy.ts';
import {
  FP,
  Helper,
  R0,
  R1,
  R2,
  R3,
  alu64,
  alu64Register,
  call,
  encode,
  exit,
} from '../../common/bpf/ebpf.ts';
import type { CheckItem } from '../../common/protocol.ts';
import { hiddenAddresses } from '../kernel/hidden-addresses.ts';
import { readText } from '../kernel/read-file.ts';
import { findTracefs } from '../kernel/tracefs.ts';
import { tryKprobeProgram } from '../native/trials.ts';
import { errnoMessage } from '../native/libc.ts';

/**
 * Never throws for what a target lacks: that is what the items say. Changes nothing.
 * @param rehearse does all of a trace but to attach its probes; only called where nothing is missing
 */
export async function checkTarget(rehearse: (btf: KernelBtf) => Promise<Rehearsal>): Promise<CheckItem[]> {
  const btf = await readKernelBtf().catch((error: unknown) => error as Error);
  const items = judgeTarget(readFacts(btfFacts(btf)));
  if (btf instanceof Error || items.some(({ status }) => status === 'missing')) return items;
  const outcome = await rehearse(btf).catch((error: unknown) => error as Error);
  return [...items, rehearsed(outcome)];
}

/** What this machine is like. */
export function readFacts(btf: BtfFacts): TargetFacts {
  const tracefs = findTracefs();
  return {
    kernelRelease: release(),
    arch: process.arch,
    uid: process.geteuid?.() ?? -1,
    capabilities: effectiveCapabilities(readText('/proc/self/status') ?? ''),
    initialUserNamespace: isInitialUserNamespace(readText('/proc/self/uid_map')),
    lockdown: lockdownMode(readText('/sys/kernel/security/lockdown')),
    bpfSyscall: existsSync('/proc/sys/kernel/unprivileged_bpf_disabled'),
    bpfRefusal: bpfRefusal(),
    btfProblem: btf.problem,
    modulesWithBtf: btf.modulesWith,
    modulesWithoutBtf: btf.modulesWithout,
    ringBuffer: btf.ringBuffer,
    hiddenAddresses: hiddenAddresses(),
    tracefs,
    ftraceOff: isOff(readText('/proc/sys/kernel/ftrace_enabled')),
    kprobeEvents: tracefs !== undefined && existsSync(join(tracefs, 'kprobe_events')),
    kprobesOff: isOff(readText('/sys/kernel/debug/kprobes/enabled')),
    kprobeMulti: kprobeMultiSupport(),
  };
}

/** Found by asking: what keeps programs from reading the kernel's memory has many names, and not all can be read. */
function bpfRefusal(): TargetFacts['bpfRefusal'] {
  const errno = tryKprobeProgram(
    encode([
      alu64Register('mov', R1, FP),
      alu64('add', R1, -8),
      alu64('mov', R2, 8),
      alu64('mov', R3, 0),
      call(Helper.probeReadKernel),
      alu64('mov', R0, 0),
      exit(),
    ]),
  );
  return errno === 0
    ? undefined
    : { notPermitted: errno === constants.errno.EPERM, reason: errnoMessage(errno) };
}

/** @param text of a switch; undefined: the kernel has none */
export function isOff(text: string | undefined): boolean {
  return text?.trim() === '0';
}

/** @param status the contents of /proc/self/status */
export function effectiveCapabilities(status: string): bigint {
  const digits = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return digits === undefined ? 0n : BigInt(`0x${digits}`);
}

/** @param map the contents of /proc/self/uid_map; without user namespaces the file is not there */
export function isInitialUserNamespace(map: string | undefined): boolean {
  return map === undefined || map.trim().split(/\s+/).join(' ') === '0 0 4294967295';
}

/** @param text such as `none [integrity] confidentiality` */
export function lockdownMode(text: string | undefined): string | undefined {
  return text === undefined ? undefined : /\[(\w+)\]/.exec(text)?.[1];
}
