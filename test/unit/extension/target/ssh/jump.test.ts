/** Ways to a host over others: what a limit, a cancellation and a passphrase mean there. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import ssh2 from 'ssh2';
import { PacketTraceError } from '../../../../../extension/base/errors.ts';
import { connectSsh } from '../../../../../extension/target/ssh/jump.ts';
import { connectOptions, generateKey, startSshServer } from '../../../../support/ssh-server.ts';
import type { SshServer } from '../../../../support/ssh-server.ts';

let server: SshServer;
before(async () => (server = await startSshServer()));
after(() => server.stop());

/** A jump host that lets everybody in and never opens the way on. */
async function startIdleJump(): Promise<{ port: number; asked: Promise<void>; stop(): void }> {
  let ask: () => void;
  const asked = new Promise<void>((resolve) => (ask = resolve));
  const jump = new ssh2.Server({ hostKeys: [readFileSync(server.hostKeyFile)] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (context) => context.accept());
    client.on('tcpip', () => ask());
  });
  await new Promise<void>((resolve) => jump.listen(0, '127.0.0.1', resolve));
  return { port: (jump.address() as AddressInfo).port, asked, stop: () => jump.close() };
}

function config(lines: string[]): string {
  const file = join(server.dir, 'jump_test_config');
  const all = [
    'Host *',
    `  User ${userInfo().username}`,
    '  IdentityAgent none',
    '  UserKnownHostsFile none',
  ];
  writeFileSync(file, [...lines, ...all, ''].join('\n'));
  return file;
}

const inner = { kind: 'ssh', user: undefined, host: 'inner', port: undefined } as const;
const trustAll = (...ports: number[]) => {
  const key = server.knownHost.slice(server.knownHost.indexOf(' ') + 1);
  const text = ports.map((port) => `[127.0.0.1]:${port} ${key}`).join('');
  return { read: () => Promise.resolve(text), append: () => Promise.resolve() };
};

test('cancelling and ConnectTimeout end the wait for a jump host that opens no way', async () => {
  const jump = await startIdleJump();
  try {
    const lines = (timeout: number) => [
      ...['Host inner', '  HostName 192.0.2.1', '  ProxyJump gate', `  ConnectTimeout ${timeout}`],
      ...['Host gate', '  HostName 127.0.0.1', `  Port ${jump.port}`],
    ];
    const options = { ...connectOptions(server, ''), identity: undefined, hostKeys: trustAll(jump.port) };
    const cancel = new AbortController();
    void jump.asked.then(() => cancel.abort());
    await assert.rejects(
      connectSsh(inner, { ...options, sshConfigFile: config(lines(60)), signal: cancel.signal }),
      (error) => error instanceof PacketTraceError && error.code === 'cancelled',
    );
    await assert.rejects(
      connectSsh(inner, { ...options, sshConfigFile: config(lines(1)) }),
      (error) => error instanceof PacketTraceError && error.code === 'connection-timeout',
    );
  } finally {
    jump.stop();
  }
});

/** A host that counts failures as sshd does (auth2.c): the first "none" is free. @param tries its MaxAuthTries */
async function startStrict(password: string, tries: number) {
  const tried: string[] = [];
  const host = new ssh2.Server({ hostKeys: [readFileSync(server.hostKeyFile)] }, (client) => {
    let failures = 0;
    client.on('error', () => undefined);
    client.on('authentication', (context) => {
      const isFree = context.method === 'none' && tried.length === 0;
      tried.push(context.method);
      if (context.method === 'password' && context.password === password) context.accept();
      else if (isFree || ++failures < tries) context.reject(['publickey', 'password']);
      else client.end();
    });
  });
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
  return { port: (host.address() as AddressInfo).port, tried, stop: () => host.close() };
}

for (const tries of [2, 6]) {
  test(`MaxAuthTries ${tries} behind a jump host: the right password is let in as the last try, after wrong keys`, async () => {
    const strict = await startStrict('right', tries);
    try {
      const strangers = Array.from({ length: tries - 1 }, (_, n) =>
        join(server.dir, `stranger-${tries}-${n}`),
      );
      for (const stranger of strangers) await generateKey(stranger);
      const lines = [
        ...['Host inner', `  Port ${strict.port}`, '  ProxyJump gate'],
        ...strangers.map((stranger) => `  IdentityFile ${stranger}`),
        ...['Host gate', `  Port ${server.port}`, `  IdentityFile ${server.key}`],
        ...['Host inner gate', '  HostName 127.0.0.1'],
      ];
      const asked: string[] = [];
      const client = await connectSsh(inner, {
        ...connectOptions(server, ''),
        identity: undefined,
        hostKeys: trustAll(server.port, strict.port),
        sshConfigFile: config(lines),
        prompts: {
          confirmHostKey: () => Promise.resolve(false),
          secret: ({ kind }) => {
            asked.push(kind);
            return Promise.resolve('right');
          },
        },
      });
      client.dispose();
      assert.deepEqual(asked, ['password']);
      assert.deepEqual(strict.tried, ['none', ...strangers.map(() => 'publickey'), 'password']);
    } finally {
      strict.stop();
    }
  });
}

test('a key that is unlocked for a jump host is not asked for again behind it', async () => {
  const key = join(server.dir, 'hops_key');
  await generateKey(key, 'ed25519', 'open sesame');
  writeFileSync(join(server.dir, 'authorized_keys'), readFileSync(`${key}.pub`), { flag: 'a' });
  const lines = [
    ...['Host inner', '  ProxyJump gate', 'Host inner gate', '  HostName 127.0.0.1'],
    ...[`  Port ${server.port}`, `  IdentityFile ${key}`],
  ];
  const asked: string[] = [];
  const client = await connectSsh(inner, {
    ...connectOptions(server, ''),
    identity: undefined,
    sshConfigFile: config(lines),
    prompts: {
      confirmHostKey: () => Promise.resolve(false),
      secret: ({ prompt }) => {
        asked.push(prompt);
        return Promise.resolve('open sesame');
      },
    },
  });
  client.dispose();
  assert.deepEqual(asked, [`Passphrase for the key ${key}`]);
});

test('what a ProxyCommand says while it waits is told at once', async () => {
  const script = join(server.dir, 'relay.cjs');
  writeFileSync(
    script,
    `console.error('open https://login.example');
const s = require('net').connect(+process.argv[3], process.argv[2]);
process.stdin.pipe(s).pipe(process.stdout);`,
  );
  const file = config([
    ...['Host inner', '  HostName 127.0.0.1', `  Port ${server.port}`],
    `  ProxyCommand '${process.execPath}' '${script}' %h %p`,
  ]);
  const progress: string[] = [];
  const client = await connectSsh(inner, {
    ...connectOptions(server, ''),
    sshConfigFile: file,
    onProgress: (message) => progress.push(message),
  });
  client.dispose();
  assert.ok(progress.includes('The ProxyCommand says: "open https://login.example"'), progress.join('\n'));
});
