/** Our reader of ssh_config files, with ssh(1) itself as the judge wherever it can be. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ensureInstalled } from '../../../../../build/packages/debian.ts';
import { run } from '../../../../../build/run.ts';
import { listConfiguredHosts, readConfigFor } from '../../../../../extension/target/ssh/config-file.ts';
import { parseSshG, resolveSettings, settingsFrom } from '../../../../../extension/target/ssh/config.ts';
import { parseTargetName } from '../../../../../extension/target/target-name.ts';
import type { SshTargetName } from '../../../../../extension/target/target-name.ts';

const HOME = process.env.HOME;
const quiet = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
let dir: string;
before(async () => {
  await ensureInstalled(['openssh-client']);
  dir = mkdtempSync(join(tmpdir(), 'kpt-config-file-'));
  mkdirSync(join(dir, 'parts with space'));
});
after(() => rmSync(dir, { recursive: true, force: true }));

function write(name: string, text: string): string {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
}

const CONFIG = (folder: string) => `
Include ${folder}/inc-[ab].conf "${folder}/parts with space/*.conf" # SETUP
Host server1 server2 # this is first server
  HostName 192.0.2.1
Host "with space" plain
  User quoted
Host !bad good bad
  User negated
Host scope
  Include ${folder}/scoped.conf
  Port 2299
Match originalhost inner,outer user alice # by user
  Port 2201
Match host 192.0.2.* !localuser nobody-here
  IdentityFile ~/.ssh/by_host
Match canonical host *
  Port 2999
Match all # SETUP
  User bob # me
  ProxyCommand nc # %h %p
`;
const FILES: Record<string, string> = {
  'inc-a.conf': 'Host a\n  Port=2200\n',
  'inc-b.conf': 'Host b\n\tUser "b b"\n',
  'inc-c.conf': 'Host c\n  Port 2203\n',
  'parts with space/d.conf': 'Host d\n  Port 2204\n',
  'scoped.conf': 'Host *\n  IdentityFile /scoped\nHost other\n  IdentityFile /never\n',
};

test('every host gets from our reader what it gets from ssh', async () => {
  for (const [name, text] of Object.entries(FILES)) write(name, text);
  const config = write('config', CONFIG(dir));
  for (const host of [
    'a',
    'b',
    'c',
    'd',
    'server2',
    'this',
    'plain',
    'bad',
    'good',
    'scope',
    'inner',
    'bar',
  ]) {
    for (const user of [undefined, 'alice']) {
      const login = user === undefined ? [] : ['-l', user];
      const theirs = parseSshG(await run('ssh', ['-G', '-F', config, ...login, '--', host]));
      const ours = await readConfigFor({ host, user }, config);
      const name: SshTargetName = { kind: 'ssh', host, user, port: undefined };
      const [expected, actual] = [settingsFrom(theirs, name), settingsFrom(ours, name)];
      for (const key of ['hostName', 'port', 'user', 'proxyCommand'] as const)
        assert.equal(actual[key], expected[key], `${host} ${key}`);
      if (ours.has('identityfile')) assert.deepEqual(actual.identityFiles, expected.identityFiles, host);
    }
  }
});

test('hosts for the picker: without comments and patterns, from all includes', async () => {
  for (const [name, text] of Object.entries(FILES)) write(name, text);
  const config = write('config', CONFIG(dir));
  assert.deepEqual(await listConfiguredHosts(config), [
    ...['a', 'b', 'd', 'server1', 'server2', 'plain', 'good', 'bad', 'scope', 'other'],
  ]);
});

test('relative includes are relative to ~/.ssh at every depth, and below a Host they count for it alone', async () => {
  const home = mkdtempSync(join(dir, 'home-'));
  mkdirSync(join(home, '.ssh', 'conf.d'), { recursive: true });
  const inHome = (name: string, text: string) => writeFileSync(join(home, '.ssh', name), text);
  inHome('config', 'Include conf.d/*\nHost foo\n  Include conf.d/.proxy\n');
  inHome('conf.d/first', 'Include conf.d/.nested\n');
  inHome('conf.d/.nested', 'Host nested\n  Port 2205\n');
  inHome('conf.d/.proxy', 'Host *\n  ProxyJump evil\n');
  process.env.HOME = home;
  try {
    assert.deepEqual(await listConfiguredHosts(join(home, '.ssh/config')), ['nested', 'foo']);
    const config = join(home, '.ssh/config');
    assert.deepEqual((await readConfigFor({ host: 'nested' }, config)).get('port'), ['2205']);
    assert.deepEqual((await readConfigFor({ host: 'foo' }, config)).get('proxyjump'), ['evil']);
    assert.equal((await readConfigFor({ host: 'bar' }, config)).get('proxyjump'), undefined);
  } finally {
    process.env.HOME = HOME;
  }
});

test("with another HOME the user's configuration is that one's, and the system's counts too", async () => {
  const home = mkdtempSync(join(dir, 'home-'));
  mkdirSync(join(home, '.ssh'));
  writeFileSync(join(home, '.ssh/config'), 'Host vm\n  Port 2206\n');
  process.env.HOME = home;
  try {
    const settings = await resolveSettings(parseTargetName('vm') as SshTargetName, undefined, quiet);
    assert.equal(settings.port, 2206);
    // Debian's own file in /etc/ssh sends the locale along; nothing else does.
    const system = await run('ssh', ['-G', '-F', '/etc/ssh/ssh_config', 'vm']);
    assert.match(system, /^sendenv LANG$/m);
    const theirs = await run('ssh', ['-G', '-F', join(home, '.ssh/config'), 'vm']);
    assert.doesNotMatch(theirs, /^sendenv LANG$/m);
  } finally {
    process.env.HOME = HOME;
  }
});

test('the user and port of a jump may come from the host that is jumped to', async () => {
  const config = write(
    'jump',
    'Host inner\n  User alice\n  ProxyJump %r@bastion\nHost uri\n  ProxyJump ssh://bob@bastion:2200\nHost direct\n  ProxyJump none\nHost *\n  ProxyJump never\n',
  );
  const jumpOf = async (host: string) =>
    (await resolveSettings(parseTargetName(host) as SshTargetName, config, quiet)).proxyJump;
  assert.equal(await jumpOf('inner'), 'alice@bastion');
  assert.equal(await jumpOf('carol@inner'), 'carol@bastion');
  assert.deepEqual(parseTargetName((await jumpOf('uri')) ?? ''), {
    ...{ kind: 'ssh', user: 'bob', host: 'bastion', port: 2200 },
  });
  assert.equal(await jumpOf('direct'), undefined);
});
