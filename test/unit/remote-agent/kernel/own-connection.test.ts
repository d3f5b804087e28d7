import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { BlockList } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  addressBytes,
  describeConnection,
  findOwnConnection,
  parseSshConnection,
} from '../../../../remote-agent/kernel/own-connection.ts';

describe('findOwnConnection', () => {
  /** A /proc with these processes, each the child of the next. */
  function withProcesses(environments: string[], check: (proc: string) => void): void {
    const proc = mkdtempSync(join(tmpdir(), 'proc-'));
    try {
      for (const [index, environment] of environments.entries()) {
        const dir = join(proc, index === 0 ? 'self' : String(index));
        mkdirSync(dir);
        writeFileSync(join(dir, 'environ'), environment);
        const parent = index + 1 < environments.length ? index + 1 : 0;
        writeFileSync(join(dir, 'status'), `Name:\tx\nPid:\t7\nPPid:\t${parent}\n`);
      }
      check(proc);
    } finally {
      rmSync(proc, { recursive: true });
    }
  }
  const ssh = 'A=1\0SSH_CONNECTION=10.0.2.2 49152 10.0.2.15 22\0B=2\0';
  const found = { local: { address: '10.0.2.15', port: 22 }, remote: { address: '10.0.2.2', port: 49152 } };

  test('from the own environment', () => {
    withProcesses([ssh], (proc) => assert.deepEqual(findOwnConnection(proc), found));
  });
  test('from an ancestor’s, where sudo has cleared ours', () => {
    withProcesses(['A=1\0', '', 'X_SSH_CONNECTION=1\0', ssh], (proc) =>
      assert.deepEqual(findOwnConnection(proc), found),
    );
  });
  test('none without SSH', () => {
    withProcesses(['A=1\0', 'B=2\0'], (proc) => assert.equal(findOwnConnection(proc), undefined));
  });
  test('a loop of parents ends', () => {
    withProcesses(['', ''], (proc) => {
      writeFileSync(join(proc, '1/status'), 'PPid:\t1\n');
      assert.equal(findOwnConnection(proc), undefined);
    });
  });
});

test('a connection that is no IP connection is none', () => {
  assert.equal(parseSshConnection('UNKNOWN 65535 UNKNOWN 65535'), undefined);
  assert.equal(parseSshConnection(''), undefined);
});

test('a connection in words', () => {
  const connection = parseSshConnection('fe80::1%eth0 50000 2001:db8::2 22');
  assert.ok(connection !== undefined);
  assert.equal(describeConnection(connection), '[2001:db8::2]:22 - [fe80::1%eth0]:50000');
});

describe('addressBytes', () => {
  const hex = (text: string) => Buffer.from(addressBytes(text) ?? []).toString('hex');

  test('IPv4 is in the first four bytes', () => {
    assert.equal(hex('192.0.2.255'), 'c00002ff'.padEnd(32, '0'));
    assert.equal(hex('::ffff:192.0.2.255'), hex('192.0.2.255'));
  });
  test('IPv6 in all its short forms', () => {
    assert.equal(hex('::'), '0'.repeat(32));
    assert.equal(hex('::1'), '1'.padStart(32, '0'));
    assert.equal(hex('2001:db8::'), '20010db8'.padEnd(32, '0'));
    assert.equal(hex('fe80::a:b%eth0'), 'fe80' + '0'.repeat(20) + '000a000b');
    assert.equal(hex('1:2:3:4:5:6:7:8'), '00010002000300040005000600070008');
  });
  test('every IPv6 address as Node understands it', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        if (text.includes('.')) return; // an embedded IPv4 address, which SSH_CONNECTION has only as ::ffff:
        const list = new BlockList();
        const full = hex(text).match(/..../g)?.join(':') ?? '';
        list.addAddress(full, 'ipv6');
        assert.ok(list.check(text, 'ipv6'), `${text} became ${full}`);
      }),
    );
  });
  test('what is no address', () => {
    for (const text of ['', 'host', '1.2.3', '1:2', ':::']) assert.equal(addressBytes(text), undefined);
  });
});
