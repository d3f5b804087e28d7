import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ensureInstalled } from '../../../../../build/packages/debian.ts';
import { run } from '../../../../../build/run.ts';
import {
  knownHostName,
  matchesHost,
  parseKnownHosts,
} from '../../../../../extension/target/ssh/known-hosts.ts';
import { generateKey } from '../../../../support/ssh-server.ts';

let dir: string;
let key: string;
before(async () => {
  await ensureInstalled(['openssh-client']);
  dir = mkdtempSync(join(tmpdir(), 'kpt-known-'));
  await generateKey(join(dir, 'key'));
  key = readFileSync(join(dir, 'key.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
});
after(() => rmSync(dir, { recursive: true, force: true }));

/** Whether a line with this host field is about `name`. */
function matches(hosts: string, name: string): boolean {
  const [entry] = parseKnownHosts(`${hosts} ${key}\n`, 'file');
  assert.ok(entry);
  return matchesHost(entry, name);
}

test('plain names, lists, ports', () => {
  assert.ok(matches('host', 'host'));
  assert.ok(matches('other,host,10.0.0.1', '10.0.0.1'));
  assert.ok(matches('Host.Example', 'host.EXAMPLE'));
  assert.ok(matches('[host]:2222', knownHostName('host', 2222)));
  assert.ok(!matches('host', knownHostName('host', 2222)));
  assert.ok(!matches('[host]:2222', knownHostName('host', 22)));
  assert.ok(!matches('host', 'host2'));
  assert.ok(!matches('hostAexample', 'host.example'));
});

test('wildcards and negation', () => {
  assert.ok(matches('*.example', 'a.b.example'));
  assert.ok(matches('h?st', 'host'));
  assert.ok(!matches('h?st', 'hst'));
  assert.ok(matches('[*.example]:2222', '[a.example]:2222'));
  assert.ok(!matches('*.example,!secret.example', 'secret.example'));
  assert.ok(!matches('!secret.example,*.example', 'secret.example'));
  assert.ok(matches('*.example,!secret.example', 'open.example'));
  assert.ok(!matches('!other', 'host'));
});

test('names hashed by ssh-keygen', async () => {
  const file = join(dir, 'hashed');
  writeFileSync(file, `host.example ${key}\n[10.0.0.1]:2222 ${key}\n`);
  await run('ssh-keygen', ['-H', '-f', file]);
  const text = readFileSync(file, 'utf8');
  assert.doesNotMatch(text, /host\.example/);
  const [first, second] = parseKnownHosts(text, file);
  assert.ok(first && second);
  assert.ok(matchesHost(first, 'host.example') && !matchesHost(first, '[10.0.0.1]:2222'));
  assert.ok(matchesHost(second, '[10.0.0.1]:2222') && !matchesHost(second, '10.0.0.1'));
});

test('markers, comments and malformed lines', () => {
  const text = `# comment\n\n@revoked host ${key}\n@cert-authority *.example ${key} a comment\n@unknown host ${key}\nhost\nhost ssh-ed25519\nhost ssh-ed25519 <html>\nhost ${key}`;
  const entries = parseKnownHosts(text, 'file');
  assert.deepEqual(
    entries.map((entry) => [entry.marker, entry.origin]),
    [
      ['revoked', 'file:3'],
      ['cert-authority', 'file:4'],
      [undefined, 'file:9'],
    ],
  );
});
