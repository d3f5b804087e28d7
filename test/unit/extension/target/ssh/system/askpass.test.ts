/** The program that ssh runs to ask, run as ssh runs it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Askpass } from '../../../../../../extension/target/ssh/system/askpass.ts';

let dir: string;
let askpass: Askpass;
const asked: string[] = [];
const notices: string[] = [];
let heardNotice: () => void = () => undefined;
let open = 0;
let trust = true;

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'kpt-askpass-'));
  askpass = await Askpass.open({
    dir,
    who: 'u@h',
    prompts: {
      confirmHostKey: ({ host, keyType, fingerprint }) => {
        asked.push(`${host} ${keyType} ${fingerprint}`);
        return Promise.resolve(trust);
      },
      secret: async ({ kind, prompt }) => {
        asked.push(`${kind}: ${prompt}`);
        open++;
        await new Promise((resolve) => setImmediate(resolve));
        assert.equal(open--, 1, 'two questions at once');
        return prompt.includes('decline') ? undefined : 'an answer';
      },
    },
    onNotice: (text) => {
      notices.push(text);
      heardNotice();
    },
  });
});
after(() => {
  askpass.close();
  rmSync(dir, { recursive: true, force: true });
});

function start(prompt: string, kind = '') {
  const { env } = askpass;
  return spawn(env.SSH_ASKPASS ?? '', [prompt], {
    env: { ...process.env, ...env, SSH_ASKPASS_PROMPT: kind },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function ask(prompt: string, kind?: string): Promise<string> {
  const child = start(prompt, kind);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise((resolve) => child.on('close', resolve));
  return `${String(code)} ${text}`;
}

test('answers reach ssh, one question a time; a declined one is a failure', async () => {
  const answers = await Promise.all([
    ask("Enter passphrase for key '/k': "),
    ask("u@h's password: "),
    ask('(u@h) Code: '),
    ask('decline this: '),
  ]);
  assert.deepEqual(answers, ['0 an answer\n', '0 an answer\n', '0 an answer\n', '1 ']);
  assert.deepEqual(asked.splice(0).sort(), [
    'challenge: u@h: (u@h) Code:',
    'challenge: u@h: decline this:',
    "passphrase: Enter passphrase for key '/k':",
    "password: u@h: u@h's password:",
  ]);
});

test('an unknown host is a question of its own', async () => {
  const prompt = `The authenticity of host '[h]:2222 ([192.0.2.1]:2222)' can't be established.
ED25519 key fingerprint is SHA256:abc+/0.
This key is not known by any other names.
Are you sure you want to continue connecting (yes/no/[fingerprint])? `;
  assert.equal(await ask(prompt), '0 yes\n');
  trust = false;
  assert.equal(await ask(prompt), '0 no\n');
  assert.deepEqual(asked.splice(0), Array(2).fill('[h]:2222 ED25519 SHA256:abc+/0'));
});

test('a notice is told and stays until ssh ends it', async () => {
  const heard = new Promise<void>((resolve) => (heardNotice = resolve));
  const child = start('Confirm user presence for key ED25519-SK SHA256:x', 'none');
  const ended = new Promise((resolve) => child.on('close', resolve));
  await heard;
  assert.deepEqual(notices, ['Confirm user presence for key ED25519-SK SHA256:x']);
  assert.equal(child.exitCode, null);
  child.kill();
  await ended;
  assert.deepEqual(asked, []);
});

test('a permission is given by yes alone', async () => {
  assert.equal(await ask('Allow use of key?', 'confirm'), '1 ');
});
