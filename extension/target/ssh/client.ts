import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import type { Client, ClientChannel, ParsedKey } from 'ssh2';
import { cancelled, PacketTraceError, throwIfCancelled } from '../../base/errors.ts';
import { printable, printableLines } from '../../base/printable.ts';
import { requireAlgorithms } from './algorithms.ts';
import { Authentication } from './authentication.ts';
import type { HostKeyPolicy, HostKeyStore, Logger, Prompts } from '../connection.ts';
import { Deadline } from './deadline.ts';
import { HostKeyCheck } from './host-key-check.ts';
import { connectionLost } from '../shell.ts';
import type { ProcessEnd, Shell, ShellProcess } from '../shell.ts';
import type { SshSettings } from './config.ts';

const KEEPALIVE_MS = 15_000;
const KEEPALIVE_MISSES = 3;
/** For each answer of the host in the login; ssh(1) has no such limit, and hosts give up after two minutes themselves. */
const LOGIN_STEP_MS = 180_000;
/** For a command to begin. A host that is gone is noticed by the keepalive; this is for one that answers nothing else. */
const COMMAND_START_MS = 60_000;
/** Of what a server says in farewell. */
const SAID_LIMIT = 300;

export interface SshClientRequest {
  settings: SshSettings;
  identity: string | undefined;
  prompts: Prompts;
  hostKeys: HostKeyStore;
  log: Logger;
  signal: AbortSignal | undefined;
  /** Policy for unknown hosts that goes before the configuration's. */
  hostKeyCheck: HostKeyPolicy | undefined;
  /** Keys by their path that a hop before this one had unlocked. */
  unlocked: Map<string, ParsedKey>;
  /** In place of LOGIN_STEP_MS. */
  loginStepMs?: number | undefined;
  /** In place of COMMAND_START_MS. */
  commandStartMs?: number | undefined;
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
    private readonly commandStartMs: number,
  ) {
    client.on('close', () => (this.#alive = false));
  }

  /** @throws PacketTraceError of every kind that reaching and logging in can give */
  static async connect(request: SshClientRequest): Promise<SshClient> {
    const { settings, log } = request;
    const name = displayName(settings);
    const limit = new AbortController();
    const deadline = new Deadline(settings.connectTimeoutMs, () => limit.abort(noAnswer(name, settings)));
    const cancel = () => limit.abort(cancelled());
    request.signal?.addEventListener('abort', cancel);
    try {
      throwIfCancelled(request.signal);
      requireAlgorithms(settings.algorithms);
      deadline.restart();
      const check = await HostKeyCheck.load({ ...request, deadline });
      const transport = await request.openTransport(limit.signal);
      const client = await logIn(request, name, transport, check, deadline, limit);
      log.info(`Connected to ${name}`);
      return new SshClient(name, client, request.commandStartMs ?? COMMAND_START_MS);
    } catch (error) {
      throw limit.signal.aborted ? limit.signal.reason : error;
    } finally {
      deadline.stop();
      request.signal?.removeEventListener('abort', cancel);
    }
  }

  start(signal?: AbortSignal): Promise<ShellProcess> {
    return new Promise((resolve, reject) => {
      if (!this.#alive) {
        reject(connectionLost(this));
        return;
      }
      let given: PacketTraceError | undefined;
      const giveUp = (error: PacketTraceError) => reject((given = error));
      const cancel = () => giveUp(cancelled());
      const timer = setTimeout(() => giveUp(noCommand(this.name, this.commandStartMs)), this.commandStartMs);
      signal?.addEventListener('abort', cancel);
      this.client.exec('/bin/sh', (error, channel) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
        if (error === undefined) {
          const process = this.#process(channel);
          if (given !== undefined) process.kill();
          resolve(process);
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

  /**
   * A byte stream from the host to another one, for ProxyJump.
   * @throws PacketTraceError, or the limit's reason: a jump host waits for minutes for a host that is off
   */
  forward(host: string, port: number, limit: AbortSignal): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const onLimit = () => reject(limit.reason as Error);
      limit.addEventListener('abort', onLimit);
      if (limit.aborted) onLimit();
      this.client.forwardOut('127.0.0.1', 0, host, port, (error, channel) => {
        limit.removeEventListener('abort', onLimit);
        if (error === undefined) {
          if (limit.aborted) channel.destroy();
          else resolve(channel);
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
  connecting: Deadline,
  limit: AbortController,
): Promise<Client> {
  const { settings, log, prompts } = request;
  const stepMs = request.loginStepMs ?? LOGIN_STEP_MS;
  const deadline = new Deadline(stepMs, () =>
    limit.abort(loginStalled(name, authentication.waitingFor, stepMs)),
  );
  const authentication = new Authentication({
    settings,
    who: name,
    identity: request.identity,
    prompts: { secret: (question) => deadline.whilePaused(() => prompts.secret(question)) },
    unlocked: request.unlocked,
    deadline,
    log,
  });
  const client = new ssh2.Client();
  return new Promise<Client>((resolve, reject) => {
    const fail = (error: Error) => {
      reject(error);
      transport.destroy();
    };
    limit.signal.addEventListener('abort', () => fail(new Error('time limit')), { once: true });
    if (limit.signal.aborted) fail(new Error('time limit'));
    let verified = false;
    client
      .on('ready', () => resolve(client))
      .on('banner', (text) => log.info(`${name} says: ${printableLines(text).trim()}`))
      .on('error', (error) => {
        log.debug(`${name}: ${error.message}`);
        // One key that could not sign: ssh2 goes on with the next.
        if (error.level === 'agent') return;
        if (error instanceof PacketTraceError) fail(error);
        else if (check.refusal !== undefined) fail(check.refusal);
        else if (!verified) fail(handshakeFailure(name, error));
        else fail(loginFailure(authentication, error));
      })
      .on('close', () => {
        if (check.refusal !== undefined) fail(check.refusal);
        else if (verified) fail(authentication.failure(undefined, 'It closed the connection.'));
        else fail(handshakeFailure(name, new Error('it closed the connection')));
      })
      .connect({
        sock: transport,
        username: settings.user,
        readyTimeout: 0,
        keepaliveInterval: KEEPALIVE_MS,
        keepaliveCountMax: KEEPALIVE_MISSES,
        algorithms: {
          serverHostKey: check.algorithms as [],
          kex: settings.algorithms.kex as [],
          cipher: settings.algorithms.cipher as [],
          hmac: settings.algorithms.hmac as [],
        },
        hostVerifier: (key: Buffer, verify: (accepted: boolean) => void) => {
          void check.accepts(key, isThisMachine(transport)).then((accepted) => {
            // The host is there and is the right one: from now on it may take its time (a push to a phone, a directory).
            if (accepted && !verified) {
              connecting.stop();
              deadline.restart();
            }
            verified = accepted;
            verify(accepted);
          });
        },
        authHandler: authentication.handler(),
        debug: (line) => authentication.hear(line),
      });
  }).finally(() => deadline.stop());
}

/** For messages. */
export function displayName({ user, hostName, port }: SshSettings): string {
  return `${user}@${hostName}${port === 22 ? '' : `:${port}`}`;
}

function noAnswer(name: string, { connectTimeoutMs }: SshSettings): PacketTraceError {
  return new PacketTraceError(
    'connection-timeout',
    `${name} did not answer within ${seconds(connectTimeoutMs)}.`,
    'Check the address, that the host is up, and that no firewall drops connections to its SSH port.',
  );
}

function noCommand(name: string, milliseconds: number): PacketTraceError {
  return new PacketTraceError(
    'connection-timeout',
    `${name} did not begin a command within ${seconds(milliseconds)}.`,
    `Check that \`ssh ${name} true\` works; what keeps the host waiting stands in its log.`,
  );
}

/** A connection over TCP that does not leave this machine; what comes through a jump host or a command may. */
function isThisMachine(transport: Duplex): boolean {
  const address = transport instanceof Socket ? transport.remoteAddress : undefined;
  return address !== undefined && /^(::ffff:)?127\.|^::1$/.test(address);
}

function loginStalled(name: string, waitingFor: string, stepMs: number): PacketTraceError {
  return new PacketTraceError(
    'connection-timeout',
    `Logging in to ${name} stands still: ${waitingFor} did not come within ${seconds(stepMs)}.`,
    `Check that \`ssh ${name}\` works; what keeps the host waiting (a directory, a second factor) stands in its log.`,
  );
}

/** ssh2 gives the host's farewell as an error with a numeric code, and its own errors a level. */
function loginFailure(authentication: Authentication, error: Error & { level?: string }): PacketTraceError {
  if ('code' in error && typeof error.code === 'number') return authentication.failure(error.message);
  const detail = error.level === 'client-authentication' ? '' : `The connection broke: ${error.message}.`;
  return authentication.failure(undefined, detail);
}

function handshakeFailure(name: string, error: Error): PacketTraceError {
  const said = printable(error.message).slice(0, SAID_LIMIT);
  return new PacketTraceError(
    'connection-refused',
    `${name} answered, but no SSH session came about: "${said}".`,
    'Check that the port is that of an SSH server, and its log for the reason.',
    { cause: error },
  );
}

function seconds(milliseconds: number): string {
  const count = milliseconds / 1000;
  return `${count} second${count === 1 ? '' : 's'}`;
}
