import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  addressBytes,
  addressText,
  decodeConnection,
  describeConnection,
  encodeConnection,
} from '../../../../remote-agent/kernel/connection.ts';

test('a connection in words', () => {
  assert.equal(
    describeConnection({
      local: { address: '2001:db8::2', port: 22 },
      remote: { address: 'fe80::1', port: 50000 },
    }),
    '[2001:db8::2]:22 - [fe80::1]:50000',
  );
});

test('a connection in bytes and back', () => {
  for (const [local, remote] of [
    ['10.0.2.15', '10.0.2.2'],
    ['2001:db8::2', 'fe80::1:0:0:1'],
  ] as const) {
    const connection = { local: { address: local, port: 22 }, remote: { address: remote, port: 65535 } };
    assert.deepEqual(decodeConnection(encodeConnection(connection) ?? new Uint8Array()), connection);
  }
  const nowhere = { address: '', port: 1 };
  assert.equal(encodeConnection({ local: nowhere, remote: nowhere }), undefined);
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
  test('every IPv4 address in text and back', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => addressText(addressBytes(address) ?? new Uint8Array()) === address),
    );
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
