import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import {
  findOwnConnections,
  parseSshConnection,
  scanTcpTable,
} from '../../../../remote-agent/kernel/own-connections.ts';

interface FakeProcess {
  environment?: string;
  /** Inode numbers of its sockets. */
  sockets?: number[];
  /** Number of its network namespace. */
  netns?: number;
}

/** A /proc with these processes, each the child of the next; the last one is a child of init. */
function fakeProc(t: TestContext, processes: FakeProcess[], tables: Record<string, string> = {}): string {
  const proc = mkdtempSync(join(tmpdir(), 'proc-'));
  t.after(() => rmSync(proc, { recursive: true }));
  const pid = (index: number) => (index === 0 ? 'self' : String(100 + index));
  for (const [index, { environment = '', sockets = [], netns = 1 }] of processes.entries()) {
    const dir = join(proc, pid(index));
    for (const folder of ['fd', 'ns', 'net']) mkdirSync(join(dir, folder), { recursive: true });
    writeFileSync(join(dir, 'environ'), environment);
    const parent = index + 1 < processes.length ? pid(index + 1) : '1';
    writeFileSync(join(dir, 'status'), `Name:\tx\nPid:\t7\nPPid:\t${parent}\n`);
    symlinkSync('/dev/null', join(dir, 'fd/0'));
    for (const [at, inode] of sockets.entries()) symlinkSync(`socket:[${inode}]`, join(dir, `fd/${at + 3}`));
    symlinkSync(`net:[${netns}]`, join(dir, 'ns/net'));
    writeFileSync(join(dir, 'net/tcp'), HEADER + (tables[`${netns}/tcp`] ?? ''));
    writeFileSync(join(dir, 'net/tcp6'), HEADER + (tables[`${netns}/tcp6`] ?? ''));
  }
  // What init has is nobody's way to the agent.
  mkdirSync(join(proc, '1/fd'), { recursive: true });
  writeFileSync(join(proc, '1/environ'), 'SSH_CONNECTION=10.9.9.9 1 10.9.9.8 22\0');
  return proc;
}

const HEADER =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
/** 10.0.2.15:22 and 10.0.2.2:49152 as a table of an x86-64 shows them. */
const LINE = (inode: number, state = '01') =>
  `   1: 0F02000A:0016 0202000A:C000 ${state} 00000000:00000000 02:000A7A3B 00000000     0        0 ${inode} 2 ffff888003 20 4 31 10 -1\n`;
const LINE_6 = (inode: number) =>
  `   0: B80D0120000000000000000002000000:0016 000080FE000000000000000001000000:C350 01 00000000:00000000 02:000A7A3B 00000000  1000        0 ${inode} 2 ffff888004 20 4 31 10 -1\n`;
const LINE_MAPPED = (inode: number) =>
  `   0: 0000000000000000FFFF00000F02000A:0016 0000000000000000FFFF00000202000A:C000 01 00000000:00000000 02:000A7A3B 00000000     0        0 ${inode} 2 ffff888005 20 4 31 10 -1\n`;

const SSH = 'A=1\0SSH_CONNECTION=10.0.2.2 49152 10.0.2.15 22\0B=2\0';
const FOUND = { local: { address: '10.0.2.15', port: 22 }, remote: { address: '10.0.2.2', port: 49152 } };

describe('findOwnConnections', () => {
  test('from the own environment', async (t) => {
    assert.deepEqual(await findOwnConnections(fakeProc(t, [{ environment: SSH }])), [FOUND]);
  });
  test('from an ancestor’s, where sudo has cleared ours', async (t) => {
    const environments = ['A=1\0', '', 'X_SSH_CONNECTION=1\0', SSH];
    const proc = fakeProc(
      t,
      environments.map((environment) => ({ environment })),
    );
    assert.deepEqual(await findOwnConnections(proc), [FOUND]);
  });
  test('from an ancestor’s socket, where no environment tells; those of others and listening ones are none', async (t) => {
    const tcp = LINE(70) + LINE(71) + LINE(72, '0A');
    const proc = fakeProc(t, [{ sockets: [60] }, {}, { sockets: [71, 72] }], { '1/tcp': tcp });
    assert.deepEqual(await findOwnConnections(proc), [FOUND]);
  });
  test('both tell of the same one', async (t) => {
    const proc = fakeProc(t, [{ environment: SSH }, { sockets: [71] }], { '1/tcp6': LINE_MAPPED(71) });
    assert.deepEqual(await findOwnConnections(proc), [FOUND]);
  });
  test('an ancestor in another network namespace has its sockets there', async (t) => {
    const tables = { '1/tcp': '', '2/tcp': LINE(71) };
    const proc = fakeProc(t, [{ sockets: [60] }, { sockets: [71], netns: 2 }], tables);
    assert.deepEqual(await findOwnConnections(proc), [FOUND]);
  });
  test('none without any', async (t) => {
    const proc = fakeProc(t, [{ environment: 'A=1\0' }, { sockets: [5] }], { '1/tcp': LINE(6) });
    assert.deepEqual(await findOwnConnections(proc), []);
  });
  test('a loop of parents ends', async (t) => {
    const proc = fakeProc(t, [{}, {}]);
    writeFileSync(join(proc, '101/status'), 'PPid:\t101\n');
    assert.deepEqual(await findOwnConnections(proc), []);
  });
});

test('a table of IPv6 sockets', () => {
  const inodes = new Set(['8', '9']);
  assert.deepEqual(scanTcpTable(HEADER + LINE_6(8) + LINE_MAPPED(9) + LINE_6(7), inodes), [
    { local: { address: '2001:db8::2', port: 22 }, remote: { address: 'fe80::1', port: 50000 } },
    FOUND,
  ]);
});

test('SSH_CONNECTION', () => {
  assert.deepEqual(parseSshConnection('fe80::1%eth0 50000 2001:db8::2 22'), {
    local: { address: '2001:db8::2', port: 22 },
    remote: { address: 'fe80::1', port: 50000 },
  });
  assert.equal(parseSshConnection('UNKNOWN 65535 UNKNOWN 65535'), undefined);
  assert.equal(parseSshConnection(''), undefined);
});
