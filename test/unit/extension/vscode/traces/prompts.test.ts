/** Questions on the way to a target: the prompt is a server's, and VS Code would make links of it. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { inputs, shown } from '../../../../support/vscode/recorder.ts';

const { promptsUntil } = await import('../../../../../extension/vscode/traces/prompts.ts');

const HOSTILE = '[Continue](command:workbench.action.quit)\x1b[8m';

beforeEach(() => {
  shown.length = 0;
  inputs.length = 0;
});

test('a password is hidden, a code that the server would show is not', async () => {
  const prompts = promptsUntil(new AbortController().signal);
  await prompts.secret({ kind: 'password', prompt: 'Password' });
  await prompts.secret({ kind: 'challenge', prompt: 'Verification code', echo: true });
  await prompts.secret({ kind: 'challenge', prompt: 'PIN', echo: false });
  assert.deepEqual(
    inputs.map(({ prompt, password }) => [prompt, password]),
    [
      ['Password', true],
      ['Verification code', false],
      ['PIN', true],
    ],
  );
});

test('no words of a server reach VS Code as they are', async () => {
  const prompts = promptsUntil(new AbortController().signal);
  await prompts.secret({ kind: 'challenge', prompt: HOSTILE });
  await prompts.confirmHostKey({ host: HOSTILE, keyType: HOSTILE, fingerprint: HOSTILE });
  assert.ok(shown.length >= 3);
  for (const text of shown) assert.doesNotMatch(text, /\]\(command:|\x1b/);
});
