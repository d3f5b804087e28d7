import { variableAddress } from './kallsyms.ts';
import { openKernelCore } from './kernel-core.ts';

/** What leads from a struct page to its bytes: `struct filter_config` of bpf/filter/filter-config.h. */
export interface PageVariables {
  /**
   * Where the array of struct page is. On x86-64, where the boot places both areas at random, the address of the
   * kernel's variable that says it, 0 where the kernel has none; on arm64 the address itself.
   */
  vmemmapBase: bigint;
  /** The same for the memory that the array is of. */
  pageOffsetBase: bigint;
  /** Of a page; 0: the way to its bytes is not known (arm64). x86-64 has only one size. */
  pageBytes: number;
}

/** For programs that see no packets of the kernel. */
export const NO_PAGE_VARIABLES: PageVariables = { vmemmapBase: 0n, pageOffsetBase: 0n, pageBytes: 0 };

/**
 * @param kallsyms what readKallsyms gave
 * @param arch as in process.arch
 * @param describe gives the kernel's own description of its memory (KernelCore)
 */
export function findPageVariables(
  kallsyms: Buffer,
  arch: string = process.arch,
  describe = describeMemory,
): PageVariables {
  if (arch === 'arm64') return constantsOfArm64(describe() ?? '');
  return {
    vmemmapBase: variableAddress(kallsyms, 'vmemmap_base') ?? 0n,
    pageOffsetBase: variableAddress(kallsyms, 'page_offset_base') ?? 0n,
    pageBytes: 4096,
  };
}

function describeMemory(): string | undefined {
  const core = openKernelCore();
  try {
    return core?.description();
  } finally {
    core?.close();
  }
}

/**
 * There both follow from how the kernel was configured (arch/arm64/include/asm/memory.h), by another formula now and
 * then; since 6.0 it tells the result.
 */
function constantsOfArm64(description: string): PageVariables {
  const value = (name: string) => {
    const line = description.split('\n').find((line) => line.startsWith(`${name}=`));
    const text = line?.slice(name.length + 1) ?? '';
    return /^(0x[0-9a-f]+|\d+)$/.test(text) ? BigInt(text) : undefined;
  };
  const bits = value('NUMBER(VA_BITS)');
  const vmemmapBase = value('NUMBER(VMEMMAP_START)');
  const pageBytes = value('PAGESIZE');
  if (bits === undefined || vmemmapBase === undefined || pageBytes === undefined) return NO_PAGE_VARIABLES;
  return { vmemmapBase, pageOffsetBase: BigInt.asUintN(64, -1n << bits), pageBytes: Number(pageBytes) };
}
