import { BtfKind } from '../../common/btf/btf.ts';
import { findKernelType, type KernelBtf } from './kernel-btf.ts';

/** What a check tells of the kernel's type information, and what of the kernel shows in it. */
export interface BtfFacts {
  /** Why it cannot be used; undefined: it can. */
  problem: string | undefined;
  modulesWith: number;
  modulesWithout: number;
  /** The kernel has ring buffers as maps. */
  ringBuffer: boolean;
}

/** @param btf the types, or why they cannot be read */
export function btfFacts(btf: KernelBtf | Error): BtfFacts {
  if (btf instanceof Error)
    return { problem: btf.message, modulesWith: 0, modulesWithout: 0, ringBuffer: false };
  return {
    problem: undefined,
    modulesWith: btf.modules.length,
    modulesWithout: btf.modulesWithout.length,
    ringBuffer: hasRingBuffer(btf),
  };
}

/** The kernel's list of map types is in its type information. */
function hasRingBuffer(btf: KernelBtf): boolean {
  const mapTypes = findKernelType(btf, BtfKind.Enum, 'bpf_map_type');
  if (mapTypes === undefined) return false;
  return btf.vmlinux.enumValues(mapTypes).some(({ name }) => name === 'BPF_MAP_TYPE_RINGBUF');
}
