import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TextFormat } from '../../../../../extension/cli/output/text-format.ts';
import type { PlaceSources } from '../../../../../extension/cli/output/place-sources.ts';
import { FakeCapture } from '../../../../support/agent/fake-capture.ts';

const PLAIN = { tuple: true, tcpFlags: false, meta: true, timestamp: 'none', hasColors: false } as const;

test('with colours a drop stands out, and says the same without them', () => {
  const steps = [
    { name: 'ip_rcv', time: 0 },
    { name: 'sk_skb_reason_drop', time: 1 },
    { name: 'ip_rcv', time: 2, reason: 'NO_SOCKET\x1b[0m' },
  ];
  const capture = new FakeCapture([steps]);
  const source = { prepare: () => Promise.resolve(), of: () => ({ file: 'net/a.c', line: 5 }) };
  for (const sources of [undefined, source as unknown as PlaceSources]) {
    const colored = new TextFormat(capture, { ...PLAIN, hasColors: true }, sources);
    const plain = new TextFormat(capture, PLAIN, sources);
    for (const [event, drop, isRed] of [
      [0, undefined, false],
      [1, 2, true],
      [2, undefined, true],
    ] as const) {
      const line = colored.line(event, drop);
      assert.equal(line.replace(/\x1b\[31m([^\x1b]+)\x1b\[39m/, '$1'), plain.line(event, drop));
      assert.equal(line.includes('\x1b'), isRed, line);
    }
    assert.match(colored.line(1, 2), / \x1b\[31msk_skb_reason_drop\(NO_SOCKET\\x1b\[0m\)\x1b\[39m/);
    assert.equal(colored.header(), plain.header());
  }
});

test('what a target calls its processes, devices and functions cannot speak to the terminal', () => {
  const hostile = '\x1b[8m\n\u202e';
  const capture = new FakeCapture([
    [
      { name: `f${hostile}`, time: 0, comm: hostile, device: hostile },
      { name: 'g', time: 1, reason: hostile },
    ],
  ]);
  const format = new TextFormat(capture, PLAIN);
  for (const line of [format.line(0), format.line(1), format.line(0, 1)])
    assert.match(line, /^[\x20-\x7e]+\n$/);
  assert.match(format.line(0), /f\\x1b\[8m\\x0a\\u\{202e\}\n$/);
  // Escaped before they are cut: columns stay where they are.
  const plain = new FakeCapture([[{ name: 'f', time: 0 }]]);
  const column = (line: string) => line.indexOf(' 10.0.2.15:48522->');
  const plainLine = new TextFormat(plain, PLAIN).line(0);
  assert.equal(column(format.line(0)), column(plainLine));
});

test('a BPF program is shown with what it returned', () => {
  const program = { id: 42, kind: 'tc' } as const;
  const capture = new FakeCapture([
    [
      { name: 'classify(tc)', time: 0, program },
      { name: 'classify(tc)', time: 1, program, verdict: 'TC_ACT_SHOT' },
    ],
  ]);
  const format = new TextFormat(capture, PLAIN);
  assert.match(format.line(0), / classify\(tc\)\n$/);
  assert.match(format.line(1), / classify\(tc\): TC_ACT_SHOT\n$/);
});
