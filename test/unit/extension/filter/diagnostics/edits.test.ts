import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyEdits } from '../../../../../extension/filter/diagnostics/edits.ts';

test('edits of a fix are applied at their places', () => {
  const edits = [
    { start: 0, end: 3, text: 'ip' },
    { start: 6, end: 7, text: 'xx' },
  ];
  assert.equal(applyEdits('tcp a b', edits), 'ip a xx');
});
