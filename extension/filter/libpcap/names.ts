/** Names that libpcap looks up while it compiles: fixed tables, so that a filter means the same everywhere. */
export type NameTable = Record<string, number>;

/** dist/netbase.json */
export interface NameTables {
  tcp: NameTable;
  udp: NameTable;
  protocols: NameTable;
}

/** Kinds of names; build/libpcap/netdb.c has the same numbers. */
const NameKind = { Host: 0, Network: 1, EtherHost: 2, Protocol: 3, TcpService: 4, UdpService: 5 } as const;

/**
 * The number that a name stands for, or -1. Names of hosts and networks are no fixed data: they are never
 * resolved, and noted in `unresolved` for the message.
 */
export function lookUp(tables: NameTables, kind: number, name: string, unresolved: Set<string>): number {
  switch (kind) {
    case NameKind.Protocol:
      return find(tables.protocols, name);
    case NameKind.TcpService:
      return find(tables.tcp, name);
    case NameKind.UdpService:
      return find(tables.udp, name);
    default:
      unresolved.add(name);
      return -1;
  }
}

function find(table: NameTable, name: string): number {
  return Object.hasOwn(table, name) ? (table[name] ?? -1) : -1;
}
