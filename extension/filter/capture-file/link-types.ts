/** What a filter can be asked about a captured packet: its Ethernet frame, or what follows the link header. */
import type { CapturedPacket } from './packet.ts';

export interface ViewedPacket {
  /** What its bytes begin with: an Ethernet header, an IP header. */
  link: 'l2' | 'l3';
  data: Uint8Array;
  /** On the wire, from there on. */
  length: number;
}

interface LinkType {
  /** As in LINKTYPE_… and DLT_… */
  name: string;
  /** Bytes before the IP header; undefined: the Ethernet header is what filters look at. */
  header?: number;
}

const ETHERNET: LinkType = { name: 'EN10MB' };
const RAW: LinkType = { name: 'RAW', header: 0 };

/** https://www.tcpdump.org/linktypes.html; 12 and 14 are DLT_RAW's numbers, which some programs write. */
const SUPPORTED = new Map<number, LinkType>([
  [0, { name: 'NULL', header: 4 }],
  [1, ETHERNET],
  [12, RAW],
  [14, RAW],
  [101, RAW],
  [108, { name: 'LOOP', header: 4 }],
  [113, { name: 'LINUX_SLL', header: 16 }],
  [228, { name: 'IPV4', header: 0 }],
  [229, { name: 'IPV6', header: 0 }],
  [276, { name: 'LINUX_SLL2', header: 20 }],
]);

/** Those that people try. */
const OTHERS = new Map([
  [9, 'PPP'],
  [105, 'IEEE802_11'],
  [127, 'IEEE802_11_RADIOTAP'],
  [187, 'BLUETOOTH_HCI_H4'],
  [189, 'USB_LINUX'],
  [195, 'IEEE802_15_4'],
  [201, 'BLUETOOTH_HCI_H4_WITH_PHDR'],
  [220, 'USB_LINUX_MMAPPED'],
  [239, 'NFLOG'],
  [249, 'USBPCAP'],
]);

/** `127 (IEEE802_11_RADIOTAP)` */
export function linkTypeText(linkType: number): string {
  const name = SUPPORTED.get(linkType)?.name ?? OTHERS.get(linkType);
  return name === undefined ? String(linkType) : `${linkType} (${name})`;
}

/** Names of the link types that `viewOf` knows. */
export const SUPPORTED_LINK_TYPES = [...new Set([...SUPPORTED.values()].map(({ name }) => name))].join(', ');

/** undefined: packets of this link type have neither an Ethernet nor an IP header at a place that is known. */
export function viewOf({ linkType, data, length }: CapturedPacket): ViewedPacket | undefined {
  const type = SUPPORTED.get(linkType);
  if (type === undefined) return undefined;
  const { header } = type;
  if (header === undefined) return { link: 'l2', data, length };
  return { link: 'l3', data: data.subarray(header), length: Math.max(length - header, 0) };
}
