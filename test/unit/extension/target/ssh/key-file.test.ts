import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PacketTraceError } from '../../../../../extension/base/errors.ts';
import { connectTarget } from '../../../../../extension/target/connect.ts';
import { expandHome } from '../../../../../extension/target/ssh/key-file.ts';

test('a leading ~ is the home directory', () => {
  assert.equal(expandHome('~/.ssh/id'), join(homedir(), '.ssh/id'));
  assert.equal(expandHome('~'), homedir());
  assert.equal(expandHome('~other/.ssh/id'), '~other/.ssh/id');
  assert.equal(expandHome('/a/~/b'), '/a/~/b');
});

test('also in the key file that settings and launch configurations name', async () => {
  const nothing = () => undefined;
  const attempt = connectTarget({
    target: 'root@no-such-host.invalid',
    identity: '~/no-such-key-file',
    distDir: '',
    prompts: { confirmHostKey: () => Promise.resolve(false), secret: () => Promise.resolve(undefined) },
    hostKeys: { read: () => Promise.resolve(''), append: () => Promise.resolve() },
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
  });
  await assert.rejects(
    attempt,
    (error) =>
      error instanceof PacketTraceError &&
      error.code === 'identity-file' &&
      error.message.includes(join(homedir(), 'no-such-key-file')),
  );
});
