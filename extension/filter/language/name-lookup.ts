/** Names of ports and protocols, and what has a number: dist/netbase.json the other way round. */
import type { NameTable, NameTables } from '../libpcap/names.ts';

export interface Service {
  name: string;
  port: number;
  /** `tcp`, `udp` or both. */
  transports: readonly ('tcp' | 'udp')[];
}

/** EtherTypes and 802.2 addresses that libpcap knows by name (nametoaddr.c). */
export const etherProtocols: NameTable = {
  ip: 0x0800,
  arp: 0x0806,
  rarp: 0x8035,
  ip6: 0x86dd,
  loopback: 0x9000,
  aarp: 0x80f3,
  atalk: 0x809b,
  decnet: 0x6003,
  lat: 0x6004,
  mopdl: 0x6001,
  moprc: 0x6002,
  sca: 0x6007,
};

export class NameLookup {
  /** Each name once, aliases included, by name. */
  readonly services: readonly Service[];
  private readonly names: Record<'tcp' | 'udp' | 'protocols' | 'ether', ReadonlyMap<number, string>>;

  constructor(private readonly tables: NameTables) {
    const names = new Set([...Object.keys(tables.tcp), ...Object.keys(tables.udp)]);
    this.services = [...names].sort().flatMap((name) => this.servicesNamed(name));
    this.names = {
      tcp: byNumber(tables.tcp),
      udp: byNumber(tables.udp),
      protocols: byNumber(tables.protocols),
      ether: byNumber(etherProtocols),
    };
  }

  /** One for each port that has the name; usually TCP and UDP have it for the same. */
  servicesNamed(name: string): Service[] {
    const [tcp, udp] = [this.number('tcp', name), this.number('udp', name)];
    if (tcp !== undefined && tcp === udp) return [{ name, port: tcp, transports: ['tcp', 'udp'] }];
    return [
      ...(tcp === undefined ? [] : [{ name, port: tcp, transports: ['tcp'] as const }]),
      ...(udp === undefined ? [] : [{ name, port: udp, transports: ['udp'] as const }]),
    ];
  }

  /** Names of a port: the same for TCP and UDP is one. */
  servicesAt(port: number): Service[] {
    const names = new Set([this.names.tcp.get(port), this.names.udp.get(port)]);
    return [...names].flatMap((name) =>
      name === undefined ? [] : this.servicesNamed(name).filter((service) => service.port === port),
    );
  }

  /** Protocol numbers of IP by name, in small letters, each number by its first name. */
  get ipProtocols(): [name: string, number: number][] {
    return [...this.names.protocols].map(([number, name]) => [name, number]);
  }

  /** @param family `ether`: EtherTypes, else what follows an IP header */
  protocolName(number: number, family: 'ether' | 'ip'): string | undefined {
    return this.names[family === 'ether' ? 'ether' : 'protocols'].get(number);
  }

  protocolNumber(name: string, family: 'ether' | 'ip'): number | undefined {
    if (family === 'ip') return this.number('protocols', name);
    return Object.hasOwn(etherProtocols, name) ? etherProtocols[name] : undefined;
  }

  private number(table: keyof NameTables, name: string): number | undefined {
    return Object.hasOwn(this.tables[table], name) ? this.tables[table][name] : undefined;
  }
}

/** `0x0800` of an EtherType, `6` of what follows an IP header. */
export function protocolNumberText(number: number, family: 'ether' | 'ip'): string {
  return family === 'ether' ? `0x${number.toString(16).padStart(4, '0')}` : String(number);
}

function byNumber(table: NameTable): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const [name, number] of Object.entries(table)) if (!names.has(number)) names.set(number, name);
  return names;
}
