/** `struct trace_config` of bpf/trace-config.h as the agent writes it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TraceConfigLayout as At } from '../../../../common/layouts.ts';
import { encodeTraceConfig } from '../../../../remote-agent/programs/trace-config.ts';

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
  assert.equal(Object.keys(At).length, 11 + 1);
  assert.equal(bytes[At.kprobeMulti], 1);
  assert.equal(bytes[At.filtered], 0);
  assert.equal(bytes[At.reasonArgument], 2);
  assert.equal(bytes[At.hasOwn], 1);
  assert.equal(bytes[At.directReads], 1);
  assert.equal(bytes.readUInt32LE(At.generation), 7);
  assert.equal(bytes.readUInt16LE(At.ownLocalPort), 22);
  assert.equal(bytes.readUInt16LE(At.ownRemotePort), 49152);
  assert.equal(bytes[At.ownIsIpv6], 0);
  assert.deepEqual([...bytes.subarray(At.ownLocalAddress, At.ownLocalAddress + 5)], [10, 0, 2, 15, 0]);
  assert.deepEqual([...bytes.subarray(At.ownRemoteAddress, At.ownRemoteAddress + 5)], [10, 0, 2, 2, 0]);
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
  assert.equal(bytes[At.ownIsIpv6], 1);
});
