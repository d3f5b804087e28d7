/** A host that asks questions of its own, as PAM does; sshd has none without it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import ssh2 from 'ssh2';
import { PacketTraceError } from '../../../../../extension/base/errors.ts';
import type { Prompts } from '../../../../../extension/target/connection.ts';
import { connectSsh } from '../../../../../extension/target/ssh/jump.ts';
import { connectOptions, startSshServer } from '../../../../support/ssh-server.ts';
import type { SshServer } from '../../../../support/ssh-server.ts';

let server: SshServer;
before(async () => (server = await startSshServer()));
after(() => server.stop());

/** Connects to a host that wants the answers `right`, `code`. @returns how often it asked */
async function connect(secret: Prompts['secret']): Promise<number> {
  let times = 0;
  const host = new ssh2.Server({ hostKeys: [readFileSync(server.hostKeyFile)] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (context) => {
      if (context.method !== 'keyboard-interactive') {
        context.reject(['keyboard-interactive']);
        return;
      }
      times++;
      const questions = [
        { prompt: 'Password: ', echo: false },
        { prompt: 'Code shown on your phone: ', echo: true },
      ];
      context.prompt(questions, (answers: string[]) => {
        if (answers.join() === 'right,code') context.accept();
        else context.reject(['keyboard-interactive']);
      });
    });
  });
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
  const { port } = host.address() as AddressInfo;
  const known = server.knownHost.replace(String(server.port), String(port));
  const options = connectOptions(server, '', {
    hostKeys: { read: () => Promise.resolve(known), append: () => Promise.resolve() },
  });
  try {
    const name = { kind: 'ssh', user: 'u', host: '127.0.0.1', port } as const;
    const prompts = { ...options.prompts, secret };
    const client = await connectSsh(name, { ...options, identity: undefined, prompts });
    client.dispose();
    return times;
  } finally {
    host.close();
  }
}

test('each question is asked, with what may be seen of its answer', async () => {
  const asked: string[] = [];
  const times = await connect(({ kind, prompt, echo }) => {
    asked.push(`${kind} ${prompt} ${echo}`);
    return Promise.resolve(kind === 'password' ? 'right' : 'code');
  });
  assert.equal(times, 1);
  assert.match(asked[0] ?? '', /^password u@127\.0\.0\.1:\d+: Password: false$/);
  assert.match(asked[1] ?? '', /^challenge u@127\.0\.0\.1:\d+: Code shown on your phone: true$/);
});

test('wrong answers: asked three times', async () => {
  let passwords = 0;
  const wrong: Prompts['secret'] = ({ kind }) => {
    if (kind === 'password') passwords++;
    return Promise.resolve('wrong');
  };
  await assert.rejects(connect(wrong), { code: 'authentication' });
  assert.equal(passwords, 3);
});

test('why a question could not be asked is told', async () => {
  const cannot = new PacketTraceError('authentication', 'There is no terminal to ask this on.', 'Use a key.');
  await assert.rejects(
    connect(() => Promise.reject(cannot)),
    (error) => error === cannot,
  );
});
