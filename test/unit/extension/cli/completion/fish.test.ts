import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fishScript } from '../../../../../extension/cli/completion/fish.ts';
import { COMMAND_NAMES, optionsOf } from '../../../../../extension/cli/options.ts';
import { isInstalled } from '../../../../support/installed.ts';

/** Each script is run in a fish that has nothing but it. */
function fish(script: string): string {
  const { stdout, stderr, status } = spawnSync('fish', ['--no-config', '-c', script], { encoding: 'utf8' });
  assert.deepEqual([stderr, status], ['', 0]);
  return stdout;
}

test('fish offers what the tables have', (context) => {
  if (!isInstalled('fish')) {
    context.skip('there is no fish here');
    return;
  }
  const standIn = 'function packet-trace; printf "%s\\n" web1 web2; end';
  const offered = (line: string) =>
    fish(`${fishScript()}\n${standIn}\ncomplete -C 'packet-trace ${line}'`)
      .split('\n')
      .map((answer) => answer.split('\t')[0])
      .filter((word) => word !== '');
  for (const [line, words] of [
    ['fil', ['filter']],
    ['filter ', ['check', 'match']],
    ['help filter ', ['check', 'match']],
    ['help trace ', []],
    ['trace --timestamp re', ['relative']],
    ['trace --timestamp=re', ['--timestamp=relative']],
    ['trace --output-met', ['--output-meta=false']],
    ['trace root@w', ['root@web1', 'root@web2']],
    ['trace --identity x w', ['web1', 'web2']],
    ['trace web1 t', []],
    ['completion ', ['bash', 'fish', 'zsh']],
    ['source --mod', ['--module']],
  ] as const)
    assert.deepEqual(offered(line), words, line);
});

test('the script for fish has every option', () => {
  const script = fishScript();
  for (const { name } of optionsOf(COMMAND_NAMES))
    assert.match(script, new RegExp(` (-l |-a --)${name}[ =]`), name);
});
