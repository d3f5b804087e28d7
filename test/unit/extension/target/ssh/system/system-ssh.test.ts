/** The ssh program as the way to a real sshd: what is asked, how it ends, and when it is chosen. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../../../../../build/run.ts';
import type { ErrorCode } from '../../../../../../extension/base/errors.ts';
import { connectTarget } from '../../../../../../extension/target/connect.ts';
import type { ConnectOptions } from '../../../../../../extension/target/connection.ts';
import { runScript, startScript } from '../../../../../../extension/target/shell.ts';
import { openShell } from '../../../../../../extension/target/ssh/open-shell.ts';
import type { RemoteShell } from '../../../../../../extension/target/ssh/open-shell.ts';
import { parseTargetName } from '../../../../../../extension/target/target-name.ts';
import type { SshTargetName } from '../../../../../../extension/target/target-name.ts';
import { fails } from '../../../../../support/fails.ts';
import {
  connectOptions,
  fakeAssets,
  generateKey,
  startSshServer,
} from '../../../../../support/ssh-server.ts';
import type { SshServer } from '../../../../../support/ssh-server.ts';
import { SUDO, writeSudo } from '../../../../../support/sudo.ts';

let server: SshServer;
let knownHosts: string;
before(async () => {
  server = await startSshServer();
  knownHosts = join(server.dir, 'known');
  writeFileSync(knownHosts, server.knownHost);
});
after(() => server.stop());

const path = (name: string) => join(server.dir, name);
const accepted = (of = server) => of.log().split('Accepted publickey').length - 1;
const temporary = () => readdirSync(tmpdir()).filter((name) => name.startsWith('kpt-ssh-'));

interface Trial extends Partial<Omit<ConnectOptions, 'prompts'>> {
  to?: SshServer;
  config?: readonly string[];
  answers?: (string | undefined)[];
  trustsUnknown?: boolean;
}

/** Options for the system's ssh, with everything that is asked and said. */
function trial({ to = server, config = [], answers = [], trustsUnknown = false, ...more }: Trial = {}) {
  const asked: string[] = [];
  const said: string[] = [];
  const file = path(`system-${Math.random()}`);
  const user = [`UserKnownHostsFile ${knownHosts}`, 'GlobalKnownHostsFile none', 'IdentityAgent none'];
  writeFileSync(file, [...config, ...user, 'IdentityFile none', ''].join('\n'));
  const options: ConnectOptions = {
    ...connectOptions(to, ''),
    sshConfigFile: file,
    sshClient: 'system',
    prompts: {
      confirmHostKey: ({ host, keyType, fingerprint }) => {
        asked.push(`${host} ${keyType} ${fingerprint}`);
        return Promise.resolve(trustsUnknown);
      },
      secret: ({ kind, prompt }) => {
        asked.push(`${kind}: ${prompt}`);
        return Promise.resolve(answers.shift());
      },
    },
    onProgress: (message) => said.push(message),
    ...more,
  };
  const open = () => openShell(parseTargetName(options.target) as SshTargetName, options);
  return { asked, said, options, open };
}

/** That there is no connection. */
const refused = (code: ErrorCode, open: () => Promise<RemoteShell>) =>
  fails(
    code,
    open().then((shell) => shell.dispose()),
  );

describe('commands', () => {
  test('go through one login, and leave nothing behind', async () => {
    const [before, folders] = [accepted(), temporary().length];
    const shell = await trial().open();
    const results = await Promise.all(
      [1, 2, 3].map((n) => runScript(shell, `cat; exit ${n}`, { input: Buffer.from(`text ${n}`) })),
    );
    assert.deepEqual(
      results.map(({ code, stdout }) => `${code} ${stdout}`),
      ['1 text 1', '2 text 2', '3 text 3'],
    );
    assert.equal(accepted() - before, 1);
    shell.dispose();
    assert.equal(temporary().length, folders);
  });

  test("that end with ssh's own exit code are no lost connection", async () => {
    const shell = await trial().open();
    assert.equal((await runScript(shell, 'exit 255')).code, 255);
    shell.dispose();
  });

  test('hear of a connection that is cut', async () => {
    const shell = await trial().open();
    const { process } = await startScript(shell, 'cat');
    process.stdout.resume();
    await server.cutConnections();
    assert.deepEqual(await process.ended, { code: undefined, signal: undefined, lost: true });
    await assert.rejects(runScript(shell, 'true'), { code: 'connection-lost' });
    shell.dispose();
  });

  test('carry a whole target: look, upload, agent', async () => {
    const { options } = trial({ distDir: fakeAssets(server.dir) });
    const target = await connectTarget(options);
    const agent = await target.startAgent();
    agent.input.write('echoed\n');
    let text = '';
    for await (const chunk of agent.output) {
      text += String(chunk);
      if (text.endsWith('echoed\n')) break;
    }
    assert.equal(text, 'hello serve\nechoed\n');
    agent.close();
    target.dispose();
  });

  test('carry a user to root by sudo, whose password goes through the one login', async () => {
    const bin = path('bin');
    mkdirSync(bin);
    writeSudo(bin, SUDO.password);
    // Who logs in here is root already; that is not to be seen.
    writeFileSync(join(bin, 'id'), '#!/bin/sh\n[ "$1" = -u ] && echo 1000 || echo me\n', { mode: 0o755 });
    const users = await startSshServer([], { PATH: `${bin}:${process.env.PATH}` });
    try {
      writeFileSync(knownHosts, users.knownHost, { flag: 'a' });
      const answers = ['wrong', 'right'];
      const { options, asked } = trial({ to: users, answers, distDir: fakeAssets(users.dir) });
      const target = await connectTarget(options);
      const agent = await target.startAgent();
      let text = '';
      for await (const chunk of agent.output) if ((text += String(chunk)).includes('\n')) break;
      assert.equal(text, 'hello serve\n');
      agent.close();
      target.dispose();
      assert.equal(target.facts.privilege, 'sudo-password');
      assert.deepEqual(
        asked.map((question) => question.replace(/:.*/s, '')),
        ['sudo', 'sudo'],
      );
      assert.equal(accepted(users), 1);
      assert.doesNotMatch(readFileSync(join(bin, 'sudo.log'), 'utf8'), /right|wrong/);
    } finally {
      await users.stop();
    }
  });
});

describe('questions', () => {
  test('a passphrase, asked for again when it was wrong', async () => {
    const key = path('locked');
    await generateKey(key, 'ed25519', 'open sesame');
    writeFileSync(path('authorized_keys'), readFileSync(`${key}.pub`), { flag: 'a' });
    const { open, asked } = trial({ identity: key, answers: ['wrong', 'open sesame'] });
    (await open()).dispose();
    assert.equal(asked.length, 2, asked.join('\n'));
    for (const question of asked) assert.ok(question.startsWith('passphrase: ') && question.includes(key));
  });

  test('a password that is not given, and one that is wrong', async () => {
    const config = ['NumberOfPasswordPrompts 1', 'KbdInteractiveAuthentication no'];
    const declined = trial({ identity: undefined, config });
    await refused('authentication', declined.open);
    assert.match(declined.asked.join(), /^password: .*password:$/);
    await refused('authentication', trial({ identity: undefined, config, answers: ['wrong'] }).open);
  });

  test('an unknown host: its fingerprint, and what ssh remembers', async () => {
    const file = path('empty_known_hosts');
    const config = [`UserKnownHostsFile ${file}`];
    await refused('host-key-unknown', trial({ config }).open);
    const { open, asked } = trial({ config, trustsUnknown: true });
    (await open()).dispose();
    const printed = await run('ssh-keygen', ['-l', '-f', `${server.hostKeyFile}.pub`]);
    assert.deepEqual(asked, [`[127.0.0.1]:${server.port} ED25519 ${printed.split(' ')[1]}`]);
    assert.ok(readFileSync(file, 'utf8').length > 0);
  });

  test('cancelling while something is asked ends ssh', async () => {
    const folders = temporary().length;
    const cancel = new AbortController();
    const { options } = trial({ identity: undefined, config: ['KbdInteractiveAuthentication no'] });
    const secret = () => {
      cancel.abort();
      return new Promise<undefined>(() => undefined);
    };
    const request = { ...options, signal: cancel.signal, prompts: { ...options.prompts, secret } };
    await assert.rejects(openShell(parseTargetName(options.target) as SshTargetName, request), {
      code: 'cancelled',
    });
    assert.equal(temporary().length, folders);
  });
});

describe('failures', () => {
  test('say what kind they are', async () => {
    await refused('host-unknown', trial({ target: 'root@no-such-host.invalid' }).open);
    const other = path('other_host_key');
    await generateKey(other);
    const changed = path('changed_known_hosts');
    const host = `[127.0.0.1]:${server.port}`;
    writeFileSync(changed, `${host} ${readFileSync(`${other}.pub`, 'utf8')}`);
    const error = await refused(
      'host-key-changed',
      trial({ config: [`UserKnownHostsFile ${changed}`] }).open,
    );
    assert.ok(error.message.includes(`${changed}:1`), error.message);
    assert.ok(error.remedy.includes(`ssh-keygen -f "${changed}" -R "${host}"`), error.remedy);
  });
});

describe('auto', () => {
  test('keeps to the built-in client where that works', async () => {
    const { open, said } = trial({ sshClient: 'auto' });
    (await open()).dispose();
    assert.doesNotMatch(said.join(), /system's ssh/);
  });

  test("takes the system's ssh for a certificate, and says so", async () => {
    const ca = path('ca');
    await generateKey(ca);
    const key = path('certified');
    await generateKey(key);
    await run('ssh-keygen', ['-q', '-s', ca, '-I', 'id', '-n', userInfo().username, `${key}.pub`]);
    const trusting = await startSshServer([`TrustedUserCAKeys ${ca}.pub`]);
    try {
      writeFileSync(knownHosts, trusting.knownHost, { flag: 'a' });
      const { open, said } = trial({ to: trusting, sshClient: 'auto', identity: key });
      (await open()).dispose();
      assert.match(
        said.join('\n'),
        /with the system's ssh, because .*certified-cert\.pub is an OpenSSH certificate/,
      );
    } finally {
      await trusting.stop();
    }
  });

  test('takes it for a host that knows no key exchange of ours', async () => {
    const modern = await startSshServer(['KexAlgorithms sntrup761x25519-sha512@openssh.com']);
    try {
      writeFileSync(knownHosts, modern.knownHost, { flag: 'a' });
      const { open, said } = trial({ to: modern, sshClient: 'auto' });
      (await open()).dispose();
      assert.match(said.join('\n'), /the built-in client and the host have no matching key exchange/);
    } finally {
      await modern.stop();
    }
  });

  test('takes it for a host that is known by a certificate authority', async () => {
    const ca = path('host_ca');
    await generateKey(ca);
    const key = path('certified_host');
    await generateKey(key, 'ecdsa');
    await run('ssh-keygen', ['-q', '-s', ca, '-I', 'h', '-h', '-n', '127.0.0.1', `${key}.pub`]);
    const certified = await startSshServer([`HostKey ${key}`, `HostCertificate ${key}-cert.pub`]);
    try {
      const authority = path('authority');
      const line = `@cert-authority [127.0.0.1]:${certified.port} ${readFileSync(`${ca}.pub`, 'utf8')}`;
      writeFileSync(authority, line);
      const config = [`UserKnownHostsFile ${authority}`, 'StrictHostKeyChecking yes'];
      const { said, open } = trial({ to: certified, sshClient: 'auto', config });
      (await open()).dispose();
      assert.match(said.join('\n'), /authority:1 trusts the host by a certificate authority/);
    } finally {
      await certified.stop();
    }
  });

  test("a connection that the user's ssh holds open is used", async () => {
    const socket = path('users-master');
    const config = [`ControlPath ${socket}`];
    const { open, options } = trial({ config });
    const args = ['-F', options.sshConfigFile ?? '', '-i', server.key, '-M', '-N', '-p', String(server.port)];
    const master = spawn('ssh', [...args, '127.0.0.1'], { stdio: 'ignore' });
    try {
      for (let attempt = 0; attempt < 200 && !existsSync(socket); attempt++) await sleep(50);
      const before = accepted();
      const shell = await open();
      assert.equal((await runScript(shell, 'echo through')).stdout, 'through\n');
      assert.equal(accepted(), before);
      shell.dispose();
    } finally {
      master.kill();
    }
  });
});
