import type { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import type { Client, ClientChannel } from 'ssh2';
import { cancelled, PacketTraceError } from '../../base/errors.ts';
import { Authentication } from './authentication.ts';
import type { HostKeyStore, Logger, Prompts } from '../connection.ts';
import { Deadline } from './deadline.ts';
import { HostKeyCheck } from './host-key-check.ts';
import { connectionLost } from '../shell.ts';
import type { ProcessEnd, Shell, ShellProcess } from '../shell.ts';
import type { SshSettings } from './config.ts';

const KEEPALIVE_MS = 15_000;
const KEEPALIVE_MISSES = 3;

export interface SshClientRequest {
  settings: SshSettings;
  identity: string | undefined;
  prompts: Prompts;
  hostKeys: HostKeyStore;
  log: Logger;
  signal: AbortSignal | undefined;
  /** Opens the way to the host's SSH port: TCP, a jump host's channel, or a proxy command. */
  openTransport(deadline: AbortSignal): Promise<Duplex>;
}

/** One authenticated SSH connection to a verified host. */
export class SshClient implements Shell {
  #alive = true;
  readonly #settleAtDispose = new Set<() => void>();

  private constructor(
    readonly name: string,
    private readonly client: Client,
  ) {
    client.on('close', () => (this.#alive = false));
  }

  /** @throws PacketTraceError of every kind that reaching and logging in can give */
  static async connect(request: SshClientRequest): Promise<SshClient> {
    const { settings, log } = request;
    const name = `${settings.user}@${settings.hostName}${settings.port === 22 ? '' : `:${settings.port}`}`;
    const limit = new AbortController();
    const deadline = new Deadline(settings.connectTimeoutMs, () => limit.abort());
    const abort = () => limit.abort();
    request.signal?.addEventListener('abort', abort);
    try {
      request.signal?.throwIfAborted();
      const check = await HostKeyCheck.load({ ...request, deadline });
      const transport = await request.openTransport(limit.signal);
      const client = await logIn(request, name, transport, check, deadline, limit.signal);
      log.info(`Connected to ${name}`);
      return new SshClient(name, client);
    } catch (error) {
      if (request.signal?.aborted === true) throw cancelled();
      if (limit.signal.aborted) {
        throw new PacketTraceError(
          'connection-timeout',
          `${name} did not answer within ${settings.connectTimeoutMs / 1000} seconds.`,
          'Check the address, that the host is up, and that no firewall drops connections to its SSH port.',
          { cause: error },
        );
      }
      throw error;
    } finally {
      deadline.stop();
      request.signal?.removeEventListener('abort', abort);
    }
  }

  start(): Promise<ShellProcess> {
    return new Promise((resolve, reject) => {
      if (!this.#alive) {
        reject(connectionLost(this));
        return;
      }
      this.client.exec('/bin/sh', (error, channel) => {
        if (error === undefined) {
          resolve(this.#process(channel));
        } else if (!this.#alive) {
          reject(connectionLost(this));
        } else {
          reject(
            new PacketTraceError(
              'target-unsupported',
              `${this.name} does not let us run commands: ${error.message}`,
              'The account must be allowed to open SSH sessions and to run /bin/sh.',
            ),
          );
        }
      });
    });
  }

  /** A byte stream from the host to another one, for ProxyJump. */
  forward(host: string, port: number): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      this.client.forwardOut('127.0.0.1', 0, host, port, (error, channel) => {
        if (error === undefined) {
          resolve(channel);
          return;
        }
        reject(
          new PacketTraceError(
            'connection-refused',
            `${this.name} could not open the way to ${host}:${port}: ${error.message}`,
            'Check the host and port as seen from the jump host, and that it allows TCP forwarding.',
          ),
        );
      });
    });
  }

  onClose(listener: () => void): void {
    if (this.#alive) this.client.once('close', listener);
    else listener();
  }

  dispose(): void {
    for (const settle of this.#settleAtDispose) settle();
    this.client.end();
    // A peer that no longer answers must not keep the socket.
    if (this.#alive) setTimeout(() => this.client.destroy(), 1000).unref();
  }

  #process(channel: ClientChannel): ShellProcess {
    const ended = new Promise<ProcessEnd>((resolve) => {
      let end: ProcessEnd | undefined;
      channel.on('exit', (code: number | null, signal?: string) => {
        end = { code: code ?? undefined, signal, lost: false };
      });
      const settle = () => {
        this.#settleAtDispose.delete(settle);
        resolve(end ?? { code: undefined, signal: undefined, lost: true });
      };
      // ssh2 closes a channel only once its output was read, which nobody may do any more after dispose().
      this.#settleAtDispose.add(settle);
      channel.on('close', settle);
    });
    channel.on('error', () => undefined); // 'close' follows and tells
    return { stdin: channel, stdout: channel, stderr: channel.stderr, ended, kill: () => channel.close() };
  }
}

function logIn(
  request: SshClientRequest,
  name: string,
  transport: Duplex,
  check: HostKeyCheck,
  deadline: Deadline,
  limit: AbortSignal,
): Promise<Client> {
  const { settings, log, prompts } = request;
  const authentication = new Authentication({
    settings,
    who: name,
    identity: request.identity,
    prompts: { secret: (question) => deadline.whilePaused(() => prompts.secret(question)) },
    log,
  });
  const client = new ssh2.Client();
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      limit.removeEventListener('abort', onLimit);
      reject(error);
      transport.destroy();
    };
    const onLimit = () => fail(new Error('time limit'));
    limit.addEventListener('abort', onLimit);
    let verified = false;
    client
      .on('ready', () => {
        limit.removeEventListener('abort', onLimit);
        resolve(client);
      })
      .on('error', (error) => {
        log.debug(`${name}: ${error.message}`);
        // One key that could not sign: ssh2 goes on with the next.
        if (error.level === 'agent') return;
        if (error instanceof PacketTraceError) fail(error);
        else if (check.refusal !== undefined) fail(check.refusal);
        else if (verified) fail(authentication.failure(error.message));
        else fail(handshakeFailure(name, error));
      })
      .on('close', () => {
        if (check.refusal !== undefined) fail(check.refusal);
        else if (verified) fail(authentication.failure('It closed the connection.'));
        else fail(handshakeFailure(name, new Error('it closed the connection')));
      })
      .connect({
        sock: transport,
        username: settings.user,
        readyTimeout: 0,
        keepaliveInterval: KEEPALIVE_MS,
        keepaliveCountMax: KEEPALIVE_MISSES,
        algorithms: { serverHostKey: check.algorithms as [] },
        hostVerifier: (key: Buffer, verify: (accepted: boolean) => void) => {
          void check.accepts(key).then((accepted) => {
            verified = accepted;
            verify(accepted);
          });
        },
        authHandler: authentication.handler(),
      });
  });
}

function handshakeFailure(name: string, error: Error): PacketTraceError {
  return new PacketTraceError(
    'connection-refused',
    `${name} answered, but no SSH session came about: ${error.message}.`,
    'Check that the port is that of an SSH server, and its log for the reason.',
    { cause: error },
  );
}
