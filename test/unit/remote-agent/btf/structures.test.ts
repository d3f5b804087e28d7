/** Layouts from a kernel's types, and what the editor reads with them (extension/recording/extras/structure.ts). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readStructure } from '../../../../extension/recording/extras/structure.ts';
import { Btf, BtfKind } from '../../../../common/btf/btf.ts';
import { structureLayouts } from '../../../../remote-agent/btf/structures.ts';
import { BtfBuilder } from '../../../support/agent/btf-builder.ts';

const SIGNED = 2 ** 24;
const BOOL = 4 * 2 ** 24;

function layouts() {
  const builder = new BtfBuilder();
  const u8 = builder.int('unsigned char', 1);
  const u16 = builder.int('__u16', 2);
  const u32 = builder.int('__u32', 4);
  const u64 = builder.int('__u64', 8);
  const int = builder.add(BtfKind.Int, 'int', 4, 0, [32 + SIGNED]);
  const bool = builder.add(BtfKind.Int, 'bool', 1, 0, [8 + BOOL]);
  const device = builder.pointer(builder.add(BtfKind.Const, '', builder.struct('net_device', 8)));
  const colour = builder.enum('colour', { RED: 1, GREEN: 2 });
  const list = builder.structure('list_head', 16, [['next', device, 0]]);
  const anonymous = builder.structure(
    '',
    8,
    [
      ['dev', device, 0],
      ['dev_scratch', u64, 0],
    ],
    BtfKind.Union,
  );
  builder.structure('sk_buff', 64, [
    ['', anonymous, 0],
    ['list', list, 64],
    ['len', builder.add(BtfKind.Typedef, 'u32', u32), 192],
    ['pkt_type', u8, 224, 3],
    ['cloned', u8, 227, 1],
    ['slow_gro', bool, 232],
    ['mark', int, 256],
    ['colour', colour, 288],
    ['cb', builder.array(u8, 4), 320],
    ['ports', builder.array(u16, 2), 352],
    ['tstamp', u64, 384],
    ['rest', builder.array(u8, 0), 512],
  ]);
  const fragment = builder.structure('skb_frag_t', 8, [
    ['len', u32, 0],
    ['offset', u32, 32],
  ]);
  builder.structure('skb_shared_info', 24, [
    ['flags', u8, 0],
    ['nr_frags', u8, 8],
    ['gso_type', u32, 32],
    ['frags', builder.array(fragment, 2), 64],
  ]);
  builder.enum('', { OTHER_A: 1 });
  builder.enum('', { SKB_GSO_TCPV4: 1, SKB_GSO_DODGY: 2, SKB_GSO_BOTH: 3, SKB_GSO_UDP: 8 });
  const vmlinux = new Btf(builder.bytes());
  return structureLayouts({ vmlinux }, ['sk_buff', 'skb_shared_info', 'no_such']);
}

test('members of all kinds have their values, those of anonymous unions among them', () => {
  const [layout] = layouts();
  assert.ok(layout !== undefined);
  assert.deepEqual([layout.name, layout.bytes], ['sk_buff', 64]);
  assert.equal(layout.members[0]?.type, 'const struct net_device *');
  const memory = Buffer.alloc(64);
  memory.writeBigUInt64LE(0xffff_8881_0000_0010n, 0);
  memory.writeBigUInt64LE(0xffff_8881_0000_0020n, 8);
  memory.writeUInt32LE(84, 24);
  memory[28] = 0b1101;
  memory[29] = 1;
  memory.writeInt32LE(-5, 32);
  memory.writeUInt32LE(2, 36);
  memory.set([0xde, 0xad, 0, 1], 40);
  memory.writeUInt16LE(7, 46);
  memory.writeBigUInt64LE(2n ** 60n, 48);
  assert.deepEqual(readStructure(layout, memory), {
    dev: '0xffff888100000010',
    dev_scratch: String(0xffff_8881_0000_0010n),
    list: { next: '0xffff888100000020' },
    len: 84,
    pkt_type: 5,
    cloned: 1,
    slow_gro: true,
    mark: -5,
    colour: 'GREEN',
    cb: 'dead0001',
    ports: [0, 7],
    tstamp: '1152921504606846976',
  });
  // Of memory that ends early what is there.
  assert.deepEqual(Object.keys(readStructure(layout, memory.subarray(0, 28))), [
    'dev',
    'dev_scratch',
    'list',
    'len',
  ]);
});

test('bits have names, and an array shows as many elements as are in use', () => {
  const [, layout] = layouts();
  assert.ok(layout !== undefined);
  const memory = Buffer.alloc(24);
  memory[1] = 1;
  memory.writeUInt32LE(0x8000_000a, 4);
  memory.writeUInt32LE(1448, 8);
  memory.writeUInt32LE(9999, 16);
  assert.deepEqual(readStructure(layout, memory), {
    flags: 0,
    nr_frags: 1,
    gso_type: ['SKB_GSO_DODGY', 'SKB_GSO_UDP', 0x8000_0000],
    frags: [{ len: 1448, offset: 0 }],
  });
});
