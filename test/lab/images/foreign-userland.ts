/**
 * A root file system for a processor that this machine has not. Its packages' own scripts could only run in emulation,
 * which takes a quarter of an hour: so the packages are unpacked here, and what the lab needs of their scripts' work
 * is done here too.
 */
import { chown, copyFile, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../build/run.ts';

/** update-alternatives(1) would choose them. */
const ALTERNATIVES: Record<string, string> = {
  'usr/bin/awk': 'mawk',
  'usr/bin/nc': 'nc.openbsd',
  ...Object.fromEntries(
    ['iptables', 'ip6tables'].flatMap((program) =>
      ['', '-save', '-restore'].map((action) => [`usr/sbin/${program}${action}`, `${program}-nft${action}`]),
    ),
  ),
};

/** pam-auth-update(8) would write them. */
const PAM: Record<string, string> = {
  auth: 'auth required pam_unix.so nullok\n',
  account: 'account required pam_unix.so\n',
  password: 'password required pam_unix.so obscure yescrypt\n',
  session: 'session required pam_unix.so\n',
  'session-noninteractive': 'session required pam_unix.so\n',
};

const FIRST_USER = 1000;

/** Changes when images made before are no longer right. */
export const foreignRecipe = [ALTERNATIVES, PAM, 1];

/**
 * @param archives folder with all the packages
 * @param tree is made
 * @param users get homes and no passwords yet
 */
export async function unpackForeign(archives: string, tree: string, users: readonly string[]): Promise<void> {
  await mkdir(tree);
  const packages = (await readdir(archives)).filter((name) => name.endsWith('.deb'));
  // base-files first: of its links /bin is /usr/bin.
  packages.sort((a, b) => Number(b.startsWith('base-files_')) - Number(a.startsWith('base-files_')));
  for (const name of packages) await run('dpkg', ['-x', join(archives, name), tree]);
  await addUsers(tree, users);
  for (const [path, target] of Object.entries(ALTERNATIVES)) {
    await symlink(target, join(tree, path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error; // some packages have it as a file
    });
  }
  for (const [name, rules] of Object.entries(PAM))
    await writeFile(join(tree, 'etc/pam.d', `common-${name}`), rules);
  await copyFile(join(tree, 'usr/share/libc-bin/nsswitch.conf'), join(tree, 'etc/nsswitch.conf'));
}

async function addUsers(tree: string, users: readonly string[]): Promise<void> {
  const master = (name: string) => readFile(join(tree, 'usr/share/base-passwd', `${name}.master`), 'utf8');
  let passwd = (await master('passwd')).replace(/^root:[^:]*:/m, 'root:x:');
  let group = await master('group');
  passwd += 'sshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n';
  for (const [index, name] of users.entries()) {
    const id = FIRST_USER + index;
    passwd += `${name}:x:${id}:${id}::/home/${name}:/bin/bash\n`;
    group += `${name}:x:${id}:\n`;
    await mkdir(join(tree, 'home', name), { recursive: true, mode: 0o700 });
    await chown(join(tree, 'home', name), id, id);
  }
  const names = passwd
    .trim()
    .split('\n')
    .map((line) => line.split(':')[0] ?? '');
  await writeFile(join(tree, 'etc/passwd'), passwd.replaceAll(/^([^:]+):[^:]*:/gm, '$1:x:'));
  await writeFile(join(tree, 'etc/group'), group);
  const shadow = names.map((name) => `${name}:*:20000:0:99999:7:::\n`);
  await writeFile(join(tree, 'etc/shadow'), shadow.join(''), { mode: 0o640 });
}
