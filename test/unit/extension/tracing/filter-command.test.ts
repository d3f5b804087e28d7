import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFilterCommand } from '../../../../extension/tracing/filter-command.ts';

const LINES: [string, ReturnType<typeof parseFilterCommand>][] = [
  ['filter tcp port 80', { kind: 'change', change: { filter: 'tcp port 80' } }],
  ['  filter   not arp  ', { kind: 'change', change: { filter: 'not arp' } }],
  ['filter', { kind: 'tell' }],
  ['no filter', { kind: 'change', change: { filter: '' } }],
  ['netns /proc/1/ns/net', { kind: 'change', change: { netns: '/proc/1/ns/net' } }],
  ['ifname eth0', { kind: 'change', change: { ifname: 'eth0' } }],
  ['mark 0x1/0xff', { kind: 'change', change: { mark: '0x1/0xff' } }],
  ['no  mark', { kind: 'change', change: { mark: '' } }],
  ['mark', undefined],
  ['no constructor', undefined],
  ['filters tcp', undefined],
  ['tcp port 80', undefined],
  ['no filter tcp', undefined],
];

for (const [line, command] of LINES)
  test(`"${line}"`, () => {
    assert.deepEqual(parseFilterCommand(line), command);
  });
