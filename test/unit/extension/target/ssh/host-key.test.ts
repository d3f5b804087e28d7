import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ensureInstalled } from '../../../../../build/packages/debian.ts';
import { run } from '../../../../../build/run.ts';
import {
  fingerprintOf,
  judgeHostKey,
  keyTypeOf,
  orderAlgorithms,
} from '../../../../../extension/target/ssh/host-key.ts';
import { parseKnownHosts } from '../../../../../extension/target/ssh/known-hosts.ts';
import { generateKey } from '../../../../support/ssh-server.ts';

let dir: string;
const lines: Record<string, string> = {};
const NAMES = ['[host]:2222', 'host'];

before(async () => {
  await ensureInstalled(['openssh-client']);
  dir = mkdtempSync(join(tmpdir(), 'kpt-hostkey-'));
  for (const [name, type] of [
    ['mine', 'ed25519'],
    ['other', 'ed25519'],
    ['ecdsa', 'ecdsa'],
    ['rsa', 'rsa'],
  ] as const) {
    await generateKey(join(dir, name), type);
    lines[name] = readFileSync(join(dir, `${name}.pub`), 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ');
  }
});
after(() => rmSync(dir, { recursive: true, force: true }));

const blob = (name: string) => Buffer.from(lines[name]?.split(' ')[1] ?? '', 'base64');
const known = (...hosts: [string, string][]) =>
  parseKnownHosts(hosts.map(([host, key]) => `${host} ${lines[key]}`).join('\n'), 'file');
const judge = (key: string, ...hosts: [string, string][]) =>
  judgeHostKey(NAMES, blob(key), known(...hosts)).kind;

test('type and fingerprint are those that ssh-keygen prints', async () => {
  for (const name of ['mine', 'ecdsa', 'rsa']) {
    const printed = await run('ssh-keygen', ['-l', '-f', join(dir, `${name}.pub`)]);
    assert.equal(printed.split(' ')[1], fingerprintOf(blob(name)));
    assert.equal(keyTypeOf(blob(name)), lines[name]?.split(' ')[0]);
  }
});

test('known', () => {
  assert.equal(judge('mine', ['[host]:2222', 'mine']), 'known');
  assert.equal(judge('mine', ['[host]:2222', 'other'], ['[host]:2222', 'mine']), 'known');
  assert.equal(judge('mine', ['[host]:2222', 'ecdsa'], ['[host]:2222', 'mine']), 'known');
});

test('without its port the name can make a host known, but not changed', () => {
  assert.equal(judge('mine', ['host', 'mine']), 'known');
  assert.equal(judge('mine', ['host', 'other']), 'unknown');
  assert.equal(judge('mine', ['[host]:2222', 'other'], ['host', 'mine']), 'known');
});

test('unknown', () => {
  assert.equal(judge('mine'), 'unknown');
  assert.equal(judge('mine', ['elsewhere', 'mine']), 'unknown');
});

test('changed: another key of this type, or only keys of other types', () => {
  assert.equal(judge('mine', ['[host]:2222', 'other']), 'changed');
  assert.equal(judge('mine', ['[host]:2222', 'ecdsa']), 'changed');
});

test('revoked goes before known', () => {
  assert.equal(judge('mine', ['[host]:2222', 'mine'], ['@revoked *', 'mine']), 'revoked');
  assert.equal(judge('mine', ['[host]:2222', 'mine'], ['@revoked *', 'other']), 'known');
});

test('a certificate authority makes no plain key known', () => {
  const verdict = judgeHostKey(NAMES, blob('mine'), known(['@cert-authority [host]:2222', 'mine']));
  assert.equal(verdict.kind, 'unknown');
  assert.equal(verdict.kind === 'unknown' && verdict.authority?.origin, 'file:1');
});

test('algorithms of known key types come first', () => {
  assert.equal(orderAlgorithms(NAMES, [], undefined)[0], 'ssh-ed25519');
  assert.equal(orderAlgorithms(NAMES, known(['[host]:2222', 'ecdsa']), undefined)[0], 'ecdsa-sha2-nistp256');
  const rsa = orderAlgorithms(NAMES, known(['host', 'rsa']), undefined);
  assert.deepEqual(rsa.slice(0, 2), ['rsa-sha2-512', 'rsa-sha2-256']);
  assert.ok(rsa.includes('ssh-ed25519'));
  assert.ok(!rsa.includes('ssh-rsa'));
});

test("the user's HostKeyAlgorithms limit them, to none if need be", () => {
  assert.deepEqual(orderAlgorithms(NAMES, [], ['rsa-sha2-256', 'sk-ssh-ed25519@openssh.com']), [
    'rsa-sha2-256',
  ]);
  assert.deepEqual(orderAlgorithms(NAMES, [], ['sk-ssh-ed25519@openssh.com']), []);
});
