/** Logging in to a test server with the built-in SSH client, and out again, with everything that was asked and said. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PacketTraceError } from '../../extension/base/errors.ts';
import type { ErrorCode } from '../../extension/base/errors.ts';
import type { HostKeyPolicy, HostKeyStore } from '../../extension/target/connection.ts';
import { SshClient } from '../../extension/target/ssh/client.ts';
import { resolveSettings } from '../../extension/target/ssh/config.ts';
import { openTcp } from '../../extension/target/ssh/transport.ts';
import { connectOptions } from './ssh-server.ts';
import type { SshServer } from './ssh-server.ts';

export interface Login {
  to: SshServer;
  /** Lines of the user's ssh_config. */
  config?: readonly string[];
  identity?: string;
  /** To questions for secrets, in their order. */
  answers?: (string | undefined)[];
  trustsUnknown?: boolean;
  hostKeys?: HostKeyStore;
  hostKeyCheck?: HostKeyPolicy;
  loginStepMs?: number;
}

export interface LoggedIn {
  /** `kind: prompt` */
  asked: string[];
  warnings: string[];
}

/** @throws PacketTraceError with what LoggedIn has */
export async function logIn(login: Login): Promise<LoggedIn> {
  const { to, config = [], answers = [] } = login;
  const result: LoggedIn = { asked: [], warnings: [] };
  const file = join(to.dir, `config-${randomBytes(4).toString('hex')}`);
  const defaults = ['IdentityAgent none', 'IdentityFile none', 'GlobalKnownHostsFile none'];
  writeFileSync(file, [...config, ...defaults, 'UserKnownHostsFile none', ''].join('\n'));
  const { target, hostKeys, log } = connectOptions(to, '');
  const name = { kind: 'ssh', user: target.split('@')[0], host: '127.0.0.1', port: to.port } as const;
  try {
    const client = await SshClient.connect({
      settings: await resolveSettings(name, file, log),
      identity: login.identity,
      prompts: {
        confirmHostKey: ({ fingerprint }) => {
          result.asked.push(`host: ${fingerprint}`);
          return Promise.resolve(login.trustsUnknown ?? false);
        },
        secret: ({ kind, prompt }) => {
          result.asked.push(`${kind}: ${prompt}`);
          return Promise.resolve(answers.shift());
        },
      },
      hostKeys: login.hostKeys ?? hostKeys,
      hostKeyCheck: login.hostKeyCheck,
      unlocked: new Map(),
      log: { ...log, warn: (message) => result.warnings.push(message) },
      signal: undefined,
      loginStepMs: login.loginStepMs,
      openTransport: (limit) => openTcp('127.0.0.1', to.port, limit),
    });
    client.dispose();
    return result;
  } catch (error) {
    throw Object.assign(error as Error, result);
  }
}

export async function loginFails(code: ErrorCode, login: Login): Promise<PacketTraceError & LoggedIn> {
  const error: unknown = await logIn(login).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof PacketTraceError, `expected ${code}, got ${String(error)}`);
  assert.equal(error.code, code, error.message);
  return error as PacketTraceError & LoggedIn;
}
