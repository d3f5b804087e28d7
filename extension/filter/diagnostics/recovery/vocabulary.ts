/** The words of the filter language that a word may be meant to be, and the nearest of them to it. */
import { etherProtocols as etherTypes } from '../../language/name-lookup.ts';
import { vocabulary } from '../../language/words/vocabulary.ts';

/** Of words for other links those that a filter for Ethernet and IP may have as well. */
const ACCEPTED = new Set(
  'link atalk aarp decnet lat sca moprc mopdl iso esis isis clnp ipx netbeui gateway'.split(' '),
);

/** Keywords that mean something for Ethernet and IP. */
export const keywords: readonly string[] = Object.entries(vocabulary)
  .filter(([word, { number, foreign }]) => number === undefined && (foreign !== true || ACCEPTED.has(word)))
  .map(([word]) => word);

/** Numbers that have a name, for comparisons with bytes. */
export const constants: readonly string[] = Object.entries(vocabulary)
  .filter(([, { number }]) => number !== undefined)
  .map(([word]) => word);

/** After `ether proto`. */
export const etherProtocols: readonly string[] = Object.keys(etherTypes);

/** What other languages and habits call it. */
export const aliases: Readonly<Record<string, string>> = {
  ipv4: 'ip',
  ip4: 'ip',
  inet: 'ip',
  ipv6: 'ip6',
  inet6: 'ip6',
  icmpv6: 'icmp6',
  'ipv6-icmp': 'icmp6',
  ethernet: 'ether',
  eth: 'ether',
  mac: 'ether host',
  addr: 'host',
  address: 'host',
  hosts: 'host',
  ipaddr: 'host',
  network: 'net',
  subnet: 'net',
  ports: 'port',
  dport: 'dst port',
  sport: 'src port',
  dstport: 'dst port',
  srcport: 'src port',
  daddr: 'dst host',
  saddr: 'src host',
  source: 'src',
  from: 'src',
  destination: 'dst',
  dest: 'dst',
  to: 'dst',
  protocol: 'proto',
  ping: 'icmp',
  netmask: 'mask',
  range: 'portrange',
  flags: 'tcpflags',
  size: 'len',
  reset: 'tcp-rst',
  plus: 'or',
  ne: '!=',
  eq: '=',
};

/** At most four candidates, all as near; none where it would be another word. */
export function nearest(word: string, candidates: Iterable<string>): string[] {
  const limit = word.length < 4 ? 1 : word.length < 9 ? 2 : 3;
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate) }))
    .filter(({ candidate, distance }) => distance <= limit && distance < candidate.length)
    .sort((a, b) => a.distance - b.distance || sameStart(word, b.candidate) - sameStart(word, a.candidate))
    .filter(({ distance }, _, [best]) => distance === best?.distance)
    .slice(0, 4)
    .map(({ candidate }) => candidate);
}

function sameStart(a: string, b: string): number {
  return a.startsWith(b.slice(0, 1)) ? 1 : 0;
}

/** Letters to insert, drop, replace, or swap with their neighbour (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 3) return Infinity;
  let [last, row] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const steps = [at(row, j) + 1, at(next, j - 1) + 1, at(row, j - 1) + (same ? 0 : 1)];
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) steps.push(at(last, j - 2) + 1);
      next.push(Math.min(...steps));
    }
    [last, row] = [row, next];
  }
  return at(row, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
