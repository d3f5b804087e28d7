import type { KernelBtf } from './kernel-btf.ts';

/** The id of a type of vmlinux; undefined when it has none. A kfunc without one is not offered by the kernel. */
export function findKernelType(
  { vmlinux }: Pick<KernelBtf, 'vmlinux'>,
  kind: number,
  name: string,
): number | undefined {
  const wanted = Buffer.from(name);
  for (let id = vmlinux.firstId; id < vmlinux.endId; id++)
    if (vmlinux.kind(id) === kind && vmlinux.isNamed(id, wanted)) return id;
  return undefined;
}
