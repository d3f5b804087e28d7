/**
 * What this machine can do for a trace. In this folder is what the agent does without one: a request comes in, an
 * answer goes out, and nothing is probed. check-policy.ts judges the facts that are read here; match.ts lets the
 * kernel decide which packets a filter matches.
 */
import { existsSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { kprobeMultiSupport } from '../attach/backend.ts';
import { BtfKind } from '../btf/btf.ts';
import { findKernelType, type KernelBtf, readKernelBtf } from '../btf/kernel-btf.ts';
import { judgeTarget, type TargetFacts } from './check-policy.ts';
import type { CheckItem } from '../../common/protocol.ts';
import { readText } from '../kernel/read-file.ts';
import { findTracefs } from '../kernel/tracefs.ts';

/** Never throws for what a target lacks: that is what the items say. Changes nothing. */
export async function checkTarget(): Promise<CheckItem[]> {
  const btf = await readKernelBtf().catch((error: unknown) => error as Error);
  const readable = !(btf instanceof Error);
  const tracefs = findTracefs();
  const facts: TargetFacts = {
    kernelRelease: release(),
    arch: process.arch,
    uid: process.geteuid?.() ?? -1,
    capabilities: effectiveCapabilities(readText('/proc/self/status') ?? ''),
    initialUserNamespace: isInitialUserNamespace(readText('/proc/self/uid_map')),
    lockdown: lockdownMode(readText('/sys/kernel/security/lockdown')),
    bpfSyscall: existsSync('/proc/sys/kernel/unprivileged_bpf_disabled'),
    btfProblem: readable ? undefined : btf.message,
    modulesWithBtf: readable ? btf.modules.length : 0,
    modulesWithoutBtf: readable ? btf.modulesWithout.length : 0,
    ringBuffer: readable && hasRingBuffer(btf),
    tracefs,
    kprobeEvents: tracefs !== undefined && existsSync(join(tracefs, 'kprobe_events')),
    kprobeMulti: kprobeMultiSupport(),
  };
  return judgeTarget(facts);
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

/** The kernel's list of map types is in its type information. */
function hasRingBuffer(btf: KernelBtf): boolean {
  const mapTypes = findKernelType(btf, BtfKind.Enum, 'bpf_map_type');
  if (mapTypes === undefined) return false;
  return btf.vmlinux.enumValues(mapTypes).some(({ name }) => name === 'BPF_MAP_TYPE_RINGBUF');
}
