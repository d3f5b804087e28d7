import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PacketTraceError } from '../../../../../extension/base/errors.ts';
import { readCaptureFile } from '../../../../../extension/filter/capture-file/file.ts';
import {
  pcapFile,
  pcapngBlock,
  pcapngPacket,
  pcapngSection,
  type WrittenPacket,
} from '../../../../support/packets/capture-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'packet-trace-pcap-'));
after(() => rmSync(dir, { recursive: true }));

/** `link type: bytes in hexadecimal/length on the wire` of each packet, and what is said at the end. */
async function read(bytes: Uint8Array): Promise<{ packets: string[]; warning: string | undefined }> {
  const path = join(dir, 'file');
  writeFileSync(path, bytes);
  const packets: string[] = [];
  const file = readCaptureFile(path);
  for (;;) {
    const { value, done } = await file.next();
    if (done === true) return { packets, warning: value };
    packets.push(`${value.linkType}: ${Buffer.from(value.data).toString('hex')}/${value.length}`);
  }
}

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const TWO: WrittenPacket[] = [{ data: bytes('0102030405'), length: 1500 }, { data: bytes('') }];
const TWO_READ = ['1: 0102030405/1500', '1: /0'];

for (const endian of ['LE', 'BE'] as const)
  for (const magic of [0xa1b2c3d4, 0xa1b23c4d])
    test(`pcap, ${endian}, ${magic.toString(16)}`, async () => {
      assert.deepEqual(await read(pcapFile(1, TWO, { endian, magic })), {
        packets: TWO_READ,
        warning: undefined,
      });
    });

test('bits of the link type that tell of a check sequence are no part of it', async () => {
  assert.deepEqual((await read(pcapFile(0x5400_0001, TWO))).packets, TWO_READ);
});

for (const endian of ['LE', 'BE'] as const)
  test(`pcapng, ${endian}: all kinds of packet blocks, interfaces, and blocks of other kinds`, async () => {
    const file = Buffer.concat([
      pcapngSection(endian, [1, 101], 3),
      pcapngBlock(endian, 5, bytes('00112233445566778899')), // interface statistics
      pcapngPacket(endian, 'enhanced', { data: bytes('010203'), length: 9, interface: 1 }),
      pcapngPacket(endian, 'old', { data: bytes('04'), interface: 1 }),
      pcapngPacket(endian, 'simple', { data: bytes('050607'), length: 77 }),
      pcapngPacket(endian, 'simple', { data: bytes('08') }),
    ]);
    assert.deepEqual(await read(file), {
      packets: ['101: 010203/9', '101: 04/1', '1: 050607/77', '1: 08/1'],
      warning: undefined,
    });
  });

test('a new section of pcapng has its own byte order and interfaces', async () => {
  const file = Buffer.concat([
    pcapngSection('LE', [1]),
    pcapngPacket('LE', 'enhanced', { data: bytes('01') }),
    pcapngSection('BE', [113]),
    pcapngPacket('BE', 'enhanced', { data: bytes('02') }),
  ]);
  assert.deepEqual((await read(file)).packets, ['1: 01/1', '113: 02/1']);
});

test('of a file that was cut, what is whole is read', async () => {
  const cut = { packets: ['1: 0102030405/1500'], warning: 'The file ends in the middle of packet 2.' };
  const data = bytes('aabbccdd');
  const pcap = pcapFile(1, [TWO[0]!, { data }]);
  assert.deepEqual(await read(pcap.subarray(0, -1)), cut);
  assert.deepEqual(await read(pcap.subarray(0, -data.length - 3)), cut);
  const pcapng = [
    pcapngSection('LE', [1]),
    ...[TWO[0]!, { data }].map((packet) => pcapngPacket('LE', 'enhanced', packet)),
  ];
  assert.deepEqual(await read(Buffer.concat(pcapng).subarray(0, -2)), cut);
});

const DAMAGED: [string, Buffer, RegExp][] = [
  [
    'pcap with a huge packet',
    Buffer.concat([pcapFile(1, TWO), Buffer.alloc(16, 0xee)]),
    /after packet 2: a packet of \d+ bytes/,
  ],
  [
    'pcapng with a huge block',
    Buffer.concat([pcapngSection('LE', [1]), Buffer.alloc(16, 0xee)]),
    /after packet 0: a block of/,
  ],
  [
    'a packet of an interface that is not there',
    Buffer.concat([
      pcapngSection('LE', [1]),
      pcapngPacket('LE', 'enhanced', { data: bytes('01'), interface: 4 }),
    ]),
    /interface 4/,
  ],
  [
    'a packet that says to be longer than its block',
    Buffer.concat([
      pcapngSection('LE', [1]),
      pcapngBlock('LE', 6, bytes('000000000000000000000000ff00000001000000')),
    ]),
    /shorter than its contents/,
  ],
];
for (const [what, file, warning] of DAMAGED)
  test(`damage is told: ${what}`, async () => {
    assert.match((await read(file)).warning ?? '', warning);
  });

test('what is no capture file is refused by name', async () => {
  const refused = (text: RegExp) => (error: unknown) =>
    error instanceof PacketTraceError && error.code === 'pcap-file' && text.test(error.message);
  await assert.rejects(read(bytes('1f8b0800')), refused(/file" is neither a pcap nor a pcapng file/));
  await assert.rejects(read(bytes('')), refused(/neither/));
  await assert.rejects(
    readCaptureFile(join(dir, 'absent')).next(),
    refused(/absent" cannot be read: ENOENT/),
  );
});
