import { BtfKind } from './btf.ts';
import type { KernelBtf } from './btf-kernel.ts';

/** Whether vmlinux has type information for a function: the way to know which kfuncs a kernel offers. */
export function hasKernelFunction({ vmlinux }: Pick<KernelBtf, 'vmlinux'>, name: string): boolean {
  const wanted = Buffer.from(name);
  for (let id = vmlinux.firstId; id < vmlinux.endId; id++)
    if (vmlinux.kind(id) === BtfKind.Func && vmlinux.isNamed(id, wanted)) return true;
  return false;
}
