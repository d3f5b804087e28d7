/**
 * Functions of the kernel that BPF programs call: helpers and kfuncs. A program's instructions say which, as the verifier
 * left them: calls by how far the function is from __bpf_call_base (kernel/bpf/core.c).
 */
import { kernelAddressOf, type KernelAddress } from '../../common/kernel-address.ts';
import { nextProgram, programInfo, withProgram } from '../native/bpf-programs.ts';
import { programCalls } from '../native/program-calls.ts';
import { addressAt, eachFunction, functionSymbols, nameAt } from '../kernel/kallsyms.ts';

/** enum bpf_prog_type of include/uapi/linux/bpf.h: those that work on a packet. */
const PACKET_TYPES: ReadonlySet<number> = new Set([
  1, // BPF_PROG_TYPE_SOCKET_FILTER
  3, // BPF_PROG_TYPE_SCHED_CLS
  4, // BPF_PROG_TYPE_SCHED_ACT
  6, // BPF_PROG_TYPE_XDP
  8, // BPF_PROG_TYPE_CGROUP_SKB
  10, // BPF_PROG_TYPE_LWT_IN
  11, // BPF_PROG_TYPE_LWT_OUT
  12, // BPF_PROG_TYPE_LWT_XMIT
  14, // BPF_PROG_TYPE_SK_SKB
  19, // BPF_PROG_TYPE_LWT_SEG6LOCAL
  21, // BPF_PROG_TYPE_SK_REUSEPORT
  22, // BPF_PROG_TYPE_FLOW_DISSECTOR
  32, // BPF_PROG_TYPE_NETFILTER
]);
const CALL_BASE = '__bpf_call_base';

/** The kernel's programs, replaced in tests. */
const SYSTEM = { nextProgram, withProgram, programInfo, programCalls };
export type CallSystem = typeof SYSTEM;

/** What the functions are that programs on packets call, and which of them programs call that are loaded later. */
export class CalledFunctions {
  readonly #called: ReadonlySet<number>;
  #newest = 0;

  /** Looks at all programs that are loaded now. */
  constructor(private readonly system: CallSystem = SYSTEM) {
    this.#called = this.#callsOf((type) => PACKET_TYPES.has(type));
  }

  /**
   * Their names, of those too that every program loaded since calls: they are a trace's own.
   * @param kallsyms what readKallsyms gave
   * @throws AgentFailure `no-privilege` when the kernel hides addresses from us
   */
  names(kallsyms: Buffer): { called: string[]; own: string[] } {
    const own = this.#callsOf(() => true);
    const [base] = functionSymbols(kallsyms, [CALL_BASE]);
    if (base === undefined || this.#called.size === 0) return { called: [], own: [] };
    const wanted = new Map<KernelAddress, boolean>();
    for (const distance of this.#called)
      wanted.set(kernelAddressOf(base.address + BigInt(distance)), own.has(distance));
    const names = { called: new Set<string>(), own: new Set<string>() };
    eachFunction(kallsyms, (line) => {
      const address = addressAt(kallsyms, line);
      const isOwn = wanted.get(address);
      if (isOwn === undefined) return;
      wanted.delete(address); // of several names the first
      names[isOwn ? 'own' : 'called'].add(nameAt(kallsyms, line).name);
    });
    return { called: [...names.called].sort(), own: [...names.own].sort() };
  }

  /** Of programs that were not looked at yet. */
  #callsOf(wants: (type: number) => boolean): Set<number> {
    const calls = new Set<number>();
    const { system } = this;
    for (let id = system.nextProgram(this.#newest); id !== undefined; id = system.nextProgram(this.#newest)) {
      this.#newest = id;
      const found = system.withProgram(id, (fd) => {
        const info = system.programInfo(fd);
        return info !== undefined && wants(info.type) ? system.programCalls(fd) : undefined;
      });
      for (const distance of found ?? []) calls.add(distance);
    }
    return calls;
  }
}
