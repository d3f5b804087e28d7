/** Becoming root through stand-ins for sudo that behave as the real ones do. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PacketTraceError } from '../../../../../extension/base/errors.ts';
import type { LocalShell } from '../../../../../extension/target/local.ts';
import { Root } from '../../../../../extension/target/root/root.ts';
import type { RootRequest } from '../../../../../extension/target/root/root.ts';
import { answering, shellWithSudo, SUDO } from '../../../../support/sudo.ts';

const dir = mkdtempSync(join(tmpdir(), 'kpt-sudo-'));
const shells: LocalShell[] = [];
after(() => {
  for (const shell of shells) shell.dispose(); // what nobody took
  rmSync(dir, { recursive: true, force: true });
});

const QUESTION = 'sudo: Password of me for sudo on this machine';

function user(sudo: string | undefined, prompts = answering(), env: Record<string, string> = {}) {
  const { shell, log } = shellWithSudo(dir, sudo, env);
  shells.push(shell);
  const warned: string[] = [];
  const request: RootRequest = {
    shell,
    uid: 1000,
    user: 'me',
    prompts,
    log: { warn: (text) => warned.push(text) },
  };
  return { request, log, warned };
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

/** Becomes `cat` and sends bytes as soon as it is started. */
async function echoes(root: Root): Promise<void> {
  const session = await root.take();
  assert.deepEqual(await session.run('echo one; echo two >&2; exit 3'), { code: 3, output: 'one\ntwo\n' });
  const running = await session.become('true', ['cat']);
  assert.ok('process' in running);
  const sent = 'first line\n\0 and binary \xff\n';
  running.process.stdin.end(sent);
  let received = '';
  running.process.stdout.on('data', (chunk: Buffer) => (received += chunk.toString()));
  assert.equal((await running.process.ended).code, 0);
  assert.equal(received, sent);
}

test('root needs no sudo', async () => {
  const { request } = user('exit 99');
  const root = await Root.gain({ ...request, uid: 0 });
  assert.equal(root.kind, 'root');
  await echoes(root);
});

test('sudo without a password: nothing is asked', async () => {
  const prompts = answering();
  const root = await Root.gain(user(SUDO.free, prompts).request);
  assert.equal(root.kind, 'sudo');
  assert.deepEqual(prompts.asked, []);
  await echoes(root);
});

test('a password: on standard input only, and asked for once', async () => {
  const password = "s3cret ()'%";
  const prompts = answering(password);
  const { request, log } = user(SUDO.password.replace('= right', `= "${password}"`), prompts);
  const root = await Root.gain(request);
  assert.equal(root.kind, 'sudo-password');
  await echoes(root);
  await echoes(root);
  assert.deepEqual(prompts.asked, [QUESTION]);
  assert.equal(log().match(/^-S --/gm)?.length, 2, 'the first run of sudo serves the first agent too');
  assert.ok(!log().includes('s3cret'), 'in arguments or environment');
});

for (const kind of ['password', 'rust', 'oldRust'] as const) {
  test(`${kind}: a wrong password is recognised and asked for again, three times`, async () => {
    const prompts = answering('wrong', 'right');
    assert.equal((await Root.gain(user(SUDO[kind], prompts).request)).kind, 'sudo-password');
    assert.deepEqual(prompts.asked, [QUESTION, QUESTION.replace('sudo: ', 'sudo: Wrong password. ')]);
    const stubborn = answering('a', 'b', 'c', 'right');
    const error = await refused(Root.gain(user(SUDO[kind], stubborn).request));
    assert.match(error.message, /did not accept the password/);
    assert.equal(stubborn.asked.length, 3);
  });
}

test('a wrong password is recognised whatever sudo says of it', async () => {
  const prompts = answering('wrong', 'right');
  const env = { BADPASS: 'Just what do you think you are doing, Dave?' };
  await Root.gain(user(SUDO.password, prompts, env).request);
  assert.equal(prompts.asked[1], QUESTION.replace('sudo: ', 'sudo: Wrong password. '));
});

test('the password of another user is asked for by that name (rootpw)', async () => {
  const prompts = answering('right');
  await Root.gain(user(SUDO.password, prompts, { WHOSE: 'root' }).request);
  assert.deepEqual(prompts.asked, ['sudo: Password of root for sudo on this machine']);
});

test('a second factor is asked for in its own words, and is no wrong password', async () => {
  const prompts = answering('right', '123456', '123456');
  const root = await Root.gain(user(SUDO.secondFactor, prompts).request);
  const code = 'sudo-challenge: sudo on this machine asks: Verification code:';
  assert.deepEqual(prompts.asked, [QUESTION, code]);
  await echoes(root);
  assert.equal(prompts.asked.length, 2, 'the first agent needs no further code');
  await echoes(root);
  assert.deepEqual(prompts.asked.slice(2), [code], 'the password is known, the code is not');
});

test('a wrong second factor: both are asked for again', async () => {
  const prompts = answering('right', '000000', 'right', '123456');
  await Root.gain(user(SUDO.secondFactor, prompts).request);
  assert.equal(prompts.asked[2], QUESTION.replace('sudo: ', 'sudo: sudo did not accept the answers. '));
  assert.equal(prompts.asked.length, 4);
});

test('passprompt_override: the same words again, and nothing between, are another factor', async () => {
  const prompts = answering('right', '123456');
  await Root.gain(user(SUDO.overridden, prompts).request);
  assert.deepEqual(prompts.asked, [
    QUESTION,
    'sudo-challenge: sudo on this machine asks: one more answer (a second factor?)',
  ]);
});

test("PAM's own words for a password (!passprompt_override)", async () => {
  const prompts = answering('right');
  const root = await Root.gain(user(SUDO.ownWords, prompts).request);
  assert.deepEqual(prompts.asked, [QUESTION]);
  await echoes(root);
  assert.equal(prompts.asked.length, 1);
});

for (const [what, sudo, expected, questions] of [
  ['no password given', SUDO.password, /none was given/, 1],
  ['no code given', SUDO.secondFactor, /none was given/, 2],
  ['a terminal is required', SUDO.requiretty, /requiretty/, 0],
  ['not in the sudoers, known only after the password', SUDO.notAllowed, /me may not use sudo/, 1],
  ['not in the sudoers, in the words of sudo-rs', SUDO.notAllowedRust, /me may not use sudo/, 0],
  ['no sudo at all', undefined, /there is no sudo/, 0],
  ['sudo that fails in another way is quoted', SUDO.broken, /owned by uid 1000/, 0],
] as const) {
  test(what, async () => {
    const prompts = answering(...(what === 'no password given' ? [] : ['right']));
    const error = await refused(Root.gain(user(sudo, prompts).request));
    assert.match(error.message, expected);
    assert.equal(prompts.asked.length, questions);
  });
}

test("nothing of the user's environment reaches root, but the way that the agent's packets take", async () => {
  const own = {
    OPENSSL_CONF: '/tmp/evil',
    NODE_PATH: '/tmp/evil',
    SSH_CONNECTION: '192.0.2.1 5 192.0.2.2 22',
  };
  const { request } = user(SUDO.free, answering(), own);
  const session = await (await Root.gain(request)).take();
  const { output } = await session.run('env | grep -v -e ^_= -e ^PWD= -e ^SHLVL= -e ^OLDPWD= | sort');
  assert.match(
    output,
    /^HOME=\/\nLC_ALL=C\nPATH=\/usr\/sbin:\/usr\/bin:[/:\w-]+\nSSH_CONNECTION=192\.0\.2\.1 5 192\.0\.2\.2 22\n$/,
  );
});

test('what sudo says cannot act on a terminal', async () => {
  const error = await refused(Root.gain(user("printf 'sudo: \\033[8mhidden\\n' >&2; exit 1").request));
  assert.match(error.message, /sudo: \\x1b\[8mhidden/);
});

test('cancelled while a password is asked for', async () => {
  const cancel = new PacketTraceError('cancelled', 'Cancelled.');
  const prompts = { asked: [], secret: () => Promise.reject(cancel) };
  await assert.rejects(Root.gain(user(SUDO.password, prompts).request), cancel);
});
