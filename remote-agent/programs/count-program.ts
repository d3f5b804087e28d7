/** The program that counts calls of functions (bpf/count.bpf.c), and its counts. */
import {
  BPF_TRACE_KPROBE_MULTI,
  closeObject,
  findMap,
  findProgram,
  mapFd,
  openObject,
  programFd,
  setAutoload,
  setExpectedAttachType,
  setMaxEntries,
  type BpfObject,
  type BpfProgram,
} from '../native/libbpf.ts';
import { addCounter, readCounter } from '../native/bpf-maps.ts';
import { nativeFile } from '../native/native.ts';
import { recursionMisses } from './probe-programs.ts';
import { loadConfigured } from './load.ts';
import type { Backend } from '../../common/protocol.ts';
import type { KernelAddress } from '../../common/kernel-address.ts';

export type CountingBackend = Exclude<Backend, 'fentry-multi'>;

const PROGRAMS: Record<CountingBackend, string> = {
  kprobe: 'count_kprobe',
  'kprobe-multi': 'count_kprobe_multi',
};

export class CountProgram {
  readonly #object: BpfObject;
  readonly program: BpfProgram;

  /** @param functions as many as will be counted @throws AgentFailure `no-privilege`, `load` */
  constructor(backend: CountingBackend, functions: number) {
    this.#object = loadConfigured(
      () => openObject(nativeFile('count.bpf.o')),
      (object) => {
        setMaxEntries(findMap(object, 'hits'), functions);
        for (const name of Object.values(PROGRAMS))
          setAutoload(findProgram(object, name), name === PROGRAMS[backend]);
        if (backend === 'kprobe-multi')
          setExpectedAttachType(findProgram(object, PROGRAMS[backend]), BPF_TRACE_KPROBE_MULTI);
      },
    );
    this.program = findProgram(this.#object, PROGRAMS[backend]);
  }

  /** From now on calls of these count, from 0. @param addresses of their probes */
  count(addresses: readonly KernelAddress[]): void {
    for (const address of addresses) addCounter(this.#hits, keyOf(address));
  }

  /** How often it was called. */
  hits(address: KernelAddress): number {
    return Number(readCounter(this.#hits, keyOf(address)));
  }

  /** Calls for which the kernel ran no program, because another one was running on that CPU. */
  missed(): number {
    return recursionMisses(programFd(this.program));
  }

  close(): void {
    closeObject(this.#object);
  }

  get #hits(): number {
    return mapFd(findMap(this.#object, 'hits'));
  }
}

/** The low half of an address, as a map has it. */
function keyOf(address: KernelAddress): Uint8Array {
  const key = new Uint8Array(4);
  new DataView(key.buffer).setUint32(0, address % 2 ** 32, true);
  return key;
}
