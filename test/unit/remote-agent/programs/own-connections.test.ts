import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionLayout, ConnectionOf } from '../../../../common/layouts.ts';
import { describeConnection, encodeConnection } from '../../../../remote-agent/kernel/connection.ts';
import type { MapInfo } from '../../../../remote-agent/native/bpf-maps.ts';
import {
  type MapSystem,
  OWN_CONNECTIONS_MAP,
  OwnConnections,
} from '../../../../remote-agent/programs/own-connections.ts';

/** The BPF maps of a machine. A map's descriptor is its number. */
class FakeKernel implements MapSystem {
  readonly maps = new Map<number, { info: MapInfo; entries: Map<string, number> }>();
  #last = 0;

  add(info: Partial<MapInfo> = {}): number {
    const id = ++this.#last;
    const known = { keyBytes: ConnectionLayout.bytes, valueBytes: 4, name: OWN_CONNECTIONS_MAP, btfId: 7 };
    this.maps.set(id, { info: { id, ...known, ...info }, entries: new Map() });
    return id;
  }

  nextMap(after: number): number | undefined {
    return [...this.maps.keys()].find((id) => id > after);
  }

  withMap<T>(id: number, use: (fd: number) => T): T | undefined {
    return this.maps.has(id) ? use(id) : undefined;
  }

  mapInfo(fd: number): MapInfo | undefined {
    return this.maps.get(fd)?.info;
  }

  keysWith(fd: number, _keyBytes: number, wanted: number): Uint8Array[] {
    const entries = [...(this.maps.get(fd)?.entries ?? [])];
    return entries.filter(([, value]) => value === wanted).map(([key]) => Buffer.from(key, 'hex'));
  }

  setEntry(fd: number, key: Uint8Array, value: number): boolean {
    this.maps.get(fd)?.entries.set(Buffer.from(key).toString('hex'), value);
    return true;
  }

  deleteEntry(fd: number, key: Uint8Array): void {
    assert.ok(this.maps.get(fd)?.entries.delete(Buffer.from(key).toString('hex')), 'there is no such entry');
  }

  /** What an agent's programs find in its map. */
  has(fd: number, source: string, destination: string): number | undefined {
    const endpoint = (text: string) => {
      const [address = '', port] = text.split(' ');
      return { address, port: Number(port) };
    };
    const key = encodeConnection({ local: endpoint(source), remote: endpoint(destination) });
    return this.maps.get(fd)?.entries.get(Buffer.from(key ?? []).toString('hex'));
  }
}

const connection = (port: number) => ({
  local: { address: '10.0.2.15', port: 22 },
  remote: { address: '10.0.2.2', port },
});
const HERE = '10.0.2.15 22';

test('packets of the own connection are known in both directions', () => {
  const kernel = new FakeKernel();
  const fd = kernel.add();
  new OwnConnections(fd, [connection(50000)], kernel);
  assert.equal(kernel.has(fd, HERE, '10.0.2.2 50000'), ConnectionOf.Agent);
  assert.equal(kernel.has(fd, '10.0.2.2 50000', HERE), ConnectionOf.Agent);
  assert.equal(kernel.maps.get(fd)?.entries.size, 2);
});

test('agents know of each other, whoever was there first, as long as they live', () => {
  const kernel = new FakeKernel();
  kernel.add({ name: 'cilium_lxc' });
  const fds = [kernel.add(), kernel.add()] as const;
  const first = new OwnConnections(fds[0], [connection(50000)], kernel);
  first.refresh();
  assert.deepEqual(first.others, []);
  const second = new OwnConnections(fds[1], [connection(50001)], kernel);
  second.refresh();
  first.refresh();
  first.refresh();
  assert.equal(kernel.has(fds[0], '10.0.2.2 50001', HERE), ConnectionOf.Other);
  assert.equal(kernel.has(fds[1], HERE, '10.0.2.2 50000'), ConnectionOf.Other);
  assert.deepEqual(first.others.map(describeConnection), ['10.0.2.15:22 - 10.0.2.2:50001']);

  kernel.maps.delete(fds[0]);
  second.refresh();
  assert.equal(kernel.has(fds[1], HERE, '10.0.2.2 50000'), undefined);
  assert.equal(kernel.maps.get(fds[1])?.entries.size, 2);
  assert.deepEqual(second.others, []);
});

test('what another agent heard of others is not taken from it', () => {
  const kernel = new FakeKernel();
  const [a, b, c] = [kernel.add(), kernel.add(), kernel.add()];
  new OwnConnections(a, [connection(50000)], kernel);
  const second = new OwnConnections(b, [connection(50001)], kernel);
  const third = new OwnConnections(c, [connection(50002)], kernel);
  second.refresh();
  kernel.maps.delete(a);
  third.refresh();
  assert.equal(kernel.has(c, HERE, '10.0.2.2 50000'), undefined);
  assert.equal(kernel.has(c, HERE, '10.0.2.2 50001'), ConnectionOf.Other);
});

test('a map that anybody may have made hides nothing', () => {
  const kernel = new FakeKernel();
  const fd = kernel.add();
  for (const info of [{ btfId: 0 }, { keyBytes: 4 }, { name: 'connections' }]) {
    const foreign = kernel.add(info);
    kernel.setEntry(foreign, encodeConnection(connection(1)) ?? new Uint8Array(), ConnectionOf.Agent);
  }
  const own = new OwnConnections(fd, [], kernel);
  own.refresh();
  assert.equal(kernel.maps.get(fd)?.entries.size, 0);
});
