import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SKB_METADATA } from '../../../../../common/protocol.ts';
import { eventObject } from '../../../../../extension/cli/output/json-format.ts';
import { TextFormat } from '../../../../../extension/cli/output/text-format.ts';
import { ColumnStore } from '../../../../../extension/recording/event-store.ts';
import { Symbols } from '../../../../../extension/recording/symbols.ts';
import { readJsonDocs } from '../../../../support/json-docs.ts';
import { attached, batch, functionAddress, kernelAddress } from '../../../../support/agent/records.ts';

const ALL = {
  caller: true,
  stack: true,
  packetBytes: 64,
  skb: true,
  sharedInfo: true,
  cb: true,
  skbMetadata: ['skb->hash', '-1'],
  tunnel: true,
  netnsNames: true,
};
const CALLER = 0xffff_8120_0031;
const BRIDGE = 0xffff_c010_001a;

function capture() {
  const store = new ColumnStore();
  const symbols = new Symbols(attached(['ip_rcv']));
  symbols.addLocations([
    { address: CALLER, start: CALLER - 0x31, name: 'ip_local_deliver', module: '' },
    { address: BRIDGE, start: BRIDGE - 0x1a, name: 'br_handle_frame', module: 'bridge' },
  ]);
  store.setSymbols(symbols);
  store.setStructures([
    {
      name: 'sk_buff',
      bytes: 8,
      members: [
        { name: 'len', type: '__u32', bitOffset: 0, bits: 32, kind: 'unsigned' },
        { name: 'mark', type: '__u32', bitOffset: 32, bits: 32, kind: 'unsigned' },
      ],
    },
    {
      name: SKB_METADATA,
      bytes: 16,
      members: [
        { name: 'skb->hash', type: '__u32', bitOffset: 0, bits: 64, kind: 'unsigned' },
        { name: '-1', type: 'int', bitOffset: 64, bits: 64, kind: 'signed' },
      ],
    },
  ]);
  store.setNamespaces([{ inode: 20, name: 'blue\x1b and more' }]);
  const address = kernelAddress(functionAddress(0));
  store.append(
    batch([
      {
        life: 1,
        address,
        netns: 20,
        extras: {
          caller: BRIDGE,
          stack: { id: 1n, frames: [functionAddress(0), BRIDGE, CALLER, 0xffff_8140_0000] },
          packet: { bytes: Array.from({ length: 18 }, (_, i) => i), network: 14 },
          skb: [84, 0],
          cb: [1, 0xffff_ffff],
          metadata: [0, 0, 0xffff_ffff, 0xffff_ffff],
          tunnel: { source: [10, 0, 0, 1], destination: [10, 0, 0, 2], destinationPort: 53, l4Protocol: 17 },
        },
      },
      { life: 1, address },
    ]),
  );
  return { store, trajectories: store.trajectories };
}

test('lines of text', () => {
  const options = {
    tuple: false,
    tcpFlags: false,
    meta: false,
    timestamp: 'none',
    hasColors: false,
  } as const;
  const format = new TextFormat(capture(), { ...options, ...ALL });
  assert.match(format.header(), / NETNS NAME FUNC +CALLER +TUNNEL\n$/);
  const [line = '', ...more] = format.line(0).split('\n');
  assert.match(
    line,
    /  blue\\x1b a ip_rcv +br_handle_frame \[bridge\] +10\.0\.0\.1:0->10\.0\.0\.2:53\(udp\)$/,
  );
  assert.deepEqual(more, [
    '    skb->hash=0 -1=-1',
    '    br_handle_frame+0x1a [bridge]',
    '    ip_local_deliver+0x31',
    '    0xffffffff81400000',
    '    0x0000:  0001 0203 0405 0607 0809 0a0b 0c0d 0e0f',
    '    0x0010:  1011',
    '    cb 0x00000001 0xffffffff',
    '    struct sk_buff',
    '        len 84',
    '',
  ]);
  assert.match(format.line(1), / ip_rcv\n$/);
  assert.match(new TextFormat(capture(), options).line(0), / ip_rcv\n$/);
});

test('fields of the JSON object, those that were asked for', () => {
  const told = capture();
  const plain = eventObject(told, 0);
  const asked = eventObject(told, 0, ALL);
  const more = Object.fromEntries(Object.entries(asked).filter(([name]) => !(name in plain)));
  assert.deepEqual(more, {
    caller: { function: 'br_handle_frame', module: 'bridge', offset: 0x1a },
    stack: [
      { function: 'br_handle_frame', module: 'bridge', offset: 0x1a },
      { function: 'ip_local_deliver', module: '', offset: 0x31 },
      { function: '0xffffffff81400000', module: null, offset: null },
    ],
    bytes: { network: 14, data: '000102030405060708090a0b0c0d0e0f1011' },
    skbuff: { len: 84, mark: 0 },
    sharedInfo: null,
    cb: [1, 0xffff_ffff],
    metadata: { 'skb->hash': 0, '-1': -1 },
    tunnel: {
      source: '10.0.0.1',
      sourcePort: 0,
      destination: '10.0.0.2',
      destinationPort: 53,
      protocol: 'udp',
      tcpFlags: 0,
    },
    netnsName: 'blue\\x1b and more',
  });
  const documented = [...(readJsonDocs().get('') ?? new Map<string, string>()).keys()];
  assert.deepEqual(
    documented.filter((field) => !field.includes('.')),
    Object.keys(more),
  );
  const nothing = eventObject(told, 1, ALL) as Record<string, unknown>;
  for (const name of Object.keys(more)) assert.equal(nothing[name], null, name);
});
