/** Stand-ins for sudo that ask and answer as the real ones do; those are tried in the lab. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalShell } from '../../extension/target/local.ts';

/** What every stand-in begins with: it takes the options that a wrapper may rely on, and logs what it was given. */
const BEGIN = `
echo "$@" >> "$0.log"
env >> "$0.log"
[ "$1 $2" = '-S --' ] || exit 99
shift 2
ask() { # PROMPT: the answer in $answer; sudo reads no byte more than the line
  printf '%s' "$1" >&2
  IFS= read -r answer || { echo 'sudo: no password was provided' >&2; exit 1; }
}
become() { unset SUDO_PROMPT; exec "$@"; }
marked=$(printf '%s' "$SUDO_PROMPT" | sed "s/%p/$\{WHOSE:-me}/")
`.replace('$\\{', '${');

export const SUDO = {
  /** NOPASSWD. */
  free: 'echo chatter >&2\nbecome "$@"',
  /** The password is "right"; three tries, as with the original. */
  password: `
echo 'We trust you have received the usual lecture.' >&2
for try in 1 2 3; do
  ask "$marked"
  [ "$answer" = right ] && become "$@"
  [ "$try" = 3 ] || echo "\${BADPASS:-Sorry, try again.}" >&2
done
echo 'sudo: 3 incorrect password attempts' >&2
exit 1`,
  /** sudo-rs puts the prompt that it is given into a frame of its own. */
  rust: `
for try in 1 2 3; do
  ask "[sudo: $marked] Password: "
  echo >&2
  [ "$answer" = right ] && become "$@"
  [ "$try" = 3 ] || echo 'sudo: Authentication failed, try again.' >&2
done
echo 'sudo: maximum 3 incorrect authentication attempts' >&2
exit 1`,
  /** One that knows nothing of SUDO_PROMPT: sudo-rs before 0.2.9. */
  oldRust: `
for try in 1 2 3; do
  ask '[sudo: authenticate] Password: '
  echo >&2
  [ "$answer" = right ] && become "$@"
  echo 'sudo: Authentication failed, try again.' >&2
done
exit 1`,
  /** A password and a code, each asked for in PAM's words where they are not its usual ones. */
  secondFactor: `
for try in 1 2 3; do
  ask "$marked"
  password=$answer
  ask 'Verification code: '
  [ "$password $answer" = 'right 123456' ] && become "$@"
  echo 'Sorry, try again.' >&2
done
exit 1`,
  /** "Defaults passprompt_override": the same words for every question. */
  overridden: `
ask "$marked"
password=$answer
ask "$marked"
[ "$password $answer" = 'right 123456' ] && become "$@"
echo 'sudo: 1 incorrect password attempt' >&2
exit 1`,
  /** Only PAM's own words, in another language of its own. */
  ownWords: `
ask 'LDAP Password: '
[ "$answer" = right ] && become "$@"
exit 1`,
  requiretty: "echo 'sudo: sorry, you must have a tty to run sudo' >&2; exit 1",
  notAllowed: `
ask "$marked"
echo 'me is not in the sudoers file.' >&2
exit 1`,
  notAllowedRust: `echo "sudo: I'm sorry me. I'm afraid I can't do that" >&2; exit 1`,
  broken: "echo 'sudo: /etc/sudo.conf is owned by uid 1000, should be 0' >&2; exit 1",
} as const;

/** Puts a stand-in into a folder; what it is given is in sudo.log beside it. */
export function writeSudo(bin: string, sudo: string): void {
  writeFileSync(join(bin, 'sudo'), `#!/bin/sh\n${BEGIN}\n${sudo}\n`, { mode: 0o755 });
}

/** @param sudo undefined: there is none */
export function shellWithSudo(
  parent: string,
  sudo: string | undefined,
  env: Record<string, string> = {},
): { shell: LocalShell; log: () => string } {
  const bin = mkdtempSync(join(parent, 'bin-'));
  if (sudo !== undefined) writeSudo(bin, sudo);
  // Without a stand-in there must be no sudo at all; the shell's own words are enough then.
  const path = sudo === undefined ? bin : `${bin}:${process.env.PATH}`;
  return {
    shell: new LocalShell({ ...process.env, ...env, PATH: path }),
    log: () => readFileSync(join(bin, 'sudo.log'), 'utf8'),
  };
}

/** Answers secrets from a list and keeps the questions. */
export function answering(...answers: (string | undefined)[]) {
  const asked: string[] = [];
  return {
    asked,
    secret: ({ kind, prompt }: { kind: string; prompt: string }) => {
      asked.push(`${kind}: ${prompt}`);
      return Promise.resolve(answers.shift());
    },
  };
}
