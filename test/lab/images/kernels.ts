import {
  candidateVersion,
  dependencies,
  type DebianArch,
  type Suite,
} from '../../../build/packages/debian.ts';

/**
 * The lab's kernels and the Debian suites they come from. Each is the suite's newest build for clouds: small,
 * with the virtio drivers and BTF. Names are series; sid's moves on, `Guest.release` says what really runs.
 */
const SUITES = { '5.10': 'bullseye', '6.1': 'bookworm', '6.12': 'trixie', '7.2': 'sid' } as const;

export type Series = keyof typeof SUITES;
export type Arm64KernelName = `${Series}-arm64`;
export type KernelName = Series | Arm64KernelName;

/** Those for this machine's own kind of processor, which `npm test` plays. */
export const KERNEL_NAMES = Object.keys(SUITES) as Series[];

/** For `npm run test:matrix` and `npm run lab`: emulated far slower. */
export const ARM64_KERNEL_NAMES = KERNEL_NAMES.map((series): Arm64KernelName => `${series}-arm64`);

export function archOf(kernel: KernelName): DebianArch {
  return kernel.endsWith('-arm64') ? 'arm64' : 'amd64';
}

/** What a kernel is like does not depend on its processor, mostly. */
export function seriesOf(kernel: KernelName): Series {
  return kernel.replace(/-arm64$/, '') as Series;
}

export interface KernelPackages {
  suite: Suite;
  arch: DebianArch;
  /** What `uname -r` will say, e.g. `6.12.48+deb13-cloud-amd64`. */
  release: string;
  /** Packages that hold the kernel and its modules, with their versions. */
  packages: { name: string; version: string }[];
}

/** Resolves a kernel's metapackage to the packages that hold its files. */
export async function kernelPackages(kernel: KernelName): Promise<KernelPackages> {
  const arch = archOf(kernel);
  const suite = SUITES[seriesOf(kernel)];
  const metapackage = `linux-image-cloud-${arch}`;
  const names = new Set<string>();
  const queue = [metapackage];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    for (const dependency of await dependencies(suite, name, arch)) {
      // linux-image-…, and in newer suites linux-binary-… and linux-modules-… behind it
      if (!/^linux-(image|binary|modules)-\d/.test(dependency) || names.has(dependency)) continue;
      names.add(dependency);
      queue.push(dependency);
    }
  }
  const first = [...names][0];
  if (first === undefined) throw new Error(`Debian ${suite}: ${metapackage} names no kernel`);
  const packages = [];
  for (const name of [...names].sort()) {
    packages.push({ name, version: await candidateVersion(suite, name, arch) });
  }
  return { suite, arch, release: first.replace(/^linux-(image|binary|modules)-/, ''), packages };
}
