import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIpv4, formatIpv6, formatTuple, protocolName } from '../../../../extension/base/tuple.ts';

/** The address as Node's URL parser (WHATWG, the same form as RFC 5952 but for mapped addresses) writes it. */
function canonical(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    Buffer.from(bytes)
      .readUInt16BE(i * 2)
      .toString(16),
  );
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

test('IPv6 addresses are written in their canonical form', () => {
  // Zeros often, so that runs of them meet.
  const byte = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.array(byte, { minLength: 16, maxLength: 16 }),
      (dense, sparse) => {
        for (const bytes of [dense, Uint8Array.from(sparse)]) {
          const text = formatIpv6(bytes);
          assert.ok(isIPv6(text), text);
          if (!text.startsWith('::ffff:')) assert.equal(text, canonical(bytes));
        }
      },
    ),
  );
});

test('IPv4-mapped addresses end in the dotted form', () => {
  assert.equal(
    formatIpv6(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4)),
    '::ffff:1.2.3.4',
  );
});

test('IPv4 takes the first four bytes', () => {
  assert.equal(formatIpv4(Uint8Array.of(10, 0, 2, 15, 9, 9)), '10.0.2.15');
});

test('tuples are written as pwru writes them', () => {
  const parts = { sourcePort: 48522, destinationPort: 80, protocol: 'tcp', tcpFlags: 2 };
  assert.equal(
    formatTuple({ ...parts, source: '10.0.2.15', destination: '1.1.1.1' }),
    '10.0.2.15:48522->1.1.1.1:80(tcp)',
  );
  assert.equal(
    formatTuple({ ...parts, source: '::1', destination: 'fe80::2' }),
    '[::1]:48522->[fe80::2]:80(tcp)',
  );
});

test('protocols have names, or their number', () => {
  assert.deepEqual([6, 17, 1, 58, 253].map(protocolName), ['tcp', 'udp', 'icmp', 'icmp6', '253']);
});
