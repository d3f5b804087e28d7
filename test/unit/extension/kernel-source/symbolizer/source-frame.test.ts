import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  lineText,
  shownFrame,
  type SourceFrame,
} from '../../../../../extension/kernel-source/symbolizer/source-frame.ts';

/** `function path:line`; a path that begins with `/` is not in the checkout. */
function frames(...texts: string[]): SourceFrame[] {
  return texts.map((text) => {
    const [name = '', file = '', line] = text.split(/[ :]/);
    return { function: name, file, path: file.startsWith('/') ? undefined : file, line: Number(line) };
  });
}

const shown = (...texts: string[]) => {
  const frame = shownFrame(frames(...texts));
  return frame && `${frame.function} ${frame.path}:${frame.line}`;
};

test('the innermost frame in the checkout is shown', () => {
  assert.equal(shown('a x.h:1', 'b y.c:2'), 'a x.h:1');
  assert.equal(shown('a /build/generated.h:1', 'b y.c:2'), 'b y.c:2');
  assert.equal(shown('a /build/generated.h:1'), undefined);
  assert.equal(shown(), undefined);
});

test('what only frees a packet is passed over for its caller', () => {
  const caller = 'wg_xmit drivers/net/wireguard/device.c:231';
  for (const name of [
    'kfree_skb',
    'kfree_skb_reason',
    'kfree_skb_list',
    'dev_kfree_skb_any',
    'dev_kfree_skb_irq_reason',
  ])
    assert.equal(shown(`${name} include/linux/skbuff.h:1252`, caller), caller);
  const checked = 'skb_share_check include/linux/skbuff.h:2019';
  assert.equal(shown('kfree_skb include/linux/skbuff.h:1252', checked, caller), checked);
  const itself = 'kfree_skb_reason net/core/skbuff.c:900';
  assert.equal(shown(itself), itself);
});

test('writes a line with what it was inlined in', () => {
  const frame = (name: string, path: string | undefined, line: number) => {
    return { function: name, path, file: `/build/${name}.c`, line };
  };
  assert.equal(lineText([]), '');
  assert.equal(lineText([frame('ip_rcv', 'net/ipv4/ip_input.c', 12)]), 'net/ipv4/ip_input.c:12');
  assert.equal(
    lineText([frame('skb_drop', undefined, 3), frame('ip_rcv', 'net/ipv4/ip_input.c', 12)]),
    '/build/skb_drop.c:3 (inlined in ip_rcv, net/ipv4/ip_input.c:12)',
  );
});
