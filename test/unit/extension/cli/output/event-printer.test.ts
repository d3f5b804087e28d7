import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventPrinter, type EventLines } from '../../../../../extension/cli/output/event-printer.ts';
import { FakeCapture } from '../../../../support/agent/fake-capture.ts';
import { Collected } from '../../../../support/agent/fake-trace.ts';

function printer(lines: EventLines) {
  const capture = new FakeCapture([[0, 1, 2].map((time) => ({ name: 'ip_rcv', time }))]);
  const output = new Collected();
  let stops = 0;
  const made = new EventPrinter(capture, lines, output, {
    foldDrops: false,
    limitLines: undefined,
    skipped: () => '',
    onFull: () => stops++,
  });
  return { made, output, stops: () => stops };
}

test('a line that cannot be made stops the printer, once, and the end tells why', async () => {
  const fault = new Error('no such line');
  const { made, stops } = printer({
    line: (event) => {
      if (event === 1) throw fault;
      return `${event}\n`;
    },
  });
  made.request();
  await assert.rejects(made.finish(), fault);
  await assert.rejects(made.finish(), fault);
  assert.equal(stops(), 1);
});

test('so does what lines need and is not to be had', async () => {
  const { made, output, stops } = printer({
    prepare: () => Promise.reject(new Error('the index is gone')),
    line: () => 'never\n',
  });
  made.request();
  await assert.rejects(made.finish(), /the index is gone/);
  assert.deepEqual([output.text, stops()], ['', 1]);
});

test('many requests at once print each event once', async () => {
  const { made, output } = printer({
    prepare: () => new Promise((resolve) => setImmediate(resolve)),
    line: (event) => `${event}\n`,
  });
  for (let times = 0; times < 5; times++) made.request();
  await Promise.all([made.finish(), made.finish()]);
  assert.equal(output.text, '0\n1\n2\n');
});
