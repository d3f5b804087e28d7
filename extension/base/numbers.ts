/** Numbers in texts for the user. */

/** `1,234` */
export function formatNumber(value: number): string {
  return value.toLocaleString('en');
}

/** `1 event`, `1,234 events` */
export function formatCount(value: number, one: string, many = `${one}s`): string {
  return `${formatNumber(value)} ${value === 1 ? one : many}`;
}

/** `0.6 s` */
export function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
