/** BPF programs of this machine that the kernel gives packets to, and that can be traced. */
import { Btf, BtfKind } from '../../common/btf/btf.ts';
import type { PacketProgramKind, SkippedFunctions } from '../../common/protocol.ts';
import * as programs from '../native/bpf-programs.ts';
import { readBtf } from '../native/btf-objects.ts';

export interface PacketProgram {
  /** The kernel gives them out rising. */
  id: number;
  kind: PacketProgramKind;
  /** Of the function that it begins in. */
  name: string;
}

/** enum bpf_prog_type of include/uapi/linux/bpf.h; those of netkit and tcx are of tc's types. */
const KINDS: ReadonlyMap<number, PacketProgramKind> = new Map([
  [3, 'tc'], // BPF_PROG_TYPE_SCHED_CLS
  [4, 'tc'], // BPF_PROG_TYPE_SCHED_ACT
  [6, 'xdp'], // BPF_PROG_TYPE_XDP
]);

/** The kernel's programs, replaced in tests. */
export type ProgramSystem = Pick<typeof programs, 'nextProgram' | 'withProgram' | 'programInfo'> & {
  readBtf: typeof readBtf;
};

export interface FoundPrograms {
  programs: PacketProgram[];
  /** Those that cannot be traced. */
  skipped: SkippedFunctions[];
}

/** Finds each program once. */
export class PacketPrograms {
  /** The newest program that was looked at. */
  #seen = 0;

  constructor(
    private readonly kinds: readonly PacketProgramKind[],
    private readonly system: ProgramSystem = { ...programs, readBtf },
  ) {}

  /** Those that were loaded since the last call; the first time, all. */
  find(): FoundPrograms {
    const found: PacketProgram[] = [];
    const skipped = new Map<string, string[]>();
    for (let id = this.#next(); id !== undefined; id = this.#next()) {
      const info = this.system.withProgram(id, (fd) => this.system.programInfo(fd));
      const kind = info && KINDS.get(info.type);
      if (info === undefined || kind === undefined || !this.kinds.includes(kind)) continue;
      const entry = this.#entry(info);
      if (typeof entry === 'object') found.push({ id, kind, name: entry.name });
      else {
        const names = skipped.get(entry) ?? [];
        skipped.set(entry, [...names, tracedName({ name: info.name || `program ${id}`, kind })]);
      }
    }
    return { programs: found, skipped: [...skipped].map(([reason, names]) => ({ reason, names })) };
  }

  #next(): number | undefined {
    const id = this.system.nextProgram(this.#seen);
    this.#seen = id ?? this.#seen;
    return id;
  }

  /** Its name, or why it cannot be traced. */
  #entry({ btfId, entryType, isCompiled }: programs.ProgramInfo): { name: string } | string {
    const types = btfId === 0 || entryType === 0 ? undefined : this.system.readBtf(btfId);
    if (types === undefined) return 'the BPF program was loaded without type information (BTF)';
    if (!isCompiled) return 'the BPF program is interpreted (net.core.bpf_jit_enable is 0)';
    const btf = new Btf(types);
    const isFunction = entryType < btf.endId && btf.kind(entryType) === BtfKind.Func;
    return isFunction ? { name: btf.name(entryType) } : 'the BPF program’s type information has no entry';
  }
}

/** As pwru writes it: `classify(tc)`. */
export function tracedName({ name, kind }: Pick<PacketProgram, 'name' | 'kind'>): string {
  return `${name}(${kind})`;
}
