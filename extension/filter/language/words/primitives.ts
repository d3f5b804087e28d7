import type { Operand, Word, Words } from './word.ts';

function test(says: string, operand: Operand = 'nothing'): Word {
  return { kind: 'primitive', says, operand };
}

/** Tests of captures that are not of Ethernet or IP packets: libpcap refuses them here. */
function foreign(where: string, says: string, operand: Operand = 'nothing'): Word {
  const refused = `For captures of ${where} only: libpcap refuses it for Ethernet and IP packets.`;
  return { kind: 'primitive', says: `${says} ${refused}`, operand, foreign: true };
}

const pf = (says: string, operand: Operand) => foreign('the BSDs’ pf firewall log', says, operand);
const wlan = (says: string, operand: Operand) => foreign('802.11 frames', says, operand);
const atm = (says: string, operand?: Operand) => foreign('ATM', says, operand);
const ss7 = (says: string, operand?: Operand) => foreign('SS7 signalling links', says, operand);

const behind = 'What follows in the filter is looked for behind that header.';

export const primitiveWords: Words = {
  broadcast: test('Sent to all: the Ethernet broadcast address; after “ip”, an IPv4 broadcast address.'),
  multicast: test('Sent to a group: the lowest bit of the first MAC byte; after “ip” or “ip6”, by address.'),
  less: test('Of at most this many bytes (the number itself included).', 'number'),
  greater: test('Of at least this many bytes (the number itself included).', 'number'),
  byte: test('Tests one byte by its offset from the start of the packet: byte 0 = 1.', 'byte-test'),
  inbound: test('Not sent by this machine: the packet’s type is any but outgoing.'),
  outbound: test('Sent by this machine: the packet’s type is outgoing.'),
  ifindex: test('Of the interface with this index, as “ip link” shows it.', 'number'),

  vlan: test(
    `Has an 802.1Q or 802.1ad VLAN tag, with this VLAN ID if one is given. ${behind}`,
    'optional-number',
  ),
  mpls: test(`Has an MPLS label, this one if one is given. ${behind}`, 'optional-number'),
  pppoed: test('PPPoE discovery: EtherType 0x8863.'),
  pppoes: test(`PPPoE session: EtherType 0x8864, this session if one is given. ${behind}`, 'optional-number'),
  geneve: test(
    `Geneve tunnel: UDP to port 6081, this network identifier if one is given. ${behind}`,
    'optional-number',
  ),
  llc: test('Has an 802.2 LLC header, of this type if one is given.', 'llc-type'),

  on: pf('The interface that pf logged.', 'name'),
  ifname: { ...pf('The interface that pf logged.', 'name'), aliasOf: 'on' },
  rset: pf('The ruleset that pf logged.', 'name'),
  ruleset: { ...pf('The ruleset that pf logged.', 'name'), aliasOf: 'rset' },
  rnr: pf('The number of the rule that pf logged.', 'number'),
  rulenum: { ...pf('The number of the rule that pf logged.', 'number'), aliasOf: 'rnr' },
  srnr: pf('The number of the rule in an anchored ruleset.', 'number'),
  subrulenum: { ...pf('The number of the rule in an anchored ruleset.', 'number'), aliasOf: 'srnr' },
  reason: pf('Why pf logged the packet.', 'pf-reason'),
  action: pf('What pf did with the packet.', 'pf-action'),

  type: wlan('The type of the frame.', 'wlan-type'),
  subtype: wlan('The subtype of the frame.', 'wlan-subtype'),
  dir: wlan('Between which sides of a distribution system the frame goes.', 'wlan-direction'),
  direction: {
    ...wlan('Between which sides of a distribution system the frame goes.', 'wlan-direction'),
    aliasOf: 'dir',
  },

  vpi: atm('The virtual path identifier.', 'comparison'),
  vci: atm('The virtual channel identifier.', 'comparison'),
  lane: atm('LAN emulation.'),
  metac: atm('The meta signalling circuit.'),
  bcc: atm('The broadcast signalling circuit.'),
  sc: atm('The signalling circuit.'),
  ilmic: atm('The ILMI circuit.'),
  oam: atm('OAM cells.'),
  oamf4: atm('OAM F4 flow cells.'),
  oamf4ec: atm('End-to-end OAM F4 flow cells.'),
  oamf4sc: atm('Segment OAM F4 flow cells.'),
  connectmsg: atm('Q.2931 connection messages on the signalling circuit.'),
  metaconnect: atm('Q.2931 connection messages on the meta signalling circuit.'),

  fisu: ss7('Fill-in signal units.'),
  lssu: ss7('Link status signal units.'),
  lsu: { ...ss7('Link status signal units.'), aliasOf: 'lssu' },
  msu: ss7('Message signal units.'),
  hfisu: ss7('Fill-in signal units of a high-speed link.'),
  hlssu: ss7('Link status signal units of a high-speed link.'),
  hmsu: ss7('Message signal units of a high-speed link.'),
  sio: ss7('The service information octet.', 'comparison'),
  opc: ss7('The originating point code.', 'comparison'),
  dpc: ss7('The destination point code.', 'comparison'),
  sls: ss7('The signalling link selection.', 'comparison'),
  hsio: ss7('The service information octet on a high-speed link.', 'comparison'),
  hopc: ss7('The originating point code on a high-speed link.', 'comparison'),
  hdpc: ss7('The destination point code on a high-speed link.', 'comparison'),
  hsls: ss7('The signalling link selection on a high-speed link.', 'comparison'),
};

/** Words that only mean something after one primitive; elsewhere they are names (grammar.y's tables). */
export const operandWords: Partial<Record<Operand, readonly string[]>> = {
  'llc-type': 'i s u rr rnr rej ui ua disc dm sabme test xid frmr'.split(' '),
  'wlan-type': 'mgt management ctl control data'.split(' '),
  'wlan-subtype':
    'assocreq assoc-req assocresp assoc-resp reassocreq reassoc-req reassocresp reassoc-resp probereq probe-req proberesp probe-resp beacon atim disassoc disassociation auth authentication deauth deauthentication ps-poll rts cts ack cf-end cf-end-ack data data-cf-ack data-cf-poll data-cf-ack-poll null cf-ack cf-poll cf-ack-poll qos-data qos-data-cf-ack qos-data-cf-poll qos-data-cf-ack-poll qos qos-cf-poll qos-cf-ack-poll'.split(
      ' ',
    ),
  'wlan-direction': 'nods tods fromds dstods'.split(' '),
  'pf-reason':
    'match bad-offset fragment short normalize memory bad-timestamp congestion ip-option proto-cksum state-mismatch state-insert state-limit src-limit synproxy'.split(
      ' ',
    ),
  'pf-action': 'pass accept drop block scrub noscrub nat nonat binat nobinat rdr nordr synproxy-drop'.split(
    ' ',
  ),
};
