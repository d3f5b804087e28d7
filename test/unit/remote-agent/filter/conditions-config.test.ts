import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConditionsLayout as At } from '../../../../common/layouts.ts';
import { encodeConditions, NO_CONDITIONS } from '../../../../remote-agent/filter/conditions-config.ts';

test('nothing asked for is nothing set', () => {
  assert.deepEqual(encodeConditions(NO_CONDITIONS, {}), new Uint8Array(At.bytes));
});

test('a mark of 0 is asked for by its mask; bits outside of the mask are not compared', () => {
  const zero = new DataView(encodeConditions({ ...NO_CONDITIONS, markMask: 0xffff_ffff }, {}).buffer);
  assert.deepEqual([zero.getUint32(At.markMask, true), zero.getUint8(At.any)], [0xffff_ffff, 1]);
  const cut = new DataView(encodeConditions({ ...NO_CONDITIONS, mark: 0xfff, markMask: 0xf0 }, {}).buffer);
  assert.equal(cut.getUint32(At.mark, true), 0xf0);
});

test('namespace and device', () => {
  const view = new DataView(
    encodeConditions({ ...NO_CONDITIONS, netns: 0xf000_0001, ifindex: 7 }, {}).buffer,
  );
  assert.equal(view.getUint32(At.netns, true), 0xf000_0001);
  assert.deepEqual([view.getUint32(At.ifindex, true), view.getUint8(At.any)], [7, 1]);
});

test('each expression has a flag of its own', () => {
  const flags = (expressions: { skb?: unknown; xdp?: unknown }) => {
    const bytes = encodeConditions(NO_CONDITIONS, expressions);
    return [bytes[At.expression], bytes[At.xdpExpression], bytes[At.any]];
  };
  assert.deepEqual(flags({ skb: [], xdp: undefined }), [1, 0, 0]);
  assert.deepEqual(flags({ xdp: [] }), [0, 1, 0]);
});
