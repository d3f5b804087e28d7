/** Ports, addresses and networks: lists, ranges, masks, and values under the wrong keyword. */
import { isIPv4, isIPv6 } from 'node:net';
import { replaced } from '../edits.ts';
import { QUALIFIERS, type RecoveryRule, wholeWord } from './problem.ts';

/** `port 80,443`, `host a, b`: libpcap has no lists. */
const list: RecoveryRule = ({ text, range, word }) => {
  if (!/^[,{}/]/.test(word) && text[range.start] !== ',') return undefined;
  const values = /(?:\{\s*)?([\w.:-]+(?:\s*,\s*[\w.:/-]+)+)\s*\}?/g;
  const found = [...text.matchAll(values)].find(
    ({ index, 0: { length } }) => index <= range.start && range.start < index + length,
  );
  if (found?.[1] === undefined) return undefined;
  const qualifiers = QUALIFIERS.exec(text.slice(0, found.index))?.[0] ?? '';
  const terms = found[1].split(/\s*,\s*/).map((value) => qualifiers + value);
  const place = { start: found.index - qualifiers.length, end: found.index + found[0].length };
  const alone = place.start === 0 && text.slice(place.end).trim() === '';
  const joined = terms.join(' or ');
  return {
    code: 'list',
    explanation: 'There are no lists; several values are several terms joined by "or".',
    range: { start: found.index, end: place.end },
    repairs: [replaced(text, place, alone ? joined : `(${joined})`)],
  };
};

/** `port 1-100`, `port 80:90`, `portrange 80 90`. */
const portRange: RecoveryRule = ({ text, range }) => {
  const pattern = /\bport(?:range)?\s+(\d+)(?:\s*[-:]\s*|\s+to\s+|\s*\.\.\s*|\s+)(\d+)/g;
  const found = [...text.matchAll(pattern)].find(
    ({ index, 0: { length } }) => index <= range.start && range.start < index + length,
  );
  if (found === undefined) return undefined;
  const [whole, low, high] = found;
  const place = { start: found.index, end: found.index + whole.length };
  const isList = /\d\s+\d/.test(whole) && whole.startsWith('port ');
  return {
    code: isList ? 'missing-operator' : 'port-range',
    explanation: isList
      ? 'An operator is missing between the ports.'
      : 'A range of ports is written "portrange 80-90".',
    ...(!isList && { range: place }),
    repairs: [replaced(text, place, isList ? `port ${low} or ${high}` : `portrange ${low}-${high}`)],
  };
};

const openRange: RecoveryRule = ({ text, range }) => {
  const found = [...text.matchAll(/\bportrange\s+(?:(\d+)\s*-?(?![\w.-])|-\s*(\d+))/g)].find(
    ({ index, 0: { length } }) => index <= range.start && range.start <= index + length,
  );
  if (found === undefined) return undefined;
  const [whole, low = '0', high = '65535'] = found;
  const place = { start: found.index, end: found.index + whole.length };
  return {
    code: 'port-range',
    explanation: 'A range of ports has both its ends, as in "portrange 1024-65535".',
    range: place,
    repairs: [replaced(text, place, `portrange ${low}-${high}`)],
  };
};

/** A network whose address has bits beyond its mask; a host with a mask. */
const network: RecoveryRule = ({ text, range, message }) => {
  if (!/non-network bits|mask length|Mask syntax/.test(message)) return undefined;
  const pattern = /(?:\b(host|net)\s+)?([\da-f.:]+)\s*(?:\/\s*(\d+)|\s+mask\s+([\d.]+))/gi;
  const found = [...text.matchAll(pattern)].find(
    ({ index, 0: { length } }) => index < range.end && range.start < index + length,
  );
  if (found === undefined) return undefined;
  const [whole, , address = '', digits, mask] = found;
  const bits = mask === undefined ? Number(digits) : maskLength(mask);
  const place = { start: found.index, end: found.index + whole.length };
  const limit = address.includes(':') ? 128 : 32;
  const tooLong = bits > limit;
  const masked = tooLong ? undefined : networkOf(address, bits);
  const repairs = masked === undefined ? [] : [`net ${masked}/${bits}`];
  repairs.push(`host ${address}`);
  return {
    code: 'network',
    explanation: tooLong
      ? `A mask has at most ${limit} bits here.`
      : 'A network is "net" with an address whose bits beyond the mask are 0.',
    repairs: repairs.map((term) => replaced(text, place, term)),
  };
};

/** The number of leading ones. */
function maskLength(mask: string): number {
  const bits = mask
    .split('.')
    .map((byte) => Number(byte).toString(2).padStart(8, '0'))
    .join('');
  return bits.replace(/0+$/, '').length;
}

/** The address with the bits beyond the mask cleared. */
export function networkOf(address: string, bits: number): string | undefined {
  if (isIPv4(address)) {
    const value = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
    const network = Math.floor(value / 2 ** (32 - bits)) * 2 ** (32 - bits);
    return [24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256).join('.');
  }
  if (!isIPv6(address) || address.includes('.')) return undefined;
  const [head = '', tail] = address.split('::');
  const words = (part: string) =>
    part
      .split(':')
      .filter((word) => word !== '')
      .map((word) => parseInt(word, 16));
  const [before, behind] = [words(head), words(tail ?? '')];
  const all = [...before, ...Array.from({ length: 8 - before.length - behind.length }, () => 0), ...behind];
  const kept = all.map((word, index) => {
    const free = Math.min(16, Math.max(0, 16 * (index + 1) - bits));
    return Math.floor(word / 2 ** free) * 2 ** free;
  });
  // The WHATWG parser writes the shortest form.
  return new URL(`http://[${kept.map((word) => word.toString(16)).join(':')}]`).hostname.slice(1, -1);
}

const MAC = /^(?:[\da-f]{1,2}[:.-]){5}[\da-f]{1,2}$/i;

/** An address under a keyword for another kind: `ip host ::1`, `port 10.0.0.1`, `host 00:11:22:33:44:55`. */
const mismatch: RecoveryRule = ({ text, range, message }) => {
  if (!/modifier applied to|illegal link layer|non-ether|against IPv6|address family/.test(message))
    return undefined;
  const words = text.slice(range.start, range.end).trim().split(/\s+/);
  const value = words.at(-1) ?? '';
  const kind = MAC.test(value) ? 'a MAC address' : isIPv6(value) ? 'an IPv6 address' : 'an IPv4 address';
  if (!MAC.test(value) && !isIPv6(value) && !isIPv4(value)) return undefined;
  const direction = words
    .slice(0, -1)
    .filter((word) => /^(?:src|dst|or|and)$/.test(word))
    .join(' ');
  const tail = `${direction} host ${value}`.trim();
  const first = words[0] ?? '';
  const repairs = MAC.test(value)
    ? [`ether ${tail}`]
    : [
        ...(/^ip6?$/.test(first) ? [`${isIPv6(value) ? 'ip6' : 'ip'} ${tail}`] : []),
        ...(/^(?:tcp|udp|sctp|icmp6?|igmp|ah|esp|pim)$/.test(first) ? [`${first} and ${tail}`] : []),
        tail,
      ];
  return {
    code: 'address-kind',
    explanation: `"${value}" is ${kind}; the words before it ask for something else.`,
    repairs: repairs.map((term) => replaced(text, range, term)),
  };
};

/** An address that is none: what is wrong with it. */
const badAddress: RecoveryRule = ({ text, range, message }) => {
  const { start, end } = wholeWord(text, range);
  const [value = ''] = /\S*$/.exec(text.slice(start, end)) ?? [];
  const place = { start: end - value.length, end };
  const afterEther = /\bether\s+(?:(?:src|dst|host)\s+)+$/.test(text.slice(0, place.start));
  const v6 = value.includes('::') && !isIPv6(value);
  if (
    /bogus ethernet|bogus IPv6/.test(message) ||
    v6 ||
    (afterEther && /^[\da-fg]+([:-][\w]+)+$/i.test(value))
  ) {
    const groups = value.split(/[:-]/).length;
    const isMac =
      afterEther ||
      (!value.includes('::') && groups <= 7 && value.split(/[:-]/).every((group) => group.length <= 2));
    return {
      code: 'address',
      explanation: isMac
        ? `A MAC address has six bytes of hexadecimal digits, as in 00:11:22:33:44:55; this has ${groups}${groups === 6 ? ' with other characters' : ''}.`
        : 'An IPv6 address has eight groups of one to four hexadecimal digits; "::" may stand for groups of zeros once.',
      range: place,
      repairs: [],
    };
  }
  if (!/^\d+(?:\.\d*){1,}$/.test(value) || !/invalid IPv4|unknown (?:host|network)/.test(message))
    return undefined;
  return {
    code: 'address',
    explanation: 'An IPv4 address has four numbers from 0 to 255.',
    range: place,
    repairs: [],
  };
};

/** Numbers out of range. */
const number: RecoveryRule = ({ text, range, message, word, before }) => {
  if (message.includes('illegal port number'))
    return { code: 'number', explanation: 'Ports are numbers from 0 to 65535.', repairs: [] };
  if (message.includes('non-octal digit')) {
    const explanation = 'A number with a leading 0 is octal.';
    return { code: 'number', explanation, repairs: [replaced(text, range, word.replace(/^0+/, ''))] };
  }
  if (message.includes('overflows 32 bits'))
    return {
      code: 'number',
      explanation: 'Numbers have at most 32 bits: 4294967295, or 0xffffffff.',
      repairs: [],
    };
  const [limit] = /(?<=greater than maximum )\d+/.exec(message) ?? [];
  if (limit !== undefined)
    return { code: 'number', explanation: `The largest number here is ${limit}.`, repairs: [] };
  if (/^0x\w*[g-z]/i.test(word))
    return { code: 'number', explanation: 'Hexadecimal digits are 0 to 9 and a to f.', repairs: [] };
  if (word === '-' && /\b(?:port|less|greater|vlan|proto)\s*$/.test(before))
    return {
      code: 'number',
      explanation: 'Numbers are not negative.',
      range: wholeWord(text, range),
      repairs: [],
    };
  return undefined;
};

export const values: readonly RecoveryRule[] = [
  list,
  network,
  number,
  badAddress,
  mismatch,
  portRange,
  openRange,
];
