import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ensureInstalled } from '../../../../../build/packages/debian.ts';
import { PacketTraceError } from '../../../../../extension/base/errors.ts';
import { listHosts, resolveSettings, settingsFrom } from '../../../../../extension/target/ssh/config.ts';
import { readConfigFor } from '../../../../../extension/target/ssh/config-file.ts';
import { parseTargetName } from '../../../../../extension/target/target-name.ts';
import type { SshTargetName } from '../../../../../extension/target/target-name.ts';

const quiet = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
let dir: string;
let config: string;

before(async () => {
  await ensureInstalled(['openssh-client']);
  dir = mkdtempSync(join(tmpdir(), 'kpt-config-'));
  config = join(dir, 'config');
  mkdirSync(join(dir, 'config.d'));
  writeFileSync(join(dir, 'config.d', 'b.conf'), 'Host second\n  HostName second.example\n');
  writeFileSync(join(dir, 'config.d', 'a.conf'), 'Host first other\n  HostName first.example\n  Port 2201\n');
  writeFileSync(join(dir, 'config.d', 'c.txt'), 'Host unread\n');
  writeFileSync(
    config,
    `Include ${dir}/config.d/*.conf
Host lab lab-*
  HostName 127.0.0.1
  Port 2222
  User admin
  IdentityFile ~/.ssh/%h_key
  IdentityFile "${dir}/my key"
  IdentitiesOnly yes
  IdentityAgent ${dir}/agent.sock
  UserKnownHostsFile ${dir}/known ${dir}/known2
  ProxyJump jumper@gate:2200,second
  ConnectTimeout 7
Host wall
  HostKeyAlias the-wall
  ProxyCommand connect %h %p %r %n %%
  IdentityAgent none
Match host marked exec "touch ${dir}/executed"
  Port 9
Host *
  User everybody
`,
  );
});
after(() => rmSync(dir, { recursive: true, force: true }));

const name = (text: string) => parseTargetName(text) as SshTargetName;

/** Both readers must agree: ssh's own, and ours for machines without ssh. */
for (const reader of ['ssh -G', 'files']) {
  const resolve = async (text: string) =>
    reader === 'ssh -G'
      ? resolveSettings(name(text), config, quiet)
      : settingsFrom(await readConfigFor(name(text), config), name(text));

  test(`${reader}: an alias with everything`, async () => {
    const settings = await resolve('lab');
    assert.equal(settings.hostName, '127.0.0.1');
    assert.equal(settings.port, 2222);
    assert.equal(settings.user, 'admin');
    assert.deepEqual(settings.identityFiles, [join(homedir(), '.ssh/127.0.0.1_key'), `${dir}/my key`]);
    assert.equal(settings.identitiesOnly, true);
    assert.equal(settings.agentSocket, `${dir}/agent.sock`);
    assert.deepEqual(settings.knownHostsFiles.slice(0, 2), [`${dir}/known`, `${dir}/known2`]);
    assert.equal(settings.proxyJump, 'jumper@gate:2200,second');
    assert.equal(settings.connectTimeoutMs, 7000);
  });

  test(`${reader}: what the user typed goes first`, async () => {
    const settings = await resolve('root@lab:22');
    assert.equal(settings.user, 'root');
    assert.equal(settings.port, 22);
    assert.equal(settings.hostName, '127.0.0.1');
  });

  test(`${reader}: includes, and the rest for everybody`, async () => {
    const settings = await resolve('first');
    assert.equal(settings.hostName, 'first.example');
    assert.equal(settings.port, 2201);
    assert.equal(settings.user, 'everybody');
  });

  test(`${reader}: alias, proxy command, no agent, defaults`, async () => {
    const settings = await resolve('wall');
    assert.equal(settings.hostKeyAlias, 'the-wall');
    assert.equal(settings.proxyCommand, 'connect wall 22 everybody wall %');
    assert.equal(settings.agentSocket, undefined);
    assert.ok(settings.identityFiles.includes(join(homedir(), '.ssh/id_ed25519')));
    assert.equal(settings.connectTimeoutMs, 20_000);
    assert.equal(settings.proxyJump, undefined);
  });
}

test('our reader executes nothing', async () => {
  const values = await readConfigFor({ host: 'marked' }, config);
  assert.equal(values.get('port'), undefined);
  assert.deepEqual(values.get('user'), ['everybody']);
});

test('a mistake in the configuration is named', async () => {
  const bad = join(dir, 'bad');
  writeFileSync(bad, 'Host x\n  NoSuchOption yes\n');
  await assert.rejects(
    resolveSettings(name('x'), bad, quiet),
    (error) =>
      error instanceof PacketTraceError && error.code === 'usage' && /nosuchoption/i.test(error.message),
  );
});

test('without ssh, and with one that hangs, the files are read', async () => {
  const path = process.env.PATH;
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  try {
    process.env.PATH = bin;
    assert.equal((await resolveSettings(name('lab'), config, quiet)).port, 2222);
    writeFileSync(join(bin, 'ssh'), '#!/bin/sh\nexec /bin/sleep 60\n');
    chmodSync(join(bin, 'ssh'), 0o755);
    assert.equal((await resolveSettings(name('lab'), config, quiet)).port, 2222);
  } finally {
    process.env.PATH = path;
  }
});

test('hosts for the picker: named ones only, includes too', async () => {
  assert.deepEqual(await listHosts(config), ['first', 'other', 'second', 'lab', 'wall']);
  assert.deepEqual(await listHosts(join(dir, 'missing')), []);
});
