import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type StackTraceLink, stackTraceLinks } from '../../../../extension/kernel-source/stack-trace.ts';

function only(line: string): StackTraceLink {
  const links = stackTraceLinks(line);
  assert.equal(links.length, 1, line);
  return links[0]!;
}

test('the forms in which kernels print a frame', () => {
  const forms: [string, string, number, string][] = [
    ['[   12.3] ip_rcv+0x1a/0x40', 'ip_rcv', 0x1a, ''],
    ['[   12.3]  ? nf_hook_slow+0x41/0xc0', 'nf_hook_slow', 0x41, ''],
    [' [<ffffffff81234567>] tcp_v4_rcv+0x0/0xb10', 'tcp_v4_rcv', 0, ''],
    [' [<ffffffffc0123456>] ? nft_do_chain+0x99/0x5f0 [nf_tables]', 'nft_do_chain', 0x99, 'nf_tables'],
    [' e1000_clean+0x2/0x9 [e1000e 0123456789abcdef0123456789abcdef01234567]', 'e1000_clean', 2, 'e1000e'],
    ['RIP: 0010:skb_panic.isra.0+0x4c/0x50', 'skb_panic.isra.0', 0x4c, ''],
    [' ip_rcv+0x1a/0x40\r', 'ip_rcv', 0x1a, ''],
  ];
  for (const [line, symbol, offset, module] of forms) {
    const link = only(line);
    assert.deepEqual([link.symbol, link.offset, link.module], [symbol, offset, module], line);
  }
});

test('the link spans the function, its offset and its module', () => {
  const line = 'at ? nft_do_chain+0x99/0x5f0 [nf_tables] and on';
  const { start, length } = only(line);
  assert.equal(line.slice(start, start + length), 'nft_do_chain+0x99/0x5f0 [nf_tables]');
});

test('all but where the CPU was are places that a call returns to', () => {
  const forms: [string, boolean][] = [
    ['[   96.000839]  dump_stack_lvl+0x44/0x5c', true],
    ['[   96.001277]  ? vfs_write+0xc4/0x3f0', true],
    ['lr : el1_interrupt+0x34/0x54', true],
    ['[   12.3] RIP: 0010:skb_panic.isra.0+0x4c/0x50', false],
    ['RIP: 0010:[<ffffffff8108a0b3>]  [<ffffffff8108a0b3>] skb_panic+0x4c/0x50', false],
    ['IP: [<ffffffff8108a0b3>] skb_panic+0x4c/0x50', false],
    ['EIP: skb_panic+0x4c/0x50', false],
    ['pc : skb_panic+0x4c/0x50', false],
    ['PC is at skb_panic+0x4c/0x50', false],
    ['WARNING: CPU: 0 PID: 9 at net/core/dev.c:3456 skb_warn_bad_offload+0x7a/0xd0', false],
    ['  ? kthread_complete_and_exit+0x0/0x20', false], // a pointer to a function
    ['comm: RIP foo+0x1/0x2', true],
  ];
  for (const [line, isReturnAddress] of forms)
    assert.equal(only(line).isReturnAddress, isReturnAddress, line);
});

test('the size, the build id of a module, and a doubt', () => {
  const id = '0123456789abcdef0123456789abcdef01234567';
  const sure = only(` e1000_clean+0x2/0x1c0 [e1000e ${id}]`);
  assert.deepEqual([sure.size, sure.buildId, sure.isCertain], [0x1c0, id, true]);
  const doubtful = only(' [<ffffffffc0123456>] ? nft_do_chain+0x99/0x5f0 [nf_tables]');
  assert.deepEqual([doubtful.size, doubtful.buildId, doubtful.isCertain], [0x5f0, undefined, false]);
});

test('two functions in one line are two links', () => {
  const line = 'from ip_rcv+0x1/0x2 to ip_local_out+0x3/0x4';
  assert.deepEqual(
    stackTraceLinks(line).map(({ symbol }) => symbol),
    ['ip_rcv', 'ip_local_out'],
  );
});

test('what is no frame has no link', () => {
  for (const line of ['a+0x1', '1+0x2/0x3', 'x = y+0x10/path', 'f+0x12/0x', 'main+0x1a (a.out)', ''])
    assert.deepEqual(stackTraceLinks(line), [], line);
});

test('a line of a megabyte is searched at once', () => {
  assert.deepEqual(stackTraceLinks('a.'.repeat(500_000)), []);
  assert.deepEqual(stackTraceLinks('f+0x1/'.repeat(150_000)), []);
});
