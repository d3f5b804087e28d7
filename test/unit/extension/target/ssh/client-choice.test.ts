import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import { ensureInstalled } from '../../../../../build/packages/debian.ts';
import { run } from '../../../../../build/run.ts';
import { reasonForSystem } from '../../../../../extension/target/ssh/client-choice.ts';
import { readConfigFor } from '../../../../../extension/target/ssh/config-file.ts';
import { settingsFrom } from '../../../../../extension/target/ssh/config.ts';
import { startSshAgent } from '../../../../support/ssh-agent.ts';
import { generateKey } from '../../../../support/ssh-server.ts';

let dir: string;
before(async () => {
  await ensureInstalled(['openssh-client']);
  dir = mkdtempSync(join(tmpdir(), 'kpt-choice-'));
});
after(() => rmSync(dir, { recursive: true, force: true }));

/** The reason under a configuration of these lines. */
async function reason(lines: string[], identity?: string): Promise<string | undefined> {
  const file = join(dir, 'config');
  const defaults = ['IdentityAgent none', 'IdentityFile none', 'UserKnownHostsFile none'];
  writeFileSync(file, [...lines, ...defaults, 'GlobalKnownHostsFile none', ''].join('\n'));
  const values = await readConfigFor({ host: 'vm' }, file);
  const settings = settingsFrom(values, { kind: 'ssh', user: 'u', host: 'vm', port: undefined });
  return reasonForSystem(settings, values, identity);
}

test('nothing special: none', async () => {
  assert.equal(await reason([]), undefined);
  const key = join(dir, 'plain');
  await generateKey(key);
  assert.equal(await reason([`IdentityFile ${key}`], key), undefined);
});

test('settings that the built-in client does not have', async () => {
  assert.match(
    (await reason(['CertificateFile /c-cert.pub'])) ?? '',
    /c-cert\.pub is an OpenSSH certificate/,
  );
  assert.match((await reason(['PKCS11Provider /lib/p11.so'])) ?? '', /PKCS11Provider is set/);
  assert.match((await reason(['KnownHostsCommand /bin/keys %H'])) ?? '', /KnownHostsCommand is set/);
  assert.match((await reason(['VerifyHostKeyDNS yes'])) ?? '', /VerifyHostKeyDNS/);
  assert.match((await reason(['HostKeyAlgorithms sk-ssh-ed25519@openssh.com'])) ?? '', /HostKeyAlgorithms/);
  assert.match((await reason(['KexAlgorithms mlkem768x25519-sha256'])) ?? '', /KexAlgorithms/);
  assert.equal(await reason(['KexAlgorithms mlkem768x25519-sha256,curve25519-sha256']), undefined);
  assert.match((await reason(['Ciphers rijndael-cbc@lysator.liu.se'])) ?? '', /Ciphers allows none/);
  assert.match((await reason(['MACs umac-128@openssh.com'])) ?? '', /MACs allows none/);
  assert.equal(
    await reason(['Ciphers -aes*', 'MACs ^umac-128@openssh.com', 'HostKeyAlgorithms +ssh-rsa']),
    undefined,
  );
});

test('keys of hardware, and certificates in an agent', async () => {
  // The public half alone: the private one needs its hardware.
  const blob = Buffer.concat(
    ['sk-ssh-ed25519@openssh.com', Buffer.alloc(32), 'ssh:'].map((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return Buffer.concat([length, Buffer.from(part as string)]);
    }),
  );
  const fido = join(dir, 'id_sk.pub');
  writeFileSync(fido, `sk-ssh-ed25519@openssh.com ${blob.toString('base64')} me\n`);
  assert.match((await reason([`IdentityFile ${fido}`])) ?? '', /FIDO security key/);
  const key = join(dir, 'certified');
  await generateKey(key);
  const agent = await startSshAgent(join(dir, 'agent'));
  try {
    await agent.add(key);
    const config = [`IdentityAgent ${agent.socket}`];
    assert.equal(await reason(config), undefined);
    await run('ssh-keygen', ['-q', '-s', key, '-I', 'id', '-n', 'u', `${key}.pub`]);
    await agent.add(key);
    assert.match((await reason(config)) ?? '', /the SSH agent holds a certificate/);
    assert.equal(await reason([...config, 'IdentitiesOnly yes']), undefined);
  } finally {
    agent.stop();
  }
});

test('a Kerberos ticket counts only with GSSAPIAuthentication', async () => {
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'klist'), '#!/bin/sh\nexit 0\n');
  chmodSync(join(bin, 'klist'), 0o755);
  const path = process.env.PATH ?? '';
  process.env.PATH = `${bin}${delimiter}${path}`;
  try {
    assert.equal(await reason(['GSSAPIAuthentication no']), undefined);
    assert.match((await reason(['GSSAPIAuthentication yes'])) ?? '', /Kerberos ticket/);
    writeFileSync(join(bin, 'klist'), '#!/bin/sh\nexit 1\n');
    assert.equal(await reason(['GSSAPIAuthentication yes']), undefined);
  } finally {
    process.env.PATH = path;
  }
});
