/** Root on the target: by login, by sudo without a password, or by sudo with one. */
import { randomBytes } from 'node:crypto';
import { PacketTraceError } from '../base/errors.ts';
import type { Prompts } from './connection.ts';
import { connectionLost, quote, readThrough, startScript } from './shell.ts';
import type { RunningScript, Shell } from './shell.ts';

/** The password stays in memory, for further agents on the same target; it only ever travels on stdin. */
export type Privilege = { kind: 'root' } | { kind: 'sudo' } | { kind: 'sudo-password'; password: string };

export type SudoRefusal = 'password' | 'wrong-password' | 'tty' | 'not-allowed' | 'missing' | 'other';

const PASSWORD_TRIES = 3;

/**
 * Finds out how to become root, asking for a password only when sudo wants one.
 * @throws PacketTraceError `target-no-privilege`
 */
export async function gainPrivilege(
  shell: Shell,
  uid: number,
  user: string,
  prompts: Pick<Prompts, 'secret'>,
  signal?: AbortSignal,
): Promise<Privilege> {
  if (uid === 0) return { kind: 'root' };
  const plain = await trySudo(shell, { kind: 'sudo' }, signal);
  if (plain === undefined) return { kind: 'sudo' };
  if (plain.refusal !== 'password') throw noPrivilege(shell, user, plain);
  let last = plain;
  for (let attempt = 0; attempt < PASSWORD_TRIES; attempt++) {
    const again = last.refusal === 'wrong-password' ? 'Wrong password. ' : '';
    const prompt = `${again}Password of ${user} for sudo on ${shell.name}`;
    const password = await prompts.secret({ kind: 'sudo', prompt });
    if (password === undefined) break;
    const privilege: Privilege = { kind: 'sudo-password', password };
    const refused = await trySudo(shell, privilege, signal);
    if (refused === undefined) return privilege;
    last = refused;
    if (refused.refusal !== 'wrong-password') break;
  }
  throw noPrivilege(shell, user, last);
}

/**
 * Starts a program as root. Standard output begins with the program's first byte: all that sudo says comes
 * before, and sudo has read its password by then.
 * @param argv the program and its arguments, not interpreted by a shell
 * @throws PacketTraceError `target-no-privilege`, `connection-lost`, `cancelled`
 */
export async function startAsRoot(
  shell: Shell,
  privilege: Privilege,
  user: string,
  argv: readonly string[],
  signal?: AbortSignal,
): Promise<RunningScript> {
  const started = await attempt(shell, privilege, argv, signal);
  if ('process' in started) return started;
  throw noPrivilege(shell, user, started);
}

/** @returns undefined when it works */
async function trySudo(
  shell: Shell,
  privilege: Privilege,
  signal?: AbortSignal,
): Promise<Refused | undefined> {
  const started = await attempt(shell, privilege, ['true'], signal);
  if (!('process' in started)) return started;
  started.process.stdin.end();
  started.process.stdout.resume();
  await started.process.ended;
  return undefined;
}

interface Refused {
  refusal: SudoRefusal;
  said: string;
}

async function attempt(
  shell: Shell,
  privilege: Privilege,
  argv: readonly string[],
  signal?: AbortSignal,
): Promise<RunningScript | Refused> {
  const id = randomBytes(8).toString('hex');
  const question = `kpt-sudo-${id}:`;
  const mark = `kpt-root-${id}`;
  const sudo = {
    root: '',
    sudo: 'sudo -n -- ',
    // -k: a cached credential must not let a wrong password pass as right.
    'sudo-password': `sudo -k -S -p ${question} -- `,
  }[privilege.kind];
  const command = `/bin/sh -c 'printf "%s\\n" "$1"; shift; exec "$@"' sh ${[mark, ...argv].map(quote).join(' ')}`;
  const running = await startScript(shell, `exec ${sudo}${command}`, signal);
  const asked = answerOnce(
    running,
    question,
    privilege.kind === 'sudo-password' ? privilege.password : undefined,
  );
  const output = await readThrough(running, mark, signal);
  if (output === undefined) return running;
  const end = await running.process.ended;
  if (end.lost && !asked.wrong) throw connectionLost(shell);
  const said = `${output}\n${running.stderr()}`.replaceAll(question, '').trim();
  return { refusal: asked.wrong ? 'wrong-password' : classifySudo(said), said };
}

/** Gives the password when sudo asks; when it asks again the password was wrong, and its input is closed. */
function answerOnce(
  running: RunningScript,
  question: string,
  password: string | undefined,
): { wrong: boolean } {
  const state = { wrong: false };
  let answered = 0;
  const onData = () => {
    const asked = running.stderr().split(question).length - 1;
    if (asked > answered && answered === 0 && password !== undefined) {
      answered = 1;
      running.process.stdin.write(`${password}\n`);
    } else if (asked > 1) {
      state.wrong = true;
      running.process.stderr.off('data', onData);
      running.process.stdin.end();
    }
  };
  running.process.stderr.on('data', onData);
  onData();
  return state;
}

/** What sudo meant; it ran with LC_ALL=C. */
export function classifySudo(said: string): SudoRefusal {
  if (said.includes('must have a tty')) return 'tty';
  if (/not in the sudoers file|may not run sudo|is not allowed to (run|execute)/.test(said))
    return 'not-allowed';
  if (/sudo: (command )?not found|exec: sudo|sudo: No such file/.test(said)) return 'missing';
  if (/incorrect password|Sorry, try again/.test(said)) return 'wrong-password';
  if (/a password is required|no password was provided|askpass/.test(said)) return 'password';
  return 'other';
}

function noPrivilege(shell: Shell, user: string, { refusal, said }: Refused): PacketTraceError {
  const last = said.split('\n').at(-1) ?? '';
  const [why, remedy] = {
    password: [
      'sudo needs a password and none was given',
      `Enter the password of ${user} when asked, or log in as root.`,
    ],
    'wrong-password': [
      'sudo did not accept the password',
      `Give the password that ${user} has on the target.`,
    ],
    tty: [
      'its sudo works in terminals only (requiretty)',
      `Log in as root, or add "Defaults:${user} !requiretty" with visudo on the target.`,
    ],
    'not-allowed': [
      `${user} may not use sudo`,
      `Log in as root or as a user that sudo lets run /bin/sh; an administrator can add ${user} to the sudoers.`,
    ],
    missing: [`${user} is not root and there is no sudo`, 'Log in as root, or install sudo on the target.'],
    other: [
      `sudo did not work: ${last || 'it said nothing'}`,
      'Check that `sudo -v` works for you on the target.',
    ],
  }[refusal] as [string, string];
  return new PacketTraceError(
    'target-no-privilege',
    `Tracing needs root on ${shell.name}, but ${why}.`,
    remedy,
  );
}
