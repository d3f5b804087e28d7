import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgentFailure } from '../../../../common/errors.ts';
import type { Backend } from '../../../../common/protocol.ts';
import { judgeTarget, type TargetFacts } from '../../../../remote-agent/modes/check-policy.ts';
import { requireMatching, requireTraceable } from '../../../../remote-agent/modes/require-traceable.ts';
import { GOOD_TARGET } from '../../../support/agent/target-facts.ts';

/** Each is the only thing that is missing. */
const LACKING: [Partial<TargetFacts>, AgentFailure['code']][] = [
  [{ arch: 's390x' }, 'no-bpf'],
  [{ capabilities: 0n }, 'no-privilege'],
  [{ lockdown: 'confidentiality' }, 'lockdown'],
  [{ bpfSyscall: false }, 'no-bpf'],
  [{ bpfRefusal: { notPermitted: true, reason: 'Operation not permitted' } }, 'no-bpf'],
  [{ ringBuffer: false }, 'no-bpf'],
  [{ hiddenAddresses: { detail: 'zeros', remedy: 'sysctl kernel.kptr_restrict=1' } }, 'no-privilege'],
  [{ tracefs: undefined }, 'no-privilege'],
  [{ ftraceOff: true }, 'attach'],
];

test('a target that lacks nothing, and one that lacks what is worked around', () => {
  requireTraceable(GOOD_TARGET, 'auto');
  requireTraceable({ ...GOOD_TARGET, modulesWithoutBtf: 3, kprobesOff: true }, 'auto');
  requireTraceable({ ...GOOD_TARGET, ftraceOff: true }, 'kprobe');
});

for (const [facts, code] of LACKING)
  test(`what a check calls missing a trace refuses with the same words: ${Object.keys(facts).join()}`, () => {
    const target = { ...GOOD_TARGET, ...facts };
    const item = judgeTarget(target).find(({ status }) => status === 'missing');
    assert.throws(
      () => {
        requireTraceable(target, 'auto');
      },
      (error) => {
        assert.ok(error instanceof AgentFailure);
        assert.equal(error.code, code);
        assert.ok(item !== undefined && error.message.includes(item.detail), error.message);
        assert.equal(error.remedy, item.remedy);
        return true;
      },
    );
  });

test('what the wanted backend needs counts, not what the other would', () => {
  const wants = (facts: Partial<TargetFacts>, backend: Backend) => () => {
    requireTraceable({ ...GOOD_TARGET, ...facts }, backend);
  };
  assert.throws(wants({ kprobesOff: true }, 'kprobe'), /kprobes\/enabled/);
  assert.doesNotThrow(wants({ kprobesOff: true }, 'kprobe-multi'));
  assert.throws(wants({ ftraceOff: true }, 'kprobe-multi'), /ftrace_enabled/);
});

test('to match packets needs no probes, and still programs', () => {
  const matching = (facts: Partial<TargetFacts>) => () => {
    requireMatching({ ...GOOD_TARGET, ...facts });
  };
  assert.doesNotThrow(matching({ ftraceOff: true, tracefs: undefined, ringBuffer: false }));
  assert.throws(matching({ lockdown: 'confidentiality' }), { code: 'lockdown', message: /matched/ });
  assert.throws(matching({ uid: 1000 }), { code: 'no-privilege' });
});
