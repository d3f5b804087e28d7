/**
 * Addresses of kernel code in 48 bits. What is above them is sign extension, with five levels of page tables too
 * (Documentation/arch/x86/x86_64/5level-paging.rst): only addresses of data are wider there.
 */

/** A kernel address as a JavaScript number: its low 48 bits, exact below 2^53. */
export type KernelAddress = number;

const TWO_32 = 2 ** 32;

/** From the two 32-bit words of an address. */
export function kernelAddress(low: number, high: number): KernelAddress {
  return (high & 0xffff) * TWO_32 + low;
}

/** From a whole address of 64 bits. */
export function kernelAddressOf(address: bigint): KernelAddress {
  return Number(BigInt.asUintN(48, address));
}

/** The whole address in 16 digits, `0xffffffff81000000`. */
export function formatKernelAddress(address: KernelAddress): string {
  const extension = address >= 2 ** 47 ? 'ffff' : '0000';
  return `0x${extension}${address.toString(16).padStart(12, '0')}`;
}

/**
 * An address of the kernel's code from its low 32 bits: the kernel and its modules lie within less than 4 GB.
 * @param near any other address of its code
 */
export function kernelAddressNear(low: number, near: KernelAddress): KernelAddress {
  const high = Math.floor(near / TWO_32) * TWO_32;
  const candidates = [high + low, high + low - TWO_32, high + low + TWO_32];
  return candidates.reduce((best, each) => (Math.abs(each - near) < Math.abs(best - near) ? each : best));
}
