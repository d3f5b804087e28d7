import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import ssh2 from 'ssh2';
import { PacketTraceError } from '../../../../../extension/base/errors.ts';
import { SshClient } from '../../../../../extension/target/ssh/client.ts';
import { resolveSettings } from '../../../../../extension/target/ssh/config.ts';
import { openTcp } from '../../../../../extension/target/ssh/transport.ts';
import { connectOptions, startSshServer } from '../../../../support/ssh-server.ts';
import type { SshServer } from '../../../../support/ssh-server.ts';

let server: SshServer;
before(async () => (server = await startSshServer()));
after(() => server.stop());

/** A connection to a host that lets everybody in and begins no command. */
async function connectIdle(commandStartMs: number) {
  const asked: (() => void)[] = [];
  const host = new ssh2.Server({ hostKeys: [readFileSync(server.hostKeyFile)] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (context) => context.accept());
    client.on('session', (accept) => {
      accept().on('exec', () => asked.shift()?.());
    });
  });
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
  const { port } = host.address() as AddressInfo;
  const options = connectOptions(server, '');
  const name = { kind: 'ssh', user: 'u', host: '127.0.0.1', port } as const;
  const known = server.knownHost.replace(String(server.port), String(port));
  const client = await SshClient.connect({
    ...{ identity: undefined, hostKeyCheck: undefined, signal: undefined },
    ...{ prompts: options.prompts, log: options.log, unlocked: new Map(), commandStartMs },
    settings: await resolveSettings(name, options.sshConfigFile, options.log),
    hostKeys: { read: () => Promise.resolve(known), append: () => Promise.resolve() },
    openTransport: (limit) => openTcp('127.0.0.1', port, limit),
  });
  const stop = () => {
    client.dispose();
    host.close();
  };
  return { client, asked, stop };
}

const code = (wanted: string) => (error: unknown) =>
  error instanceof PacketTraceError && error.code === wanted;

test('a host that begins no command is given up, with what to look at', async () => {
  const { client, stop } = await connectIdle(50);
  try {
    await assert.rejects(client.start(), (error: PacketTraceError) => {
      assert.equal(error.code, 'connection-timeout');
      assert.match(error.message, /did not begin a command within 0\.05 seconds/);
      assert.match(error.remedy, /ssh u@127\.0\.0\.1:\d+ true/);
      return true;
    });
  } finally {
    stop();
  }
});

test('cancelled while it waits, and when the connection ends', async () => {
  const { client, asked, stop } = await connectIdle(600_000);
  try {
    const cancel = new AbortController();
    asked.push(() => cancel.abort());
    await assert.rejects(client.start(cancel.signal), code('cancelled'));
    const begins = new Promise<void>((resolve) => asked.push(resolve));
    const starting = client.start();
    await begins;
    client.dispose();
    await assert.rejects(starting, code('connection-lost'));
  } finally {
    stop();
  }
});
