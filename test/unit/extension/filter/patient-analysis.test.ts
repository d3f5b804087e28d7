import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asPacketTraceError } from '../../../../extension/base/errors.ts';
import type { FilterAnalysis } from '../../../../extension/filter/diagnostics/diagnostic.ts';
import { PatientAnalysis } from '../../../../extension/filter/patient-analysis.ts';
import { everyPacket } from '../../../../extension/filter/libpcap/verdict.ts';

const DONE: FilterAnalysis = { verdict: everyPacket, diagnostics: [] };

/** Analyses that end when they are told to. */
function controlled() {
  const begun: string[] = [];
  const endings: (() => void)[] = [];
  const analysis = new PatientAnalysis((text) => {
    begun.push(text);
    return new Promise((resolve) => endings.push(() => resolve(DONE)));
  });
  const codeOf = (text: string) =>
    analysis.analyse(text).then(
      () => 'done',
      (error: unknown) => asPacketTraceError(error).code,
    );
  return { begun, endings, codeOf };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('one that runs may finish; of those that wait only the newest begins', async () => {
  const { begun, endings, codeOf } = controlled();
  const results = [codeOf('a')];
  await turn();
  results.push(codeOf('b'), codeOf('c'));
  await turn();
  assert.deepEqual(begun, ['a']);
  endings[0]?.();
  await turn();
  assert.deepEqual(begun, ['a', 'c']);
  endings[1]?.();
  assert.deepEqual(await Promise.all(results), ['done', 'cancelled', 'done']);
});

test('one that takes long is not waited for', async () => {
  const { begun, endings, codeOf } = controlled();
  void codeOf('slow');
  await turn();
  const next = codeOf('next');
  while (begun.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  endings[1]?.();
  assert.equal(await next, 'done');
});
