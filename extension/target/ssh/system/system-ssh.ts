/**
 * The system's ssh program as the way to a target: for what only it can do (security keys, certificates, Kerberos,
 * new key exchanges), with the user's whole configuration. One ssh process logs in and holds the connection
 * (ControlMaster); each command is another one that goes through it, so that nothing is asked twice.
 */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cancelled, PacketTraceError, throwIfCancelled } from '../../../base/errors.ts';
import { printable } from '../../../base/printable.ts';
import type { ConnectOptions, Logger } from '../../connection.ts';
import { connectionLost } from '../../shell.ts';
import type { ProcessEnd, Shell, ShellProcess } from '../../shell.ts';
import type { SshTargetName } from '../../target-name.ts';
import { homeConfig } from '../config.ts';
import type { SshConfigValues } from '../config-file.ts';
import { sshArguments } from './arguments.ts';
import { Askpass } from './askpass.ts';
import { systemSshError } from './errors.ts';

/** The sockets' paths must fit into 108 bytes, with what ssh adds to them. */
const FOLDER_LIMIT = 70;
const POLL_MS = 50;
const CHECK_LIMIT_MS = 5000;
const STDERR_LIMIT = 16 * 1024;
/** ssh's own exit code for a connection that is lost. */
const LOST = 255;
/** How long after a command the connection it went through may take to end. */
const MASTER_END_MS = 1000;

export interface SystemSshRequest extends Pick<
  ConnectOptions,
  'identity' | 'sshConfigFile' | 'hostKeyCheck' | 'prompts' | 'signal' | 'onProgress'
> {
  log: Logger;
  target: SshTargetName;
  /** `user@host:port`, for messages. */
  name: string;
  values: SshConfigValues;
}

export class SystemSsh implements Shell {
  readonly name: string;
  readonly #running = new Set<ChildProcess>();
  #master: ChildProcess | undefined;
  #masterEnded = new Promise<unknown>(() => undefined);
  #disposed = false;

  private constructor(
    request: SystemSshRequest,
    private readonly dir: string,
    private readonly askpass: Askpass,
    private readonly command: { options: string[]; host: string[] },
    /** Options that lead through the open connection. */
    private readonly through: readonly string[],
  ) {
    this.name = request.name;
  }

  /** @throws PacketTraceError of every kind that reaching and logging in can give */
  static async connect(request: SystemSshRequest): Promise<SystemSsh> {
    const { name, log, prompts, onProgress } = request;
    throwIfCancelled(request.signal);
    const dir = await mkdtemp(join(tmpdir().length > FOLDER_LIMIT ? '/tmp' : tmpdir(), 'kpt-ssh-'));
    let ssh: SystemSsh | undefined;
    try {
      const onNotice = (text: string) => {
        log.info(`ssh: ${printable(text)}`);
        onProgress?.(`ssh says: "${printable(text)}"`);
      };
      const askpass = await Askpass.open({ dir, who: name, prompts, onNotice });
      const sshConfigFile = request.sshConfigFile ?? (await configOfChangedHome(dir));
      const command = sshArguments(request.target, { ...request, sshConfigFile }, request.values);
      const shares = process.platform !== 'win32' && !(await isOpen(command));
      const socket = join(dir, 'm');
      // Without the socket ssh would connect, and ask, anew.
      const through = shares ? ['ControlMaster=no', `ControlPath=${socket}`, 'ProxyCommand=false'] : [];
      ssh = new SystemSsh(
        request,
        dir,
        askpass,
        command,
        through.flatMap((setting) => ['-o', setting]),
      );
      if (shares) await ssh.#openConnection(socket, request);
      log.info(`Connected to ${name} by the system's ssh`);
      return ssh;
    } catch (error) {
      if (ssh === undefined) rmSync(dir, { recursive: true, force: true });
      else ssh.dispose();
      throw error;
    }
  }

  start(signal?: AbortSignal): Promise<ShellProcess> {
    throwIfCancelled(signal);
    if (this.#disposed) return Promise.reject(connectionLost(this));
    const child = this.#spawn(this.through);
    let killed = false;
    const ended = new Promise<ProcessEnd>((resolve) => {
      child.on('close', (code, endSignal) => {
        this.#running.delete(child);
        const lost = { code: undefined, signal: undefined, lost: true };
        const end = { code: code ?? undefined, signal: endSignal ?? undefined, lost: false };
        if (killed || this.#disposed) resolve(lost);
        else if (code !== LOST) resolve(end);
        // A program of the target may end with 255 too: then the connection is still there.
        else void this.#isLost().then((isLost) => resolve(isLost ? lost : end));
      });
    });
    const { stdin, stdout, stderr } = child;
    stdin.on('error', () => undefined); // the end of the process tells more
    const kill = () => {
      killed = true;
      child.kill();
    };
    return new Promise((resolve, reject) => {
      child.on('spawn', () => resolve({ stdin, stdout, stderr, ended, kill }));
      child.on('error', (error) => reject(noSsh(error)));
    });
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#master?.kill();
    for (const child of this.#running) child.kill();
    this.askpass.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Logs in; settles when commands can go through the connection. */
  async #openConnection(socket: string, { name, signal, log }: SystemSshRequest): Promise<void> {
    // A shell that waits: when this process is gone its input ends, and with it the connection.
    const master = this.#spawn([
      '-o',
      'ControlMaster=yes',
      '-o',
      `ControlPath=${socket}`,
      '-o',
      'ControlPersist=no',
    ]);
    this.#running.delete(master);
    this.#master = master;
    let said = '';
    let failure: PacketTraceError | undefined;
    master.stdin.on('error', () => undefined);
    master.stdout.resume();
    master.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-STDERR_LIMIT);
      for (const line of text.split('\n')) if (line.trim() !== '') log.info(`ssh: ${printable(line.trim())}`);
    });
    master.on('error', (error) => (failure ??= noSsh(error)));
    this.#masterEnded = new Promise((resolve) => master.on('close', resolve));
    void this.#masterEnded.then(() => (failure ??= systemSshError(name, said)));
    // How long that takes is between ssh, the host and who is asked.
    while (!existsSync(socket)) {
      if (signal?.aborted === true) throw cancelled();
      if (failure !== undefined) throw failure;
      await Promise.race([sleep(POLL_MS), this.#masterEnded]);
    }
  }

  async #isLost(): Promise<boolean> {
    if (this.#master === undefined) return true;
    return Promise.race([this.#masterEnded.then(() => true), sleep(MASTER_END_MS, false)]);
  }

  #spawn(options: readonly string[]) {
    const args = [...options, ...this.command.options, ...this.command.host, '/bin/sh'];
    const child = spawn('ssh', args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...this.askpass.env },
      // A session of its own: no terminal that ssh could ask on, and no Ctrl-C that is meant for us.
      detached: true,
    });
    this.#running.add(child);
    return child;
  }
}

/** Whether the user's own ssh holds a connection already (ControlMaster) that commands can go through. */
function isOpen(command: { options: string[]; host: string[] }): Promise<boolean> {
  return new Promise((resolve) => {
    const args = [...command.options, '-O', 'check', ...command.host];
    execFile('ssh', args, { timeout: CHECK_LIMIT_MS }, (error) => resolve(error === null)).stdin?.end();
  });
}

async function configOfChangedHome(dir: string): Promise<string | undefined> {
  if (homedir() === userInfo().homedir) return undefined;
  const file = join(dir, 'config');
  await writeFile(file, homeConfig());
  return file;
}

function noSsh(cause: Error): PacketTraceError {
  return new PacketTraceError(
    'usage',
    `The ssh program does not start: ${cause.message}.`,
    'Install OpenSSH, or set packetTrace.ssh.client to "builtin" (--ssh builtin).',
    { cause },
  );
}
