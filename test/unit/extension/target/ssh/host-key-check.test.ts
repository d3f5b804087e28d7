/** What the user's SSH configuration and our own store say about the key that a real sshd shows. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run } from '../../../../../build/run.ts';
import { forgetHost } from '../../../../../extension/target/ssh/forget-host.ts';
import { hostKeyFile } from '../../../../../extension/target/ssh/host-key-file.ts';
import { logIn, loginFails } from '../../../../support/ssh-login.ts';
import { generateKey, startSshServer } from '../../../../support/ssh-server.ts';
import type { SshServer } from '../../../../support/ssh-server.ts';

let server: SshServer;
let host: string;
before(async () => {
  server = await startSshServer();
  host = `[127.0.0.1]:${server.port}`;
});
after(() => server.stop());

const path = (name: string) => join(server.dir, name);
const login = () => ({ to: server, identity: server.key });
const empty = { read: () => Promise.resolve(''), append: () => Promise.resolve() };
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** A line about the server with another key. */
async function otherKey(name: string): Promise<string> {
  await generateKey(path(name));
  return `${host} ${readFileSync(`${path(name)}.pub`, 'utf8')}`;
}

describe('a key that changed', () => {
  test('in our own store: the remedy names that file, and helps when followed word by word', async () => {
    const store = hostKeyFile(path('own store'));
    await store.append(await otherKey('before'));
    await store.append(`elsewhere ${readFileSync(path('before.pub'), 'utf8')}`);
    const error = await loginFails('host-key-changed', { ...login(), hostKeys: store });
    assert.ok(error.message.includes(`${store.file}:1`), error.message);
    const command = /remove the old key: (ssh-keygen .*)\.$/.exec(error.remedy)?.[1];
    assert.equal(command, `ssh-keygen -f '${store.file}' -R '${host}'`);
    execFileSync('sh', ['-c', command], { stdio: 'ignore' });
    const { asked } = await logIn({ ...login(), hostKeys: store, trustsUnknown: true });
    assert.equal(asked.length, 1);
    assert.match(await store.read(), /^elsewhere /m);
  });

  test('in a store with a way of its own to forget keys: that way is told', async () => {
    const store = hostKeyFile(path('store2'), (name) => `run: forget ${name}`);
    await store.append(await otherKey('before2'));
    const error = await loginFails('host-key-changed', { ...login(), hostKeys: store });
    assert.ok(error.remedy.endsWith(`run: forget ${host}.`), error.remedy);
  });

  test("in the user's file: that file is named; a pattern is to be corrected by hand", async () => {
    const users = path('users_known_hosts');
    writeFileSync(users, await otherKey('before3'));
    const config = [`UserKnownHostsFile ${users}`];
    const plain = await loginFails('host-key-changed', { ...login(), hostKeys: empty, config });
    assert.ok(plain.remedy.includes(`ssh-keygen -f '${users}' -R '${host}'`), plain.remedy);
    writeFileSync(users, (await otherKey('before4')).replace('127.0.0.1', '127.0.*'));
    const pattern = await loginFails('host-key-changed', { ...login(), hostKeys: empty, config });
    assert.ok(pattern.remedy.includes(`correct ${users}:1 by hand`), pattern.remedy);
  });
});

describe('forgetting a host', () => {
  test('by the name in errors, by a target and by an alias', async () => {
    const config = path('alias_config');
    writeFileSync(config, `Host vm\n  HostName 127.0.0.1\n  Port ${server.port}\n`);
    const line = await otherKey('forgotten');
    for (const name of [host, `127.0.0.1:${server.port}`, 'vm']) {
      const store = hostKeyFile(path('forgetful'));
      writeFileSync(store.file, `other ${line.slice(host.length + 1)}${line}`);
      const gone = await forgetHost(name, store, { sshConfigFile: config, log });
      assert.deepEqual(
        gone.map(({ hosts, keyType }) => `${hosts} ${keyType}`),
        [`${host} ssh-ed25519`],
      );
      assert.deepEqual(
        (await store.list()).map(({ hosts }) => hosts),
        ['other'],
      );
      assert.deepEqual(await forgetHost(name, store, { sshConfigFile: config, log }), []);
    }
  });
});

describe('StrictHostKeyChecking', () => {
  test('yes refuses an unknown host without a question', async () => {
    const config = ['StrictHostKeyChecking yes'];
    const error = await loginFails('host-key-unknown', { ...login(), hostKeys: empty, config });
    assert.deepEqual(error.asked, []);
    assert.match(error.message, /StrictHostKeyChecking/);
  });

  test('accept-new and no remember it without a question, and never take a changed key', async () => {
    for (const value of ['accept-new', 'no']) {
      const store = hostKeyFile(path(`store-${value}`));
      const config = [`StrictHostKeyChecking ${value}`];
      const { asked, warnings } = await logIn({ ...login(), hostKeys: store, config });
      assert.deepEqual(asked, []);
      assert.match(warnings.join(), /was accepted.*StrictHostKeyChecking/);
      assert.ok((await store.read()).startsWith(host));
      writeFileSync(store.file, await otherKey(`changed-${value}`));
      await loginFails('host-key-changed', { ...login(), hostKeys: store, config });
    }
  });

  test('what the user says here goes before it', async () => {
    const config = ['StrictHostKeyChecking yes'];
    const asking = { ...login(), hostKeys: empty, config, hostKeyCheck: 'ask', trustsUnknown: true } as const;
    assert.equal((await logIn(asking)).asked.length, 1);
  });
});

describe('NoHostAuthenticationForLocalhost', () => {
  const config = ['NoHostAuthenticationForLocalhost yes'];

  test('any key of this machine is taken, and none remembered', async () => {
    const store = hostKeyFile(path('of this machine'));
    for (const known of ['', await otherKey('before this')]) {
      if (known !== '') await store.append(known);
      const { asked } = await logIn({ ...login(), hostKeys: store, config });
      assert.deepEqual(asked, []);
      assert.equal(await store.read().catch(() => ''), known);
    }
    await loginFails('host-key-changed', { ...login(), hostKeys: store });
  });

  test('a revoked one is not, nor that of a machine behind a HostKeyAlias', async () => {
    const key = server.knownHost.split(' ').slice(1).join(' ');
    const revoked = { ...empty, read: () => Promise.resolve(`@revoked * ${key}`) };
    await loginFails('host-key-changed', { ...login(), hostKeys: revoked, config });
    const alias = [...config, 'HostKeyAlias forwarded'];
    await loginFails('host-key-unknown', { ...login(), hostKeys: empty, config: alias });
  });
});

test('HostKeyAlias is the name that the key is known by, without a port', async () => {
  const config = ['HostKeyAlias the-vm'];
  const store = hostKeyFile(path('alias-store'));
  await logIn({ ...login(), hostKeys: store, config, trustsUnknown: true });
  assert.match(await store.read(), /^the-vm ssh-ed25519 /);
  assert.deepEqual((await logIn({ ...login(), hostKeys: store, config })).asked, []);
});

test('a name that would be a pattern in the store is not written there', async () => {
  const store = hostKeyFile(path('pattern-store'));
  const config = ['HostKeyAlias *,web1'];
  const { warnings } = await logIn({ ...login(), hostKeys: store, config, trustsUnknown: true });
  assert.match(warnings.join(), /not remembered/);
  assert.equal(await store.read(), '');
});

test('a store that cannot be written is a warning', async () => {
  // Below a file, as on a read-only file system.
  const hostKeys = hostKeyFile(join(server.key, 'known_hosts'));
  const { warnings } = await logIn({ ...login(), hostKeys, trustsUnknown: true });
  assert.match(warnings.join(), /could not be remembered/);
});

describe('RevokedHostKeys', () => {
  const revoked = (file: string) =>
    loginFails('host-key-changed', { ...login(), config: [`RevokedHostKeys ${file}`] });

  test('a list of keys, and a key revocation list', async () => {
    const list = path('revoked');
    writeFileSync(list, `# stolen\n${readFileSync(`${server.hostKeyFile}.pub`, 'utf8')}`);
    assert.match((await revoked(list)).message, /lists it as revoked\. Nothing was sent/);
    const krl = path('revoked.krl');
    await run('ssh-keygen', ['-q', '-k', '-f', krl, `${server.hostKeyFile}.pub`]);
    assert.match((await revoked(krl)).message, /lists it as revoked/);
  });

  test('lists without the key let it pass', async () => {
    const other = await otherKey('not-revoked');
    const list = path('others');
    writeFileSync(list, other.slice(host.length + 1));
    await logIn({ ...login(), config: [`RevokedHostKeys ${list}`] });
    await run('ssh-keygen', ['-q', '-k', '-f', path('others.krl'), `${path('not-revoked')}.pub`]);
    await logIn({ ...login(), config: [`RevokedHostKeys ${path('others.krl')}`] });
  });

  test('a list that cannot be read revokes every key, as in ssh', async () => {
    assert.match((await revoked(path('no-list'))).message, /cannot be read/);
  });
});
