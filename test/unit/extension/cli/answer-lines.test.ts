import assert from 'node:assert/strict';
import { PassThrough, Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { answerLines } from '../../../../extension/cli/answer-lines.ts';
import { Collected } from '../../../support/agent/fake-trace.ts';

/** A program that is asked for ever. */
function* endless(): Generator<string> {
  for (;;) yield 'tcp\n';
}

const { signal: never } = new AbortController();

test('each line has its answer, and none is written faster than they are read', async () => {
  let waiting = 0;
  let most = 0;
  const stdout = new Writable({
    highWaterMark: 1,
    write: (_chunk, _encoding, done) => {
      setImmediate(() => {
        waiting--;
        done();
      });
    },
  });
  const answer = (line: string) => {
    most = Math.max(most, ++waiting);
    return `${line}\n`;
  };
  await answerLines({ stdin: Readable.from(['a\nb\r\n', '\nc']), stdout, interrupt: never }, answer);
  assert.deepEqual([most, waiting], [1, 0]);
});

test('when nobody reads any more it ends, though it is asked on', async () => {
  let answers = 0;
  const stdout = new Writable({
    write: (_chunk, _encoding, done) =>
      done(answers < 3 ? null : Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
  });
  const answer = () => `${++answers}\n`;
  await answerLines({ stdin: Readable.from(endless()), stdout, interrupt: never }, answer);
  assert.ok(answers >= 3 && answers < 10, String(answers));
});

test('Ctrl-C ends it while it waits for a line', async () => {
  const controller = new AbortController();
  const [stdin, stdout] = [new PassThrough(), new Collected()];
  const answering = answerLines({ stdin, stdout, interrupt: controller.signal }, (line) => `${line}\n`);
  stdin.write('a\n');
  await stdout.until(/a\n/);
  controller.abort();
  await assert.rejects(answering, { code: 'cancelled' });
});

test('what an answer throws is thrown', async () => {
  const fault = new Error('no answer');
  const answer = () => Promise.reject(fault);
  const environment = { stdin: Readable.from(['a\n']), stdout: new Collected(), interrupt: never };
  await assert.rejects(answerLines(environment, answer), fault);
});
