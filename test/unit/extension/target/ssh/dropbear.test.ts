/** Both SSH clients with another server than OpenSSH's. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ConnectOptions } from '../../../../../extension/target/connection.ts';
import { runScript } from '../../../../../extension/target/shell.ts';
import { openShell } from '../../../../../extension/target/ssh/open-shell.ts';
import { startDropbear } from '../../../../support/dropbear.ts';
import type { Dropbear } from '../../../../support/dropbear.ts';
import { startSshAgent } from '../../../../support/ssh-agent.ts';
import { generateKey } from '../../../../support/ssh-server.ts';

let server: Dropbear;
before(async () => (server = await startDropbear(['-T', '3'])));
after(() => server.stop());

const host = { kind: 'ssh', user: userInfo().username, host: 'vm', port: undefined } as const;

function options(config: string[], more: Partial<ConnectOptions> = {}): ConnectOptions {
  const file = join(server.dir, 'config');
  const knownHosts = join(server.dir, 'known_hosts');
  writeFileSync(knownHosts, server.knownHost);
  const lines = ['Host vm', '  HostName 127.0.0.1', `  Port ${server.port}`, 'Host *', ...config];
  writeFileSync(file, [...lines, `UserKnownHostsFile ${knownHosts}`, 'IdentityAgent none', ''].join('\n'));
  return {
    target: 'vm',
    sshConfigFile: file,
    distDir: '',
    prompts: {
      confirmHostKey: () => Promise.resolve(false),
      secret: () => Promise.resolve(undefined),
    },
    hostKeys: { read: () => Promise.resolve(''), append: () => Promise.resolve() },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    ...more,
  };
}

for (const sshClient of ['builtin', 'system'] as const) {
  test(`${sshClient}: a key file, and commands with their input, output and exit code`, async () => {
    const shell = await openShell(host, options([`IdentityFile ${server.key}`], { sshClient }));
    const { code, stdout } = await runScript(shell, 'cat; exit 3', { input: Buffer.from('text') });
    assert.deepEqual([code, stdout], [3, 'text']);
    shell.dispose();
  });

  test(`${sshClient}: the named key goes before an agent's, which would use up the tries`, async () => {
    const agent = await startSshAgent(join(server.dir, `agent-${sshClient}`));
    try {
      for (const n of [1, 2, 3, 4]) {
        const key = join(server.dir, `${sshClient}-${n}`);
        await generateKey(key);
        await agent.add(key);
      }
      await agent.add(server.key);
      const config = [`IdentityAgent ${agent.socket}`, `IdentityFile ${server.key}.pub`];
      const shell = await openShell(host, options(config, { sshClient }));
      shell.dispose();
    } finally {
      agent.stop();
    }
  });
}
