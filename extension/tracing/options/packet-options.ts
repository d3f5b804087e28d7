/** Which packets are traced. */
import { MARK_FORM, parseMark } from '../mark.ts';
import { type OptionTable, text, toggle } from './option.ts';

export const PACKET_OPTIONS = {
  filter: text({
    value: 'FILTER',
    example: 'tcp port 80',
    launch: true,
    changes: true,
    help: 'pcap filter (as for tcpdump) that packets must match, for example `dst host 1.1.1.1 and tcp port 80`. Empty: every packet',
    docs: 'in the terminal the words behind the target',
  }),
  tunnelFilterL2: text({
    name: 'filter-tunnel-pcap-l2',
    value: 'FILTER',
    example: 'ether host 02:00:00:00:00:01',
    launch: true,
    help: 'pcap filter that packets must match too, inside of a tunnel (VXLAN, Geneve, GRE), from the Ethernet header there; a packet with nothing inside does not match',
    docs: 'see [Inside of tunnels](terminal.md#inside-of-tunnels)',
  }),
  tunnelFilterL3: text({
    name: 'filter-tunnel-pcap-l3',
    value: 'FILTER',
    example: 'host 10.244.1.7 and icmp',
    launch: true,
    help: 'the same from the IP header inside of a tunnel (VXLAN, Geneve, GRE, IP in IP)',
  }),
  netns: text({
    name: 'filter-netns',
    value: 'NAMESPACE',
    example: '/proc/4711/ns/net',
    launch: true,
    changes: true,
    help: 'network namespace of the target that packets must be in: a path (`/proc/PID/ns/net`), `inode:NUMBER`, or a name that `ip netns` lists',
    docs: 'see [Namespace, device, mark](terminal.md#namespace-device-mark)',
  }),
  ifname: text({
    name: 'filter-ifname',
    value: 'DEVICE',
    example: 'eth0',
    launch: true,
    changes: true,
    help: "name of the device that packets must be on, in the network namespace of `filter-netns`, by default the host's; devices of that name in others are not meant",
  }),
  mark: text({
    name: 'filter-mark',
    value: 'MARK[/MASK]',
    example: '0xa00/0xf00',
    launch: true,
    changes: true,
    help: 'mark that packets must have, in the bits of the mask if there is one; decimal, or hexadecimal behind `0x`. 0: packets without a mark',
    wants: (mark) => (parseMark(mark) === undefined ? MARK_FORM : undefined),
  }),
  skbExpression: text({
    name: 'filter-skb-expr',
    value: 'EXPRESSION',
    example: 'skb->dev->ifindex == 2 && skb->len > 1500',
    launch: true,
    changes: true,
    help: "expression of C about `skb`, the kernel's structure, that must not be 0 for packets to be traced",
    docs: 'see [Expressions on the skb](terminal.md#expressions-on-the-skb)',
  }),
  track: toggle({
    name: 'filter-track-skb',
    launch: true,
    default: true,
    help: 'follow packets to their ends, also where they no longer match, as after NAT; off: show them only where they match',
    docs: 'see [What is followed](terminal.md#what-is-followed-and-what-is-left-out)',
    request: (track) => ({ track }),
  }),
  localSockets: toggle({
    name: 'local-sockets',
    launch: true,
    help: 'trace messages of UNIX and netlink sockets too, which the kernel keeps in the same structure as packets',
    request: (includeLocalSockets) => ({ includeLocalSockets }),
  }),
  through: text({
    value: 'FUNCTION',
    example: 'ip_rcv',
    launch: true,
    help: 'show only packets that pass this kernel function, with every function on their way. It does not limit what is probed or recorded',
  }),
  filterCommands: toggle({
    name: 'filter-commands',
    help: 'read commands from standard input while tracing: `filter FILTER` changes the filter, `no filter` traces every packet, `netns`, `ifname`, `mark` and `skb-expr` do the same for conditions, `filter` tells what is in force',
    docs: 'see [Another filter while tracing](terminal.md#another-filter-while-tracing)',
  }),
} satisfies OptionTable;
