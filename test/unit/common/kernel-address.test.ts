import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatKernelAddress,
  kernelAddress,
  kernelAddressNear,
  kernelAddressOf,
} from '../../../common/kernel-address.ts';

test('the low 48 bits of an address, from its words or as a whole', () => {
  assert.equal(kernelAddress(0x8100_0020, 0xffff_ffff), 0xffff_8100_0020);
  assert.equal(kernelAddressOf(0xffff_ffff_8100_0020n), 0xffff_8100_0020);
  assert.equal(kernelAddressOf(0n), 0);
});

test('an address is written as the kernel writes it', () => {
  assert.equal(formatKernelAddress(0xffff_8100_0020), '0xffffffff81000020');
  assert.equal(formatKernelAddress(0x8000_0000_0000), '0xffff800000000000');
  assert.equal(formatKernelAddress(0x1000), '0x0000000000001000');
});

test('words, whole address and text say the same', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 47n), max: 2n ** 47n - 1n }), (signed) => {
      const address = BigInt.asUintN(64, signed);
      const short = kernelAddress(Number(address & 0xffff_ffffn), Number(address >> 32n));
      assert.equal(short, kernelAddressOf(address));
      assert.equal(BigInt(formatKernelAddress(short)), address);
    }),
  );
});

test('an address of code from its low half and any other address of code', () => {
  assert.equal(kernelAddressNear(0x8100_0020, 0xffff_8100_0000), 0xffff_8100_0020);
  // Where kernel and modules lie to both sides of a multiple of 4 GB.
  assert.equal(kernelAddressNear(0xffff_fff0, 0x8001_0000_0010), 0x8000_ffff_fff0);
  assert.equal(kernelAddressNear(0x10, 0x8000_ffff_fff0), 0x8001_0000_0010);
});

test('the low half is enough within 2 GB of the other address', () => {
  const address = fc.integer({ min: 2 ** 47, max: 2 ** 48 - 1 });
  const distance = fc.integer({ min: 1 - 2 ** 31, max: 2 ** 31 - 1 });
  fc.assert(
    fc.property(address, distance, (address, distance) => {
      assert.equal(kernelAddressNear(address % 2 ** 32, address + distance), address);
    }),
  );
});
