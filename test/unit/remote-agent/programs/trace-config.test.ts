/** `struct trace_config` of bpf/trace-config.h as the agent writes it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../../../build/paths.ts';
import { encodeTraceConfig } from '../../../../remote-agent/programs/trace-config.ts';

/** Offset of each member, as a C compiler lays them out. */
function members(): Map<string, number> {
  const source = readFileSync(join(repoRoot, 'bpf/trace-config.h'), 'utf8');
  const body = /struct trace_config \{\n(.*?)\n\};/s.exec(source)?.[1] ?? '';
  const offsets = new Map<string, number>();
  let at = 0;
  for (const [, bits, name, count] of body.matchAll(/^\s*__u(8|16|32|64) (\w+)(?:\[(\d+)\])?;$/gm)) {
    const size = Number(bits) / 8;
    at = Math.ceil(at / size) * size;
    offsets.set(name ?? '', at);
    at += size * Number(count ?? 1);
  }
  return offsets;
}

const connection = {
  local: { address: '10.0.2.15', port: 22 },
  remote: { address: '10.0.2.2', port: 49152 },
};

test('each member is where the program reads it', () => {
  const bytes = Buffer.from(
    encodeTraceConfig({
      kprobeMulti: true,
      filtered: false,
      dropReasonArgument: 2,
      ownConnection: connection,
      directReads: true,
      generation: 7,
    }),
  );
  const offsets = members();
  const at = (name: string) => {
    const offset = offsets.get(name);
    assert.ok(offset !== undefined, `config.h has no ${name}`);
    return offset;
  };
  assert.equal(offsets.size, 11);
  assert.equal(bytes[at('kprobe_multi')], 1);
  assert.equal(bytes[at('filtered')], 0);
  assert.equal(bytes[at('reason_argument')], 2);
  assert.equal(bytes[at('has_own')], 1);
  assert.equal(bytes[at('direct_reads')], 1);
  assert.equal(bytes.readUInt32LE(at('generation')), 7);
  assert.equal(bytes.readUInt16LE(at('own_local_port')), 22);
  assert.equal(bytes.readUInt16LE(at('own_remote_port')), 49152);
  assert.equal(bytes[at('own_is_ipv6')], 0);
  assert.deepEqual(
    [...bytes.subarray(at('own_local_address'), at('own_local_address') + 5)],
    [10, 0, 2, 15, 0],
  );
  assert.deepEqual(
    [...bytes.subarray(at('own_remote_address'), at('own_remote_address') + 5)],
    [10, 0, 2, 2, 0],
  );
});

test('a kernel without drop reasons, and a trace without SSH', () => {
  const bytes = encodeTraceConfig({
    kprobeMulti: false,
    filtered: true,
    dropReasonArgument: -1,
    ownConnection: undefined,
    directReads: false,
    generation: 0,
  });
  assert.deepEqual([...bytes], [0, 1, ...new Array<number>(46).fill(0)]);
});

test('an IPv6 connection', () => {
  const v6 = { local: { address: '::1', port: 1 }, remote: { address: '2001:db8::1', port: 2 } };
  const bytes = encodeTraceConfig({
    kprobeMulti: true,
    filtered: true,
    dropReasonArgument: 2,
    ownConnection: v6,
    directReads: false,
    generation: 0,
  });
  assert.equal(bytes[members().get('own_is_ipv6') ?? 0], 1);
});
