import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  effectiveCapabilities,
  isInitialUserNamespace,
  isOff,
  lockdownMode,
} from '../../../../remote-agent/modes/check.ts';
import { AgentFailure } from '../../../../common/errors.ts';
import type { Backend } from '../../../../common/protocol.ts';
import { judgeTarget, rehearsed, type TargetFacts } from '../../../../remote-agent/modes/check-policy.ts';
import { GOOD_TARGET } from '../../../support/agent/target-facts.ts';

/** Items that are not ok, as `name: status`. */
function complaints(change: Partial<TargetFacts>, wanted?: Backend): string[] {
  const items = judgeTarget({ ...GOOD_TARGET, ...change }, wanted);
  for (const { name, status, detail, remedy } of items) {
    assert.notEqual(detail, '', name);
    assert.equal(remedy === '', status === 'ok', `${name}: a remedy, if and only if something is wrong`);
  }
  return items.filter(({ status }) => status !== 'ok').map(({ name, status }) => `${name}: ${status}`);
}

test('a good target: an item for each need, no complaint', () => {
  assert.deepEqual(complaints({}), []);
  assert.equal(new Set(judgeTarget(GOOD_TARGET).map(({ name }) => name)).size, 11);
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
  assert.deepEqual(complaints({ hiddenAddresses: { detail: 'zeros', remedy: 'sysctl' } }), [
    'addresses: missing',
  ]);
});

test('programs that the kernel refuses: forbidden, or not built in', () => {
  const bpf = (notPermitted: boolean) => {
    const bpfRefusal = { notPermitted, reason: 'the reason' };
    assert.deepEqual(complaints({ bpfRefusal }), ['bpf: missing']);
    return judgeTarget({ ...GOOD_TARGET, bpfRefusal }).find(({ name }) => name === 'bpf');
  };
  assert.match(bpf(true)?.detail ?? '', /the reason/);
  assert.match(bpf(true)?.remedy ?? '', /seccomp/);
  assert.match(bpf(false)?.remedy ?? '', /CONFIG_BPF_EVENTS/);
});

test('a switch that is off matters where the backend hangs on it', () => {
  const noMulti = { kprobeMulti: { supported: false, detail: 'refused: Invalid argument' } };
  assert.deepEqual(complaints({ ftraceOff: true }), ['ftrace: missing']);
  assert.deepEqual(complaints({ ftraceOff: true }, 'kprobe'), []);
  assert.deepEqual(complaints({ ...noMulti, ftraceOff: true }), ['kprobe-multi: limited']);
  assert.deepEqual(complaints({ kprobesOff: true }), ['kprobes: limited']);
  assert.deepEqual(complaints({ kprobesOff: true }, 'kprobe'), ['kprobes: missing']);
  assert.deepEqual(complaints({ ...noMulti, kprobesOff: true }), [
    'kprobe-multi: limited',
    'kprobes: missing',
  ]);
  const ftrace = judgeTarget({ ...GOOD_TARGET, ftraceOff: true }).find(({ name }) => name === 'ftrace');
  assert.equal(ftrace?.remedy, 'As root: sysctl kernel.ftrace_enabled=1');
});

test('what came of going through the beginning of a trace', () => {
  assert.deepEqual(rehearsed({ functions: 1604 }), {
    name: 'programs',
    status: 'ok',
    detail: 'accepted by the kernel, for 1,604 functions',
    remedy: '',
  });
  const failed = rehearsed(new AgentFailure('load', 'The kernel refused.', 'Do this.'));
  assert.deepEqual(failed, {
    name: 'programs',
    status: 'missing',
    detail: 'The kernel refused.',
    remedy: 'Do this.',
  });
  assert.notEqual(rehearsed(new Error('odd')).remedy, '');
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
  assert.deepEqual(['0\n', '1\n', undefined].map(isOff), [true, false, false]);
});
