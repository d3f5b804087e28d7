/** Debian's /etc/services and /etc/protocols (package netbase) as tables; services(5), protocols(5). */
import type { NameTable } from '../../extension/filter/libpcap/names.ts';

/** As getservbyname(3) finds them: the first line with the name, or an alias, and the transport. */
export function parseServices(text: string): { tcp: NameTable; udp: NameTable } {
  const tables = { tcp: {} as NameTable, udp: {} as NameTable };
  for (const [name, where, ...aliases] of rows(text)) {
    const match = /^(\d+)\/(tcp|udp)$/.exec(where ?? '');
    if (match === null) continue; // sctp and dccp: libpcap asks for the other two only
    add(tables[match[2] as 'tcp' | 'udp'], [name, ...aliases], Number(match[1]));
  }
  return tables;
}

/** As getprotobyname(3) finds them. */
export function parseProtocols(text: string): NameTable {
  const table: NameTable = {};
  for (const [name, number, ...aliases] of rows(text)) add(table, [name, ...aliases], Number(number));
  return table;
}

function rows(text: string): [string, ...string[]][] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim().split(/\s+/) as [string, ...string[]])
    .filter(([name]) => name !== '');
}

function add(table: NameTable, names: string[], value: number): void {
  for (const name of names) if (!Object.hasOwn(table, name)) table[name] = value;
}
