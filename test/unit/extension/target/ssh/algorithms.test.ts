/** Lists of algorithms in ssh_config, with ssh(1) as the judge of what they mean and sshd of what they do. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../../../../../build/run.ts';
import { ALGORITHM_KINDS, ALGORITHMS, allowed } from '../../../../../extension/target/ssh/algorithms.ts';
import { readConfigFor } from '../../../../../extension/target/ssh/config-file.ts';
import { parseSshG, settingsFrom } from '../../../../../extension/target/ssh/config.ts';
import { logIn, loginFails } from '../../../../support/ssh-login.ts';
import { startSshServer } from '../../../../support/ssh-server.ts';
import type { SshServer } from '../../../../support/ssh-server.ts';

let server: SshServer;
before(async () => (server = await startSshServer(['Ciphers aes256-cbc,aes256-ctr', 'MACs hmac-sha2-512'])));
after(() => server.stop());

test('ours are those of ssh2, under the names that OpenSSH has for them', async () => {
  const constants = createRequire(import.meta.url)('ssh2/lib/protocol/constants.js') as Record<
    string,
    string[]
  >;
  for (const [kind, name] of [
    ['kex', 'KEX'],
    ['cipher', 'CIPHER'],
    ['hmac', 'MAC'],
  ] as const) {
    const { usual, old } = ALGORITHMS[kind];
    // Their order is the machine's: what is fast there.
    assert.deepEqual([...usual].sort(), constants[`DEFAULT_${name}`]?.toSorted());
    const theirs = (await run('ssh', ['-Q', name.toLowerCase()])).split('\n');
    const both = constants[`SUPPORTED_${name}`]?.filter((each) => theirs.includes(each));
    assert.deepEqual([...usual, ...old].filter((each) => theirs.includes(each)).sort(), both?.sort());
  }
});

test('a list means what it means to ssh', async () => {
  const file = join(server.dir, 'lists');
  for (const [kind, list] of [
    ['kex', 'curve25519-sha256,sntrup761x25519-sha512@openssh.com'],
    ['kex', '+diffie-hellman-group14-sha1'],
    ['kex', '-ecdh-*,curve25519-*'],
    ['cipher', '^aes256-cbc'],
    ['cipher', '-aes*'],
    ['hmac', 'umac-64@openssh.com'],
    ['hmac', '-*sha1*'],
  ] as const) {
    writeFileSync(file, `${ALGORITHMS[kind].keyword} ${list}\n`);
    const name = { kind: 'ssh', host: 'vm', user: 'u', port: undefined } as const;
    const [theirs, ours] = [
      settingsFrom(parseSshG(await run('ssh', ['-G', '-F', file, 'vm'])), name),
      settingsFrom(await readConfigFor(name, file), name),
    ].map(({ algorithms }) => algorithms[kind]);
    // What ssh leaves out by default it leaves out here too.
    const unset = parseSshG(await run('ssh', ['-G', '-F', 'none', 'vm']));
    const usual = settingsFrom(unset, name).algorithms[kind];
    const known = [...usual, ...ALGORITHMS[kind].old];
    assert.deepEqual(
      ours?.filter((each) => known.includes(each)),
      theirs,
      list,
    );
  }
});

test('without a list all usual ones are offered', () => {
  for (const kind of ALGORITHM_KINDS)
    assert.deepEqual(allowed(ALGORITHMS[kind], undefined), ALGORITHMS[kind].usual);
});

test('Ciphers and MACs decide what is offered to a host', async () => {
  const login = (...config: string[]) => ({ to: server, identity: server.key, config });
  await logIn(login());
  await logIn(login('Ciphers aes256-cbc')); // which ssh2 offers to nobody by itself
  const [cipher, mac] = [
    await loginFails('connection-refused', login('Ciphers aes128-ctr')),
    await loginFails('connection-refused', login('Ciphers aes256-ctr', 'MACs hmac-sha1')),
  ];
  assert.match(cipher.message, /no matching C->S cipher/);
  assert.match(mac.message, /no matching C->S MAC/);
  const none = await loginFails('usage', login('MACs umac-64@openssh.com'));
  assert.match(none.message, /^MACs in your SSH configuration allows none/);
  assert.match(none.remedy, /hmac-sha2-256-etm.*--ssh system/);
});
