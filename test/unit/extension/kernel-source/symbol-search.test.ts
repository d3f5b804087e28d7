import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StringTable } from '../../../../extension/kernel-source/tables/string-table.ts';
import { bestNames } from '../../../../extension/kernel-source/symbol-search.ts';

const NAMES = [
  ...['__tcp_v4_rcv', 'ip_rcv', 'ip_rcv_core', 'ip_rcv_finish', 'ipv6_rcv', 'rcv', 'rcv_all', 'tcp_rcv'],
  ...['tcp_rcvbuf', 'xrcv'],
].sort();
const TABLE = StringTable.columns(NAMES);

test('the name itself, then what begins with it, then words that do, then the rest; shorter first', () => {
  assert.deepEqual(bestNames(TABLE, 'rcv', 100), [
    ...['rcv', 'rcv_all'],
    ...['ip_rcv', 'tcp_rcv', 'ipv6_rcv', 'tcp_rcvbuf', 'ip_rcv_core', '__tcp_v4_rcv', 'ip_rcv_finish'],
    'xrcv',
  ]);
});

test('no more names than asked for, the best of them', () => {
  assert.deepEqual(bestNames(TABLE, 'rcv', 3), ['rcv', 'rcv_all', 'ip_rcv']);
});

test('a text that only two neighbours together contain is in none', () => {
  const table = StringTable.columns(['ab', 'cd', 'xbc']);
  assert.deepEqual(bestNames(table, 'bc', 10), ['xbc']);
  assert.deepEqual(bestNames(table, 'bcd', 10), []);
});

test('every name that contains the text is found, as by looking at each', () => {
  for (const text of ['a', 'v', 'p_r', 'rcv_', 'x', 'zz'])
    assert.deepEqual(
      bestNames(TABLE, text, 100).sort(),
      NAMES.filter((name) => name.includes(text)),
    );
});
