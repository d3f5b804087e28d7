/** Reaching a real sshd, with everything that can be wrong about host keys, keys and the way there. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../../../build/run.ts';
import { PacketTraceError } from '../../../../extension/base/errors.ts';
import type { ErrorCode } from '../../../../extension/base/errors.ts';
import { connectTarget } from '../../../../extension/target/connect.ts';
import type { ConnectOptions, Prompts } from '../../../../extension/target/connection.ts';
import {
  connectOptions,
  fakeAssets,
  freePort,
  generateKey,
  startSshServer,
} from '../../../support/ssh-server.ts';
import type { SshServer } from '../../../support/ssh-server.ts';

let server: SshServer;
let assets: string;

before(async () => {
  server = await startSshServer();
  assets = fakeAssets(server.dir);
});
after(() => server.stop());

const options = (more: Partial<ConnectOptions> = {}) => connectOptions(server, assets, more);
const knows = (line: string) => ({ read: () => Promise.resolve(line), append: () => Promise.resolve() });

/** Connects and disconnects. */
async function connects(more: Partial<ConnectOptions>): Promise<void> {
  const target = await connectTarget(options(more));
  target.dispose();
}

async function fails(
  code: ErrorCode,
  message: RegExp,
  more: Partial<ConnectOptions>,
): Promise<PacketTraceError> {
  const error: unknown = await connects(more).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof PacketTraceError, `expected ${code}, got ${String(error)}`);
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  if (code !== 'cancelled') assert.notEqual(error.remedy, '');
  return error;
}

/** Answers secrets from a list and keeps the questions. */
function answering(...answers: (string | undefined)[]): Prompts & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    confirmHostKey: (question) => {
      asked.push(`host ${question.host} ${question.keyType} ${question.fingerprint}`);
      return Promise.resolve(true);
    },
    secret: (question) => {
      asked.push(`${question.kind}: ${question.prompt}`);
      return Promise.resolve(answers.shift());
    },
  };
}

describe('host keys', () => {
  test('known: nothing is asked', async () => {
    const prompts = answering();
    await connects({ prompts });
    assert.deepEqual(prompts.asked, []);
  });

  test("known by the user's own known_hosts file, hashed", async () => {
    const file = join(server.dir, 'users_known_hosts');
    const config = join(server.dir, 'hashed_config');
    writeFileSync(file, server.knownHost);
    await run('ssh-keygen', ['-H', '-f', file]);
    const before = readFileSync(file);
    writeFileSync(config, `UserKnownHostsFile ${file}\nGlobalKnownHostsFile none\nIdentityAgent none\n`);
    await connects({ sshConfigFile: config, hostKeys: knows('') });
    assert.deepEqual(readFileSync(file), before);
  });

  test('unknown and accepted: remembered in our store, in known_hosts format', async () => {
    const prompts = answering();
    let store = '';
    const hostKeys = {
      read: () => Promise.resolve(store),
      append: (line: string) => {
        store += `${line}\n`;
        return Promise.resolve();
      },
    };
    await connects({ prompts, hostKeys });
    const printed = await run('ssh-keygen', ['-l', '-f', `${server.hostKeyFile}.pub`]);
    assert.deepEqual(prompts.asked, [`host [127.0.0.1]:${server.port} ssh-ed25519 ${printed.split(' ')[1]}`]);
    assert.equal(store.trim(), server.knownHost.split(' ').slice(0, 3).join(' ').trim());
    await connects({ prompts, hostKeys });
    assert.equal(prompts.asked.length, 1);
  });

  test('unknown and declined', async () => {
    const stored: string[] = [];
    const append = (line: string) => {
      stored.push(line);
      return Promise.resolve();
    };
    const error = await fails('host-key-unknown', /not known.*SHA256:/, {
      hostKeys: { read: () => Promise.resolve(''), append },
    });
    assert.ok(error.message.includes(`[127.0.0.1]:${server.port}`));
    assert.deepEqual(stored, []);
  });

  for (const [what, make] of [
    ['changed', (host: string, other: string) => `${host} ${other}`],
    ['of another type only', (host: string, _other: string, ecdsa: string) => `${host} ${ecdsa}`],
    ['revoked', (host: string, _other: string, _ecdsa: string, own: string) => `@revoked ${host} ${own}`],
  ] as const) {
    test(`${what}: refused without a question, a password or an authentication`, async () => {
      await generateKey(join(server.dir, `other-${what}`));
      await generateKey(join(server.dir, `ecdsa-${what}`), 'ecdsa');
      const publicKey = (file: string) => readFileSync(`${join(server.dir, file)}.pub`, 'utf8').trim();
      const own = server.knownHost.split(' ').slice(1, 3).join(' ').trim();
      const line = make(
        `[127.0.0.1]:${server.port}`,
        publicKey(`other-${what}`),
        publicKey(`ecdsa-${what}`),
        own,
      );
      const prompts = answering('secret');
      const logBefore = server.log().length;
      const error = await fails('host-key-changed', /127\.0\.0\.1/, {
        hostKeys: knows(line),
        prompts,
        identity: undefined,
      });
      assert.match(error.message, /Nothing was sent/);
      assert.deepEqual(prompts.asked, []);
      await sleep(100);
      assert.doesNotMatch(server.log().slice(logBefore), /Accepted|Failed|authenticating user/);
    });
  }

  test('a key that is known goes before better ones that are not', async () => {
    const second = join(server.dir, 'host_ecdsa');
    await generateKey(second, 'ecdsa');
    const two = await startSshServer([`HostKey ${second}`]);
    try {
      const line = `[127.0.0.1]:${two.port} ${readFileSync(`${second}.pub`, 'utf8')}`;
      const target = await connectTarget(connectOptions(two, assets, { hostKeys: knows(line) }));
      target.dispose();
    } finally {
      await two.stop();
    }
  });
});

describe('the way there', () => {
  test('a host name that does not exist', async () => {
    await fails('host-unknown', /no-such-host\.invalid/, { target: 'root@no-such-host.invalid' });
  });

  test('a port where nobody listens', async () => {
    const port = await freePort();
    await fails('connection-refused', new RegExp(`127.0.0.1.*${port}`), { target: `root@127.0.0.1:${port}` });
  });

  test('a server that says nothing, and one that is not SSH', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const config = join(server.dir, 'hasty');
    writeFileSync(config, 'ConnectTimeout 1\nIdentityAgent none\n');
    const target = `root@127.0.0.1:${(silent.address() as AddressInfo).port}`;
    await fails('connection-timeout', /did not answer within 1 second/, { target, sshConfigFile: config });
    silent.on('connection', (socket) => socket.end('HTTP/1.0 400 Bad Request\r\n\r\n'));
    await fails('connection-refused', /no SSH session/, { target, sshConfigFile: config });
    silent.close();
  });

  test('cancelled while connecting', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const abort = new AbortController();
    silent.on('connection', (socket) => {
      socket.on('error', () => undefined);
      abort.abort();
    });
    const target = `root@127.0.0.1:${(silent.address() as AddressInfo).port}`;
    await fails('cancelled', /Cancelled/, { target, signal: abort.signal });
    silent.close();
  });

  test('ProxyJump: each hop is verified; the stream goes through it', async () => {
    const config = join(server.dir, 'jump_config');
    const jumpKey = join(server.dir, 'jump_key');
    copyFileSync(server.key, jumpKey);
    chmodSync(jumpKey, 0o600);
    const jump = await startSshServer();
    try {
      copyFileSync(jump.key, jumpKey);
      writeFileSync(
        config,
        `Host inner\n  HostName 127.0.0.1\n  Port ${server.port}\n  ProxyJump gate\nHost gate\n  HostName 127.0.0.1\n  Port ${jump.port}\n  IdentityFile ${jumpKey}\nHost *\n  IdentityAgent none\n  User ${userInfo().username}\n  UserKnownHostsFile none\n`,
      );
      const inner = { target: 'inner', sshConfigFile: config };
      await connects({ ...inner, hostKeys: knows(server.knownHost + jump.knownHost) });
      assert.match(jump.log(), /Accepted publickey/);
      const error = await fails('host-key-unknown', /not known/, {
        ...inner,
        hostKeys: knows(server.knownHost),
      });
      assert.ok(error.message.includes(String(jump.port)));
      await fails('host-key-unknown', new RegExp(String(server.port)), {
        ...inner,
        hostKeys: knows(jump.knownHost),
      });
      writeFileSync(
        config,
        readFileSync(config, 'utf8').replace(`Port ${server.port}`, `Port ${await freePort()}`),
      );
      await fails('connection-refused', /could not open the way/, {
        ...inner,
        hostKeys: knows(server.knownHost + jump.knownHost),
      });
    } finally {
      await jump.stop();
    }
  });

  test('jumps that go in circles end', async () => {
    const config = join(server.dir, 'circle');
    writeFileSync(config, 'Host a\n  ProxyJump b\nHost b\n  ProxyJump a\n');
    await fails('usage', /more than 10 jump hosts/, { target: 'a', sshConfigFile: config });
  });

  test('ProxyCommand', async () => {
    const config = join(server.dir, 'proxy_config');
    const relay = `const s=require('net').connect(+process.argv[2],process.argv[1]);process.stdin.pipe(s).pipe(process.stdout)`;
    const write = (command: string) =>
      writeFileSync(
        config,
        `Host behind\n  HostName 127.0.0.1\n  Port ${server.port}\n  ProxyCommand ${command}\nHost *\n  IdentityAgent none\n  User ${userInfo().username}\n  UserKnownHostsFile none\n`,
      );
    write(`'${process.execPath}' -e "${relay}" %h %p`);
    await connects({ target: 'behind', sshConfigFile: config });
    write('sh -c "echo the tunnel is closed >&2; exit 3"');
    await fails('connection-refused', /the tunnel is closed/, { target: 'behind', sshConfigFile: config });
  });
});

describe('keys', () => {
  test('a key that the host does not know', async () => {
    const key = join(server.dir, 'wrong_key');
    await generateKey(key);
    const error = await fails('authentication', /wrong_key/, { identity: key });
    assert.match(error.message, /publickey/);
  });

  test('identity files that cannot be used are named before anything is contacted', async () => {
    const none = { target: `root@127.0.0.1:${await freePort()}` };
    const file = (name: string, content: string) => {
      writeFileSync(join(server.dir, name), content);
      return join(server.dir, name);
    };
    await fails('identity-file', /does not exist/, { ...none, identity: join(server.dir, 'missing') });
    await fails('identity-file', /is a folder/, { ...none, identity: server.dir });
    await fails('identity-file', /not a private key/, { ...none, identity: file('text', 'hello\n') });
    await fails('identity-file', /not a private key/, { ...none, identity: file('empty', '') });
  });

  test('certificates and FIDO keys are recognised', async () => {
    const key = join(server.dir, 'cert_key');
    await generateKey(key);
    await run('ssh-keygen', ['-q', '-s', server.key, '-I', 'id', '-n', 'root', `${key}.pub`]);
    await fails('identity-file', /OpenSSH certificate/, { identity: `${key}-cert.pub` });
    // A FIDO key needs its hardware to be made: this is the beginning of the format alone.
    const string = (text: string | Buffer) => {
      const data = Buffer.from(text as string);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(data.length);
      return Buffer.concat([length, data]);
    };
    const publicKey = Buffer.concat([
      string('sk-ssh-ed25519@openssh.com'),
      string(Buffer.alloc(32)),
      string('ssh:'),
    ]);
    const body = Buffer.concat([
      Buffer.from('openssh-key-v1\0'),
      string('none'),
      string('none'),
      string(''),
      Buffer.from([0, 0, 0, 1]),
      string(publicKey),
      string(Buffer.alloc(64)),
    ]);
    const fido = join(server.dir, 'fido');
    writeFileSync(
      fido,
      `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`,
    );
    await fails('identity-file', /FIDO/, { identity: fido });
  });

  for (const [format, args] of [
    ['OpenSSH', []],
    ['PEM with .pub', ['-m', 'PEM']],
  ] as const) {
    test(`an encrypted key (${format}): passphrase asked for, wrong ones too`, async () => {
      const key = join(server.dir, `encrypted-${format.split(' ')[0]}`);
      await generateKey(key, 'rsa', 'open sesame', [...args]);
      authorize(key);
      const prompts = answering('wrong', 'open sesame');
      await connects({ identity: key, prompts });
      assert.deepEqual(prompts.asked, [
        `passphrase: Passphrase for the key ${key}`,
        `passphrase: Wrong passphrase. Passphrase for the key ${key}`,
      ]);
      await fails('identity-file', /no passphrase was given/, { identity: key, prompts: answering() });
      await fails('identity-file', /passphrase was wrong/, {
        identity: key,
        prompts: answering('a', 'b', 'c', 'd'),
      });
    });
  }

  test('no passphrase is asked for a key that the host would not take', async () => {
    const key = join(server.dir, 'encrypted_stranger');
    await generateKey(key, 'ed25519', 'open sesame');
    const prompts = answering('open sesame');
    await fails('authentication', /encrypted_stranger/, { identity: key, prompts });
    assert.deepEqual(
      prompts.asked.filter((question) => question.startsWith('passphrase')),
      [],
    );
  });

  test('nothing is asked of an unverified host, not even for an encrypted key', async () => {
    const key = join(server.dir, 'encrypted_early');
    await generateKey(key, 'ed25519', 'open sesame');
    const prompts = { ...answering('open sesame'), confirmHostKey: () => Promise.resolve(false) };
    await fails('host-key-unknown', /not known/, { identity: key, prompts, hostKeys: knows('') });
    assert.deepEqual(prompts.asked, []);
  });
});

describe('SSH agent', () => {
  let agent: ChildProcess;
  let socket: string;
  before(async () => {
    socket = join(server.dir, 'agent.sock');
    agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    const env = { ...process.env, SSH_AUTH_SOCK: socket };
    for (let attempt = 0; attempt < 100; attempt++) {
      // Exit code 1: it answers and holds nothing.
      const answers = await run('ssh-add', ['-l'], { env }).catch((error: Error) => error.message);
      if (answers.includes('no identities')) break;
      await sleep(50);
    }
    const key = join(server.dir, 'agent_key');
    await generateKey(key);
    authorize(key);
    await run('ssh-add', ['-q', key], { env });
    // The same key, encrypted on disk.
    await run('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'open sesame', '-f', key]);
  });
  after(() => agent.kill());

  const config = (name: string, lines: string[]) => {
    const file = join(server.dir, name);
    writeFileSync(file, ['UserKnownHostsFile none', ...lines, ''].join('\n'));
    return file;
  };

  test('its key lets us in, by IdentityAgent', async () => {
    const sshConfigFile = config('agent_config', [`IdentityAgent ${socket}`, 'IdentityFile none']);
    await connects({ identity: undefined, sshConfigFile });
  });

  test('an encrypted key file that the agent holds needs no passphrase', async () => {
    const prompts = answering();
    const sshConfigFile = config('agent_config2', [`IdentityAgent ${socket}`, 'IdentityFile none']);
    await connects({ identity: join(server.dir, 'agent_key'), sshConfigFile, prompts });
    assert.deepEqual(prompts.asked, []);
  });

  test('IdentitiesOnly keeps its other keys back', async () => {
    const stranger = join(server.dir, 'only_key');
    await generateKey(stranger);
    const sshConfigFile = config('agent_config3', [
      `IdentityAgent ${socket}`,
      'IdentitiesOnly yes',
      `IdentityFile ${stranger}`,
    ]);
    const error = await fails('authentication', /only_key/, { identity: undefined, sshConfigFile });
    assert.doesNotMatch(error.message, /SSH agent\)/);
  });

  test('an agent that is not there is no error', async () => {
    const sshConfigFile = config('agent_config4', [`IdentityAgent ${socket}.missing`, 'IdentityFile none']);
    await connects({ sshConfigFile });
  });
});

function authorize(key: string): void {
  writeFileSync(join(server.dir, 'authorized_keys'), readFileSync(`${key}.pub`), { flag: 'a' });
}
