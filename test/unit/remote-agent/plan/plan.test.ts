import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Program } from '../../../../common/layouts.ts';
import type { SkbFunction } from '../../../../remote-agent/plan/skb-functions.ts';
import type { FunctionSymbol } from '../../../../remote-agent/kernel/kallsyms.ts';
import {
  editDistance,
  nearestNames,
  noMatch,
  nonePossible,
  parsePattern,
} from '../../../../remote-agent/plan/pattern.ts';
import { makePlan, type PlanFacts, SkipReason } from '../../../../remote-agent/plan/policy.ts';
import type { TraceableFunction } from '../../../../remote-agent/kernel/tracefs.ts';

const skb = (name: string, argument = 1, module = ''): SkbFunction => ({ name, module, argument });
const symbol = (address: bigint, name: string, module = ''): FunctionSymbol => ({
  address,
  name,
  source: name.replace(/\..*/, ''),
  module,
});
const traceable = (name: string, location?: bigint, module = ''): TraceableFunction => ({
  name,
  module,
  location,
});
const plan = (facts: Partial<PlanFacts>) =>
  makePlan({
    functions: [],
    symbols: [],
    traceable: null,
    blacklist: [],
    modulesWithoutBtf: [],
    isAsked: () => true,
    ...facts,
  });

describe('makePlan', () => {
  test('joins prototypes and addresses, vmlinux and modules apart, in order of address', () => {
    const result = plan({
      functions: [skb('ip_rcv', 1), skb('xmit', 2, 'veth'), skb('xmit', 3, 'dummy')],
      symbols: [symbol(30n, 'xmit', 'veth'), symbol(40n, 'xmit', 'dummy'), symbol(10n, 'ip_rcv')],
    });
    assert.deepEqual(result, {
      functions: [
        { address: 10n, name: 'ip_rcv', module: '', argument: 1, program: 1 },
        { address: 30n, name: 'xmit', module: 'veth', argument: 2, program: 2 },
        { address: 40n, name: 'xmit', module: 'dummy', argument: 3, program: 3 },
      ],
      skipped: [],
    });
  });

  test('a module’s function of the same name as one with a packet is not taken for it', () => {
    const result = plan({
      functions: [skb('open', 1)],
      symbols: [symbol(10n, 'open'), symbol(20n, 'open', 'x')],
    });
    assert.deepEqual(
      result.functions.map(({ address }) => address),
      [10n],
    );
  });

  test('all addresses of a duplicate name, and variants of the compiler', () => {
    const result = plan({
      functions: [skb('finish')],
      symbols: [symbol(10n, 'finish'), symbol(20n, 'finish'), symbol(30n, 'finish.isra.0')],
    });
    assert.deepEqual(
      result.functions.map(({ address, name }) => [address, name]),
      [
        [10n, 'finish'],
        [20n, 'finish'],
        [30n, 'finish.isra.0'],
      ],
    );
  });

  test('lists each function that it leaves out under its reason', () => {
    const result = plan({
      functions: [
        { ...skb('sixth', 6), problem: SkipReason.TooFar },
        { ...skb('by_value', 2), problem: SkipReason.AfterStructure },
        skb('inlined'),
        skb('twice', 1),
        skb('twice', 2),
        skb('hidden', 1, 'veth'),
        skb('black'),
      ],
      symbols: [
        symbol(10n, 'sixth'),
        symbol(20n, 'by_value'),
        symbol(30n, 'twice'),
        symbol(40n, 'hidden', 'veth'),
        symbol(50n, 'black'),
      ],
      traceable: [traceable('black'), traceable('hidden')],
      blacklist: [{ start: 50n, end: 51n }],
      modulesWithoutBtf: ['old'],
    });
    assert.deepEqual(result.functions, []);
    assert.deepEqual(
      new Map(result.skipped.map(({ reason, names }) => [reason, names])),
      new Map<string, string[]>([
        [SkipReason.TooFar, ['sixth']],
        [SkipReason.AfterStructure, ['by_value']],
        [SkipReason.NoSymbol, ['inlined']],
        [SkipReason.Conflict, ['twice']],
        [SkipReason.NotTraceable, ['hidden [veth]']],
        [SkipReason.Blacklisted, ['black']],
        [SkipReason.NoModuleBtf, ['[old]']],
      ]),
    );
  });

  test('with locations it knows which of two namesakes can be traced', () => {
    const result = plan({
      functions: [skb('finish')],
      symbols: [symbol(0x100n, 'finish'), symbol(0x200n, 'finish')],
      traceable: [traceable('finish', 0x204n)],
    });
    assert.deepEqual(result.functions, [
      { address: 0x200n, name: 'finish', module: '', argument: 1, program: 1, location: 0x204n },
    ]);
    assert.deepEqual(result.skipped, [{ reason: SkipReason.NotTraceable, names: ['finish'] }]);
    const first = plan({
      functions: [skb('finish')],
      symbols: [symbol(0x100n, 'finish'), symbol(0x200n, 'finish')],
      traceable: [traceable('finish', 0x100n)],
    });
    assert.deepEqual(
      first.functions.map(({ address }) => address),
      [0x100n],
    );
  });

  test('without locations it takes namesakes only if all can be traced', () => {
    const facts = { functions: [skb('finish')], symbols: [symbol(1n, 'finish'), symbol(2n, 'finish')] };
    const both = plan({ ...facts, traceable: [traceable('finish'), traceable('finish')] });
    assert.equal(both.functions.length, 2);
    const one = plan({ ...facts, traceable: [traceable('finish')] });
    assert.deepEqual(one.skipped, [{ reason: SkipReason.UnclearTraceable, names: ['finish', 'finish'] }]);
  });
});

describe('functions that end or link lives', () => {
  const facts = {
    functions: [skb('skb_release_data'), skb('ip_rcv'), skb('__build_skb_around')],
    symbols: [symbol(10n, 'skb_release_data'), symbol(20n, 'ip_rcv'), symbol(30n, '__build_skb_around')],
  };

  test('are planned though they were not asked for, quiet; others are not', () => {
    const { functions, skipped } = plan({
      functions: [...facts.functions, skb('tcp_v4_rcv')],
      symbols: [...facts.symbols, symbol(40n, 'tcp_v4_rcv')],
      isAsked: (name) => name === 'ip_rcv',
    });
    const common = { module: '', argument: 1 };
    assert.deepEqual(functions, [
      {
        address: 10n,
        name: 'skb_release_data',
        program: Program.Data + Program.Quiet,
        quiet: true,
        ...common,
      },
      { address: 20n, name: 'ip_rcv', program: Program.Plain + 1, ...common },
      { address: 30n, name: '__build_skb_around', program: Program.Build, quiet: true, ...common },
    ]);
    assert.deepEqual(skipped, []);
  });

  test('are steps too when they were asked for', () => {
    const { functions } = plan(facts);
    assert.deepEqual(
      functions.map(({ program, quiet }) => [program, quiet]),
      [
        [Program.Data, undefined],
        [Program.Plain + 1, undefined],
        [Program.Build, true], // there is no packet yet that it could be a step of
      ],
    );
  });

  test('are asked for by their name in the source, and known by it with the compiler’s suffixes', () => {
    const { functions } = plan({
      functions: [skb('kfree_skbmem'), skb('ip_rcv')],
      symbols: [symbol(10n, 'kfree_skbmem.part.0'), symbol(20n, 'ip_rcv.isra.0')],
      isAsked: (name) => name === 'ip_rcv',
    });
    assert.deepEqual(
      functions.map(({ name, program, quiet }) => [name, program, quiet]),
      [
        ['kfree_skbmem.part.0', Program.Final + Program.Quiet, true],
        ['ip_rcv.isra.0', Program.Plain + 1, undefined],
      ],
    );
  });

  test('are missing only where they were asked for', () => {
    const facts = {
      functions: [skb('kfree_skbmem'), skb('__copy_skb_header')],
      symbols: [symbol(10n, 'kfree_skbmem')],
      traceable: [],
    };
    assert.deepEqual(plan({ ...facts, isAsked: () => false }), { functions: [], skipped: [] });
    assert.deepEqual(
      new Map(plan(facts).skipped.map(({ reason, names }) => [reason, names])),
      new Map<string, string[]>([
        [SkipReason.NotTraceable, ['kfree_skbmem']],
        [SkipReason.NoSymbol, ['__copy_skb_header']],
      ]),
    );
  });
});

describe('function pattern', () => {
  test('matches whole names', () => {
    const pattern = parsePattern('ip_rcv|tcp_.*');
    assert.ok(pattern.test('ip_rcv'));
    assert.ok(pattern.test('tcp_v4_rcv'));
    assert.ok(!pattern.test('ip_rcv_finish'));
    assert.ok(!pattern.test('xip_rcv'));
  });

  test('that is no regular expression is refused, also where wrapping would mend it', () => {
    for (const text of ['ip_(', '*', 'a)|(b'])
      assert.throws(() => parsePattern(text), { code: 'bad-pattern' });
  });

  test('is RE2, where JavaScript writes it otherwise', () => {
    for (const [text, matching, others] of [
      ['(?i)IP_rcv', ['ip_rcv', 'IP_RCV'], ['ip_rc']],
      ['(?P<family>ip6?)_rcv', ['ip_rcv', 'ip6_rcv'], ['ipv6_rcv']],
      ['\\Aip_rcv\\z', ['ip_rcv'], ['ip_rcv_core']],
      ['\\Qa.b\\E|c', ['a.b', 'c'], ['axb']],
      ['ip[[:digit:]_]+rcv', ['ip_rcv', 'ip6_rcv'], ['ip_x_rcv']],
      ['[^[:alpha:]]x', ['_x', '1x'], ['ax']],
      ['[]_a]+', [']', '_a'], ['b']],
      ['[^]]', ['a'], [']']],
      ['ip\\x{5f}rcv', ['ip_rcv'], ['ip5f']],
      ['(?:tcp|udp)_(?!v6).*', ['tcp_v4_rcv'], ['tcp_v6_rcv']],
    ] as const) {
      const pattern = parsePattern(text);
      for (const name of matching) assert.ok(pattern.test(name), `${text} ${name}`);
      for (const name of others) assert.ok(!pattern.test(name), `${text} ${name}`);
      assert.match(noMatch(pattern, [], []).message, new RegExp(`"${text.replace(/\W/g, '\\$&')}"`));
    }
    for (const text of [
      'ip(?i)_rcv',
      '(?i:ip)',
      '(?U)a',
      '\\y',
      '\\Z',
      '\\p{Greek}',
      '[:alpha:]',
      '[[:letter:]]',
    ])
      assert.throws(() => parsePattern(text), { code: 'bad-pattern' }, text);
  });

  test('without a match: names the pattern and what it may have meant', () => {
    const failure = noMatch(parsePattern('tcp_v4_rvc'), ['ip_rcv', 'tcp_v4_rcv', 'tcp_v6_rcv'], []);
    assert.equal(failure.code, 'no-function');
    assert.match(failure.message, /"tcp_v4_rvc"/);
    assert.match(failure.remedy, /tcp_v4_rcv, tcp_v6_rcv/);
    assert.doesNotMatch(failure.remedy, /ip_rcv/);
  });

  test('that matches functions without a packet says so', () => {
    const failure = noMatch(parsePattern('do_exit'), ['ip_rcv'], ['do_exit']);
    assert.match(failure.message, /takes a packet.*do_exit/);
  });

  test('whose functions cannot be probed says why', () => {
    const skipped = [{ reason: SkipReason.TooFar, names: ['tcp_make_synack'] }];
    const failure = nonePossible(parsePattern('tcp_make_synack'), skipped);
    assert.equal(failure.code, 'no-function');
    assert.match(failure.message, /"tcp_make_synack".*beyond the fifth argument/);
  });

  test('edit distance', () => {
    assert.equal(editDistance('', '', 3), 0);
    assert.equal(editDistance('kitten', 'sitting', 5), 3);
    assert.ok(editDistance('a', 'abcdef', 2) > 2);
    assert.deepEqual(nearestNames('ip_rvc', ['ip_rcv', 'ip_rcv', 'udp_rcv', 'kfree_skb'], 2), ['ip_rcv']);
  });
});
