/**
 * pwru's own acceptance tests (.github/workflows/test.yml of cilium/pwru), run with its command lines: only the
 * program's name is another, and the target stands behind it.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { KernelName } from '../guests/guest.ts';
import { kernelsPlayed } from '../kernels-played.ts';
import { installPrograms, PACKET_PROGRAMS } from '../programs/install.ts';
import { guestAndHome, START_LIMIT_MS, targetArgs } from './packet-trace.ts';

interface Scenario {
  name: string;
  /** It needs the BPF programs of ../programs. */
  programs?: true;
  /** What makes and unmakes the state that it is played in. */
  setup?: string;
  undo?: string;
  flags?: readonly string[];
  filter: string;
  traffic: string;
  /** A line of the output. */
  expected: RegExp;
  /** pwru plays it where the kernel can. */
  kernels?: readonly KernelName[];
}

const DROPPED = '(kfree_skb_reason|kfree_skb|sk_skb_reason_drop\\b)';
const curl = (url: string) => `curl -vvv -sS --fail --connect-timeout 1 -o /dev/null '${url}' || true`;
const drop4 = (how: string, host: string) =>
  `iptables -w 10 ${how} OUTPUT ${how === '-I' ? '1 ' : ''}-m tcp --proto tcp --dst ${host}/32 --dport 8080 -j DROP`;
const drop6 = (how: string, host: string) =>
  `ip6tables ${how} OUTPUT ${how === '-I' ? '1 ' : ''}-m tcp --proto tcp --dst ${host} --dport 8080 -j DROP`;
const dnat = (how: string) =>
  `iptables -w 10 -t nat ${how} OUTPUT ${how === '-I' ? '1 ' : ''}-d 10.10.20.99/32 -j DNAT --to-destination 10.10.14.2`;

const BASIC4 = {
  setup: drop4('-I', '1.0.0.1'),
  undo: drop4('-D', '1.0.0.1'),
  filter: 'dst host 1.0.0.1 and port 8080',
  traffic: curl('http://1.0.0.1:8080'),
  expected: new RegExp(`1\\.0\\.0\\.1:8080.*${DROPPED}`),
};

const SCENARIOS: readonly Scenario[] = [
  { name: 'basic IPv4', ...BASIC4 },
  {
    name: 'basic IPv6',
    setup: drop6('-I', '2606:4700:4700::1001'),
    undo: drop6('-D', '2606:4700:4700::1001'),
    filter: 'dst host 2606:4700:4700::1001 and port 8080',
    traffic: curl('http://[2606:4700:4700::1001]:8080'),
    expected: new RegExp(`\\[2606:4700:4700::1001\\]:8080.*${DROPPED}`),
  },
  {
    name: 'advanced IPv4',
    setup: drop4('-I', '1.0.0.2'),
    undo: drop4('-D', '1.0.0.2'),
    filter: 'tcp[tcpflags] = tcp-syn',
    traffic: curl('http://1.0.0.2:8080'),
    expected: new RegExp(`1\\.0\\.0\\.2:8080.*${DROPPED}`),
  },
  {
    name: 'advanced IPv6',
    setup: drop6('-I', '2606:4700:4700::1002'),
    undo: drop6('-D', '2606:4700:4700::1002'),
    filter: 'ip6[53] & 0x3f = 0x2',
    traffic: curl('http://[2606:4700:4700::1002]:8080'),
    expected: new RegExp(`\\[2606:4700:4700::1002\\]:8080.*${DROPPED}`),
  },
  {
    name: 'pcap filter using stack',
    filter: '(((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)',
    // What carries data matches: there must be one who answers.
    setup:
      'ip address add 1.1.1.1/32 dev lo && (timeout 60 nc -l 1.1.1.1 80 > /dev/null 2>&1 < /dev/null & echo $! > /tmp/nc.pid)',
    undo: 'kill $(cat /tmp/nc.pid); ip address del 1.1.1.1/32 dev lo',
    traffic: 'curl -vvv -sS --fail --max-time 2 -o /dev/null http://1.1.1.1 || true',
    expected: /1\.1\.1\.1:80/,
  },
  {
    name: '--filter-track-skb',
    flags: ['--filter-track-skb'],
    setup: dnat('-I'),
    undo: dnat('-D'),
    filter: 'dst host 10.10.20.99',
    traffic: curl('http://10.10.20.99:80'),
    expected: /10\.10\.14\.2:80/,
  },
  {
    name: 'ARP filter',
    filter: 'arp and arp[7] = 1 and arp[24]= 169 and arp[25] = 254 and arp[26] = 0 and arp[27] = 1',
    setup: `
      ip net a pwru
      ip l a pwru-veth type veth peer name pwru-veth-peer
      ip l s pwru-veth-peer up
      ip l s pwru-veth netns pwru
      ip net e pwru ip l s pwru-veth up
      ip r a 10.0.0.1 dev pwru-veth-peer
      ip net e pwru ip a a 10.0.0.1 dev pwru-veth
      ip net e pwru ip r a 169.254.0.1 dev pwru-veth
      ip net e pwru ip r a default via 169.254.0.1 dev pwru-veth`,
    undo: 'ip net del pwru',
    traffic: 'ping -W1 -c1 10.0.0.1 || true',
    expected: /arp_rcv/,
  },
  {
    name: '--filter-skb-expr',
    flags: ['--filter-skb-expr', 'skb->dev->ifindex == 1'], // lo, as pwru's test asks of sysfs
    filter: 'icmp',
    traffic: 'ping -W1 -c1 127.0.0.1 || true',
    expected: /icmp/,
  },
  {
    name: '--filter-ifname',
    flags: ['--filter-ifname', 'lo'],
    filter: 'icmp',
    traffic: 'ping -W1 -c1 127.0.0.1 || true',
    expected: /icmp/,
  },
  { name: '--backend=kprobe', flags: ['--backend=kprobe'], ...BASIC4 },
  {
    name: '--backend=kprobe-multi',
    flags: ['--backend=kprobe-multi'],
    ...BASIC4,
    kernels: ['6.12', '7.2'],
  },
  {
    name: '--filter-trace-tc --filter-trace-xdp',
    flags: ['--filter-trace-tc', '--filter-trace-xdp'],
    ...BASIC4,
    programs: true,
    setup: `
      ip link add dummy0 type dummy
      ip link set dummy0 up
      ip link set dummy0 xdpgeneric obj ${PACKET_PROGRAMS} sec xdp
      tc qdisc add dev dummy0 clsact
      tc filter add dev dummy0 ingress bpf direct-action obj ${PACKET_PROGRAMS} sec tc
      ${BASIC4.setup}`,
    undo: `ip link del dummy0; ${BASIC4.undo}`,
    kernels: ['6.12', '7.2'], // from 6.6 on
  },
];

/** One for each backend, and the newest; the scenarios are played on 5.10 too. */
const KERNELS: readonly KernelName[] = ['6.12', '6.1', '7.2'];

for (const kernel of kernelsPlayed(KERNELS))
  describe(`pwru's tests on ${kernel}`, () => {
    const { guest, home } = guestAndHome({ kernel, userland: 'node' });

    const sh = async (script: string) => {
      const { code, stderr } = await guest().exec(script);
      assert.equal(code, 0, `${script}\n${stderr}`);
    };

    SCENARIOS.filter(({ kernels }) => kernels?.includes(kernel) ?? true).forEach((scenario, nth) => {
      const {
        name,
        setup = 'true',
        undo = 'true',
        flags = [],
        programs,
        filter,
        traffic,
        expected,
      } = scenario;
      test(name, async (t) => {
        const file = (kind: string) => join(home().dir, `${nth}.${kind}`);
        if (programs === true) await installPrograms(sh);
        await sh(`set -e\n${setup}`);
        t.after(() => sh(undo));
        const trace = home().start([
          'trace',
          ...targetArgs(guest()),
          '--output-tuple',
          `--output-file=${file('log')}`,
          `--ready-file=${file('ready')}`,
          ...flags,
          filter,
        ]);
        await trace.until('the ready file', () => existsSync(file('ready')), START_LIMIT_MS);
        await sh(traffic);
        const written = () => (existsSync(file('log')) ? readFileSync(file('log'), 'utf8') : '');
        const seen = () =>
          written()
            .split('\n')
            .some((line) => expected.test(line));
        await trace.until(`a line like ${expected.source}`, seen).catch(() => undefined);
        trace.kill('SIGTERM');
        const { code, stderr } = await trace.end();
        assert.equal(code, 0, stderr);
        assert.ok(seen(), `no line is like ${expected.source}:\n${written()}\n${stderr}`);
      });
    });
  });
