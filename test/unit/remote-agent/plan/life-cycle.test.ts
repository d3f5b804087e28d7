import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Program } from '../../../../common/layouts.ts';
import { isLifeCycle, programOf } from '../../../../remote-agent/plan/life-cycle.ts';

/** A function or more of each program, and the position of its packet. */
const EXAMPLES: [number, number, string[]][] = [
  [Program.HeadState, 1, ['skb_release_head_state']],
  [Program.Data, 1, ['skb_release_data']],
  [Program.Final, 1, ['kfree_skbmem', 'napi_skb_cache_put']],
  [Program.FinalSecond, 2, ['napi_reuse_skb']],
  [Program.Stolen, 1, ['napi_skb_free_stolen_head']],
  [Program.Partial, 1, ['kfree_skb_partial']],
  [Program.Reshape, 1, ['pskb_expand_head']],
  [Program.Copy, 1, ['__copy_skb_header', '__skb_clone', 'ip_copy_metadata', 'ip6_copy_metadata']],
  [Program.Merge, 1, ['skb_gro_receive', 'skb_gro_receive_list', 'skb_try_coalesce']],
];

for (const [program, argument, names] of EXAMPLES)
  test(`${names.join(', ')}: a program of their own, and another when they were not asked for`, () => {
    for (const name of names) {
      assert.ok(isLifeCycle(name), name);
      assert.equal(programOf(name, argument, true), program, name);
      assert.equal(programOf(name, argument, false), program + Program.Quiet, name);
    }
  });

test('what makes a packet is never a step: one program, asked for or not', () => {
  for (const name of ['__build_skb_around', '__finalize_skb_around']) {
    assert.ok(isLifeCycle(name));
    assert.equal(programOf(name, 1, true), Program.Build);
    assert.equal(programOf(name, 1, false), Program.Build);
  }
});

test('any other function has the program of its argument, and none when it was not asked for', () => {
  // skb_morph releases what the packet was, and makes it a clone, by functions of the life cycle.
  for (const name of ['ip_rcv', 'consume_skb', '__kfree_skb', 'skb_clone', 'skb_morph']) {
    assert.ok(!isLifeCycle(name), name);
    for (let argument = 1; argument <= 5; argument++) {
      assert.equal(programOf(name, argument, true), Program.Plain + argument);
      assert.equal(programOf(name, argument, false), undefined);
    }
  }
});

test('a namesake with its packet elsewhere is an ordinary function', () => {
  assert.equal(programOf('kfree_skbmem', 2, true), Program.Plain + 2);
  assert.equal(programOf('kfree_skbmem', 2, false), undefined);
  assert.equal(programOf('napi_reuse_skb', 1, true), Program.Plain + 1);
});

test('what the release of data calls back is asked for, and a part of the release', () => {
  const names = [
    'skb_free_head',
    'msg_zerocopy_callback',
    'sock_zerocopy_callback',
    'vhost_zerocopy_complete',
    'io_tx_ubuf_complete',
  ];
  for (const name of names) {
    assert.ok(!isLifeCycle(name), name);
    assert.equal(programOf(name, 1, true), Program.Tail, name);
    assert.equal(programOf(name, 1, false), undefined, name);
  }
  assert.equal(programOf('msg_zerocopy_callback', 2, true), Program.Plain + 2);
  assert.equal(programOf('skb_free_header', 1, true), Program.Plain + 1);
});

test('each program has a number of its own', () => {
  const { Plain, Quiet, Tail, Build, Bystander, ...withQuiet } = Program;
  assert.deepEqual(
    EXAMPLES.map(([program]) => program),
    Object.values(withQuiet),
  );
  const places = Object.values(withQuiet).flatMap((program) => [program, program + Quiet]);
  for (let argument = 1; argument <= 5; argument++) places.push(Plain + argument);
  places.push(Tail, Build, Bystander);
  assert.equal(new Set(places).size, places.length);
});
