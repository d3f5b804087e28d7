/** A BPF object of ours on its way into the kernel: opened, set up, verified, loaded. */
import { existsSync } from 'node:fs';
import { AgentFailure } from '../../common/errors.ts';
import { closeObject, LibbpfError, loadObject, takeLibbpfLog, type BpfObject } from '../native/libbpf.ts';

/** What of the verifier's log goes to the user. */
const LOG_SHOWN = 4000;

/** What the verifier (kernel/bpf/verifier.c) says of programs that it finds too large. */
const LIMITS: { pattern: RegExp; words: (count: string) => string }[] = [
  {
    pattern: /BPF program is too large\. Processed (\d+) insn/,
    words: (count) => `its verifier stopped after ${count} instructions, and 1000000 are the limit`,
  },
  {
    pattern: /The sequence of (\d+) jumps is too complex/,
    words: (count) => `its verifier has to keep ${count} branches in mind, and 8192 are the limit`,
  },
];

/** A kernel without types of its own has no kfuncs either; libbpf looks for them all the same. */
const KERNEL_TYPES = '/sys/kernel/btf/vmlinux';

/** The file of an object of traces, for this machine's kernel. */
export function traceObject(name: 'probes' | 'follow' | 'packet-programs'): string {
  return existsSync(KERNEL_TYPES) ? `${name}.bpf.o` : `${name}.no-kfuncs.bpf.o`;
}

/**
 * The caller closes the object.
 * @param configure runs between opening and loading
 * @param extras options that make its programs larger, by name
 * @throws AgentFailure: `no-privilege`, `bad-filter` (the filter in it is refused), `load`
 */
export function loadConfigured(
  open: () => BpfObject,
  configure: (object: BpfObject) => void,
  extras: readonly string[] = [],
): BpfObject {
  takeLibbpfLog();
  try {
    const object = open();
    try {
      configure(object);
      loadObject(object);
      return object;
    } catch (error) {
      closeObject(object);
      throw error;
    }
  } catch (error) {
    throw error instanceof LibbpfError ? loadFailure(error, takeLibbpfLog(), extras) : error;
  }
}

/**
 * @param log what libbpf said, the verifier's log at its end
 * @param extras options that make the programs larger, by name
 */
export function loadFailure(error: LibbpfError, log: string, extras: readonly string[] = []): AgentFailure {
  if (error.reason === 'Operation not permitted')
    return new AgentFailure(
      'no-privilege',
      `The kernel refused the BPF programs: ${error.message}.`,
      'Run as root; in a container the capabilities CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN are needed.',
    );
  const limit = LIMITS.find(({ pattern }) => pattern.test(log));
  if (limit !== undefined) {
    const [, count = ''] = limit.pattern.exec(log) ?? [];
    if (extras.length > 0)
      return new AgentFailure(
        'load',
        `The programs are too large for this kernel with ${extras.join(', ')}: ${limit.words(count)}.`,
        `Leave out ${extras.length === 1 ? 'this option' : 'one of these options, or all'}, or use a filter with fewer terms.`,
      );
    return new AgentFailure(
      'bad-filter',
      `The filter is too large for this kernel: ${limit.words(count)}.`,
      'Use fewer terms, for example one network ("net 10.0.0.0/8") in place of many hosts.',
    );
  }
  const shown = log.trim().slice(-LOG_SHOWN);
  return new AgentFailure('load', `The kernel refused the BPF programs: ${error.message}.\n${shown}`);
}
