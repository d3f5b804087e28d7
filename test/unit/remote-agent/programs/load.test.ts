import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LibbpfError } from '../../../../remote-agent/native/libbpf.ts';
import { loadFailure } from '../../../../remote-agent/programs/load.ts';

const failure = (errno: number, reason: string, log: string) =>
  loadFailure(new LibbpfError('load the BPF programs', errno, reason), log);

describe('a failed load', () => {
  test('says of a filter that is too large which limit it meets', () => {
    const log = (line: string) => `0: R1=ctx() R10=fp0\n${line}\nprocessed 1000001 insns (limit 1000000)\n`;
    for (const [line, words] of [
      ['BPF program is too large. Processed 1000001 insn', /1000001 instructions, and 1000000 are the limit/],
      ['The sequence of 8193 jumps is too complex.', /8193 branches in mind, and 8192 are the limit/],
    ] as const) {
      const { code, message, remedy } = failure(7, 'Argument list too long', log(line));
      assert.equal(code, 'bad-filter');
      assert.match(message, words);
      assert.match(remedy, /fewer terms/);
    }
  });

  test('of programs that options make too large names the options', () => {
    const error = new LibbpfError('load the BPF programs', 7, 'Argument list too long');
    const log = 'BPF program is too large. Processed 1000001 insn';
    for (const [extras, words, next] of [
      [['--output-bytes'], /with --output-bytes: .*1000001 instructions/, /^Leave out this option,/],
      [
        ['--output-bytes', '--output-stack'],
        /with --output-bytes, --output-stack:/,
        /^Leave out one of these/,
      ],
    ] as const) {
      const { code, message, remedy } = loadFailure(error, log, extras);
      assert.equal(code, 'load');
      assert.match(message, words);
      assert.match(remedy, next);
    }
  });

  test('is otherwise shown with the end of the log', () => {
    const { code, message } = failure(22, 'Invalid argument', `${'x'.repeat(9000)}invalid read`);
    assert.equal(code, 'load');
    assert.match(message, /Invalid argument\.\nx{1000,}invalid read$/);
    assert.ok(message.length < 5000);
  });

  test('without privileges says what is needed', () => {
    const { code, remedy } = failure(1, 'Operation not permitted', '');
    assert.deepEqual([code, remedy.includes('CAP_BPF')], ['no-privilege', true]);
  });
});
