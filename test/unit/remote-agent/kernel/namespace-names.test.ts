import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { mountedNamespaces, namespacesOfProcesses } from '../../../../remote-agent/kernel/namespace-names.ts';

test('mounted namespaces have the name of their file, before others that of ip netns', () => {
  const mountInfo = `22 1 0:20 / /proc rw,nosuid shared:5 - proc proc rw
90 22 0:4 net:[4026532201] /run/netns/blue rw shared:9 - nsfs nsfs rw
91 22 0:4 net:[4026532201] /run/docker/netns/1a2b rw shared:9 - nsfs nsfs rw
92 22 0:4 net:[4026532300] /run/docker/netns/3c4d rw - nsfs nsfs rw
93 22 0:4 mnt:[4026532301] /run/snapd/ns/lxd.mnt rw - nsfs nsfs rw
94 22 0:4 net:[4026532302] /var/run/netns/two\\040words rw - nsfs nsfs rw
`;
  assert.deepEqual(
    mountedNamespaces(mountInfo),
    new Map([
      [4026532201, 'blue'],
      [4026532300, '3c4d'],
      [4026532302, 'two words'],
    ]),
  );
});

test('others are called by the first process in them', () => {
  const proc = mkdtempSync(join(tmpdir(), 'packet-trace-namespaces-'));
  try {
    for (const [pid, comm, link] of [
      ['1', 'systemd', 'net:[10]'],
      ['70', 'nginx', 'net:[20]'],
      ['71', 'sh', 'net:[20]'],
      ['80', 'gone', undefined],
    ] as const) {
      mkdirSync(join(proc, pid, 'ns'), { recursive: true });
      writeFileSync(join(proc, pid, 'comm'), `${comm}\n`);
      if (link !== undefined) symlinkSync(link, join(proc, pid, 'ns/net'));
    }
    mkdirSync(join(proc, 'sys'));
    assert.deepEqual(
      namespacesOfProcesses(proc),
      new Map([
        [10, 'systemd:1'],
        [20, 'nginx:70'],
      ]),
    );
  } finally {
    rmSync(proc, { recursive: true });
  }
});
