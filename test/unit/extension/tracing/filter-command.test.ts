import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFilterCommand } from '../../../../extension/tracing/filter-command.ts';

const LINES: [string, ReturnType<typeof parseFilterCommand>][] = [
  ['filter tcp port 80', { kind: 'change', filter: 'tcp port 80' }],
  ['  filter   not arp  ', { kind: 'change', filter: 'not arp' }],
  ['filter', { kind: 'tell' }],
  ['no filter', { kind: 'change', filter: '' }],
  ['filters tcp', undefined],
  ['tcp port 80', undefined],
  ['no filter tcp', undefined],
];

for (const [line, command] of LINES)
  test(`"${line}"`, () => {
    assert.deepEqual(parseFilterCommand(line), command);
  });
