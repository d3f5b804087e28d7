/** Display filters of Wireshark, and their translation as far as libpcap can say the same. */
import { VALUE_FOLLOWS, type RecoveryRule } from './problem.ts';

/** First parts of the names of display filter fields. */
const PROTOCOLS =
  'eth ip ipv6 tcp udp sctp icmp icmpv6 arp vlan frame http http2 dns mdns tls ssl dhcp bootp ssh ntp sip rtp quic ' +
  'smb smb2 ldap mysql pgsql igmp gre vxlan geneve mpls pppoes wlan radiotap data kerberos ftp smtp snmp telnet tftp';
const FIELD = `(?:${PROTOCOLS.replaceAll(' ', '|')})(?:\\.[a-z0-9_]+)+`;
const CLAUSE = new RegExp(
  `\\b(${FIELD})(?:\\s*(==|!=|>=|<=|=|>|<|~|\\b(?:eq|ne|gt|ge|lt|le|contains|matches|in)\\b)\\s*("[^"]*"|\\{[^}]*\\}|[^\\s()&|]+))?`,
  'gi',
);

type Operator = '=' | '!=' | '>' | '<' | '>=' | '<=';
const OPERATORS: Readonly<Record<string, Operator>> = {
  '==': '=', eq: '=', '=': '=', ne: '!=', '!=': '!=', gt: '>', '>': '>', lt: '<', '<': '<', ge: '>=', '>=': '>=', le: '<=', '<=': '<=',
}; // prettier-ignore

/** Fields whose value is compared as a number, and the bytes that hold it. */
const NUMBERS: Readonly<Record<string, string>> = {
  'ip.ttl': 'ip[8]',
  'ip.len': 'ip[2:2]',
  'ip.id': 'ip[4:2]',
  'ipv6.hlim': 'ip6[7]',
  'ipv6.plen': 'ip6[4:2]',
  'icmp.type': 'icmp[icmptype]',
  'icmp.code': 'icmp[icmpcode]',
  'icmpv6.type': 'icmp6[icmp6type]',
  'icmpv6.code': 'icmp6[icmp6code]',
  'arp.opcode': 'arp[6:2]',
  'tcp.flags': 'tcp[tcpflags]',
  'tcp.window_size_value': 'tcp[14:2]',
  'udp.length': 'udp[4:2]',
  'frame.len': 'len',
};

/** Fields that libpcap has words for; only `=` and `!=` make sense with them. */
const WORDS: Readonly<Record<string, string>> = {
  'ip.proto': 'ip proto',
  'ipv6.nxt': 'ip6 proto',
  'eth.type': 'ether proto',
  'vlan.id': 'vlan',
  'eth.addr': 'ether host',
  'eth.src': 'ether src',
  'eth.dst': 'ether dst',
  'arp.src.proto_ipv4': 'arp src host',
  'arp.dst.proto_ipv4': 'arp dst host',
};

const FLAGS: Readonly<Record<string, string>> = {
  fin: 'fin', syn: 'syn', reset: 'rst', push: 'push', ack: 'ack', urg: 'urg', ece: 'ece', cwr: 'cwr',
}; // prettier-ignore

/** Application protocols, which libpcap does not know, by the ports they usually have. */
const SERVICES: Readonly<Record<string, string>> = {
  http: 'tcp port 80',
  https: 'tcp port 443',
  http2: 'tcp port 443',
  tls: 'tcp port 443',
  ssl: 'tcp port 443',
  quic: 'udp port 443',
  dns: 'port 53',
  mdns: 'udp port 5353',
  dhcp: 'udp portrange 67-68',
  bootp: 'udp portrange 67-68',
  dhcpv6: 'udp portrange 546-547',
  ssh: 'tcp port 22',
  ftp: 'tcp port 21',
  telnet: 'tcp port 23',
  smtp: 'tcp port 25',
  ntp: 'udp port 123',
  snmp: 'udp port 161',
  ldap: 'tcp port 389',
  syslog: 'udp port 514',
  tftp: 'udp port 69',
  rdp: 'tcp port 3389',
  mysql: 'tcp port 3306',
  postgresql: 'tcp port 5432',
  sip: 'port 5060',
  vxlan: 'udp port 4789',
  bgp: 'tcp port 179',
  gre: 'ip proto 47',
  ospf: 'ip proto 89',
  syn: 'tcp[tcpflags] & tcp-syn != 0',
  rst: 'tcp[tcpflags] & tcp-rst != 0',
  fin: 'tcp[tcpflags] & tcp-fin != 0',
};

export const displayFilter: RecoveryRule = ({ text, range, before, word, after }) => {
  const clauses = [...text.matchAll(CLAUSE)];
  const clause = clauses.find(
    ({ index, 0: { length } }) => index < range.end && range.start < index + length,
  );
  if (clause !== undefined) {
    const { text: translated, untranslated } = translate(text);
    return {
      code: 'wireshark-syntax',
      explanation:
        untranslated === undefined
          ? 'This is display filter syntax of Wireshark; packets are filtered with the syntax of pcap-filter(7).'
          : `This is display filter syntax of Wireshark. "${untranslated}" looks at what Wireshark decodes; a pcap filter compares bytes at fixed places and cannot say it.`,
      range: { start: clause.index, end: clause.index + clause[0].length },
      repairs: untranslated === undefined ? [translated] : [],
    };
  }
  const service = Object.hasOwn(SERVICES, word.toLowerCase()) ? SERVICES[word.toLowerCase()] : undefined;
  if (service === undefined || VALUE_FOLLOWS.test(before) || /^\s*[[.=]/.test(after)) return undefined;
  return {
    code: 'application-protocol',
    explanation: `libpcap does not know "${word}"; a filter can look for its usual port or value.`,
    repairs: [text.slice(0, range.start) + service + after],
  };
};

function translate(text: string): { text: string; untranslated: string | undefined } {
  let untranslated: string | undefined;
  const translated = text.replace(
    CLAUSE,
    (clause: string, field: string, operator?: string, value?: string) => {
      const made = translateClause(field.toLowerCase(), operator?.toLowerCase(), value);
      if (made === undefined) untranslated ??= clause;
      return made ?? clause;
    },
  );
  return { text: translated, untranslated };
}

function translateClause(
  field: string,
  operator: string | undefined,
  value: string | undefined,
): string | undefined {
  const flag = /^tcp\.flags\.(\w+)$/.exec(field)?.[1];
  if (flag !== undefined) {
    const name = FLAGS[flag];
    const isSet = operator === undefined || (OPERATORS[operator] === '=') === /^(1|true)$/i.test(value ?? '');
    return name && `tcp[tcpflags] & tcp-${name} ${isSet ? '!=' : '='} 0`;
  }
  if (operator === undefined || value === undefined) return undefined;
  if (operator === 'in') {
    const members = value
      .replace(/[{}]/g, '')
      .split(/[\s,]+/)
      .filter((member) => member !== '');
    const terms = members.map((member) => translateClause(field, '==', member.replace('..', '-')));
    return terms.includes(undefined) ? undefined : `(${terms.join(' or ')})`;
  }
  const comparison = OPERATORS[operator];
  return comparison && compared(field, comparison, value);
}

function compared(field: string, operator: Operator, value: string): string | undefined {
  const [, transport, side] = /^(tcp|udp|sctp)\.(port|srcport|dstport)$/.exec(field) ?? [];
  if (transport !== undefined && side !== undefined)
    return ports(`${transport} ${side === 'port' ? '' : `${side.slice(0, 3)} `}`, operator, value);
  const number = NUMBERS[field];
  if (number !== undefined) return `${number} ${operator} ${value}`;
  const [, version, end] = /^ip(v6)?\.(addr|src|dst|host|src_host|dst_host)$/.exec(field) ?? [];
  const direction = end === undefined ? '' : (/^(src|dst)/.exec(end)?.[0] ?? '');
  const kind = `${direction} ${value.includes('/') ? 'net' : 'host'}`.trim();
  const words = end === undefined ? WORDS[field] : version === undefined ? kind : `ip6 ${kind}`;
  if (words === undefined || (operator !== '=' && operator !== '!=')) return undefined;
  return `${operator === '=' ? '' : 'not '}${words} ${value}`;
}

/** A comparison of a port, with its qualifiers before it. */
export function ports(qualifiers: string, operator: Operator, value: string): string | undefined {
  const port = Number(value);
  if (operator === '=' || operator === '!=') {
    const kind = value.includes('-') ? 'portrange' : 'port';
    return `${operator === '=' ? '' : 'not '}${qualifiers}${kind} ${value}`;
  }
  if (!Number.isInteger(port)) return undefined;
  const [low, high] = operator.startsWith('>')
    ? [operator === '>' ? port + 1 : port, 65535]
    : [0, operator === '<' ? port - 1 : port];
  return `${qualifiers}portrange ${low}-${high}`;
}
