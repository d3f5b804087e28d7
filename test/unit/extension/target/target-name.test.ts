import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PacketTraceError } from '../../../../extension/base/errors.ts';
import { formatTargetName, parseTargetName } from '../../../../extension/target/target-name.ts';

const ssh = (user: string | undefined, host: string, port: number | undefined) => ({
  kind: 'ssh',
  user,
  host,
  port,
});

test('targets in all their forms', () => {
  assert.deepEqual(parseTargetName(' local '), { kind: 'local' });
  assert.deepEqual(parseTargetName('router'), ssh(undefined, 'router', undefined));
  assert.deepEqual(parseTargetName('root@router.example:2222'), ssh('root', 'router.example', 2222));
  assert.deepEqual(parseTargetName('a@example.org@host'), ssh('a@example.org', 'host', undefined));
  assert.deepEqual(parseTargetName('root@[fe80::1%eth0]:22'), ssh('root', 'fe80::1%eth0', 22));
  assert.deepEqual(parseTargetName('[::1]'), ssh(undefined, '::1', undefined));
  assert.deepEqual(parseTargetName('2001:db8::1'), ssh(undefined, '2001:db8::1', undefined));
  assert.deepEqual(parseTargetName('ssh://me@host:22/'), ssh('me', 'host', 22));
});

for (const bad of [
  '',
  '@host',
  'host:',
  'host:0',
  'host:65536',
  'host:ssh',
  'a b',
  '-oProxyCommand=x',
  'x@-h',
  'h;id',
  '$(id)@h',
  'u`id`@h',
  '[host]:22',
  '[::1]x',
  'host/path',
]) {
  test(`"${bad}" is refused as a usage error that names it`, () => {
    assert.throws(
      () => parseTargetName(bad),
      (error) =>
        error instanceof PacketTraceError && error.code === 'usage' && error.message.includes(`"${bad}"`),
    );
  });
}

test('what is written is read back', () => {
  const letters = fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/).filter((host) => host !== 'local');
  const host = fc.oneof(letters, fc.ipV4(), fc.ipV6());
  const user = fc.option(fc.stringMatching(/^[a-z_][a-z0-9_.@-]{0,10}$/), { nil: undefined });
  const port = fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined });
  fc.assert(
    fc.property(user, host, port, (aUser, aHost, aPort) => {
      const name = { kind: 'ssh', user: aUser, host: aHost, port: aPort } as const;
      assert.deepEqual(parseTargetName(formatTargetName(name)), name);
    }),
  );
});
