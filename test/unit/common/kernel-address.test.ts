import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatKernelAddress, kernelAddress, kernelAddressOf } from '../../../common/kernel-address.ts';

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
