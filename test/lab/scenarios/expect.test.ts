/** What expectations accept, and what they do not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dropped, type ExpectedStory, Judge } from './expect.ts';
import { storiesOfNumber, wrongCounts } from './play.ts';
import { type End, eventsOf, type Story, storyText, type TraceEvent, type Trajectory } from './story.ts';

const TUPLE = {
  source: '10.64.0.1',
  sourcePort: 5,
  destination: '10.64.0.2',
  destinationPort: 53,
  protocol: 'udp',
};

let events = 0;
function step(name: string, more: Partial<TraceEvent> = {}): TraceEvent {
  const event = {
    event: events++,
    kind: 'function',
    edge: null,
    skb: '0x1',
    comm: 'dig',
    function: name,
  } as const;
  return { ...event, module: '', reason: null, netns: 1, ifindex: 2, device: 'va', tuple: TUPLE, ...more };
}

const dropAt = (name: string, reason: string | null) => step(name, { kind: 'drop', reason });

function trajectory(steps: TraceEvent[], end: End, children: Trajectory[] = []): Trajectory {
  return { id: 0, steps, end, reason: null, children };
}

function story(root: Trajectory, outcome: End = root.end): Story {
  return { root, outcome, reason: null, events: eventsOf(root) };
}

const ARRIVED = story(trajectory([step('ip_rcv'), step('between'), step('old_udp_rcv')], 'delivered'));
const EXPECTED: ExpectedStory = {
  tuple: '10.64.0.1>10.64.0.2',
  protocol: 'udp',
  port: 53,
  comm: 'dig',
  path: ['ip_rcv', ['udp_rcv', 'old_udp_rcv']],
  end: 'delivered',
};
const judge = new Judge('6.12');

test('a story as expected', () => {
  assert.equal(judge.whyNotStory(EXPECTED, ARRIVED), undefined);
});

test('each property of a story can fail it', () => {
  const cases: [Partial<ExpectedStory>, RegExp][] = [
    [{ tuple: '10.64.0.2>10.64.0.1' }, /addresses 10\.64\.0\.1:5>/],
    [{ protocol: 'tcp' }, /protocol udp/],
    [{ port: 54 }, /ports/],
    [{ comm: 'ping' }, /sent by dig/],
    [{ path: ['udp_rcv', 'ip_rcv'] }, /no udp_rcv/],
    [{ path: ['ip_rcv', 'tcp_rcv'] }, /no tcp_rcv behind ip_rcv/],
    [{ without: ['between'] }, /between is among/],
    [{ end: 'consumed' }, /outcome delivered/],
    [{ end: 'consumed', outcome: 'delivered' }, /end delivered/],
    [{ end: dropped('X', 'f') }, /outcome delivered/],
    [{ namespaces: 2 }, /1 namespaces/],
    [{ devices: ['va', 'vb'] }, /devices va/],
    [{ children: [{ path: [], end: 'consumed' }] }, /0 children/],
  ];
  for (const [wrong, why] of cases)
    assert.match(judge.whyNotStory({ ...EXPECTED, ...wrong }, ARRIVED) ?? '', why);
});

test('a drop has its reason and its place; where the kernel gives no reasons there is none', () => {
  const wanted = { ...EXPECTED, path: [], end: dropped('NO_SOCKET', 'udp_rcv') };
  const told = (reason: string | null, name = 'udp_rcv') =>
    story(trajectory([dropAt(name, reason)], 'dropped'));
  assert.equal(judge.whyNotStory(wanted, told('NO_SOCKET')), undefined);
  assert.match(judge.whyNotStory(wanted, told('OTHER')) ?? '', /dropped for OTHER/);
  assert.match(judge.whyNotStory(wanted, told(null)) ?? '', /dropped for null/);
  assert.match(judge.whyNotStory(wanted, told('NO_SOCKET', 'ip_rcv')) ?? '', /dropped at ip_rcv/);
  assert.equal(new Judge('5.10').whyNotStory(wanted, told(null)), undefined);
  assert.match(new Judge('5.10').whyNotStory(wanted, told('NO_SOCKET')) ?? '', /dropped for NO_SOCKET/);
});

test('addresses that change, between the functions where they do', () => {
  const after = { ...TUPLE, destination: '172.16.0.2' };
  const translated = story(
    trajectory(
      [step('ip_rcv'), step('ip_forward', { tuple: after }), step('ip_output', { tuple: after })],
      'transmitted',
    ),
  );
  const path = (...steps: string[]) =>
    judge.whyNotStory({ ...EXPECTED, path: steps, end: 'transmitted' }, translated);
  assert.equal(path('ip_rcv', '10.64.0.1>172.16.0.2', 'ip_forward'), undefined);
  assert.match(path('ip_forward', '10.64.0.1>10.64.0.2') ?? '', /no 10\.64\.0\.1>10\.64\.0\.2/);
  assert.match(path('10.64.0.1>172.16.0.2', 'ip_rcv') ?? '', /no ip_rcv/);
});

test('children are all told, in any order', () => {
  const parent = story(
    trajectory([step('ip_rcv')], 'consumed', [
      trajectory([step('raw_rcv')], 'delivered'),
      trajectory([step('packet_rcv')], 'consumed'),
    ]),
    'delivered',
  );
  const raw = { path: ['raw_rcv'], end: 'delivered' } as const;
  const tap = { path: ['packet_rcv'], end: 'consumed' } as const;
  const wanted: ExpectedStory = { ...EXPECTED, path: ['ip_rcv'], end: 'consumed', outcome: 'delivered' };
  assert.equal(judge.whyNotStory({ ...wanted, children: [tap, raw] }, parent), undefined);
  assert.equal(judge.whyNotStory({ ...wanted, children: 'any' }, parent), undefined);
  assert.match(judge.whyNotStory(wanted, parent) ?? '', /2 children/);
  assert.match(judge.whyNotStory({ ...wanted, children: [raw] }, parent) ?? '', /2 children/);
  assert.match(judge.whyNotStory({ ...wanted, children: [raw, raw] }, parent) ?? '', /a child: no raw_rcv/);
});

test('a story serves for one expectation', () => {
  assert.deepEqual(judge.unmet([EXPECTED], [ARRIVED]), []);
  assert.deepEqual(judge.unmet([{ ...EXPECTED, times: 2 }], [ARRIVED]).length, 1);
  assert.deepEqual(judge.unmet([{ ...EXPECTED, times: 2 }], [ARRIVED, ARRIVED]), []);
});

test('values of a kernel', () => {
  const wanted: ExpectedStory = { ...EXPECTED, end: { on: { '6.12': 'delivered' }, else: 'consumed' } };
  assert.equal(judge.whyNotStory(wanted, ARRIVED), undefined);
  assert.match(new Judge('6.1').whyNotStory(wanted, ARRIVED) ?? '', /outcome delivered/);
});

test('outcomes are counted, and one that is not named must not be there', () => {
  const lost = story(trajectory([step('ip_rcv')], 'dropped'));
  assert.equal(wrongCounts({ delivered: 1, dropped: 1 }, [ARRIVED, lost]), undefined);
  assert.equal(wrongCounts({ delivered: 'any', dropped: 1 }, [lost]), undefined);
  assert.match(wrongCounts({ delivered: 'any' }, [ARRIVED, lost]) ?? '', /"dropped":1/);
  assert.match(wrongCounts({ delivered: 2 }, [ARRIVED]) ?? '', /"delivered":1/);
  assert.match(wrongCounts({ delivered: 1, dropped: 1 }, [ARRIVED]) ?? '', /outcomes/);
});

test('a story belongs to the scenario whose addresses it has, at any step', () => {
  const masked = { ...TUPLE, source: '172.16.0.1', destination: '172.16.0.2' };
  const tunnelled = story(trajectory([step('a', { tuple: masked }), step('b')], 'consumed'));
  assert.deepEqual(storiesOfNumber([tunnelled], 64), [tunnelled]);
  assert.deepEqual(storiesOfNumber([tunnelled], 6), []);
  const six = { ...TUPLE, source: 'fd00:64::1', destination: 'fd00:64::2' };
  assert.equal(storiesOfNumber([story(trajectory([step('a', { tuple: six })], 'consumed'))], 64).length, 1);
});

test('a story as text has its steps, addresses, drops and children', () => {
  const child = trajectory([dropAt('udp_rcv', 'NO_SOCKET')], 'dropped');
  const text = storyText(story(trajectory([step('ip_rcv')], 'consumed', [child]), 'dropped'));
  assert.match(
    text,
    /story: dropped\n {2}0 \[dig\] <10\.64\.0\.1:5>10\.64\.0\.2:53 udp> @1\/va ip_rcv = consumed\n/,
  );
  assert.match(text, /\n {4}0 \[dig\] .*DROP\(NO_SOCKET at udp_rcv\) = dropped$/);
});
