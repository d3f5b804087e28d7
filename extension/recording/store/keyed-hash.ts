/**
 * HalfSipHash-1-3 (Aumasson, Bernstein; include/linux/siphash.h has it as hsiphash, for hash tables as well), with a
 * key of this process. What is hashed comes from the network: whoever may choose the addresses and ports of packets
 * must not be able to choose where a table puts them.
 */
import { randomFillSync } from 'node:crypto';

const [KEY_0 = 0, KEY_1 = 0] = randomFillSync(new Uint32Array(2));

/** Of `width` words at `source[at]`; 32 bits, as a signed number. */
export function hashWords(source: Uint32Array, at: number, width: number): number {
  let v0 = KEY_0;
  let v1 = KEY_1;
  let v2 = 0x6c796765 ^ KEY_0;
  let v3 = 0x74656462 ^ KEY_1;
  const end = width << 26; // bytes in the highest byte
  // One round for each word, one for the length, and three at the end.
  for (let i = 0; i < width + 4; i++) {
    const word = i < width ? (source[at + i] ?? 0) : i === width ? end : 0;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
    if (i === width) v2 ^= 0xff;
  }
  return v1 ^ v3;
}
