import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolError } from '../../../common/errors.ts';
import { parseMessage, parseRequest, readEventsHeader } from '../../../common/messages.ts';
import { EventsHeader, type Message, type Request } from '../../../common/protocol.ts';
import { attached, batch, hello } from '../../support/agent/records.ts';

/** One of each type, with every field that it may have. */
const MESSAGES: { [T in Message['type']]: Extract<Message, { type: T }> } = {
  hello: hello(),
  check: {
    type: 'check',
    items: [{ name: 'btf', status: 'limited', detail: 'for the kernel', remedy: 'none' }],
  },
  plan: {
    type: 'plan',
    functions: [{ name: 'ip_rcv', module: '', argument: 1, role: 'plain', shown: true }],
    skipped: [{ reason: 'inlined', names: ['a'] }],
  },
  counting: {
    type: 'counting',
    backend: 'kprobe',
    functions: [{ name: 'kfree_skbmem', module: '', argument: 1, role: 'release', shown: false }],
    skipped: [{ reason: 'inlined', names: ['a'] }],
  },
  counts: { type: 'counts', hits: [5], missed: 1, milliseconds: 1000 },
  matched: { type: 'matched', matches: [0, 7] },
  progress: { type: 'progress', stage: 'attach', done: 1, total: 0 },
  attached: attached(['ip_rcv'], {
    skipped: [{ reason: 'inlined', names: ['a'] }],
    ownConnections: ['10.0.2.15:22 - 10.0.2.2:49152'],
    otherConnections: ['10.0.2.15:22 - 10.0.2.2:49153'],
    dropReasons: [{ value: 2, name: 'NOT_SPECIFIED' }],
  }),
  modules: {
    type: 'modules',
    names: ['dummy'],
    functions: [{ address: 0xffff_c000_0000, name: 'dummy_xmit', module: 'dummy', argument: 1 }],
    lifeCycleFunctions: 0,
    skipped: [{ reason: 'inlined', names: ['a'] }],
    dropReasons: [{ value: 2, name: 'NOT_SPECIFIED' }],
  },
  programs: {
    type: 'programs',
    functions: [
      {
        address: 42,
        name: 'classify(tc)',
        module: '',
        argument: 1,
        program: { id: 42, kind: 'tc' },
      },
    ],
    skipped: [{ reason: 'it has no type information', names: ['a(tc)'] }],
  },
  'kernel-build': {
    type: 'kernel-build',
    buildIds: { kernel: '0a', modules: { nf_tables: '0b' } },
    config: null,
    textStart: 0xffff_8100_0000,
    neighbourhood: '',
    types: '',
  },
  'filter-changed': { type: 'filter-changed', generation: 1, since: '9007199254740993', milliseconds: 2 },
  locations: {
    type: 'locations',
    locations: [
      {
        address: 0xffff_8100_0010,
        start: 0xffff_8100_0000,
        name: 'nft_do_chain',
        module: 'nf_tables',
        distance: 64,
        neighbours: ['a', 'b'],
        buildId: '0b',
      },
    ],
  },
  structures: {
    type: 'structures',
    structures: [
      {
        name: 'sk_buff',
        bytes: 232,
        members: [
          { name: 'pkt_type', type: '__u8', bitOffset: 1024, bits: 3, kind: 'unsigned' },
          {
            name: 'list',
            type: 'struct list_head',
            bitOffset: 0,
            bits: 128,
            kind: 'structure',
            count: 2,
            members: [{ name: 'next', type: 'struct list_head *', bitOffset: 0, bits: 64, kind: 'pointer' }],
            values: [{ value: -1, name: 'NONE' }],
            flags: [{ value: 1, name: 'ONE' }],
          },
        ],
      },
    ],
  },
  namespaces: { type: 'namespaces', namespaces: [{ inode: 4026531840, name: 'blue' }] },
  paused: { type: 'paused', why: 'silence', from: '1', to: null },
  end: { type: 'end', why: 'stop', events: 3, lost: 1, untracked: 0, missed: 2, milliseconds: { detach: 7 } },
  error: { type: 'error', code: 'load', message: 'refused', remedy: '', generation: 1 },
};

const PROGRAM = [[6, 0, 0, 0xffff_ffff]] as const;
const REQUESTS: { [T in Request['type']]: Extract<Request, { type: T }> } = {
  check: { type: 'check' },
  match: {
    type: 'match',
    filter: { l2: PROGRAM, l3: null, tunnelL2: PROGRAM, tunnelL3: null },
    packets: [{ link: 'l3', data: 'RQ==', length: 60 }],
  },
  plan: { type: 'plan', functions: null },
  count: { type: 'count', functions: 'ip_.*', backend: 'auto' },
  counts: { type: 'counts' },
  start: {
    type: 'start',
    filter: null,
    generation: 2,
    functions: 'ip_.*',
    bystanders: ['neigh_lookup'],
    modules: ['nf_tables'],
    backend: 'auto',
    track: false,
    ringBufferBytes: 4096,
    includeOwnConnection: true,
    includeLocalSockets: true,
    tcPrograms: true,
    xdpPrograms: true,
    wantBuild: true,
  },
  filter: { type: 'filter', filter: { l2: PROGRAM, l3: PROGRAM }, generation: 1 },
  pause: { type: 'pause' },
  resume: { type: 'resume' },
  stop: { type: 'stop' },
  ping: { type: 'ping' },
};

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

test('every message and request of the protocol is let through', () => {
  for (const message of Object.values(MESSAGES)) assert.deepEqual(parseMessage(bytes(message)), message);
  for (const request of Object.values(REQUESTS)) assert.deepEqual(parseRequest(bytes(request)), request);
});

/** Every way to the values within an object. */
function paths(value: unknown, path: string[] = []): string[][] {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [
    ...(path.length === 0 ? [] : [path]),
    ...entries.flatMap(([name, each]) => paths(each, [...path, name])),
  ];
}

/** A copy with another value at a place. */
function changed(object: object, [first = '', ...rest]: readonly string[], value: unknown): object {
  const copy = structuredClone(object);
  const at = first as keyof typeof copy;
  Object.assign(copy, { [first]: rest.length === 0 ? value : changed(copy[at], rest, value) });
  return copy;
}

test('a value of another kind is refused wherever it is, and the place is named', () => {
  const all = [
    ...Object.values(MESSAGES).map((message) => ({ parse: parseMessage, message })),
    ...Object.values(REQUESTS).map((message) => ({ parse: parseRequest, message })),
  ];
  for (const { parse, message } of all)
    for (const path of paths(message).filter(([first]) => first !== 'type')) {
      const wrong = changed(message, path, [{}]);
      const named = path.map((each) => (/^\d+$/.test(each) ? `[${each}]` : `.${each}`)).join('');
      const shown = `${message.type}${named.replace('.nf_tables', '["nf_tables"]')}`;
      assert.throws(
        () => parse(bytes(wrong)),
        (error) => error instanceof ProtocolError && error.message.startsWith(shown),
        shown,
      );
    }
});

test('a field that is missing is named, unless it may be', () => {
  const without = (message: Message, field: string) =>
    bytes(Object.fromEntries(Object.entries(message).filter(([name]) => name !== field)));
  const missing = () => parseMessage(without(MESSAGES['kernel-build'], 'neighbourhood'));
  assert.throws(missing, /^ProtocolError: kernel-build\.neighbourhood is missing$/);
  assert.doesNotThrow(() => parseMessage(without(MESSAGES.attached, 'ownConnection')));
});

const REFUSED: [name: string, payload: Buffer, says: RegExp][] = [
  ['no JSON', Buffer.from('{"type":'), /a message is no JSON/],
  ['a list', bytes([1]), /no object with a type/],
  ['null', bytes(null), /no object with a type/],
  ['a type that is no text', bytes({ type: 1 }), /no object with a type/],
  ['a type that nobody knows', bytes({ type: 'nonsense' }), /no message of type "nonsense"/],
  ['a type that every object has', bytes({ type: 'constructor' }), /no message of type "constructor"/],
  ['a request', bytes({ type: 'ping' }), /no message of type "ping"/],
  ['a long type', bytes({ type: 'x'.repeat(5000) }), /type "x{40}…"$/],
  ['a negative count', bytes({ ...MESSAGES.end, events: -1 }), /end\.events is -1, not within/],
  ['half an event', bytes({ ...MESSAGES.end, events: 0.5 }), /end\.events is 0.5, not a whole number/],
  [
    'a wide address',
    bytes({ ...MESSAGES['kernel-build'], textStart: 2 ** 48 }),
    /textStart is 281474976710656/,
  ],
  ['a time in words', bytes({ ...MESSAGES.paused, from: 'now' }), /paused\.from is "now"/],
  [
    'an unknown reason',
    bytes({ ...MESSAGES.paused, why: 'weather' }),
    /paused\.why is "weather", not one of/,
  ],
  [
    'a reason that every object has',
    bytes({ ...MESSAGES.error, code: 'toString' }),
    /error\.code is "toString"/,
  ],
  ['a long text', bytes({ ...MESSAGES.error, message: 'x'.repeat(70_000) }), /error\.message has 70000 char/],
  ['many items', bytes({ ...MESSAGES.check, items: Array(200).fill(1) }), /check\.items has 200 entries/],
  [
    'an item of another shape',
    bytes({ ...MESSAGES.matched, matches: [1, '2'] }),
    /matched\.matches\[1\] is "2", not a whole number/,
  ],
];

for (const [name, payload, says] of REFUSED)
  test(`a message is refused: ${name}`, () => {
    assert.throws(
      () => parseMessage(payload),
      (error) => error instanceof ProtocolError && says.test(error.message),
    );
  });

test('an instruction has four numbers', () => {
  const filter = { l2: [[6, 0, 0]], l3: null };
  assert.throws(() => parseRequest(bytes({ ...REQUESTS.filter, filter })), /l2\[0\] has 3 entries, not 4/);
});

test('the greeting of another version is read, whatever else is in it', () => {
  const message = parseMessage(bytes({ type: 'hello', protocol: 999 }));
  assert.equal(message.type === 'hello' && message.protocol, 999);
  assert.throws(() => parseMessage(bytes({ type: 'hello', protocol: 'new' })), /hello\.protocol/);
});

test('whatever JSON comes is let through or refused by a ProtocolError', () => {
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom(...Object.values(MESSAGES)));
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(MESSAGES)), fc.nat(), value, (message, nth, value) => {
      const ways = paths(message);
      const wrong = changed(message, ways[nth % ways.length] ?? [], value);
      try {
        parseMessage(bytes(wrong));
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
  );
});

test('the header of a batch is read, or refused', () => {
  const payload = batch([{}, {}], { lost: 3, missed: 4, untracked: 5 });
  assert.deepEqual(readEventsHeader(payload), { count: 2, lost: 3, missed: 4, untracked: 5 });
  const wrong = (field: number, value: number) => {
    const copy = new Uint8Array(payload);
    new DataView(copy.buffer).setFloat64(field, value, true);
    return () => readEventsHeader(copy);
  };
  assert.throws(wrong(EventsHeader.count, 1e6), /claims 1000000 events/);
  assert.throws(wrong(EventsHeader.count, NaN), /count is NaN, not a whole number/);
  assert.throws(wrong(EventsHeader.lost, -1), /lost is -1/);
  assert.throws(wrong(EventsHeader.missed, 0.5), /missed is 0.5/);
  assert.throws(() => readEventsHeader(new Uint8Array(EventsHeader.bytes - 1)), /less than its header/);
});
