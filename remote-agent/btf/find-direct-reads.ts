import { BtfKind } from '../../common/btf/btf.ts';
import { findKernelType, type KernelBtf } from './kernel-btf.ts';
import type { DirectReads } from '../../common/bpf/direct-reads.ts';

/** What this kernel's programs need to read without a call; undefined on kernels that do not offer it. */
export function findDirectReads(btf: Pick<KernelBtf, 'vmlinux'>): DirectReads | undefined {
  const castFunction = findKernelType(btf, BtfKind.Func, 'bpf_rdonly_cast');
  const structure = findKernelType(btf, BtfKind.Struct, 'linux_binprm');
  if (castFunction === undefined || structure === undefined) return undefined;
  const bytesAt = btf.vmlinux.memberOffset(structure, Buffer.from('buf'));
  return bytesAt === undefined ? undefined : { castFunction, structure, bytesAt };
}
