import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import { PacketTraceError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';

/** Of a line that a ProxyCommand says. */
const LINE_LIMIT = 300;

/** @throws PacketTraceError `host-unknown`, `connection-refused` or `connection-timeout`; any error at `limit` */
export function openTcp(host: string, port: number, limit: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    const onLimit = () => socket.destroy(new Error('time limit'));
    limit.addEventListener('abort', onLimit);
    if (limit.aborted) onLimit();
    const failed = (error: Error) => {
      limit.removeEventListener('abort', onLimit);
      reject(tcpError(error, host, port));
    };
    socket.once('error', failed);
    socket.once('connect', () => {
      limit.removeEventListener('abort', onLimit);
      socket.off('error', failed);
      resolve(socket);
    });
  });
}

function tcpError(error: Error, host: string, port: number): PacketTraceError {
  // With several addresses Node gives one error that holds them all.
  const first = error instanceof AggregateError ? (error.errors[0] as Error) : error;
  const { code } = first as NodeJS.ErrnoException;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EAI_NODATA' || code === 'EAI_NONAME') {
    return new PacketTraceError(
      'host-unknown',
      `There is no host named ${host} (${code}).`,
      'Check the spelling, the DNS search domain, and that you are on the right network or VPN.',
      { cause: error },
    );
  }
  if (code === 'ECONNREFUSED') {
    return new PacketTraceError(
      'connection-refused',
      `${host} refused the connection to port ${port}.`,
      'Check that an SSH server runs there and listens on this port.',
      { cause: error },
    );
  }
  return new PacketTraceError(
    'connection-timeout',
    `${host} port ${port} could not be reached (${code ?? first.message}).`,
    'Check the address, the route to it, and that the host is up.',
    { cause: error },
  );
}

/**
 * Runs a ProxyCommand (ssh_config(5)) and speaks SSH over its standard streams.
 * @param command with its tokens expanded
 * @param onSaid a line that it wrote to standard error
 */
export function openProxyCommand(command: string, onSaid: (line: string) => void): Promise<Duplex> {
  const child = spawn('/bin/sh', ['-c', `exec ${command}`], { stdio: ['pipe', 'pipe', 'pipe'] });
  let stderr = '';
  let line = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-2000);
    const lines = (line + chunk).split('\n');
    line = (lines.pop() ?? '').slice(-LINE_LIMIT);
    for (const each of lines) if (each.trim() !== '') onSaid(printable(each.trim().slice(0, LINE_LIMIT)));
  });
  child.stdin.on('error', () => undefined); // its end tells more
  const stream = new Duplex({
    read: () => child.stdout.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      // A failed write is told better by how the command ends.
      child.stdin.write(chunk, () => done());
    },
    final: (done) => {
      child.stdin.end();
      done();
    },
    destroy: (error, done) => {
      child.kill();
      done(error);
    },
  });
  child.stdout.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) child.stdout.pause();
  });
  const failed = (how: string) =>
    stream.destroy(
      new PacketTraceError(
        'connection-refused',
        `The ProxyCommand "${command}" ${how}`,
        'Run the command by itself to see what it lacks, or correct it in your SSH configuration.',
      ),
    );
  child.on('error', (error) => failed(`did not start: ${error.message}`));
  child.on('close', (code, signal) => {
    if (code === 0) stream.push(null);
    else failed(`ended with ${signal ?? `exit code ${code}`}: ${stderr.trim()}`);
  });
  return Promise.resolve(stream);
}
