/** Logging in to a real sshd as ssh(1) does: which keys, in which order, with how many tries, and how long. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run } from '../../../../../build/run.ts';
import type { ErrorCode } from '../../../../../extension/base/errors.ts';
import { startSshAgent } from '../../../../support/ssh-agent.ts';
import type { SshAgent } from '../../../../support/ssh-agent.ts';
import { logIn, loginFails } from '../../../../support/ssh-login.ts';
import type { Login } from '../../../../support/ssh-login.ts';
import { generateKey, startSshServer } from '../../../../support/ssh-server.ts';
import type { SshServer } from '../../../../support/ssh-server.ts';

let server: SshServer;
before(async () => {
  server = await startSshServer(['LogLevel VERBOSE', 'MaxAuthTries 6']);
});
after(() => server.stop());

const path = (name: string) => join(server.dir, name);

type Some = Omit<Login, 'to'> & { to?: SshServer };
const logsIn = async (login: Some) => (await logIn({ to: server, ...login })).asked;
const fails = (code: ErrorCode, login: Some) => loginFails(code, { to: server, ...login });

/** What sshd logged since, once it is written. */
async function logSince(length: number, wanted: RegExp, of = server): Promise<string> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (wanted.test(of.log().slice(length))) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return of.log().slice(length);
}

async function key(name: string, authorized = false): Promise<string> {
  await generateKey(path(name));
  if (authorized) writeFileSync(path('authorized_keys'), readFileSync(`${path(name)}.pub`), { flag: 'a' });
  return path(name);
}

const fingerprint = async (file: string) =>
  (await run('ssh-keygen', ['-l', '-f', `${file}.pub`])).split(' ')[1] ?? '';

describe('keys of an agent that holds seven', () => {
  let agent: SshAgent;
  let right: string;
  let wrong: string;
  before(async () => {
    agent = await startSshAgent(path('seven.sock'));
    for (const n of [1, 2, 3, 4, 5, 6]) await agent.add((wrong = await key(`seven-${n}`)));
    right = await key('seven-right', true);
    await agent.add(right);
  });
  after(() => agent.stop());

  test('the one that the configuration names goes first', async () => {
    const from = server.log().length;
    await logsIn({ config: [`IdentityAgent ${agent.socket}`, `IdentityFile ${right}`] });
    assert.doesNotMatch(await logSince(from, /Accepted/), /Failed publickey/);
  });

  test('the one that the user names goes first, also by its public half', async () => {
    const config = [`IdentityAgent ${agent.socket}`];
    for (const identity of [right, `${right}.pub`]) {
      const from = server.log().length;
      await logsIn({ config, identity });
      assert.doesNotMatch(await logSince(from, /Accepted/), /Failed publickey/);
    }
  });

  test('a key file that the agent holds too is offered once', async () => {
    const from = server.log().length;
    await fails('authentication', {
      config: [`IdentityAgent ${agent.socket}`, 'IdentitiesOnly yes', `IdentityFile ${wrong}`],
    });
    const log = await logSince(from, /Failed publickey/);
    assert.equal(log.split(await fingerprint(wrong)).length - 1, 1, log);
  });

  test("without a name the server's patience ends, and its words and the way out are told", async () => {
    const error = await fails('authentication', { config: [`IdentityAgent ${agent.socket}`] });
    assert.match(error.message, /The host said: "Too many authentication failures"/);
    assert.match(error.remedy, /MaxAuthTries.*IdentitiesOnly/);
  });
});

describe('an IdentityFile that is a public key', () => {
  let agent: SshAgent;
  let selected: string;
  before(async () => {
    agent = await startSshAgent(path('selected.sock'));
    await agent.add(await key('not-authorized'));
    selected = await key('selected', true);
    await agent.add(selected);
    rmSync(selected); // as on a card: only the public half is here
  });
  after(() => agent.stop());

  for (const [what, name] of [
    ['named with .pub', 'selected.pub'],
    ['beside a private key that is not there', 'selected'],
  ] as const) {
    test(`selects the agent's key (${what}), and only that`, async () => {
      const from = server.log().length;
      await logsIn({
        config: [`IdentityAgent ${agent.socket}`, 'IdentitiesOnly yes', `IdentityFile ${path(name)}`],
      });
      assert.doesNotMatch(await logSince(from, /Accepted/), /Failed publickey/);
      await logsIn({ config: [`IdentityAgent ${agent.socket}`], identity: path(name) });
    });
  }

  test('without such a key in an agent it says so', async () => {
    const error = await fails('identity-file', { identity: path('selected.pub') });
    assert.match(error.message, /selected\.pub is a public key, and no SSH agent holds/);
    const noted = await fails('authentication', { config: [`IdentityFile ${path('selected')}`] });
    assert.match(noted.message, /Not used: .*selected\.pub is a public key/);
  });
});

describe('tries', () => {
  describe('six, and five wrong keys', () => {
    const failed = (log: string) => log.split('Failed publickey').length - 1;
    let agent: SshAgent;
    let wrong: string[];
    before(async () => {
      agent = await startSshAgent(path('five.sock'));
      wrong = await Promise.all([1, 2, 3, 4, 5].map((n) => key(`five-${n}`)));
      for (const file of wrong) await agent.add(file);
    });
    after(() => agent.stop());

    test('a password is asked for after them', async () => {
      const strict = await startSshServer([
        'LogLevel VERBOSE',
        'MaxAuthTries 6',
        'KbdInteractiveAuthentication no',
      ]);
      try {
        const config = [`IdentityAgent ${agent.socket}`];
        const error = await fails('authentication', { to: strict, config, answers: ['wrong'] });
        assert.deepEqual(
          error.asked.map((question) => question.split(':')[0]),
          ['password'],
        );
        assert.match(error.message, /The host said: "Too many authentication failures"/);
        assert.equal(failed(await logSince(0, /Failed password/, strict)), 5);
      } finally {
        await strict.stop();
      }
    });

    test('the right one, as the last of six files, is let in', async () => {
      const from = server.log().length;
      const config = [...wrong, await key('after-five', true)].map((file) => `IdentityFile ${file}`);
      assert.deepEqual(await logsIn({ config }), []);
      assert.equal(failed(await logSince(from, /Accepted publickey/)), 5);
    });

    test('the right one, as the last that the agent holds, is let in', async () => {
      await agent.add(await key('held-after-five', true));
      const from = server.log().length;
      assert.deepEqual(await logsIn({ config: [`IdentityAgent ${agent.socket}`] }), []);
      assert.equal(failed(await logSince(from, /Accepted publickey/)), 5);
    });
  });

  test('with MaxAuthTries 2 a password is asked for after a wrong key', async () => {
    const strict = await startSshServer(['MaxAuthTries 2', 'KbdInteractiveAuthentication no']);
    try {
      const stranger = await key('stranger');
      const error = await fails('authentication', { to: strict, identity: stranger, answers: ['wrong'] });
      assert.deepEqual(
        error.asked.map((question) => question.split(':')[0]),
        ['password'],
      );
      assert.match(error.message, /The host said: "Too many authentication failures"/);
    } finally {
      await strict.stop();
    }
  });

  test('a host that wants a key and a password gets the key, then asks', async () => {
    const strict = await startSshServer(['AuthenticationMethods publickey,password']);
    try {
      const error = await fails('authentication', { to: strict, identity: strict.key });
      assert.deepEqual(
        error.asked.map((question) => question.split(':')[0]),
        ['password'],
      );
    } finally {
      await strict.stop();
    }
  });

  test('a host that wants two keys gets both', async () => {
    const strict = await startSshServer(['AuthenticationMethods publickey,publickey']);
    try {
      const second = await key('second');
      writeFileSync(join(strict.dir, 'authorized_keys'), readFileSync(`${second}.pub`), { flag: 'a' });
      await logsIn({ to: strict, identity: strict.key, config: [`IdentityFile ${second}`] });
    } finally {
      await strict.stop();
    }
  });

  test('what the configuration switches off is not tried', async () => {
    const noKeys = await fails('authentication', {
      identity: server.key,
      config: ['PubkeyAuthentication no', 'PreferredAuthentications publickey,password'],
    });
    assert.doesNotMatch(noKeys.message, /user_key/);
    assert.deepEqual(noKeys.asked.length, 1);
    const noQuestions = await fails('authentication', {
      identity: await key('unknown-key'),
      config: ['PasswordAuthentication no'],
    });
    assert.deepEqual(noQuestions.asked, []);
    const batch = await fails('authentication', { config: ['BatchMode yes'] });
    assert.deepEqual(batch.asked, []);
    assert.match(batch.message, /BatchMode/);
  });

  test('a password is asked for as often as NumberOfPasswordPrompts says', async () => {
    const error = await fails('authentication', {
      config: ['NumberOfPasswordPrompts 2'],
      answers: ['a', 'b', 'c'],
    });
    assert.equal(error.asked.length, 2);
  });
});

describe('patience', () => {
  test('ConnectTimeout ends with the accepted host key', async () => {
    const slow = await startSshServer([
      `AuthorizedKeysCommand /bin/sh -c "sleep 2; cat '${path('authorized_keys')}'"`,
      'AuthorizedKeysCommandUser root',
    ]);
    writeFileSync(join(slow.dir, 'authorized_keys'), '');
    try {
      await logsIn({ to: slow, identity: server.key, config: ['ConnectTimeout 1'] });
    } finally {
      await slow.stop();
    }
  });

  test('a login that stands still says what it waits for', async () => {
    const stuck = await startSshServer([
      'AuthorizedKeysCommand /bin/sh -c "sleep 60"',
      'AuthorizedKeysCommandUser root',
    ]);
    writeFileSync(join(stuck.dir, 'authorized_keys'), '');
    try {
      const error = await fails('connection-timeout', { to: stuck, identity: server.key, loginStepMs: 1000 });
      assert.match(error.message, /the host's answer to the key .*user_key did not come within 1 second/);
    } finally {
      await stuck.stop();
    }
  });

  test('the limit stands still while the agent asks its user', async () => {
    const askpass = path('slow-askpass');
    writeFileSync(askpass, '#!/bin/sh\nsleep 2\nexit 0\n', { mode: 0o755 });
    const agent = await startSshAgent(path('confirm.sock'), { SSH_ASKPASS: askpass, DISPLAY: ':0' });
    try {
      await agent.add(await key('confirmed', true), '-c');
      await logsIn({ config: [`IdentityAgent ${agent.socket}`], loginStepMs: 1000 });
    } finally {
      agent.stop();
    }
  });

  test('an agent that is broken is told, and files are used', async () => {
    const { warnings } = await logIn({
      to: server,
      config: [`IdentityAgent ${path('no.sock')}`],
      identity: server.key,
    });
    assert.match(warnings.join(), /SSH agent .*no\.sock/);
  });
});

describe('keys that cannot be used', () => {
  test('Ed25519 in PKCS#8 is told apart, with the way to convert it', async () => {
    const pkcs8 = path('k8.pem');
    writeFileSync(pkcs8, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const error = await fails('identity-file', { identity: pkcs8 });
    assert.match(error.message, /Ed25519 key in PKCS#8.*ssh-keygen -p -f/);
    assert.deepEqual(error.asked, []);
  });

  test('a certificate beside a key, and one in an agent, are named', async () => {
    const certified = await key('certified');
    await run('ssh-keygen', ['-q', '-s', server.key, '-I', 'id', '-n', 'root', `${certified}.pub`]);
    const error = await fails('authentication', { identity: certified });
    assert.match(error.message, /Not used: .*certified-cert\.pub is an OpenSSH certificate/);
    assert.match(error.remedy, /--ssh system/);
    const agent = await startSshAgent(path('certificate.sock'));
    try {
      copyFileSync(certified, path('held'));
      copyFileSync(`${certified}-cert.pub`, path('held-cert.pub'));
      await agent.add(path('held'));
      const inAgent = await fails('authentication', { config: [`IdentityAgent ${agent.socket}`] });
      assert.match(inAgent.message, /\(SSH agent\) is an OpenSSH certificate/);
    } finally {
      agent.stop();
    }
  });
});
