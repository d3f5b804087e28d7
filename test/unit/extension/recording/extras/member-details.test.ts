import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MemberLayout } from '../../../../../common/protocol.ts';
import type { Detail } from '../../../../../extension/recording/extras/detail.ts';
import { memberDetails } from '../../../../../extension/recording/extras/member-details.ts';
import { readStructure } from '../../../../../extension/recording/extras/structure.ts';

const member = (name: string, bitOffset: number, more: Partial<MemberLayout> = {}): MemberLayout => ({
  name,
  type: '__u32',
  bitOffset,
  bits: 32,
  kind: 'unsigned',
  ...more,
});

const MEMBERS: MemberLayout[] = [
  member('len', 0),
  member('mark', 32),
  member('state', 64, { type: 'enum color', values: [{ value: 0, name: 'RED' }] }),
  member('flags', 96, { flags: [{ value: 1, name: 'A' }, { value: 4, name: 'B' }] }), // prettier-ignore
  member('frags', 128, {
    type: 'skb_frag_t[2]',
    kind: 'structure',
    count: 2,
    members: [member('size', 0)],
  }),
];

/** `name type value`, a zero behind a `-`, and below it what is in it. */
function lines(details: readonly Detail[], indent = ''): string[] {
  return details.flatMap(({ name, type, value, isZero, inner }) => [
    `${indent}${isZero === true ? '-' : ''}${name} ${type} ${value}`.trimEnd(),
    ...lines(inner?.() ?? [], `${indent}  `),
  ]);
}

test('members by name and type: enums and flags by name, tables element by element', () => {
  const memory = Buffer.alloc(24);
  memory.writeUInt32LE(84, 0);
  memory.writeUInt32LE(5, 12);
  memory.writeUInt32LE(1448, 20);
  const layout = { name: 'sk_buff', bytes: 24, members: MEMBERS };
  assert.deepEqual(lines(memberDetails(MEMBERS, readStructure(layout, memory))), [
    'len __u32 84',
    '-mark __u32 0',
    'state enum color RED',
    'flags __u32 A B',
    '-frags[0] skb_frag_t[2]',
    '  -size __u32 0',
    'frags[1] skb_frag_t[2]',
    '  size __u32 1448',
  ]);
  // Of memory that ends early what is there.
  assert.deepEqual(lines(memberDetails(MEMBERS, readStructure(layout, memory.subarray(0, 4)))), [
    'len __u32 84',
  ]);
});
