import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../build/run.ts';

/** Users of a guest. `admin` may sudo without a password, `sudoer` with his, `plain` not at all. */
export type GuestUser = 'root' | 'admin' | 'sudoer' | 'plain';

export interface Seed {
  /** tar file that the guest unpacks into /run. */
  drive: string;
  /** Lets every user in. */
  privateKey: string;
  /** The guest's host key as a known_hosts line wants it: type and key. */
  hostKey: string;
  passwords: Record<Exclude<GuestUser, 'root'>, string>;
}

/** Printed on the console once sshd may be asked. */
export const READY_LINE = 'lab guest is ready';

/** Runs as process 1. The address is the one of QEMU's user network; its gateway answers ARP. */
const INIT = `export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /dev/pts /dev/shm /run/sshd /run/lock
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t tmpfs -o mode=1777 tmp /tmp
mount -t tracefs tracefs /sys/kernel/tracing
mount -t debugfs debugfs /sys/kernel/debug
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ln -sf /proc/self/fd /dev/fd
hostname -F /run/lab/hostname
echo "127.0.0.1 localhost $(hostname)" > /etc/hosts
ip link set lo up
ip address add 10.0.2.15/24 dev eth0
ip link set eth0 up
ip route add default via 10.0.2.2
for home in /root /home/*; do
  mkdir -p -m 700 $home/.ssh
  cp /run/lab/authorized_keys $home/.ssh/
  chown -R --reference=$home $home/.ssh
done
chpasswd < /run/lab/passwords
echo ${READY_LINE} > /dev/console
# A test may kill sshd; process 1 may not end.
while :; do /usr/sbin/sshd -D -f /run/lab/sshd_config -E /run/sshd.log; sleep 0.2; done
`;

/** Debian's defaults, without the limits that a test suite with wrong keys and many connections runs into. */
const SSHD_CONFIG = `HostKey /run/lab/ssh_host_ed25519_key
PidFile none
UsePAM yes
PasswordAuthentication yes
KbdInteractiveAuthentication yes
PermitRootLogin prohibit-password
PrintMotd no
PerSourcePenalties no
MaxStartups 100
MaxSessions 100
MaxAuthTries 30
Subsystem sftp /usr/lib/openssh/sftp-server
`;

/** Makes the keys and passwords of one boot and the drive that carries them into the guest, all in `dir`. */
export async function makeSeed(dir: string, hostname: string): Promise<Seed> {
  const lab = join(dir, 'seed/lab');
  await mkdir(lab, { recursive: true });
  const privateKey = join(dir, 'id_ed25519');
  await generateKey(privateKey, 'lab');
  const hostKeyFile = join(lab, 'ssh_host_ed25519_key'); // made here, so that it is known before the first boot
  await generateKey(hostKeyFile, hostname);
  await copyFile(`${privateKey}.pub`, join(lab, 'authorized_keys'));
  const passwords = { admin: password(), sudoer: password(), plain: password() };
  const lines = Object.entries(passwords).map(([user, word]) => `${user}:${word}\n`);
  await writeFile(join(lab, 'passwords'), lines.join(''), { mode: 0o600 });
  await writeFile(join(lab, 'hostname'), `${hostname}\n`);
  await writeFile(join(lab, 'sshd_config'), SSHD_CONFIG);
  await writeFile(join(lab, 'init'), INIT);
  const drive = join(dir, 'seed.tar');
  await run('tar', ['-C', join(dir, 'seed'), '--owner=0', '--group=0', '-cf', drive, 'lab']);
  const hostKey = (await readFile(`${hostKeyFile}.pub`, 'utf8')).split(' ').slice(0, 2).join(' ');
  return { drive, privateKey, hostKey, passwords };
}

async function generateKey(file: string, comment: string): Promise<void> {
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file]);
}

function password(): string {
  return randomBytes(12).toString('base64url');
}
