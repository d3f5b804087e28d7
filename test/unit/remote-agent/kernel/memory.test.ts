import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ringBufferBytes } from '../../../../remote-agent/kernel/memory.ts';

const MB = 2 ** 20;
const meminfo = (megabytes: number) =>
  `MemTotal:       99999999 kB\nMemFree:            1000 kB\nMemAvailable:   ${megabytes * 1024} kB\n`;

test('the ring buffer is a small share of the memory that is to spare, and a power of two', () => {
  const sizes = [65_536, 256, 255, 128, 100, 10, 0].map((available) =>
    ringBufferBytes(meminfo(available), 0),
  );
  assert.deepEqual(
    sizes.map((bytes) => bytes / MB),
    [8, 8, 4, 4, 2, 1, 1],
  );
});

test('a limit of the control group counts too', () => {
  assert.equal(ringBufferBytes(meminfo(65_536), 128 * MB), 4 * MB);
  assert.equal(ringBufferBytes(meminfo(128), 65_536 * MB), 4 * MB);
  assert.equal(ringBufferBytes(meminfo(65_536), 2 ** 64), 8 * MB);
  assert.equal(ringBufferBytes(meminfo(65_536), undefined), 8 * MB);
});

test('where the kernel does not tell, the most', () => {
  assert.equal(ringBufferBytes('', 0), 8 * MB);
});
