/** Becoming root through stand-ins for sudo that behave as sudo does; the real one is tried in the lab. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PacketTraceError } from '../../../../extension/base/errors.ts';
import { LocalShell } from '../../../../extension/target/local.ts';
import { classifySudo, gainPrivilege, startAsRoot } from '../../../../extension/target/sudo.ts';
import type { Privilege } from '../../../../extension/target/sudo.ts';

const root = mkdtempSync(join(tmpdir(), 'kpt-sudo-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** Like sudo's -n and -S; the password is "right"; three tries. Logs its arguments. */
const WITH_PASSWORD = `
echo "$@" >> "$0.log"
env >> "$0.log"
[ "$1" = -n ] && { echo 'sudo: a password is required' >&2; exit 1; }
[ "$1 $2 $3" = '-k -S -p' ] || exit 99
question=$4
shift 5
echo 'We trust you have received the usual lecture.' >&2
for try in 1 2 3; do
  printf '%s' "$question" >&2
  read -r password || { echo 'sudo: no password was provided' >&2; exit 1; }
  [ "$password" = right ] && exec "$@"
  echo 'Sorry, try again.' >&2
done
echo 'sudo: 3 incorrect password attempts' >&2
exit 1`;

let counter = 0;
function shellWith(sudo: string | undefined): { shell: LocalShell; log: () => string } {
  const bin = join(root, `bin${counter++}`);
  mkdirSync(bin);
  if (sudo !== undefined) writeFileSync(join(bin, 'sudo'), `#!/bin/sh\n${sudo}\n`, { mode: 0o755 });
  // Without a stand-in there must be no sudo at all; the shell's own words are enough then.
  const path = sudo === undefined ? bin : `${bin}:${process.env.PATH}`;
  return {
    shell: new LocalShell({ ...process.env, PATH: path }),
    log: () => readFileSync(join(bin, 'sudo.log'), 'utf8'),
  };
}

function answering(...answers: (string | undefined)[]) {
  const asked: string[] = [];
  return {
    asked,
    secret: ({ kind, prompt }: { kind: string; prompt: string }) => {
      asked.push(`${kind}: ${prompt}`);
      return Promise.resolve(answers.shift());
    },
  };
}

async function refused(attempt: Promise<unknown>): Promise<PacketTraceError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof PacketTraceError, String(error));
  assert.equal(error.code, 'target-no-privilege');
  assert.notEqual(error.remedy, '');
  return error;
}

/** Runs `cat` as root and sends bytes as soon as it is started. */
async function echoes(shell: LocalShell, privilege: Privilege): Promise<void> {
  const { process } = await startAsRoot(shell, privilege, 'me', ['cat']);
  const sent = 'first line\n\0 and binary \xff\n';
  process.stdin.end(sent);
  let received = '';
  process.stdout.on('data', (chunk: Buffer) => (received += chunk.toString()));
  assert.equal((await process.ended).code, 0);
  assert.equal(received, sent);
}

test('root needs no sudo', async () => {
  const { shell } = shellWith('exit 99');
  const prompts = answering();
  assert.deepEqual(await gainPrivilege(shell, 0, 'root', prompts), { kind: 'root' });
  await echoes(shell, { kind: 'root' });
});

test('sudo without a password', async () => {
  const { shell } = shellWith('[ "$1 $2" = "-n --" ] || exit 99\nshift 2\necho chatter >&2\nexec "$@"');
  const prompts = answering();
  assert.deepEqual(await gainPrivilege(shell, 1000, 'me', prompts), { kind: 'sudo' });
  assert.deepEqual(prompts.asked, []);
  await echoes(shell, { kind: 'sudo' });
});

test('sudo with a password: on standard input only', async () => {
  const password = "s3cret ()'%";
  const { shell, log } = shellWith(WITH_PASSWORD.replace('= right', `= "${password}"`));
  const prompts = answering(password);
  const privilege = await gainPrivilege(shell, 1000, 'me', prompts);
  assert.deepEqual(privilege, { kind: 'sudo-password', password });
  assert.deepEqual(prompts.asked, ['sudo: Password of me for sudo on this machine']);
  await echoes(shell, privilege);
  assert.ok(log().includes('-k -S -p'));
  assert.ok(!log().includes('s3cret'), 'in arguments or environment');
});

test('a wrong password is recognised and asked for again, three times', async () => {
  const { shell } = shellWith(WITH_PASSWORD);
  const prompts = answering('wrong', 'right');
  assert.equal((await gainPrivilege(shell, 1000, 'me', prompts)).kind, 'sudo-password');
  assert.deepEqual(prompts.asked, [
    'sudo: Password of me for sudo on this machine',
    'sudo: Wrong password. Password of me for sudo on this machine',
  ]);
  const stubborn = answering('a', 'b', 'c', 'right');
  assert.match(
    (await refused(gainPrivilege(shell, 1000, 'me', stubborn))).message,
    /did not accept the password/,
  );
  assert.equal(stubborn.asked.length, 3);
});

test('no password given', async () => {
  const { shell } = shellWith(WITH_PASSWORD);
  assert.match((await refused(gainPrivilege(shell, 1000, 'me', answering()))).message, /none was given/);
});

test('a terminal is required', async () => {
  const { shell } = shellWith("echo 'sudo: sorry, you must have a tty to run sudo' >&2; exit 1");
  const prompts = answering('right');
  assert.match((await refused(gainPrivilege(shell, 1000, 'me', prompts))).remedy, /!requiretty/);
  assert.deepEqual(prompts.asked, []);
});

test('not in the sudoers, known only after the password', async () => {
  const { shell } = shellWith(
    WITH_PASSWORD.replace('exec "$@"', "{ echo 'me is not in the sudoers file.' >&2; exit 1; }"),
  );
  const prompts = answering('right', 'right');
  assert.match((await refused(gainPrivilege(shell, 1000, 'me', prompts))).message, /me may not use sudo/);
  assert.equal(prompts.asked.length, 1);
});

test('no sudo at all', async () => {
  const { shell } = shellWith(undefined);
  assert.match((await refused(gainPrivilege(shell, 1000, 'me', answering()))).message, /there is no sudo/);
});

test('sudo that fails in another way is quoted', async () => {
  const { shell } = shellWith("echo 'sudo: /etc/sudo.conf is owned by uid 1000, should be 0' >&2; exit 1");
  assert.match((await refused(gainPrivilege(shell, 1000, 'me', answering()))).message, /owned by uid 1000/);
});

test("sudo's sentences", () => {
  for (const [said, refusal] of [
    ['sudo: a password is required', 'password'],
    ['sudo: a terminal is required to read the password; use the -S option or an askpass helper', 'password'],
    ['sudo: sorry, you must have a tty to run sudo', 'tty'],
    ['plain is not in the sudoers file.  This incident will be reported.', 'not-allowed'],
    ['Sorry, user plain may not run sudo on lab.', 'not-allowed'],
    ["Sorry, user plain is not allowed to execute '/bin/sh' as root on lab.", 'not-allowed'],
    ['Sorry, try again.\nsudo: 1 incorrect password attempt', 'wrong-password'],
    ['/bin/sh: 5: exec: sudo: not found', 'missing'],
    ['sh: line 4: exec: sudo: not found', 'missing'],
    ['sudo: unable to resolve host lab', 'other'],
  ] as const) {
    assert.equal(classifySudo(said), refusal, said);
  }
});
