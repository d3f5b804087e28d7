/** The bytes of an IP address that base/tuple.ts has written. @returns undefined when it is none */
export function addressBytes(text: string): Uint8Array | undefined {
  return text.includes(':') ? ipv6Bytes(text) : ipv4Bytes(text);
}

function ipv4Bytes(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  const isByte = (part: string) => /^\d{1,3}$/.test(part) && Number(part) < 256;
  return parts.length === 4 && parts.every(isByte) ? Uint8Array.from(parts, Number) : undefined;
}

function ipv6Bytes(text: string): Uint8Array | undefined {
  const mapped = /^::ffff:([\d.]+)$/.exec(text)?.[1];
  if (mapped?.includes('.') === true) {
    const ipv4 = ipv4Bytes(mapped);
    return ipv4 && Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...ipv4);
  }
  const [front = '', back, ...rest] = text.split('::');
  if (rest.length > 0) return undefined;
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const before = groups(front);
  const after = groups(back ?? '');
  const missing = 8 - before.length - after.length;
  if (back === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [...before, ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...after];
  if (!all.every((group) => /^[\da-f]{1,4}$/.test(group))) return undefined;
  return Uint8Array.from(
    all.flatMap((group) => {
      const value = parseInt(group, 16);
      return [value >>> 8, value & 0xff];
    }),
  );
}
