/**
 * The columns of a recording's file, for every tool that reads Arrow: one row an event, and rows between them for what
 * else was told. All that views show of an event can be made of its row, and of rows before it.
 */
import {
  Binary,
  Bool,
  type DataType,
  Field,
  Schema,
  TimestampNanosecond,
  Uint16,
  Uint32,
  Uint64,
  Uint8,
  Utf8,
} from 'apache-arrow';
import { type FileHead, HEAD_KEY } from './head.ts';

interface Column {
  readonly type: DataType;
  /** May be null. */
  readonly nullable?: boolean;
  readonly doc: string;
}

const column = <T extends DataType>(type: T, doc: string) => ({ type, doc });
const optional = <T extends DataType>(type: T, doc: string) => ({ type, doc, nullable: true });

/** What a row is. */
export const ROW_KINDS = ['function', 'drop', 'copy', 'merge', 'origin', 'verdict', 'fact'] as const;
export type RowKind = (typeof ROW_KINDS)[number];

export const COLUMNS = {
  time: column(
    new TimestampNanosecond('UTC'),
    "when, by the target's clock; of a fact that of the event before it",
  ),
  kind: column(
    new Utf8(),
    "`function`; `drop`; `copy`, `merge`: the function that made the packet of its parent, or put it into another one; `origin`: an XDP program's packet; `verdict`: what a BPF program returned; `fact`: no event, see the column of that name",
  ),
  shown: column(new Bool(), 'false: no step of its trajectory, but something that became known of it'),
  ends: column(new Bool(), 'nothing more comes of this trajectory'),
  trajectory: column(new Uint32(), 'number of the packet, the same in all of its events'),
  tracked: column(new Bool(), 'false: there were too many packets at once to follow this one'),
  parent: optional(new Uint32(), 'the trajectory that this one is a copy of'),
  merged_into: optional(new Uint32(), 'the trajectory that this one became a part of'),
  skb: column(new Uint64(), 'address of the `struct sk_buff`'),
  function: optional(
    new Utf8(),
    'the probed function; of a drop the one that it happened in; null: its address has no name',
  ),
  module: optional(new Utf8(), 'its module; null: the kernel itself'),
  address: column(new Uint64(), "where in the target's memory"),
  offset: column(new Uint32(), 'of a drop bytes from the start of the function'),
  reason: optional(new Utf8(), 'of a drop or a verdict: `NETFILTER_DROP`, `TC_ACT_SHOT`'),
  value: column(new Uint32(), 'the same as a number'),
  cpu: column(new Uint16(), 'that it happened on'),
  pid: column(new Uint32(), 'of the process that ran, which need not be the one that the packet is of'),
  comm: optional(new Utf8(), 'its name'),
  netns: column(new Uint32(), 'inode number of the network namespace'),
  device: optional(new Utf8(), 'name of the network device'),
  ifindex: column(new Uint32(), 'its number'),
  mtu: column(new Uint32(), 'bytes'),
  length: column(new Uint32(), 'bytes of the packet'),
  protocol: column(new Uint16(), '`skb->protocol`, 2048 is IPv4'),
  mark: column(new Uint32(), '`skb->mark`'),
  source: optional(new Utf8(), 'IP address'),
  source_port: column(new Uint16(), 'of TCP, UDP and SCTP; else 0'),
  destination: optional(new Utf8(), 'IP address'),
  destination_port: column(new Uint16(), 'likewise'),
  ip_protocol: column(new Uint8(), '6 is TCP, 17 UDP'),
  fragment: column(new Bool(), 'a part of an IP packet without its ports'),
  tcp_flags: column(new Uint8(), '1 FIN, 2 SYN, 4 RST, 8 PSH, 16 ACK'),
  filter: column(new Uint16(), 'number of the filter that kept it, from 0'),
  lost_before: column(new Uint32(), 'events lost on this CPU just before this one'),
  extras: optional(
    new Binary(),
    'what it told on request, in the words of the agent: for this program to read',
  ),
  fact: optional(new Utf8(), 'JSON: the target, its functions, filters, pauses, losses, the end'),
} as const satisfies Record<string, Column>;

export type ColumnName = keyof typeof COLUMNS;

export function schemaOf(head: FileHead): Schema {
  const fields = Object.entries<Column>(COLUMNS).map(
    ([name, { type, nullable = false }]) => new Field(name, type, nullable),
  );
  return new Schema(fields, new Map([[HEAD_KEY, JSON.stringify(head)]]));
}
