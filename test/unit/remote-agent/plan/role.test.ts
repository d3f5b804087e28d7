import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Program } from '../../../../common/layouts.ts';
import { programOf } from '../../../../remote-agent/plan/life-cycle.ts';
import { describePlanned, roleOf } from '../../../../remote-agent/plan/role.ts';

test('a role does not depend on whether the function was asked for', () => {
  for (const [name, argument, role] of [
    ['skb_release_data', 1, 'release'],
    ['napi_reuse_skb', 2, 'release'],
    ['pskb_expand_head', 1, 'reshape'],
    ['__copy_skb_header', 1, 'copy'],
    ['skb_try_coalesce', 1, 'merge'],
    ['__build_skb_around', 1, 'build'],
  ] as const)
    for (const asked of [true, false])
      assert.equal(roleOf(programOf(name, argument, asked) ?? -1), role, name);
});

test('functions that say nothing of a life are plain, those called in a release are its part', () => {
  for (const argument of [1, 2, 3, 4, 5])
    assert.equal(roleOf(programOf('ip_rcv', argument, true) ?? -1), 'plain');
  assert.equal(roleOf(programOf('skb_free_head', 1, true) ?? -1), 'release');
});

test('what is quiet is not shown', () => {
  const planned = { address: 1n, name: 'a', module: 'm', argument: 2, program: Program.Plain + 2 } as const;
  assert.deepEqual(describePlanned(planned), {
    name: 'a',
    module: 'm',
    argument: 2,
    role: 'plain',
    shown: true,
  });
  assert.equal(describePlanned({ ...planned, quiet: true }).shown, false);
});
