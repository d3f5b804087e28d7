/** Terms that are incomplete, or that nothing joins. */
import { replaced } from '../edits.ts';
import { type RecoveryRule } from './problem.ts';
import { keywords } from './vocabulary.ts';

const NEEDS: Readonly<Record<string, string>> = {
  port: 'a port, as in "port 80"',
  portrange: 'a range of ports, as in "portrange 1024-65535"',
  host: 'an address, as in "host 10.0.0.1"',
  net: 'a network, as in "net 10.0.0.0/8"',
  mask: 'a mask, as in "net 10.0.0.0 mask 255.0.0.0"',
  proto: 'a protocol, as in "ip proto 47"',
  protochain: 'a protocol, as in "ip6 protochain 6"',
  src: 'what to compare the source with, as in "src host 10.0.0.1" or "src port 80"',
  dst: 'what to compare the destination with, as in "dst host 10.0.0.1" or "dst port 80"',
  less: 'a length in bytes',
  greater: 'a length in bytes',
  ifindex: 'the number of an interface',
  ether: 'what to look at, as in "ether host 00:11:22:33:44:55"',
  gateway: 'a name',
  byte: 'an offset, an operator and a value',
  '/': 'the length of the mask in bits',
};

const missingValue: RecoveryRule = ({ word, atEnd, syntax, before, text, range }) => {
  const keyword = atEnd ? word : /(\w+|\/)\s*$/.exec(before)?.[1];
  const needed = keyword !== undefined && Object.hasOwn(NEEDS, keyword) ? NEEDS[keyword] : undefined;
  const next = text.slice(range.start);
  if (!syntax || needed === undefined || !(atEnd || /^(?:and|or|&&|\|\||\))/.test(next))) return undefined;
  return { code: 'missing-value', explanation: `"${keyword}" needs ${needed}.`, repairs: [] };
};

const incomplete: RecoveryRule = ({ word, atEnd, before }) => {
  const operator = /^(?:[=<>]=?|!=|[-+*/&|^%]|<<|>>)$/.test(word);
  const number = /^(?:\d+|len(?:gth)?)$/.test(word) && !/(?:^|\b(?:and|or|not)|[!(&|])\s*$/.test(before);
  if (!atEnd || (!operator && !number)) return undefined;
  return { code: 'incomplete', explanation: `The comparison is not complete after "${word}".`, repairs: [] };
};

/** Two terms without an operator between them. */
const missingOperator: RecoveryRule = ({ text, range, word, before, syntax }) => {
  const first = /^[\w!(\\]/.test(word);
  if (
    !syntax ||
    !first ||
    !/[\w)\]]\s+$/.test(before) ||
    /\b(?:and|or|not|src|dst|host|net|port)\s+$/.test(before)
  )
    return undefined;
  const isValue = /^\d/.test(word) && /\b(?:tcp|udp|sctp|ip6?|ether|arp)\s+$/.test(before);
  if (isValue || (!keywords.includes(word) && !/^[\d(!]/.test(word))) return undefined;
  const twice = new RegExp(`\\b${word.replace(/\W/g, '\\$&')}\\s+$`).exec(before);
  const repairs = ['and', 'or'].map((operator) =>
    replaced(text, { start: range.start, end: range.start }, `${operator} `),
  );
  return {
    code: 'missing-operator',
    explanation: `Terms are joined by "and" or "or"; there is none before "${word}".`,
    repairs: twice
      ? [replaced(text, { start: range.start - twice[0].length, end: range.start }, '')]
      : repairs,
    ambiguous: true,
  };
};

export const terms: readonly RecoveryRule[] = [missingValue, incomplete, missingOperator];
