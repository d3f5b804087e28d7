/** Filters for fast-check, which shrinks one that fails to the words that matter. */
import fc from 'fast-check';

const words = (text: string) => fc.constantFrom(...text.split(' '));
const joined = (...parts: fc.Arbitrary<string>[]) =>
  fc.tuple(...parts).map((found) => found.filter(Boolean).join(' '));

const byte = fc.integer({ min: 0, max: 255 });
const ip = fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.join('.'));
const ip6 = fc.ipV6();
const mac = fc
  .tuple(byte, byte, byte, byte, byte, byte)
  .map((bytes) => bytes.map((one) => one.toString(16)).join(':'));
const port = fc.oneof(fc.nat(70_000).map(String), words('http domain ssh nosuch 0x50 8080 tftp'));
const direction = fc.constantFrom('', 'src', 'dst', 'src or dst', 'src and dst');
const transport = fc.constantFrom('', 'tcp', 'udp', 'sctp', 'icmp');
const network = fc.tuple(ip, fc.nat(33)).map(([address, bits]) => `${address}/${bits}`);

const load = fc
  .tuple(words('ip ip6 tcp udp icmp arp ether'), fc.nat(70), fc.constantFrom('', ':1', ':2', ':3', ':4'))
  .map(([name, offset, size]) => `${name}[${offset}${size}]`);
const { arithmetic } = fc.letrec<{ arithmetic: string }>((tie) => ({
  arithmetic: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.oneof(load, fc.nat().map(String), fc.constant('len'), words('tcpflags tcp-syn icmptype icmp-echo')),
    fc
      .tuple(tie('arithmetic'), words('+ - * / % & | ^ << >>'), tie('arithmetic'))
      .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
  ),
}));

const term = fc.oneof(
  joined(
    fc.constantFrom('', 'ip', 'arp', 'ip6', 'ether'),
    direction,
    fc.constant('host'),
    fc.oneof(ip, ip6, mac),
  ),
  joined(direction, fc.constant('net'), network),
  joined(transport, direction, fc.constant('port'), port),
  joined(
    transport,
    direction,
    fc.constant('portrange'),
    fc.tuple(port, port).map(([low, high]) => `${low}-${high}`),
  ),
  joined(
    words('ip ip6 ether'),
    fc.constant('proto'),
    fc.oneof(fc.nat(300).map(String), words('\\tcp \\udp \\ip ospf')),
  ),
  joined(words('vlan mpls pppoes geneve less greater ifindex'), fc.nat(5000).map(String)),
  words('tcp udp icmp icmp6 arp ip ip6 igmp esp stp vlan mpls pppoes geneve inbound outbound'),
  joined(words('ether ip ip6'), words('broadcast multicast')),
  joined(arithmetic, words('= == != < > <= >='), arithmetic),
);

/** Mostly valid ones. */
export const { filter: wellFormedFilter } = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    term,
    joined(tie('filter'), words('and or && ||'), tie('filter')),
    tie('filter').map((inner) => `(${inner})`),
    tie('filter').map((inner) => `not ${inner}`),
  ),
}));

/** Any words in any order: mostly refused, from everywhere in the grammar. */
export const wordsInAnyOrder = fc
  .array(
    fc.oneof(
      words(
        'tcp udp ip ip6 ether arp host net port portrange proto src dst and or not ( ) [ ] : / - ! = == & && vlan',
      ),
      words(
        'mask less greater gateway broadcast len llc type subtype dir foo \\tcp " é # @ 0x 08 65536 4294967296',
      ),
      fc.oneof(
        ip,
        ip6,
        mac,
        network,
        port,
        fc.string({ maxLength: 4 }).map((text) => text.replace(/[\0\n]/g, ' ')),
      ),
    ),
    { maxLength: 9 },
  )
  .map((found) => found.join(' '));
