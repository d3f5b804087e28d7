/**
 * Who sends which packet to whom, in few words: `curl → 1.1.1.1:80 SYN`. A row of the side bar has room for about
 * forty characters.
 */
import { printable } from '../../base/printable.ts';
import { formatEtherType, type TupleParts } from '../../base/tuple.ts';
import type { Capture, EventStore, Trajectories } from '../../recording/capture.ts';
import type { EventIndex, TrajectoryId } from '../../recording/types.ts';

type Traced = Pick<Capture, 'store' | 'trajectories'>;

/** Steps of a trajectory that are looked at: the first show where it comes from and which packet it is. */
const FIRST_STEPS = 24;
/** Copies that are looked at for what their original does not show. */
const FIRST_COPIES = 4;
/** TCP gives up after 15 or so. */
const MOST_TRIES = 64;

/** A packet at the root of the tree. */
export function storyLabel(capture: Traced, root: TrajectoryId): string {
  const tries = triesOf(capture, root).length;
  return `${senderToReceiver(capture, root, root)}${tries > 1 ? `, ${tries} tries` : ''}`;
}

/** A copy of a packet: `copy: …`, `fragment: …`, or `try 2: …` where the copies are what was sent. */
export function copyLabel(capture: Traced, id: TrajectoryId): string {
  const { trajectories } = capture;
  const root = trajectories.root(id);
  const nth = triesOf(capture, root).indexOf(id);
  const what = nth >= 0 ? `try ${nth + 1}` : isFragment(capture, id) ? 'fragment' : 'copy';
  return `${what}: ${senderToReceiver(capture, root, id)}`;
}

/** Addresses and ports, or the protocol's number where it is not an IP packet. */
export function packetName(store: EventStore, event: EventIndex): string {
  return store.tuple(event) ?? etherTypeName(store.protocol(event));
}

/**
 * The event that tells whose a packet is: its first or that of its first copy, whichever is earlier. A packet whose
 * headers are filled in a copy is noticed there; its own events may begin when somebody else runs.
 */
export function beginningOf({ trajectories }: Traced, id: TrajectoryId): EventIndex {
  const [copy] = trajectories.children(id);
  const events = [id, ...(copy === undefined ? [] : [copy])]
    .filter((member) => trajectories.eventCount(member) > 0)
    .map((member) => trajectories.event(member, 0));
  return events.length === 0 ? 0 : Math.min(...events);
}

/** The first event that shows the addresses of a packet, its own or a copy's; without any, where it begins. */
export function describingEvent(capture: Traced, id: TrajectoryId): EventIndex {
  const { store, trajectories } = capture;
  for (const member of [id, ...trajectories.children(id).slice(0, FIRST_COPIES)])
    for (const event of firstEvents(trajectories, member)) if (store.tuple(event) !== undefined) return event;
  return beginningOf(capture, id);
}

/** @param root whose sender it is @param id the packet */
function senderToReceiver(capture: Traced, root: TrajectoryId, id: TrajectoryId): string {
  const { store } = capture;
  const described = describingEvent(capture, id);
  const process = sendingProcess(capture, root);
  const parts = store.tupleParts(described);
  if (parts !== undefined) return `${process ?? parts.source} → ${receiver(parts)} ${kindOfPacket(parts)}`;
  const who = process ?? store.device(described) ?? store.comm(described);
  return `${printable(who)}: ${etherTypeName(store.protocol(described))}`;
}

/** The process that sends a packet; undefined where it was received, or no process ran. */
function sendingProcess(capture: Traced, root: TrajectoryId): string | undefined {
  const { store, trajectories } = capture;
  const beginning = beginningOf(capture, root);
  if (store.pid(beginning) === 0) return undefined;
  for (const event of firstEvents(trajectories, store.trajectory(beginning))) {
    if (store.kind(event) !== 'function' || store.edge(event) !== undefined) continue;
    const name = store.functionName(event);
    if (RECEIVES.test(name)) return undefined;
    if (SENDS.test(name)) break;
  }
  return printable(store.comm(beginning));
}

/** Parts of names that functions have on the way in: ip_rcv, netif_receive_skb_core, tcp_gro_receive, ip_forward. */
const RECEIVES =
  /(^|_)(rcv|recv|receive|rx|napi|gro|backlog|deliver|forward|input|ingress|eth_type_trans)(_|\d|$)/;
/** And on the way out: ip_local_out, __tcp_transmit_skb, dev_queue_xmit, udp_send_skb. */
const SENDS = /(^|_)(out|output|xmit|transmit|send|sendmsg|make_skb|egress)(_|\d|$)/;

function receiver({ destination, destinationPort }: TupleParts): string {
  if (destinationPort === 0) return destination;
  return `${destination.includes(':') ? `[${destination}]` : destination}:${destinationPort}`;
}

/** include/uapi/linux/tcp.h; SYN first, as people say it. */
const TCP_FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [2, 'SYN'],
  [1, 'FIN'],
  [4, 'RST'],
  [8, 'PSH'],
  [16, 'ACK'],
  [32, 'URG'],
  [64, 'ECE'],
  [128, 'CWR'],
];

/** `SYN ACK`, `icmp`, `protocol 253`. */
function kindOfPacket({ protocol, tcpFlags }: TupleParts): string {
  if (protocol === 'tcp' && tcpFlags !== 0)
    return TCP_FLAGS.flatMap(([bit, name]) => ((tcpFlags & bit) === 0 ? [] : [name])).join(' ');
  return /^\d+$/.test(protocol) ? `protocol ${protocol}` : protocol;
}

function etherTypeName(type: number): string {
  return type === 0x0806 ? 'ARP' : `protocol ${formatEtherType(type)}`;
}

/**
 * The copies of a packet that were sent one after the other: a TCP socket keeps an skb until it is acknowledged and
 * sends copies of it. Copies of one that goes its own way are for others, such as tcpdump.
 */
function triesOf(capture: Traced, root: TrajectoryId): TrajectoryId[] {
  const { store, trajectories } = capture;
  const copies = trajectories.children(root);
  if (copies.length < 2 || copies.length > MOST_TRIES) return [];
  if (['delivered', 'transmitted', 'dropped'].includes(trajectories.end(root))) return [];
  const flags = (id: TrajectoryId) => {
    const parts = store.tupleParts(describingEvent(capture, id));
    return parts?.protocol === 'tcp' ? parts.tcpFlags : undefined;
  };
  const wanted = flags(root);
  if (wanted === undefined || sendingProcess(capture, root) === undefined) return [];
  const same = copies.filter((id) => flags(id) === wanted);
  return same.length > 1 ? same : [];
}

/** ip_do_fragment and ip6_fragment copy what a fragment needs of its packet. */
function isFragment({ store, trajectories }: Traced, id: TrajectoryId): boolean {
  const [first] = firstEvents(trajectories, id);
  return first !== undefined && /^ip6?_copy_metadata/.test(store.functionName(first));
}

function* firstEvents(trajectories: Trajectories, id: TrajectoryId): Generator<EventIndex> {
  const count = Math.min(trajectories.eventCount(id), FIRST_STEPS);
  for (let nth = 0; nth < count; nth++) yield trajectories.event(id, nth);
}
