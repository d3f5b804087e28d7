/** `struct trace_config` of bpf/trace-config.h as the agent writes it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TraceConfigLayout as At } from '../../../../common/layouts.ts';
import { encodeTraceConfig } from '../../../../remote-agent/programs/trace-config.ts';

test('each member is where the program reads it', () => {
  const bytes = Buffer.from(
    encodeTraceConfig({
      kprobeMulti: true,
      fentryMulti: true,
      filtered: false,
      dropReasonArgument: 2,
      leavesOutOwn: true,
      localSockets: true,
      directReads: true,
      generation: 7,
      track: true,
      bystanders: true,
      extras: 0x8001,
      packetBytes: 256,
      cpus: 300,
      xdp: true,
      skbMetadata: 3,
      xdpMetadata: 4,
    }),
  );
  assert.equal(Object.keys(At).length, 16 + 1);
  assert.equal(bytes[At.kprobeMulti], 1);
  assert.equal(bytes[At.fentryMulti], 1);
  assert.equal(bytes[At.filtered], 0);
  assert.equal(bytes[At.reasonArgument], 2);
  assert.equal(bytes[At.leavesOutOwn], 1);
  assert.equal(bytes[At.localSockets], 1);
  assert.equal(bytes[At.directReads], 1);
  assert.equal(bytes.readUInt32LE(At.generation), 7);
  assert.equal(bytes[At.track], 1);
  assert.equal(bytes[At.bystanders], 1);
  assert.equal(bytes.readUInt16LE(At.extras), 0x8001);
  assert.equal(bytes.readUInt16LE(At.packetBytes), 256);
  assert.equal(bytes.readUInt32LE(At.cpus), 300);
  assert.equal(bytes[At.xdp], 1);
  assert.equal(bytes[At.skbMetadata], 3);
  assert.equal(bytes[At.xdpMetadata], 4);
});

test('a kernel without drop reasons, and a trace that leaves out messages of local sockets', () => {
  const bytes = encodeTraceConfig({
    kprobeMulti: false,
    fentryMulti: false,
    filtered: true,
    dropReasonArgument: -1,
    leavesOutOwn: false,
    localSockets: false,
    directReads: false,
    generation: 0,
    track: false,
    bystanders: false,
    extras: 0,
    packetBytes: 0,
    cpus: 0,
    xdp: false,
    skbMetadata: 0,
    xdpMetadata: 0,
  });
  assert.deepEqual([...bytes], [0, 0, 1, ...new Array<number>(At.bytes - 3).fill(0)]);
});
