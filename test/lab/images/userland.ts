import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureInstalled, mirror, type DebianArch } from '../../../build/packages/debian.ts';
import { cacheDir } from '../../../build/paths.ts';
import { run } from '../../../build/run.ts';
import { cachedFolder, makeExt4, recipeHash } from './cache.ts';
import { foreignRecipe, unpackForeign } from './foreign-userland.ts';
import { withLock } from '../../../build/lock.ts';

export type Userland = 'node' | 'bare';

const SUITE = 'trixie';

/** A target with nothing but sshd and what the tests make traffic with: no Node.js, no Python. */
const BARE = ['openssh-server', 'sudo', 'kmod', 'iproute2', 'iptables', 'curl'];

const PACKAGES: Record<Userland, string[]> = {
  bare: BARE,
  node: [
    ...BARE,
    ...['nodejs', 'pwru', 'nftables', 'ipset', 'tcpdump', 'ethtool', 'netcat-openbsd', 'iputils-ping'],
    ...['procps', 'udev', 'wireguard-tools'],
  ],
};

/** Documentation, translations, package lists, and what debootstrap copied from this machine or generated. */
const REMOVE = [
  ...['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'usr/share/i18n', 'usr/share/info'],
  ...['var/lib/apt/lists', 'var/cache/apt', 'var/cache/debconf', 'var/log/bootstrap.log'],
  ...['etc/apt/sources.list', 'etc/resolv.conf', 'etc/hostname', 'etc/machine-id'],
];

/** Users beside root; they get keys and passwords at each boot, so the image holds no secret. */
const USERS = ['admin', 'sudoer', 'plain'];
const SUDOERS = `admin ALL=(ALL:ALL) NOPASSWD: ALL
sudoer ALL=(ALL:ALL) ALL
`;

const ROOM_MB = 512;

/** A Debian root file system as an ext4 image, the same for every kernel of a processor; returns its path. */
export async function userlandImage(
  userland: Userland,
  arch: DebianArch,
  log: (line: string) => void,
): Promise<string> {
  const parts = [SUITE, PACKAGES[userland], REMOVE, USERS, SUDOERS, ROOM_MB, 2];
  const foreign = arch === 'amd64' ? '' : `-${arch}`;
  const recipe = recipeHash(foreign === '' ? parts : [...parts, foreignRecipe]);
  const dir = await cachedFolder(`userland-${userland}${foreign}`, recipe, async (dir) => {
    log(`building the ${userland} userland for ${arch} (debootstrap of ${SUITE}); it takes a minute, once`);
    await ensureInstalled(['debootstrap', 'e2fsprogs']);
    const tree = join(dir, 'tree');
    if (foreign === '') {
      await debootstrap(tree, arch, PACKAGES[userland]);
      await customise(tree);
    } else {
      const downloads = join(dir, 'downloads');
      await debootstrap(downloads, arch, PACKAGES[userland], ['--download-only']);
      await unpackForeign(join(downloads, 'var/cache/apt/archives'), tree, USERS);
      await rm(downloads, { recursive: true });
    }
    await addToImage(tree);
    await makeExt4(tree, join(dir, 'root.img'), ROOM_MB);
    await rm(tree, { recursive: true });
  });
  return join(dir, 'root.img');
}

async function debootstrap(
  tree: string,
  arch: DebianArch,
  packages: string[],
  options: string[] = [],
): Promise<void> {
  const name = arch === 'amd64' ? 'debootstrap' : `debootstrap-${arch}`;
  const command = [
    // In namespaces of its own, what it mounts and starts ends with it; and it ends when this process is killed.
    ...['--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child', '--'],
    ...['debootstrap', '--variant=minbase', `--arch=${arch}`, `--include=${packages.join(',')}`, ...options],
    `--cache-dir=${cacheDir('lab', name)}`, // the userlands share most packages
    ...[SUITE, tree, await mirror()],
  ];
  await withLock(name, () => run('setpriv', command));
}

async function customise(tree: string): Promise<void> {
  const ssh = join(tree, 'etc/ssh');
  for (const file of await readdir(ssh)) {
    if (file.startsWith('ssh_host_')) await rm(join(ssh, file));
  }
  for (const user of USERS) await run('chroot', [tree, 'useradd', '-m', '-s', '/bin/bash', user]);
}

/** What every userland has, and has not. */
async function addToImage(tree: string): Promise<void> {
  for (const path of REMOVE) await rm(join(tree, path), { recursive: true, force: true });
  await mkdir(join(tree, 'usr/lib/modules'), { recursive: true }); // the kernel's drive is mounted there
  await writeFile(join(tree, 'etc/sudoers.d/lab'), SUDOERS);
  await chmod(join(tree, 'etc/sudoers.d/lab'), 0o440);
}
