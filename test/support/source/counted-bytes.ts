/** Bytes that count how many of them are looked at: the cost of a parser without a clock. */
export function countedBytes(text: string): { bytes: Buffer; visited: () => number } {
  let visited = 0;
  const wrap = (buffer: Buffer): Buffer =>
    new Proxy(buffer, {
      get(target, key) {
        if (typeof key === 'string' && /^\d+$/.test(key)) {
          visited++;
          return target[Number(key)];
        }
        const value: unknown = Reflect.get(target, key);
        if (key === 'subarray') return (from?: number, to?: number) => wrap(target.subarray(from, to));
        if (key === 'indexOf')
          return (wanted: string | number, from = 0) => {
            const at = target.indexOf(wanted, from);
            visited += (at < 0 ? target.length : at) - Math.min(from, target.length);
            return at;
          };
        if (key === 'lastIndexOf')
          return (wanted: string | number, from = target.length) => {
            const at = target.lastIndexOf(wanted, from);
            visited += from - Math.max(at, 0);
            return at;
          };
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  return { bytes: wrap(Buffer.from(text, 'latin1')), visited: () => visited };
}
