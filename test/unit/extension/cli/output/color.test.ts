import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { hasColors } from '../../../../../extension/cli/output/color.ts';

test('colours are for terminals that know them, and for people who want them', () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true });
  for (const [output, env, expected] of [
    [terminal, { TERM: 'xterm-256color' }, true],
    [terminal, {}, true],
    [terminal, { NO_COLOR: '' }, true], // set and empty is not set
    [terminal, { NO_COLOR: '1' }, false],
    [terminal, { NO_COLOR: '0' }, false],
    [terminal, { TERM: 'dumb' }, false],
    [new PassThrough(), { TERM: 'xterm' }, false],
  ] as const)
    assert.equal(hasColors(output, env), expected, JSON.stringify(env));
});
