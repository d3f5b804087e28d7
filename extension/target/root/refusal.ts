/** Why root was not reached, as an error with the next step. */
import { PacketTraceError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';

export interface Attempt {
  /** The exit code of sudo, or of the shell that did not find it. */
  code: number | undefined;
  /** What was written, without our marks. */
  said: string;
  /** What became of the questions. */
  answers: 'none-asked' | 'declined' | 'given' | 'refused';
}

export type Refusal = 'no-password' | 'wrong-password' | 'tty' | 'not-allowed' | 'missing' | 'other';

/** What a shell exits with when there is no such program. */
const EXIT_NOT_FOUND = 127;

/**
 * What happened decides; sudo's words, which are another's in each implementation, only refine the remedy. It ran
 * with LC_ALL=C.
 */
export function refusalOf({ code, said, answers }: Attempt): Refusal {
  if (answers === 'declined') return 'no-password';
  if (answers === 'refused') return 'wrong-password';
  if (code === EXIT_NOT_FOUND && answers === 'none-asked') return 'missing';
  if (/must have a tty|terminal is required/i.test(said)) return 'tty';
  if (
    /not in the sudoers file|may not run|is not allowed to (run|execute|authenticate)|afraid I can't do that/i.test(
      said,
    )
  )
    return 'not-allowed';
  if (answers === 'given' && /incorrect|authentication (fail|attempt)|try again|maximum \d+/i.test(said))
    return 'wrong-password';
  return 'other';
}

export function noPrivilege(host: string, user: string, attempt: Attempt): PacketTraceError {
  const last = attempt.said.trim().split('\n').at(-1) ?? '';
  const words = printable(last.slice(0, 300).replace(/\.$/, ''));
  const [why, remedy] = REASONS[refusalOf(attempt)](user, words);
  return new PacketTraceError('target-no-privilege', `Tracing needs root on ${host}, but ${why}.`, remedy);
}

const REASONS: Record<Refusal, (user: string, words: string) => readonly [string, string]> = {
  'no-password': (user) => [
    'sudo needs a password and none was given',
    `Enter the password of ${user} when asked, or log in as root.`,
  ],
  'wrong-password': (user) => [
    'sudo did not accept the password',
    `Give the password that ${user} has on the target.`,
  ],
  tty: (user) => [
    'its sudo works in terminals only (requiretty)',
    `Log in as root, or add "Defaults:${user} !requiretty" with visudo on the target.`,
  ],
  'not-allowed': (user, words) => [
    `${user} may not use sudo for this: ${words}`,
    `Log in as root or as a user that sudo lets run /bin/sh; an administrator can add ${user} to the sudoers.`,
  ],
  missing: (user) => [
    `${user} is not root and there is no sudo`,
    'Log in as root, or install sudo on the target.',
  ],
  other: (_user, words) => [
    `sudo did not work: ${words === '' ? 'it said nothing' : words}`,
    'Check that `sudo -v` works for you on the target.',
  ],
};
