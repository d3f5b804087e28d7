/** Messages of libpcap about filters whose words are right and whose meaning is not possible. */
import { replaced } from '../edits.ts';
import { type RecoveryRule } from './problem.ts';

const MEANINGS: readonly (readonly [RegExp, string, string])[] = [
  [/illegal qualifier of 'port(?:range)?'/, 'no-ports', 'Only tcp, udp and sctp have ports.'],
  [/proto' is (?:bogus|not supported)|encapsulat/, 'no-protocol', '"proto" follows ip, ip6 or ether: "ip proto 47".'],
  [/'ip broadcast' not supported/, 'ip-broadcast', 'The netmask is not known here; name the address: "dst host 10.0.0.255".'],
  [/gateway/, 'gateway', '"gateway" needs names of machines, which are not resolved here.'],
  [/PF linktype/, 'link-type', 'This is for captures of the packet filter of BSD, which has no packets here.'],
  [/802\.11|frame direction/, 'link-type', 'This is for captures of wireless frames with their 802.11 header.'],
  [/raw ATM|MTP2|SS7|ARCnet|decnet|radio/, 'link-type', 'This is for captures of another link type than Ethernet and IP.'],
  [/no (?:VLAN|MPLS) (?:support|match)/, 'link-type', 'Packets without a link-layer header have no tags or labels before their IP header.'],
  [/division by zero|modulus by zero/, 'arithmetic', 'The right side is 0 and never anything else.'],
  [/shift by more than 31 bits/, 'arithmetic', 'Numbers have 32 bits.'],
  [/(?:inbound|ifindex).* not supported/, 'link-type', 'It is not known for these packets.'],
  [/host filtering not implemented|modifier applied|wrong context|direction applied|not a valid/, 'qualifier', 'These words do not go together.'],
  [/broadcast|multicast/, 'qualifier', 'Broadcasts are told by "ether broadcast", multicasts by "ether multicast", "ip multicast" or "ip6 multicast".'],
]; // prettier-ignore

const meaningless: RecoveryRule = ({ text, range, word, message }) => {
  const found = MEANINGS.find(([pattern]) => pattern.test(message));
  if (found === undefined) return undefined;
  const [, code, explanation] = found;
  const repairs: string[] = [];
  if (code === 'no-protocol') repairs.push(replaced(text, range, word.replace(/^\w+(?=\s+proto)/, 'ip')));
  if (code === 'no-ports')
    repairs.push(...['tcp', 'udp'].map((name) => replaced(text, range, word.replace(/^\w+/, name))));
  if (code === 'qualifier') {
    const joined = word.replace(/^(\w+)\s+(?=(?:src|dst|host|net)\b)/, '$1 and ');
    if (joined !== word) repairs.push(replaced(text, range, joined));
  }
  return { code, explanation, repairs, ...(code === 'no-ports' && { ambiguous: true as const }) };
};

export const meanings: readonly RecoveryRule[] = [meaningless];
