import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventHeaderLayout } from '../../../common/layouts.ts';
import { RINGBUF_DISCARD_BIT, RINGBUF_HEADER_BYTES, recordStride } from '../../../common/protocol.ts';

test('records of the ring buffer are padded to a multiple of eight bytes', () => {
  assert.deepEqual([0, 1, 8, 9].map(recordStride), [8, 16, 16, 24]);
  assert.equal(recordStride(EventHeaderLayout.bytes), RINGBUF_HEADER_BYTES + EventHeaderLayout.bytes);
});

test('a discarded record is as long as another', () => {
  assert.equal(recordStride(RINGBUF_DISCARD_BIT | 20), recordStride(20));
});
