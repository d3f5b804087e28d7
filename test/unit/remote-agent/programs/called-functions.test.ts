import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProgramInfo } from '../../../../remote-agent/native/bpf-programs.ts';
import { callsOf } from '../../../../remote-agent/native/program-calls.ts';
import { CalledFunctions, type CallSystem } from '../../../../remote-agent/programs/called-functions.ts';

const SCHED_CLS = 3;
const KPROBE = 2;

interface Loaded {
  type: number;
  /** undefined: they cannot be read. */
  calls: number[] | undefined;
}

/** @param loaded by their numbers; more may be put in later */
function system(loaded: Map<number, Loaded>): CallSystem {
  return {
    nextProgram: (after) => [...loaded.keys()].sort((a, b) => a - b).find((id) => id > after),
    withProgram: (id, use) => (loaded.has(id) ? use(id) : undefined),
    programInfo: (fd) => ({ type: loaded.get(fd)?.type ?? 0 }) as ProgramInfo,
    programCalls: (fd) => loaded.get(fd)?.calls,
  };
}

const KALLSYMS = Buffer.from(
  [
    'ffffffff81000000 T __bpf_call_base',
    'ffffffff81000010 T bpf_skb_load_bytes',
    'ffffffff81000010 T another_name_for_it',
    'ffffffff81000020 T bpf_ktime_get_ns',
    'ffffffff80fffff0 T bpf_redirect',
    'ffffffff81000040 T not_called',
    'ffffffff81000050 D bpf_data',
    'ffffffffc0000000 t bpf_ct_lookup\t[nf_conntrack]',
  ].join('\n') + '\n',
);

test('functions that programs on packets call, by name, apart from those that a trace calls', () => {
  const programs = new Map<number, Loaded>([
    [3, { type: SCHED_CLS, calls: [0x10, 0x20] }],
    [5, { type: KPROBE, calls: [0x40] }],
    [8, { type: SCHED_CLS, calls: undefined }],
    [9, { type: SCHED_CLS, calls: [-0x10, 0x50, 0x7000, 0x3f000000] }],
  ]);
  const found = new CalledFunctions(system(programs));
  programs.set(12, { type: KPROBE, calls: [0x20, 0x40] });
  assert.deepEqual(found.names(KALLSYMS), {
    called: ['bpf_ct_lookup', 'bpf_redirect', 'bpf_skb_load_bytes'],
    own: ['bpf_ktime_get_ns'],
  });
});

test('without programs on packets there is nothing', () => {
  const found = new CalledFunctions(system(new Map([[5, { type: KPROBE, calls: [0x40] }]])));
  assert.deepEqual(found.names(KALLSYMS), { called: [], own: [] });
});

test('calls of helpers and kfuncs are read from instructions, those within the program are none', () => {
  const instruction = (code: number, source: number, immediate: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt8(code);
    bytes.writeUInt8(source * 16 + 1, 1);
    bytes.writeInt32LE(immediate, 4);
    return bytes;
  };
  const code = [
    instruction(0xb7, 0, 7),
    instruction(0x85, 0, 0x1234),
    instruction(0x85, 1, 3),
    instruction(0x85, 2, -0x1234),
    instruction(0x95, 0, 0),
  ];
  assert.deepEqual(callsOf(Buffer.concat(code)), [0x1234, -0x1234]);
});
