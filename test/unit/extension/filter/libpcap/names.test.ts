import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseProtocols, parseServices } from '../../../../../build/libpcap/names.ts';
import { lookUp } from '../../../../../extension/filter/libpcap/names.ts';

const services = `
# Network services
http		80/tcp		www	# WorldWideWeb HTTP
http-alt	8080/tcp	webcache
http-alt	8080/udp
domain		53/udp
sip		5060/sctp
www		8000/tcp		# a second line with the name
`;
const protocols = `
ip	0	IP		# pseudo protocol number
ospf	89	OSPFIGP		# Open Shortest Path First IGP
`;

describe('names in filters', () => {
  const tables = { ...parseServices(services), protocols: parseProtocols(protocols) };

  it('are read as services(5) and protocols(5) say', () => {
    assert.deepEqual(tables, {
      tcp: { http: 80, www: 80, 'http-alt': 8080, webcache: 8080 },
      udp: { 'http-alt': 8080, domain: 53 },
      protocols: { ip: 0, IP: 0, ospf: 89, OSPFIGP: 89 },
    });
  });

  // The kinds are those of build/libpcap/netdb.c; libpcap.test.ts compares the two in use.
  it('are found by kind; the missing are -1', () => {
    const unresolved = new Set<string>();
    assert.equal(lookUp(tables, 3, 'ospf', unresolved), 89);
    assert.equal(lookUp(tables, 4, 'http', unresolved), 80);
    assert.equal(lookUp(tables, 5, 'http', unresolved), -1);
    assert.equal(lookUp(tables, 5, 'toString', unresolved), -1);
    assert.deepEqual([...unresolved], []);
  });

  it('of hosts and networks are noted', () => {
    const unresolved = new Set<string>();
    for (const [kind, name] of ['host', 'network', 'ether-host'].entries())
      assert.equal(lookUp(tables, kind, name, unresolved), -1);
    assert.deepEqual([...unresolved], ['host', 'network', 'ether-host']);
  });
});
