import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KERNEL_NAMES } from '../images/kernels.ts';
import type { BootOptions, Guest } from '../guests/guest.ts';
import { withGuest } from '../guests/retry.ts';
import { runScenario, unmet, type Scenario, type TraceEvent } from './scenario.ts';
import { terminalTrace } from './terminal.ts';
import { SCENARIOS } from './scenarios.ts';

for (const kernel of KERNEL_NAMES) {
  const scenarios = SCENARIOS.filter(({ kernels }) => kernels.includes(kernel));
  if (scenarios.length === 0) continue;
  test(`scenarios on ${kernel}`, (t) =>
    withGuest({ kernel, userland: 'node', log: (line) => t.diagnostic(line) }, async (guest) => {
      for (const scenario of scenarios) {
        await runScenario(guest, scenario, terminalTrace);
        t.diagnostic(`passed: ${scenario.name}`);
      }
    }));
}

const OPTIONS: BootOptions = { kernel: '6.12', userland: 'bare', log: () => undefined };

const SCENARIO: Scenario = {
  name: 'a trial',
  kernels: ['6.12'],
  setup: ['prepare'],
  traffic: ['send'],
  filter: 'tcp',
  expected: [{ comm: 'curl', functions: ['a', ['b', 'old_b']], drop: { reason: 'REASON' } }],
};

/** A guest that boots at once; whether its kernel dies is the caller's wish. */
function fakeGuest(panics: boolean, commands: string[] = []): Guest {
  const exec = (command: string) => {
    commands.push(command);
    return Promise.resolve({ code: 0, stdout: '', stderr: '' });
  };
  const guest: Partial<Guest> = {
    release: '6.12-fake',
    exec,
    console: () => 'last words',
    ended: Promise.resolve('stopped'),
    panicked: () => panics,
    stop: () => Promise.resolve(),
  };
  return guest as Guest;
}

function event(name: string, reason?: string): TraceEvent {
  const kind = reason === undefined ? 'function' : 'drop';
  return { trajectory: 0, kind, function: name, reason: reason ?? null, comm: 'curl' };
}

const traceOf = (events: TraceEvent[]) => () =>
  Promise.resolve({ events: () => events, stop: () => Promise.resolve(events) });

test('a scenario passes when a trajectory has the functions in order, and the reason', async () => {
  const commands: string[] = [];
  const trace = traceOf([event('a'), event('between'), event('old_b'), event('x', 'REASON')]);
  await runScenario(fakeGuest(false, commands), SCENARIO, trace);
  assert.deepEqual(commands, ['prepare', 'send']);
});

test('a packet that must not be dropped', () => {
  const scenario = { ...SCENARIO, expected: [{ functions: ['a'], drop: false as const }] };
  assert.equal(unmet(scenario, [event('a')]).length, 0);
  assert.equal(unmet(scenario, [event('a'), event('a', 'REASON')]).length, 1);
  assert.equal(unmet(scenario, [event('a'), { ...event('a'), kind: 'drop' }]).length, 1); // before 5.17
});

test('a failed scenario tells the expectation, the events and the console', async (t) => {
  t.mock.timers.enable({ apis: ['Date'] });
  const cases: TraceEvent[][] = [
    [event('b'), event('a'), event('x', 'REASON')],
    [event('a'), event('b'), event('x', 'OTHER')],
    [event('a'), event('b')],
    [], // nothing at all
  ];
  for (const events of cases) {
    const trace = () => {
      const stop = () => Promise.resolve(events);
      return Promise.resolve({
        events: () => {
          t.mock.timers.tick(60_000); // nothing more will come
          return events;
        },
        stop,
      });
    };
    await assert.rejects(runScenario(fakeGuest(false), SCENARIO, trace), (error: Error) => {
      assert.match(error.message, /"a trial" on 6\.12-fake: not seen: .*REASON/);
      assert.match(error.message, events.length > 0 ? /0 \[curl\] a\n/ : / {2}none\n/);
      assert.match(error.message, /last words/);
      return true;
    });
  }
});

test('a dead guest is the lab’s fault: told, tried once more, never a pass', async () => {
  const told: string[] = [];
  const guests = [fakeGuest(true), fakeGuest(false)];
  const boot = () => Promise.resolve(guests.shift() ?? assert.fail('booted a third time'));
  const options = { ...OPTIONS, log: (line: string) => void told.push(line) };
  assert.equal(await withGuest(options, (guest) => Promise.resolve(guest.panicked()), boot), false);
  assert.match(told.join(), /lab's fault/);

  guests.push(fakeGuest(true), fakeGuest(true));
  await assert.rejects(
    withGuest(options, () => Promise.resolve('passed'), boot),
    /kernel died/,
  );

  guests.push(fakeGuest(false));
  const failing = () => Promise.reject(new Error('a real failure'));
  await assert.rejects(withGuest(options, failing, boot), /a real failure/); // not tried again
});
