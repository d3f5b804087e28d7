import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTracefs, parseBlacklist, scanTraceable } from '../../../../remote-agent/kernel/tracefs.ts';

const everywhere = () => true;

test('tracefs: its usual place goes before other mounts and before debugfs', () => {
  const mounts = [
    'debugfs /sys/kernel/debug debugfs rw 0 0',
    'tracefs /mnt/trace tracefs rw 0 0',
    'tracefs /sys/kernel/tracing tracefs rw 0 0',
  ];
  assert.equal(findTracefs(mounts.join('\n'), everywhere), '/sys/kernel/tracing');
  assert.equal(findTracefs(mounts.slice(0, 2).join('\n'), everywhere), '/mnt/trace');
  assert.equal(findTracefs(mounts[0], everywhere), '/sys/kernel/debug/tracing');
});

test('tracefs: white space in the path of a mount', () => {
  const mounts = 'tracefs /mnt/my\\040trace\\134fs tracefs rw 0 0\n';
  assert.equal(findTracefs(mounts, everywhere), '/mnt/my trace\\fs');
});

test('tracefs: a mount that we cannot look into is none', () => {
  const mounts = 'tracefs /sys/kernel/tracing tracefs rw 0 0\ndebugfs /sys/kernel/debug debugfs rw 0 0\n';
  assert.equal(
    findTracefs(mounts, (path) => path.startsWith('/sys/kernel/debug')),
    '/sys/kernel/debug/tracing',
  );
  assert.equal(
    findTracefs(mounts, () => false),
    undefined,
  );
  assert.equal(findTracefs('proc /proc proc rw 0 0\n', everywhere), undefined);
});

test('traceable functions without addresses', () => {
  const list = Buffer.from('ip_rcv\nip_rcv [other]\n__ftrace_invalid_address___4\nip_rcv_core (1) R\n');
  assert.deepEqual(scanTraceable(list, ['ip_rcv', 'ip_rcv_core', 'absent'], false), [
    { name: 'ip_rcv', module: '', location: undefined },
    { name: 'ip_rcv', module: 'other', location: undefined },
    { name: 'ip_rcv_core', module: '', location: undefined },
  ]);
});

test('traceable functions with addresses', () => {
  const list = Buffer.from('ffffffff81000014 ip_rcv\nffffffffc0000004 veth_xmit [veth]');
  assert.deepEqual(scanTraceable(list, ['ip_rcv', 'veth_xmit'], true), [
    { name: 'ip_rcv', module: '', location: 0xffffffff81000014n },
    { name: 'veth_xmit', module: 'veth', location: 0xffffffffc0000004n },
  ]);
});

test('kprobe blacklist', () => {
  const text = '0xffffffff81000000-0xffffffff81000040\tasm_exc_int3\n';
  assert.deepEqual(parseBlacklist(text), [{ start: 0xffffffff81000000n, end: 0xffffffff81000040n }]);
  assert.deepEqual(parseBlacklist(''), []);
});
