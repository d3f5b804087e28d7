/**
 * Reading kernel memory without a call: bpf_rdonly_cast (Linux 6.2) makes an address a pointer to a structure,
 * which the verifier lets a program load from; a bad address gives 0. Any structure with an array of bytes
 * serves to read numbers from anywhere, and linux_binprm's is the longest that every kernel has.
 */
import { BtfKind } from './btf.ts';
import type { KernelBtf } from './kernel-btf.ts';
import { findKernelType } from './kernel-type.ts';

/** Ids are those of vmlinux's BTF. */
export interface DirectReads {
  castFunction: number;
  structure: number;
  /** Where in it the array is, which has 256 bytes (BINPRM_BUF_SIZE of include/uapi/linux/binfmts.h). */
  bytesAt: number;
}

/** Undefined on kernels that do not offer it. */
export function findDirectReads(btf: Pick<KernelBtf, 'vmlinux'>): DirectReads | undefined {
  const castFunction = findKernelType(btf, BtfKind.Func, 'bpf_rdonly_cast');
  const structure = findKernelType(btf, BtfKind.Struct, 'linux_binprm');
  if (castFunction === undefined || structure === undefined) return undefined;
  const bytesAt = btf.vmlinux.memberOffset(structure, Buffer.from('buf'));
  return bytesAt === undefined ? undefined : { castFunction, structure, bytesAt };
}
