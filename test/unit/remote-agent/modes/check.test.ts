import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  effectiveCapabilities,
  isInitialUserNamespace,
  lockdownMode,
} from '../../../../remote-agent/modes/check.ts';
import { judgeTarget, type TargetFacts } from '../../../../remote-agent/modes/check-policy.ts';

const GOOD: TargetFacts = {
  kernelRelease: '6.12.1',
  arch: 'x64',
  uid: 0,
  capabilities: 0x1ff_ffff_ffffn,
  initialUserNamespace: true,
  lockdown: 'none',
  bpfSyscall: true,
  btfProblem: undefined,
  modulesWithBtf: 20,
  modulesWithoutBtf: 0,
  ringBuffer: true,
  tracefs: '/sys/kernel/tracing',
  kprobeEvents: true,
  kprobeMulti: { supported: true, detail: 'available' },
};

/** Items that are not ok, as `name: status`. */
function complaints(change: Partial<TargetFacts>): string[] {
  const items = judgeTarget({ ...GOOD, ...change });
  for (const { name, status, detail, remedy } of items) {
    assert.notEqual(detail, '', name);
    assert.equal(remedy === '', status === 'ok', `${name}: a remedy, if and only if something is wrong`);
  }
  return items.filter(({ status }) => status !== 'ok').map(({ name, status }) => `${name}: ${status}`);
}

test('a good target: nine items, no complaint', () => {
  assert.deepEqual(complaints({}), []);
  assert.equal(new Set(judgeTarget(GOOD).map(({ name }) => name)).size, 9);
});

test('what makes tracing impossible', () => {
  assert.deepEqual(complaints({ arch: 's390x' }), ['kernel: missing']);
  assert.deepEqual(complaints({ uid: 1000 }), ['privileges: missing']);
  assert.deepEqual(complaints({ initialUserNamespace: false }), ['privileges: missing']);
  assert.deepEqual(complaints({ capabilities: 0x0000_0000_a804_25fbn }), ['privileges: missing']);
  assert.deepEqual(complaints({ lockdown: 'confidentiality' }), ['lockdown: missing']);
  assert.deepEqual(complaints({ bpfSyscall: false }), ['bpf: missing']);
  assert.deepEqual(complaints({ btfProblem: 'none', ringBuffer: false }), [
    'btf: missing',
    'ring-buffer: missing',
  ]);
  assert.deepEqual(complaints({ ringBuffer: false }), ['ring-buffer: missing']);
  assert.deepEqual(complaints({ tracefs: undefined }), ['tracefs: missing']);
});

test('what is worked around', () => {
  const noMulti = { kprobeMulti: { supported: false, detail: 'refused: Invalid argument' } };
  assert.deepEqual(complaints(noMulti), ['kprobe-multi: limited']);
  assert.deepEqual(complaints({ kprobeEvents: false }), ['kprobes: limited']);
  assert.deepEqual(complaints({ ...noMulti, kprobeEvents: false }), [
    'kprobe-multi: limited',
    'kprobes: missing',
  ]);
  assert.deepEqual(complaints({ modulesWithBtf: 0, modulesWithoutBtf: 7 }), ['btf: limited']);
});

test('the two capabilities that stand for CAP_SYS_ADMIN', () => {
  assert.deepEqual(complaints({ capabilities: (1n << 38n) | (1n << 39n) }), []);
  assert.deepEqual(complaints({ capabilities: 1n << 39n }), ['privileges: missing']);
});

test('lockdown that is not enforced, or allows reading, is fine', () => {
  for (const lockdown of [undefined, 'none', 'integrity']) assert.deepEqual(complaints({ lockdown }), []);
});

test('reading the kernel’s files', () => {
  assert.equal(effectiveCapabilities('Name:\tx\nCapPrm:\t00000000000000ff\nCapEff:\t0000000000000001\n'), 1n);
  assert.equal(effectiveCapabilities(''), 0n);
  assert.ok(isInitialUserNamespace('         0          0 4294967295\n'));
  assert.ok(isInitialUserNamespace(undefined));
  assert.ok(!isInitialUserNamespace('         0     100000      65536\n'));
  assert.equal(lockdownMode('none [integrity] confidentiality\n'), 'integrity');
  assert.equal(lockdownMode(undefined), undefined);
});
