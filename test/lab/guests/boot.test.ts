import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { after, before, describe, test } from 'node:test';
import ssh2 from 'ssh2';
import { bootGuest, type Guest, type GuestUser, type KernelName, type Userland } from './guest.ts';

/** Users are the same everywhere, and logging in is slow in emulation: looking at them once will do. */
const MATRIX: { kernel: KernelName; userland: Userland; cpus: number; users?: true }[] = [
  { kernel: '6.12', userland: 'node', cpus: 2 },
  { kernel: '6.1', userland: 'bare', cpus: 2, users: true },
  { kernel: '5.10', userland: 'bare', cpus: 2 },
  { kernel: '7.2', userland: 'node', cpus: 1 },
];

async function output(guest: Guest, command: string, user: GuestUser = 'root'): Promise<string> {
  const result = await guest.exec(command, { user });
  assert.equal(result.code, 0, `${command}: ${result.stderr}${result.stdout}`);
  return result.stdout.trim();
}

async function has(guest: Guest, program: string): Promise<boolean> {
  return (await guest.exec(`command -v ${program}`)).code === 0;
}

async function checkTracing(guest: Guest): Promise<void> {
  const checks =
    'test -s /sys/kernel/btf/vmlinux && test -w /sys/kernel/tracing/kprobe_events && ' +
    'test -d /sys/kernel/debug/tracing && stat -f -c %T /sys/fs/bpf /sys/fs/cgroup /tmp';
  assert.equal(await output(guest, checks), 'bpf_fs\ncgroup2fs\ntmpfs');
  // A module that the root image does not hold proves that the kernel's own modules are there.
  assert.equal(await output(guest, 'modprobe ip_vs && ls -d /sys/module/ip_vs'), '/sys/module/ip_vs');
}

async function checkUsers(guest: Guest): Promise<void> {
  const { passwords } = guest;
  assert.equal(await output(guest, 'id -un', 'plain'), 'plain');
  assert.equal(await output(guest, 'sudo -n id -u', 'admin'), '0');
  assert.notEqual((await guest.exec('sudo -n id -u', { user: 'sudoer' })).code, 0);
  const sudo = (user: 'sudoer' | 'plain', word: string) =>
    guest.exec('sudo -S -p "" id -u', { user, input: `${word}\n` });
  assert.equal((await sudo('sudoer', passwords.sudoer)).stdout.trim(), '0');
  assert.notEqual((await sudo('sudoer', 'not the password')).code, 0);
  assert.match((await sudo('plain', passwords.plain)).stderr, /not in the sudoers/);
}

/** Logs in with ssh2, which can offer one method only; settles with whether the guest took it. */
function logIn(
  guest: Guest,
  method: 'password' | 'keyboard-interactive',
  password: string,
): Promise<boolean> {
  const client = new ssh2.Client();
  return new Promise<boolean>((resolve) => {
    client.on('ready', () => resolve(true));
    client.on('error', () => resolve(false));
    client.on('keyboard-interactive', (_name, _text, _language, prompts, finish) => {
      finish(prompts.map(() => password));
    });
    client.connect({
      host: '127.0.0.1',
      port: guest.port,
      username: 'sudoer',
      readyTimeout: 60_000,
      ...(method === 'password' ? { password } : { tryKeyboard: true }),
      authHandler: [method],
    });
  }).finally(() => client.destroy());
}

async function checkTraffic(guest: Guest): Promise<void> {
  await output(guest, 'iptables -I OUTPUT -p tcp -d 1.1.1.1 -j DROP');
  assert.equal((await guest.exec('curl -s -m 1 1.1.1.1')).code, 28); // its time was over: no answer, no refusal
  const counters = await output(guest, 'iptables -nvxL OUTPUT | grep 1.1.1.1');
  assert.ok(Number(counters.split(/\s+/)[0]) > 0, counters);
  await output(guest, 'iptables -F OUTPUT');
  // Nothing outside the guest answers; its own addresses do.
  assert.notEqual((await guest.exec('curl -s -m 3 1.1.1.1')).code, 0);
  assert.match((await guest.exec('curl -s -m 3 telnet://127.0.0.1:22 < /dev/null')).stdout, /^SSH-2\.0/);
}

async function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

for (const { kernel, userland, cpus, users } of MATRIX) {
  describe(`kernel ${kernel}, ${userland} userland`, () => {
    let guest: Guest;
    before(async () => {
      guest = await bootGuest({ kernel, userland, log: (line) => console.log(line) });
    });
    after(() => guest.stop());

    test('is the kernel that was asked for', async () => {
      // sid's kernel moves on
      if (kernel !== '7.2') assert.ok(guest.release.startsWith(`${kernel}.`), guest.release);
      assert.equal(await output(guest, 'uname -r'), guest.release);
      assert.equal(Number(await output(guest, 'nproc')), cpus);
    });
    test('has the programs of its userland', async () => {
      assert.equal(await has(guest, 'node'), userland === 'node');
      assert.equal(await has(guest, 'pwru'), userland === 'node');
      for (const program of ['python3', 'xz', 'zstd'])
        assert.equal(await has(guest, program), false, program);
    });
    test('can trace: BTF, tracefs, modules', () => checkTracing(guest));
    test('makes traffic that iptables drops, and reaches nobody else', () => checkTraffic(guest));
    if (users === undefined) return;
    test('lets users in by key, and sudo as each may', () => checkUsers(guest));
    test('lets users in by password and by keyboard-interactive', async () => {
      for (const method of ['password', 'keyboard-interactive'] as const) {
        assert.equal(await logIn(guest, method, guest.passwords.sudoer), true, method);
        assert.equal(await logIn(guest, method, 'not the password'), false, `${method}, wrong password`);
      }
    });
  });
}

test('a guest as a tool: commands, panic, stop', { timeout: 600_000 }, async () => {
  const guest = await bootGuest({ kernel: '6.12', userland: 'bare' });
  try {
    assert.deepEqual(await guest.exec('cat; echo error >&2; exit 3', { input: 'text' }), {
      code: 3,
      stdout: 'text',
      stderr: 'error\n',
    });
    assert.equal((await guest.exec('sleep 600', { timeoutMs: 3000 })).code, 124);
    await guest.exec('kill -9 $PPID'); // cuts the connection it came by
    assert.equal(await output(guest, 'echo again'), 'again');
    assert.equal(await connects(guest.port), true);
    assert.equal(guest.panicked(), false);

    await guest.exec('echo c > /proc/sysrq-trigger', { timeoutMs: 20_000 });
    await guest.ended; // the emulator ends by itself
    assert.equal(guest.panicked(), true);
    assert.notEqual((await guest.exec('true')).code, 0);
  } finally {
    await guest.stop();
    await guest.stop(); // twice is safe
  }
  assert.equal(await connects(guest.port), false);
  assert.equal(existsSync(dirname(guest.privateKey)), false);
});

test('booting can be called off', async () => {
  const abort = new AbortController();
  const log = (line: string) => {
    if (line.startsWith('booting')) setTimeout(() => abort.abort(new Error('called off')), 500);
  };
  await assert.rejects(
    bootGuest({ kernel: '6.12', userland: 'bare', log, signal: abort.signal }),
    /called off/,
  );
});
