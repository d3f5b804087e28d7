import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConditions } from '../../../../extension/tracing/conditions.ts';

const EVERY_BIT = 0xffff_ffff;

const MARKS: [string, { value: number; mask: number }][] = [
  ['0', { value: 0, mask: EVERY_BIT }],
  ['10', { value: 10, mask: EVERY_BIT }],
  ['0xa00/0xf00', { value: 0xa00, mask: 0xf00 }],
  [' 0XA/255 ', { value: 10, mask: 255 }],
  ['4294967295', { value: EVERY_BIT, mask: EVERY_BIT }],
];

for (const [text, mark] of MARKS)
  test(`the mark "${text}"`, () => {
    assert.deepEqual(parseConditions({ mark: text }), { mark });
  });

for (const text of ['x', '0x', '1/', '/1', '1/2/3', '-1', '1.5', '4294967296', '1/0x1ffffffff', '1 2'])
  test(`"${text}" is no mark, and the refusal says what it is and how one looks`, () => {
    assert.throws(() => parseConditions({ mark: text }), {
      code: 'usage',
      message: `"${text}" is no mark to ask for.`,
      remedy: /MARK\/MASK, numbers .*--filter-mark, "mark"/,
    });
  });

test('what is left empty is not asked for', () => {
  assert.equal(parseConditions({ netns: '', ifname: ' ' }), undefined);
  assert.deepEqual(parseConditions({ netns: ' blue ', ifname: 'eth0' }), { netns: 'blue', ifname: 'eth0' });
});
