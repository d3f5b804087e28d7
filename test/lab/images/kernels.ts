import { candidateVersion, dependencies, type Suite } from '../../../build/packages/debian.ts';

/**
 * The lab's kernels and the Debian suites they come from. Each is the suite's newest build for clouds: small,
 * with the virtio drivers and BTF. Names are series; sid's moves on, `Guest.release` says what really runs.
 */
const SUITES = { '5.10': 'bullseye', '6.1': 'bookworm', '6.12': 'trixie', '7.2': 'sid' } as const;

export type KernelName = keyof typeof SUITES;

export const KERNEL_NAMES = Object.keys(SUITES) as KernelName[];

export interface KernelPackages {
  suite: Suite;
  /** What `uname -r` will say, e.g. `6.12.48+deb13-cloud-amd64`. */
  release: string;
  /** Packages that hold the kernel and its modules, with their versions. */
  packages: { name: string; version: string }[];
}

/** Resolves a kernel's metapackage to the packages that hold its files. */
export async function kernelPackages(kernel: KernelName): Promise<KernelPackages> {
  const suite = SUITES[kernel];
  const names = new Set<string>();
  const queue = ['linux-image-cloud-amd64'];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    for (const dependency of await dependencies(suite, name)) {
      // linux-image-…, and in newer suites linux-binary-… and linux-modules-… behind it
      if (!/^linux-(image|binary|modules)-\d/.test(dependency) || names.has(dependency)) continue;
      names.add(dependency);
      queue.push(dependency);
    }
  }
  const first = [...names][0];
  if (first === undefined) throw new Error(`Debian ${suite}: linux-image-cloud-amd64 names no kernel`);
  const packages = [];
  for (const name of [...names].sort()) {
    packages.push({ name, version: await candidateVersion(suite, name) });
  }
  return { suite, release: first.replace(/^linux-(image|binary|modules)-/, ''), packages };
}
