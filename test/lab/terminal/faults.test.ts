/** Bad input and faults: each is told clearly, with its exit code, and leaves nothing on the target. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../../build/run.ts';
import { SILENCE_PAUSES_MS } from '../../../common/protocol.ts';
import { bootGuest, type Guest, type GuestUser } from '../guests/guest.ts';
import { kernelsPlayed } from '../kernels-played.ts';
import { Home, targetArgs, type Ended, type PacketTrace } from './packet-trace.ts';
import { AGENTS, CUT } from '../guests/our-agents.ts';
import { armedProbes, probesGone } from './probes.ts';
import { stopGuest } from '../guests/stop.ts';

/** What the design promises after a lost connection, and what a busy emulator may need in addition. */
const PROBES_GONE_MS = 5000;
const EMULATOR_MS = 25_000;

const FILTER = 'icmp or tcp port 80';
/** Nobody has this name: RFC 6761. */
const NO_HOST = 'no-such-host.invalid';

/** The error of a run with --json, and that it is what was expected. */
function assertFails(ended: Ended, exit: number, code: string, message: RegExp): void {
  const lines = ended.stdout.trimEnd().split('\n');
  const error = JSON.parse(lines.at(-1) ?? '') as {
    type: string;
    code: string;
    message: string;
    remedy: string;
  };
  assert.equal(error.type, 'error', ended.stdout);
  assert.equal(error.code, code, `${error.message}\n${ended.stderr}`);
  assert.match(error.message, message);
  assert.notEqual(error.remedy, '', 'the next step is told');
  assert.equal(ended.code, exit);
}

async function withHome(work: (home: Home) => Promise<void>, guest?: Guest): Promise<void> {
  const home = new Home(guest);
  try {
    await work(home);
  } finally {
    await home.dispose();
  }
}

/** A port of this machine where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('an unknown host', () =>
  withHome(async (home) => {
    assertFails(
      await home.run(['trace', NO_HOST, '--json', 'tcp']),
      3,
      'host-unknown',
      /no-such-host\.invalid/,
    );
  }));

test('a refused port', () =>
  withHome(async (home) => {
    const port = await closedPort();
    const ended = await home.run(['trace', `root@127.0.0.1:${port}`, '--json']);
    assertFails(ended, 3, 'connection-refused', new RegExp(String(port)));
  }));

test('a bad filter fails before the target is contacted', () =>
  withHome(async (home) => {
    const ended = await home.run(['trace', NO_HOST, '--json', 'tcp and nonsense host']);
    assertFails(ended, 2, 'filter', /syntax error/);
  }));

test('a key file that is not there', () =>
  withHome(async (home) => {
    const ended = await home.run([
      'trace',
      'root@127.0.0.1:1',
      '--identity',
      join(home.dir, 'none'),
      '--json',
    ]);
    assertFails(ended, 3, 'identity-file', /none/);
  }));

/** All faults on a kernel with kprobe.multi, those of a running trace on one without it too. */
const SUITES = [
  { kernel: '6.12', faults: faultsOnNewKernel },
  { kernel: '6.1', faults: faultsOnOldKernel },
];

for (const { kernel, faults } of kernelsPlayed(SUITES)) describe(`faults on ${kernel}`, faults);

function faultsOnNewKernel(): void {
  let guest: Guest;

  before(async () => {
    guest = await bootGuest({ kernel: '6.12', userland: 'node' });
  });
  after(() => stopGuest(guest));

  async function sh(command: string): Promise<string> {
    const { code, stdout, stderr } = await guest.exec(command);
    assert.equal(code, 0, `${command}: ${stderr}`);
    return stdout.trim();
  }

  /** Runs a trace while the guest is in a state that commands make and unmake. */
  async function inState(make: string, unmake: string, user: GuestUser, args: string[] = []): Promise<Ended> {
    const home = new Home(guest);
    await sh(make);
    try {
      return await home.run(['trace', ...targetArgs(guest, user), '--json', ...args, 'icmp']);
    } finally {
      await sh(unmake);
      await home.dispose();
    }
  }

  async function generateKey(home: Home): Promise<string> {
    const file = join(home.dir, 'other_key');
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
    return file;
  }

  test('a wrong key', () =>
    withHome(async (home) => {
      const key = await generateKey(home);
      const ended = await home.run(['trace', `plain@127.0.0.1:${guest.port}`, '--identity', key, '--json']);
      assertFails(ended, 3, 'authentication', /plain@127\.0\.0\.1|terminal/);
    }, guest));

  test('an unknown host key is refused without a terminal, and remembered with accept-new', () =>
    withHome(async (home) => {
      const args = ['check', ...targetArgs(guest), '--json'];
      assertFails(await home.run(args), 3, 'host-key-unknown', /SHA256:/);
      const accepted = await home.run([...args, '--strict-host-key-checking', 'accept-new']);
      assert.equal(accepted.code, 0, accepted.stderr);
      assert.match(accepted.stderr, /SHA256:/);
      assert.match(
        readFileSync(home.knownHosts, 'utf8'),
        new RegExp(`^\\[127\\.0\\.0\\.1\\]:${guest.port} `),
      );
      assert.equal((await home.run(args)).code, 0);
    }));

  test('a changed host key is refused, and no password asked for', () =>
    withHome(async (home) => {
      const other = readFileSync(`${await generateKey(home)}.pub`, 'utf8');
      writeFileSync(home.knownHosts, `[127.0.0.1]:${guest.port} ${other}`);
      const attempts = await sh('grep -c "Connection from\\|Accepted\\|Failed" /run/sshd.log || true');
      for (const policy of ['ask', 'accept-new', 'yes']) {
        const args = [
          'trace',
          `plain@127.0.0.1:${guest.port}`,
          '--json',
          '--strict-host-key-checking',
          policy,
        ];
        // Without a terminal, a question for a password would be an error of its own.
        assertFails(await home.run(args), 3, 'host-key-changed', /another key is known/);
      }
      const screen = await onTerminal(home, ['check', `plain@127.0.0.1:${guest.port}`]);
      assert.match(screen, /another key is known/);
      assert.doesNotMatch(screen, /password/i);
      assert.equal(await sh('grep -c "Connection from\\|Accepted\\|Failed" /run/sshd.log || true'), attempts);
    }));

  test('a target that is not Linux', async () => {
    const make =
      'printf "#!/bin/sh\\necho FreeBSD\\n" > /tmp/uname && chmod 755 /tmp/uname && mount --bind /tmp/uname /usr/bin/uname';
    const ended = await inState(make, 'umount /usr/bin/uname', 'root');
    assertFails(ended, 4, 'target-unsupported', /FreeBSD/);
  });

  test('a kernel without BTF', async () => {
    const ended = await inState('mount -t tmpfs none /sys/kernel/btf', 'umount /sys/kernel/btf', 'root');
    assertFails(ended, 4, 'target-no-btf', /BTF/);
    assert.equal(await armedProbes(guest), 0);
  });

  test('check tells of a kernel without BTF, with the remedy', () =>
    withHome(async (home) => {
      await sh('mount -t tmpfs none /sys/kernel/btf');
      try {
        const ended = await home.run(['check', ...targetArgs(guest)]);
        assert.equal(ended.code, 4, ended.stderr);
        assert.match(ended.stdout, /^missing +btf .*\n +\S.*$/m);
        assert.match(ended.stdout, /cannot be traced/);
      } finally {
        await sh('umount /sys/kernel/btf');
      }
    }, guest));

  test('a user without privileges', async () => {
    const home = new Home(guest);
    try {
      const ended = await home.run(['trace', ...targetArgs(guest, 'plain'), '--json']);
      assertFails(ended, 4, 'target-no-privilege', /sudo/);
      assert.equal(await sh('ls -A /home/plain/.cache 2>/dev/null | wc -l'), '0', 'nothing was uploaded');
    } finally {
      await home.dispose();
    }
  });

  test('an old Node in PATH is passed over and another uploaded', async () => {
    const old = '#!/bin/sh\\necho v12.22.0 x64 /usr/bin/node\\n';
    const make = `printf '${old}' > /tmp/node && chmod 755 /tmp/node && mount --bind /tmp/node /usr/bin/node`;
    const home = new Home(guest);
    await sh(make);
    try {
      const ended = await home.run(['check', ...targetArgs(guest, 'admin'), '--json']);
      assert.equal(ended.code, 0, ended.stderr);
      const { node } = JSON.parse(ended.stdout) as { node: { origin: string; version: string } };
      assert.equal(node.origin, 'uploaded');
      assert.notEqual(node.version, 'v12.22.0');
    } finally {
      await sh('umount /usr/bin/node');
      await home.dispose();
    }
  });

  test('no space for the upload', async () => {
    const make = 'mkdir -p /srv/small && mount -t tmpfs -o mode=755,size=64k none /srv/small';
    const home = new Home(guest);
    await sh(make);
    try {
      const folder = ['--target-folder', '/srv/small/folder'];
      const ended = await home.run(['trace', ...targetArgs(guest), '--json', ...folder]);
      assertFails(ended, 4, 'target-no-space', /kB needed/);
      assert.equal(await sh('find /srv/small -size +0 -type f ! -name .runs'), '', 'no half file is left');
    } finally {
      await sh('umount /srv/small');
      await home.dispose();
    }
  });

  test('a function pattern that matches nothing, and one that is none', () =>
    withHome(async (home) => {
      const args = (pattern: string) => [
        'trace',
        ...targetArgs(guest),
        '--json',
        '--filter-func',
        pattern,
        'icmp',
      ];
      assertFails(await home.run(args('no_such_function_.*')), 2, 'function-pattern', /no_such_function_/);
      assertFails(await home.run(args('ip_(')), 2, 'function-pattern', /ip_\(/);
      assert.equal(await armedProbes(guest), 0);
    }, guest));

  test('two traces at once, each with its own filter and end', () =>
    withHome(async (home) => {
      const icmp = home.start(['trace', ...targetArgs(guest), '--json', 'icmp']);
      await icmp.attached();
      const udp = home.start(['trace', ...targetArgs(guest), '--json', 'udp port 9']);
      await udp.attached();
      await sh('ping -c 1 10.0.2.2');
      await icmp.until('an ICMP event', () => icmp.objects.some(({ type }) => type === 'event'));
      const first = await udp.interrupt();
      assert.equal(first.code, 0, first.stderr);
      assert.ok(!udp.objects.some(({ type }) => type === 'event'), 'the other trace’s packets');
      const before = icmp.objects.length;
      await sh('ping -c 1 10.0.2.2');
      await icmp.until('more after the other trace ended', () => icmp.objects.length > before);
      assert.equal((await icmp.interrupt()).code, 0);
      assert.equal(await armedProbes(guest), 0);
    }, guest));

  faultsOfARunningTrace(() => guest);

  test('the target reboots', () =>
    withHome(async (home) => {
      const trace = await tracing(home, guest);
      const reboot = guest.exec('echo b > /proc/sysrq-trigger', { timeoutMs: 60_000 });
      assertCutShort(await trace.end(), 'connection-lost', 'connection-lost', /lost/);
      await reboot;
    }, guest));
}

function faultsOnOldKernel(): void {
  let guest: Guest;

  before(async () => {
    guest = await bootGuest({ kernel: '6.1', userland: 'bare' });
  });
  after(() => stopGuest(guest));

  faultsOfARunningTrace(() => guest);
}

/** A trace that has seen something. */
async function tracing(home: Home, guest: Guest): Promise<PacketTrace> {
  const trace = home.start(['trace', ...targetArgs(guest), '--json', FILTER]);
  await trace.attached();
  assert.ok((await armedProbes(guest)) > 0);
  await guest.exec('curl -s -m 1 10.0.2.2');
  await trace.until('an event', () => trace.objects.some(({ type }) => type === 'event'));
  return trace;
}

/** The end of a trace that was cut short, and that it tells of all that had come. */
function assertCutShort(ended: Ended, code: string, why: string, message: RegExp): void {
  assertFails(ended, 5, code, message);
  const objects = ended.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const end = objects.find(({ type }) => type === 'end');
  assert.equal(end?.why, why);
  assert.equal(end.events, objects.filter(({ type }) => type === 'event').length, 'what was captured stays');
  assert.ok(end.events > 0);
}

/** The faults of a trace that runs; on kernels with and without kprobe.multi. */
function faultsOfARunningTrace(guest: () => Guest): void {
  test('the SSH connection is cut', (t) =>
    withHome(async (home) => {
      const trace = await tracing(home, guest());
      await guest().exec(CUT);
      const took = await probesGone(guest(), PROBES_GONE_MS + EMULATOR_MS);
      t.diagnostic(`probes gone after ${Math.round(took)} ms`);
      assertCutShort(await trace.end(), 'connection-lost', 'connection-lost', /lost/);
    }, guest()));

  test('the connection falls silent for a while', () =>
    withHome(async (home) => {
      const trace = await tracing(home, guest());
      trace.kill('SIGSTOP');
      await sleep(SILENCE_PAUSES_MS + 4000);
      await guest().exec('curl -s -m 1 10.0.2.2'); // by now nobody sees it
      trace.kill('SIGCONT');
      await trace.until('the end of the pause', () =>
        trace.objects.some(({ type, to }) => type === 'paused' && to !== null),
      );
      const seen = trace.objects.length;
      await guest().exec('curl -s -m 1 10.0.2.2');
      await trace.until('an event after it', () =>
        trace.objects.slice(seen).some(({ type }) => type === 'event'),
      );
      trace.kill('SIGINT');
      const ended = await trace.end();
      assert.equal(ended.code, 0);
      const pause = trace.objects.find(({ type, to }) => type === 'paused' && to !== null);
      const [from, to] = [Number(pause?.from), Number(pause?.to)];
      const within = trace.objects.filter(
        ({ type, wallClock }) => type === 'event' && Number(wallClock) > from + 100 && Number(wallClock) < to,
      );
      assert.deepEqual(within, [], 'nothing is seen in a pause');
      assert.equal(pause?.why, 'silence');
      assert.equal(trace.objects.find(({ type }) => type === 'end')?.incomplete, null);
    }, guest()));

  test('the agent is killed', () =>
    withHome(async (home) => {
      const trace = await tracing(home, guest());
      const { code } = await guest().exec(`kill -9 $(${AGENTS})`);
      assert.equal(code, 0);
      await probesGone(guest(), PROBES_GONE_MS + EMULATOR_MS);
      const ended = await trace.end();
      assertCutShort(ended, 'agent-died', 'agent-died', /SIGKILL/);
    }, guest()));

  test('the target runs out of memory', () =>
    withHome(async (home) => {
      const trace = await tracing(home, guest());
      // The kernel's own choice, made to fall on the agent.
      const { code, stderr } = await guest().exec(
        `for pid in $(${AGENTS}); do echo 1000 > /proc/$pid/oom_score_adj; done; echo f > /proc/sysrq-trigger`,
      );
      assert.equal(code, 0, stderr);
      await probesGone(guest(), PROBES_GONE_MS + EMULATOR_MS);
      const ended = await trace.end();
      assertCutShort(ended, 'agent-died', 'agent-died', /SIGKILL/);
      assert.match(ended.stdout, /ran out of memory/);
    }, guest()));

  test('packet-trace itself is killed', () =>
    withHome(async (home) => {
      const trace = await tracing(home, guest());
      trace.kill('SIGKILL');
      await trace.ended;
      await probesGone(guest(), PROBES_GONE_MS + EMULATOR_MS);
      const { stdout } = await guest().exec(AGENTS);
      assert.equal(stdout, '');
    }, guest()));
}

/** Runs packet-trace on a terminal of script(1) that nobody types on; returns the screen. */
async function onTerminal(home: Home, args: string[]): Promise<string> {
  const command = home.command(args);
  const env = { PATH: process.env.PATH, HOME: home.dir, TERM: 'dumb', SHELL: '/bin/sh' };
  return run('script', ['-qec', `timeout 60 ${command}; true`, '/dev/null'], { env });
}
