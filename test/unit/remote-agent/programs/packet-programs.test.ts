import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  PacketPrograms,
  tracedName,
  type ProgramSystem,
} from '../../../../remote-agent/programs/packet-programs.ts';
import type { ProgramInfo } from '../../../../remote-agent/native/bpf-programs.ts';
import { BtfBuilder } from '../../../support/agent/btf-builder.ts';

const KPROBE = 2;
const CLASSIFIER = 3;
const ACTION = 4;
const XDP = 6;

/** A machine with these programs, by number; undefined: it goes away before it is looked at. */
function machine(programs: Map<number, Partial<ProgramInfo> | undefined>): ProgramSystem & { looks: number } {
  const builder = new BtfBuilder();
  const entryType = builder.function('classify_by_length_of_packet');
  const types = builder.bytes();
  const system = {
    looks: 0,
    nextProgram: (after: number) => {
      system.looks++;
      return [...programs.keys()].sort((a, b) => a - b).find((id) => id > after);
    },
    withProgram: <T>(id: number, use: (fd: number) => T) =>
      programs.get(id) === undefined ? undefined : use(id),
    programInfo: (id: number): ProgramInfo => ({
      ...{ id, type: CLASSIFIER, name: 'classify_by_len', isCompiled: true, btfId: 5, entryType },
      ...programs.get(id),
    }),
    readBtf: (id: number) => (id === 5 ? types : undefined),
  };
  return system;
}

test('finds programs of tc by the whole names of their functions, each once', () => {
  const programs = new Map<number, Partial<ProgramInfo> | undefined>([
    [3, { type: KPROBE }],
    [7, {}],
    [8, undefined],
    [9, { type: ACTION }],
  ]);
  const system = machine(programs);
  const found = new PacketPrograms(['tc'], system);
  const name = 'classify_by_length_of_packet';
  assert.deepEqual(found.find(), {
    programs: [7, 9].map((id) => ({ id, kind: 'tc', name })),
    skipped: [],
  });
  system.looks = 0;
  assert.deepEqual(found.find(), { programs: [], skipped: [] });
  assert.equal(system.looks, 1, 'nothing new takes one call');
  programs.set(12, {});
  assert.deepEqual(
    found.find().programs.map(({ id }) => id),
    [12],
  );
  assert.equal(tracedName({ name, kind: 'tc' }), `${name}(tc)`);
});

test('tells which programs cannot be traced, and why', () => {
  const system = machine(
    new Map([
      [1, { btfId: 0 }],
      [2, { btfId: 6 }],
      [3, { entryType: 0, name: '' }],
      [4, { isCompiled: false }],
      [5, { entryType: 1000 }],
    ]),
  );
  assert.deepEqual(new PacketPrograms(['tc'], system).find(), {
    programs: [],
    skipped: [
      {
        reason: 'the BPF program was loaded without type information (BTF)',
        names: ['classify_by_len(tc)', 'classify_by_len(tc)', 'program 3(tc)'],
      },
      {
        reason: 'the BPF program is interpreted (net.core.bpf_jit_enable is 0)',
        names: ['classify_by_len(tc)'],
      },
      {
        reason: 'the BPF program’s type information has no entry',
        names: ['classify_by_len(tc)'],
      },
    ],
  });
});

test('what is not asked for is not found', () => {
  const system = machine(
    new Map([
      [1, {}],
      [2, { type: XDP }],
    ]),
  );
  assert.deepEqual(new PacketPrograms([], system).find().programs, []);
  const [only, ...others] = new PacketPrograms(['xdp'], system).find().programs;
  assert.deepEqual([only?.id, only?.kind, others.length], [2, 'xdp', 0]);
});
