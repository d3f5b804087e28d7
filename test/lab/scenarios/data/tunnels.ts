/**
 * Packets in packets. The filter matches the inner addresses only: who is followed is the packet, not what its header
 * says just now.
 */
import type { ExpectedStory } from '../expect.ts';
import type { Scenario } from '../scenario.ts';
import { reply, request } from './ping.ts';

const OUTER = '172.16.0.1>172.16.0.2';
const INNER = '10.$N.0.1>10.$N.0.2';

function through(path: ExpectedStory['path']): Pick<Scenario, 'traffic' | 'stories' | 'outcomes'> {
  const back = ['172.16.0.2>172.16.0.1', 'ip_rcv', '10.$N.0.2>10.$N.0.1', 'ip_local_deliver'];
  return {
    traffic: 'a ping -c 1 $NET.0.2',
    stories: [request(path, { namespaces: 2 }), reply(back, { namespaces: 2 })],
    outcomes: { consumed: 1, delivered: 1 },
  };
}

export const TUNNELS: readonly Scenario[] = [
  {
    name: 'VXLAN',
    setup: 'tunnel vxlan id 5 local LOCAL remote REMOTE dstport 4789; tunnel_neighbours',
    ...through([
      'vxlan_xmit',
      OUTER,
      'veth_xmit',
      'ip_rcv',
      'udp_rcv',
      'vxlan_rcv',
      INNER,
      'ip_local_deliver',
    ]),
  },
  {
    name: 'Geneve',
    setup: 'tunnel geneve id 5 remote REMOTE; tunnel_neighbours',
    ...through([
      'geneve_xmit',
      OUTER,
      'veth_xmit',
      'ip_rcv',
      'udp_rcv',
      'geneve_udp_encap_recv',
      INNER,
      'ip_local_deliver',
    ]),
  },
  {
    name: 'GRE',
    setup: 'tunnel gre local LOCAL remote REMOTE',
    ...through(['ipgre_xmit', OUTER, 'veth_xmit', 'ip_rcv', 'gre_rcv', INNER, 'ip_local_deliver']),
  },
  {
    name: 'IP in IP',
    setup: 'tunnel ipip local LOCAL remote REMOTE',
    ...through(['ipip_tunnel_xmit', OUTER, 'veth_xmit', 'ip_rcv', 'tunnel4_rcv', INNER, 'ip_local_deliver']),
  },
  {
    name: 'WireGuard',
    setup: `pair 172.16.0
      for space in a b; do
        ip -n $NS$space link add tun type wireguard
        wg genkey > $TOOLS/$NS$space.key
        wg pubkey < $TOOLS/$NS$space.key > $TOOLS/$NS$space.public
      done
      a wg set tun listen-port 51820 private-key $TOOLS/\${NS}a.key peer $(cat $TOOLS/\${NS}b.public) \\
        endpoint 172.16.0.2:51820 allowed-ips $NET.0.0/16
      b wg set tun listen-port 51820 private-key $TOOLS/\${NS}b.key peer $(cat $TOOLS/\${NS}a.public) \\
        endpoint 172.16.0.1:51820 allowed-ips $NET.0.0/16
      tunnel_addresses
      a ping -c 1 -W 5 $NET.0.2`,
    ...through(['wg_xmit', OUTER, 'veth_xmit', 'ip_rcv', 'udp_rcv', 'wg_receive', INNER, 'ip_local_deliver']),
  },
  {
    name: 'IPsec in transport mode: a datagram that a socket gets',
    setup: `pair
      for space in a b; do
        ip -n $NS$space xfrm state add src $NET.0.1 dst $NET.0.2 proto esp spi 0x100 mode transport \\
          enc 'cbc(aes)' 0x00112233445566778899aabbccddeeff auth 'hmac(sha256)' 0x00112233445566778899aabbccddeeff
      done
      ip -n \${NS}a xfrm policy add src $NET.0.1 dst $NET.0.2 dir out tmpl proto esp mode transport
      ip -n \${NS}b xfrm policy add src $NET.0.1 dst $NET.0.2 dir in tmpl proto esp mode transport
      b_sockets udp-listen $NET.0.2 9012`,
    traffic: 'a_udp $NET.0.2 9012',
    stories: [
      {
        tuple: INNER,
        comm: 'bash',
        path: ['xfrm_output', 'esp_output', 'veth_xmit', 'ip_rcv', 'xfrm4_rcv', 'esp_input', 'udp_rcv'],
        namespaces: 2,
        end: 'delivered',
      },
    ],
    outcomes: { delivered: 1 },
  },
  {
    name: 'IPsec in tunnel mode',
    setup: `pair 172.16.0
      tunnel_ipsec() {
        for space in a b; do
          ip -n $NS$space xfrm state add src $1 dst $2 proto esp spi 0x$3 mode tunnel \\
            enc 'cbc(aes)' 0x00112233445566778899aabbccddeeff auth 'hmac(sha256)' 0x00112233445566778899aabbccddeeff
        done
        ip -n $NS$4 xfrm policy add src $NET.0.$5 dst $NET.0.$6 dir out tmpl src $1 dst $2 proto esp mode tunnel
        ip -n $NS$7 xfrm policy add src $NET.0.$5 dst $NET.0.$6 dir in tmpl src $1 dst $2 proto esp mode tunnel
        ip -n $NS$4 addr add $NET.0.$5/32 dev lo
        ip -n $NS$4 route add $NET.0.$6 dev v$4 src $NET.0.$5
      }
      tunnel_ipsec 172.16.0.1 172.16.0.2 101 a 1 2 b
      tunnel_ipsec 172.16.0.2 172.16.0.1 102 b 2 1 a`,
    ...through(['xfrm_output', OUTER, 'veth_xmit', 'ip_rcv', 'xfrm_input', INNER]),
  },
  {
    name: 'a VLAN',
    setup: `pair 172.16.0
      echo link add link va name tun type vlan id 5 | ip_a
      echo link add link vb name tun type vlan id 5 | ip_b
      tunnel_addresses
      tunnel_neighbours`,
    traffic: 'a ping -c 1 $NET.0.2',
    stories: [
      request(['vlan_dev_hard_start_xmit', 'veth_xmit', 'ip_rcv'], { devices: ['tun', 'va', 'vb'] }),
      reply(['vlan_dev_hard_start_xmit', 'ip_rcv']),
    ],
    outcomes: { consumed: 1, delivered: 1 },
  },
];
