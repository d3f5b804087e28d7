import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { zshScript } from '../../../../../extension/cli/completion/zsh.ts';
import { OPTION_WORDS } from '../../../../../extension/cli/completion/words.ts';
import { isInstalled } from '../../../../support/installed.ts';

test('zsh understands the script', (context) => {
  if (!isInstalled('zsh')) {
    context.skip('there is no zsh here');
    return;
  }
  const { stderr, status } = spawnSync('zsh', ['-f', '-n', '-s'], {
    input: zshScript(),
    encoding: 'utf8',
  });
  assert.deepEqual([stderr, status], ['', 0]);
});

test('the script for zsh has every option with its meaning', () => {
  const script = zshScript();
  for (const { offered } of OPTION_WORDS)
    assert.ok(script.includes(`'${offered.text}:${offered.meaning.replaceAll("'", "'\\''")}'`), offered.text);
});
