import { variableAddress } from './kallsyms.ts';

/**
 * Addresses of the kernel's variables that lead from a struct page to its bytes (x86-64, where the boot places
 * both areas at random); 0 where the kernel has none.
 */
export interface PageVariables {
  vmemmapBase: bigint;
  pageOffsetBase: bigint;
}

/** For programs that see no packets of the kernel. */
export const NO_PAGE_VARIABLES: PageVariables = { vmemmapBase: 0n, pageOffsetBase: 0n };

/** @param kallsyms what readKallsyms gave */
export function findPageVariables(kallsyms: Buffer): PageVariables {
  return {
    vmemmapBase: variableAddress(kallsyms, 'vmemmap_base') ?? 0n,
    pageOffsetBase: variableAddress(kallsyms, 'page_offset_base') ?? 0n,
  };
}
