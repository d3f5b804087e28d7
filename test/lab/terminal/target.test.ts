/** Reaching, preparing and leaving real guests with the built agent: every way in, every way to root. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readFile, readdir } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { unpackPackage } from '../../../build/packages/debian.ts';
import { distDir } from '../../../build/paths.ts';
import { connectTarget } from '../../../extension/target/connect.ts';
import type { ConnectOptions, Prompts } from '../../../extension/target/connection.ts';
import { cleanTarget } from '../../../extension/target/clean.ts';
import { TARGET_FOLDERS } from '../../../extension/target/deploy/folder.ts';
import { FRAME_HEADER_BYTES } from '../../../common/protocol.ts';
import type { Hello } from '../../../common/protocol.ts';
import { fails } from '../../support/fails.ts';
import { bootGuest } from '../guests/guest.ts';
import type { Guest, GuestUser, Userland } from '../guests/guest.ts';

const [CACHE] = TARGET_FOLDERS;

/** Options that reach a guest, and read nothing of the user's own SSH settings. */
function options(guest: Guest, user: GuestUser, more: Partial<ConnectOptions> = {}): ConnectOptions {
  const sshConfigFile = join(dirname(guest.knownHosts), 'ssh_config');
  const lines = [
    `UserKnownHostsFile ${guest.knownHosts}`,
    'GlobalKnownHostsFile none',
    'IdentityAgent none',
    'IdentityFile none',
    'ConnectTimeout 60',
  ];
  writeFileSync(sshConfigFile, `${lines.join('\n')}\n`);
  return {
    target: `${user}@127.0.0.1:${guest.port}`,
    identity: guest.privateKey,
    sshConfigFile,
    distDir,
    prompts: answering(),
    hostKeys: {
      read: () => Promise.resolve(''),
      append: () => Promise.reject(new Error('nothing to remember')),
    },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    ...more,
  };
}

function answering(...answers: string[]): Prompts & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    confirmHostKey: () => Promise.resolve(false),
    secret: (question) => {
      asked.push(question.kind);
      return Promise.resolve(answers.shift());
    },
  };
}

/** The agent's first message; leaves the stream flowing. */
function hello(output: Readable): Promise<Hello> {
  let data = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    output.on('data', (chunk: Buffer) => {
      data = Buffer.concat([data, chunk]);
      if (data.length < FRAME_HEADER_BYTES) return;
      const end = FRAME_HEADER_BYTES + data.readUInt32LE(0);
      if (data.length >= end) resolve(JSON.parse(data.toString('utf8', FRAME_HEADER_BYTES, end)) as Hello);
    });
    output.on('end', () => reject(new Error('the agent said nothing')));
  });
}

async function output(guest: Guest, command: string): Promise<string> {
  return (await guest.exec(command)).stdout.trim();
}

/** Connects, starts the agent, and checks that it is a root process of the guest that is gone afterwards. */
async function runsAgentAsRoot(guest: Guest, request: ConnectOptions): Promise<void> {
  const target = await connectTarget(request);
  try {
    const agent = await target.startAgent();
    const { pid, kernelRelease } = await hello(agent.output);
    assert.equal(kernelRelease, guest.release);
    assert.equal(await output(guest, `ps -o user= -p ${pid}`), 'root');
    agent.close();
    const closed = await agent.closed;
    assert.equal(closed.connectionLost, false);
    assert.equal(closed.exitCode, 0, closed.stderr);
    assert.equal(await output(guest, `ps -o pid= -p ${pid}`), '');
  } finally {
    target.dispose();
  }
}

function withGuest(userland: Userland, tests: (guest: () => Guest) => void): void {
  describe(`6.12, ${userland} userland`, () => {
    let guest: Guest;
    before(async () => {
      assert.ok(existsSync(join(distDir, 'agent/agent.cjs')), 'the build comes first');
      guest = await bootGuest({ kernel: '6.12', userland });
    });
    after(() => guest?.stop());
    tests(() => guest);
  });
}

async function measured(t: TestContext, guest: Guest, origin: string): Promise<void> {
  for (const [nth, uploads] of [
    ['first', true],
    ['second', false],
  ] as const) {
    const start = performance.now();
    const target = await connectTarget(options(guest, 'root'));
    target.dispose();
    const { node, uploadedBytes } = target.facts;
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    t.diagnostic(
      `${nth} start: ${(uploadedBytes / 1e6).toFixed(1)} MB in ${seconds} s, Node ${node.version} (${node.origin})`,
    );
    assert.equal(node.origin, origin);
    assert.equal(uploadedBytes > 0, uploads);
  }
}

withGuest('node', (guest) => {
  test("the target's own Node is used, the agent uploaded once", (t) => measured(t, guest(), 'path'));
  test('root', () => runsAgentAsRoot(guest(), options(guest(), 'root')));
  test('sudo without a password', () => runsAgentAsRoot(guest(), options(guest(), 'admin')));
});

withGuest('bare', (guest) => {
  test('Node and the agent are uploaded, once for all users', (t) => measured(t, guest(), 'uploaded'));
  test('root', () => runsAgentAsRoot(guest(), options(guest(), 'root')));

  test("what was uploaded is root's alone, and nothing else is left", async () => {
    const list = await output(
      guest(),
      `cd ${CACHE} && stat -c '%a %U %n' * | sed -E 's/-[0-9a-f]{64}//' && ls -A | grep -v -e ^agent- -e ^node-`,
    );
    assert.equal(list, '700 root agent\n700 root node\n.runs');
    assert.equal(await output(guest(), 'ls -A /root/.cache /home/*/.cache 2>/dev/null'), '');
  });

  test('sudo without a password', async () => {
    const prompts = answering();
    await runsAgentAsRoot(guest(), options(guest(), 'admin', { prompts }));
    assert.deepEqual(prompts.asked, []);
  });

  test('sudo with a password: asked again when wrong, seen by nobody', async () => {
    const password = guest().passwords.sudoer;
    const prompts = answering('wrong', password);
    const target = await connectTarget(options(guest(), 'sudoer', { prompts }));
    try {
      assert.deepEqual(prompts.asked, ['sudo', 'sudo']);
      assert.equal(target.facts.privilege, 'sudo-password');
      const agents = [await target.startAgent(), await target.startAgent()];
      for (const agent of agents) assert.equal((await hello(agent.output)).kernelRelease, guest().release);
      const exposed = `cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c kernel-packet-trace`;
      assert.ok(Number(await output(guest(), exposed)) > 0);
      const secrets = await guest().exec(
        'cat > /tmp/word; cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n" | grep -cFf /tmp/word; rm /tmp/word',
        {
          input: `${password}\n`,
        },
      );
      assert.equal(secrets.stdout.trim(), '0');
      for (const agent of agents) {
        agent.close();
        assert.equal((await agent.closed).exitCode, 0);
      }
    } finally {
      target.dispose();
    }
  });

  test('login by password, wrong at first, then sudo', async () => {
    const password = guest().passwords.sudoer;
    const prompts = answering('wrong', password, password);
    const target = await connectTarget(options(guest(), 'sudoer', { identity: undefined, prompts }));
    target.dispose();
    assert.deepEqual(prompts.asked, ['password', 'password', 'sudo']);
  });

  test('login by password alone, without keyboard-interactive', async () => {
    const conf = '/run/lab/sshd_config';
    // Its process is there before it listens.
    const serverPid = () => output(guest(), 'ss -ltnH sport = :22 | grep -q . && pgrep -o -x sshd');
    const old = await serverPid();
    await guest().exec(`sed -i 's/^KbdInteractive.*/KbdInteractiveAuthentication no/' ${conf}; kill ${old}`);
    let restarted = '';
    for (let attempt = 0; attempt < 50 && (restarted === '' || restarted === old); attempt++) {
      await sleep(200);
      restarted = await serverPid();
    }
    assert.notEqual(restarted, old);
    const { sudoer } = guest().passwords;
    const prompts = answering('wrong', sudoer, sudoer);
    const target = await connectTarget(options(guest(), 'sudoer', { identity: undefined, prompts }));
    target.dispose();
    assert.deepEqual(prompts.asked, ['password', 'password', 'sudo']);
    const stubborn = answering('a', 'b', 'c', sudoer);
    await fails(
      'authentication',
      connectTarget(options(guest(), 'sudoer', { identity: undefined, prompts: stubborn })),
    );
    assert.equal(stubborn.asked.length, 3);
  });

  test('a changed host key: no password is asked for', async () => {
    const changed = join(dirname(guest().knownHosts), 'changed');
    const line = readFileSync(`${guest().privateKey}.pub`, 'utf8');
    writeFileSync(changed, `[127.0.0.1]:${guest().port} ${line}`);
    const prompts = answering(guest().passwords.sudoer);
    const request = options(guest(), 'sudoer', { identity: undefined, prompts });
    const config = `${request.sshConfigFile}-changed`;
    writeFileSync(
      config,
      readFileSync(request.sshConfigFile ?? '', 'utf8').replace(guest().knownHosts, changed),
    );
    await fails('host-key-changed', connectTarget({ ...request, sshConfigFile: config }));
    assert.deepEqual(prompts.asked, []);
  });

  test('no sudo rights', async () => {
    const prompts = answering(guest().passwords.plain);
    const targetFolder = '/srv/unused';
    const request = options(guest(), 'plain', { prompts, targetFolder });
    const error = await fails('target-no-privilege', connectTarget(request));
    assert.match(error.message, /plain may not use sudo/);
    assert.equal(await output(guest(), `ls ${targetFolder}`), '', 'uploaded without a use');
  });

  test('sudo that wants a terminal', async () => {
    await guest().exec("echo 'Defaults:admin requiretty' > /etc/sudoers.d/tty");
    const error = await fails('target-no-privilege', connectTarget(options(guest(), 'admin')));
    assert.match(error.remedy, /!requiretty/);
    await guest().exec('rm /etc/sudoers.d/tty');
  });

  test('an account without a shell', async () => {
    await guest().exec('usermod -s /usr/sbin/nologin plain');
    const error = await fails('target-unsupported', connectTarget(options(guest(), 'plain')));
    assert.match(error.message, /not available/);
    await guest().exec('usermod -s /bin/bash plain');
  });

  test('a login shell that is no POSIX shell', async () => {
    // Stands in for csh and fish: it can run one command by its name and nothing else.
    await guest().exec(
      `printf '#!/bin/bash\\n[[ $2 == /bin/sh ]] && exec /bin/sh\\necho "syntax error" >&2\\nexit 1\\n' > /usr/local/bin/oddsh; chmod 755 /usr/local/bin/oddsh; usermod -s /usr/local/bin/oddsh admin`,
    );
    await runsAgentAsRoot(guest(), options(guest(), 'admin'));
    await guest().exec('usermod -s /bin/bash admin');
  });

  test('too little space: found before the upload, and when it runs out during it', async () => {
    const targetFolder = '/srv/small/folder';
    const mounted = async (megabytes: number, attempt: () => Promise<void>) => {
      await guest().exec(
        `mkdir -p /srv/small; mount -t tmpfs -o mode=755,size=${megabytes}m small /srv/small`,
      );
      try {
        await attempt();
        assert.equal(await output(guest(), `ls -A ${targetFolder}`), '.runs');
      } finally {
        await guest().exec('umount -l /srv/small');
      }
    };
    await mounted(20, async () => {
      const error = await fails('target-no-space', connectTarget(options(guest(), 'root', { targetFolder })));
      assert.match(error.message, /kB needed/);
    });
    await mounted(140, async () => {
      let filled: Promise<unknown> | undefined;
      const onProgress = (text: string) => {
        if (/Node.*\(\d\d /.test(text)) filled ??= guest().exec('cat /dev/zero > /srv/small/fill');
      };
      const request = options(guest(), 'root', { onProgress, targetFolder });
      const error = await fails('target-no-space', connectTarget(request));
      assert.match(error.message, /No space left/);
      await filled;
    });
  });

  test('a cut connection: the agent is gone within 5 seconds', async () => {
    const target = await connectTarget(options(guest(), 'root'));
    const agent = await target.startAgent();
    const { pid } = await hello(agent.output);
    await guest().exec(`kill -9 $(ps -o ppid= -p $(ps -o ppid= -p ${pid})) $(ps -o ppid= -p ${pid})`);
    const closed = await agent.closed;
    assert.equal(closed.connectionLost, true);
    const deadline = performance.now() + 5000;
    let left = await output(guest(), `ps -o pid= -p ${pid}`);
    while (left !== '' && performance.now() < deadline) left = await output(guest(), `ps -o pid= -p ${pid}`);
    assert.equal(left, '');
    target.dispose();
  });

  describe('sudo of other kinds', () => sudoOfOtherKinds(guest));

  test('clean removes what was put there, and tells of it', async () => {
    await sh(guest(), 'mkdir -p /home/admin/.cache/kernel-packet-trace/target/agent-0');
    await sh(guest(), 'chown -R admin: /home/admin/.cache');
    const { removed, kept, running } = await cleanTarget(options(guest(), 'admin'));
    assert.deepEqual(removed.map(({ path }) => path.replace(/-[0-9a-f]{64}$/, '')).sort(), [
      ...['', '/agent-0'].map((path) => `/home/admin/.cache/kernel-packet-trace/target${path}`),
      ...['', '/agent', '/node'].map((path) => `${CACHE}${path}`),
    ]);
    assert.deepEqual([kept, running], [[], []]);
    const left = 'find / -xdev -path /proc -prune -o -name "*kernel-packet-trace*" -print';
    assert.equal(await output(guest(), left), '');
  });
});

async function sh(guest: Guest, command: string, input?: string): Promise<void> {
  const { code, stderr } = await guest.exec(command, input === undefined ? {} : { input });
  assert.equal(code, 0, `${command}: ${stderr}`);
}

/** Puts a file of this machine into a guest. */
async function give(guest: Guest, file: string, path: string, mode: string): Promise<void> {
  const content = (await readFile(file)).toString('base64');
  await sh(guest, `base64 -d > ${path} && chmod ${mode} ${path}`, content);
}

/** Real ones, and settings of sudoers(5), as they are met. */
function sudoOfOtherKinds(guest: () => Guest): void {
  const IN_PLACE = '/usr/local/bin/sudo';
  const DEFAULTS = '/etc/sudoers.d/zz';
  const HOME = '/home/admin';

  /** Runs a test with another sudo or other settings. */
  async function having(make: () => Promise<void>, work: () => Promise<void>): Promise<void> {
    try {
      await make();
      await work();
    } finally {
      await sh(
        guest(),
        `rm -f ${IN_PLACE} ${DEFAULTS}; [ ! -e /etc/pam.d/kept ] || mv /etc/pam.d/kept /etc/pam.d/sudo; umount ${HOME} 2>/dev/null; true`,
      );
    }
  }
  const defaults = (text: string) =>
    sh(guest(), `echo 'Defaults ${text}' > ${DEFAULTS} && chmod 440 ${DEFAULTS}`);

  /** A wrong password and then the right one. */
  async function asksTwice(): Promise<void> {
    const prompts = answering('wrong', guest().passwords.sudoer);
    const target = await connectTarget(options(guest(), 'sudoer', { prompts }));
    target.dispose();
    assert.equal(target.facts.privilege, 'sudo-password');
    assert.deepEqual(prompts.asked, ['sudo', 'sudo']);
  }

  for (const suite of ['trixie', 'sid'] as const) {
    test(`sudo-rs of ${suite}`, () =>
      having(
        async () => {
          const folder = await unpackPackage(suite, 'sudo-rs');
          await give(guest(), await programOf(folder, 'sudo'), IN_PLACE, '4755');
        },
        async () => {
          const said = await guest().exec('sudo --version', { user: 'admin' });
          assert.match(said.stdout + said.stderr, /sudo-rs/i);
          await asksTwice();
          if (suite === 'sid') await runsAgentAsRoot(guest(), options(guest(), 'admin'));
          const prompts = answering(guest().passwords.plain);
          const request = options(guest(), 'plain', { prompts });
          const error = await fails('target-no-privilege', connectTarget(request));
          assert.match(error.message, /plain may not use sudo/);
        },
      ));
  }

  for (const text of ['passprompt_override, !use_pty', '!passprompt_override, use_pty, insults'])
    test(`Defaults ${text}`, () => having(() => defaults(text), asksTwice));

  test('Defaults log_output: a warning tells of it', () =>
    having(
      () => defaults('log_output'),
      async () => {
        const warnings: string[] = [];
        const { log } = options(guest(), 'admin');
        const warn = (text: string) => warnings.push(text);
        await runsAgentAsRoot(guest(), options(guest(), 'admin', { log: { ...log, warn } }));
        assert.match(warnings.join(), /sudo .* records all .* in \/var\/log\/sudo-io\//);
      },
    ));

  test('a second factor in PAM: the code is asked for once', () =>
    having(
      async () => {
        const folder = await unpackPackage('trixie', 'libpam-google-authenticator');
        const module = await programOf(folder, 'pam_google_authenticator.so');
        await give(
          guest(),
          module,
          '$(dirname "$(find /usr/lib -name pam_unix.so)")/pam_google_authenticator.so',
          '644',
        );
        // What counts are the codes for emergencies, each good for once.
        const secret = '/home/sudoer/.google_authenticator';
        await sh(guest(), `cat > ${secret} && chown sudoer: ${secret} && chmod 400 ${secret}`, SECOND_FACTOR);
        await sh(
          guest(),
          `cp /etc/pam.d/sudo /etc/pam.d/kept && sed -i 's/^@include common-auth/&\\nauth required pam_google_authenticator.so/' /etc/pam.d/sudo`,
        );
      },
      async () => {
        const prompts = answering(guest().passwords.sudoer, CODES[0] ?? '');
        (await connectTarget(options(guest(), 'sudoer', { prompts }))).dispose();
        assert.deepEqual(prompts.asked, ['sudo', 'sudo-challenge']);
        const second = answering(guest().passwords.sudoer, 'wrong', guest().passwords.sudoer, CODES[1] ?? '');
        (await connectTarget(options(guest(), 'sudoer', { prompts: second }))).dispose();
        assert.deepEqual(second.asked, ['sudo', 'sudo-challenge', 'sudo', 'sudo-challenge']);
      },
    ));

  test("a user's home that is read-only and noexec, and that root may not look into", () =>
    having(
      async () => {
        // As over NFS with root_squash.
        const wrapper = `#!/bin/sh
options=
while [ "$1" != -- ]; do options="$options $1"; shift; done
shift
exec /usr/bin/sudo $options -- setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search "$@"
`;
        await sh(guest(), `cat > ${IN_PLACE} && chmod 755 ${IN_PLACE}`, wrapper);
        await sh(
          guest(),
          `chmod 700 ${HOME} && mount --bind ${HOME} ${HOME} && mount -o remount,bind,ro,noexec ${HOME}`,
        );
      },
      () => runsAgentAsRoot(guest(), options(guest(), 'admin')),
    ));
}

const CODES = ['12345678', '23456789'];
const SECOND_FACTOR = `JBSWY3DPEHPK3PXP
" TOTP_AUTH
${CODES.join('\n')}
`;

/** The file of this name in an unpacked package. */
async function programOf(folder: string, name: string): Promise<string> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const named = files.filter((file) => file.isFile() && [name, `${name}-rs`].includes(file.name));
  const found = named.filter(({ parentPath }) => /\/(bin|security)$/.test(parentPath));
  assert.equal(found.length, 1, `${name} in ${folder}`);
  return join(found[0]?.parentPath ?? '', found[0]?.name ?? '');
}
