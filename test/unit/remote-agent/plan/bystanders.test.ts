import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Program } from '../../../../common/layouts.ts';
import { addBystanders, planBystanders } from '../../../../remote-agent/plan/bystanders.ts';

const symbol = (name: string, address: bigint, source = name, module = '') => ({
  name,
  address,
  source,
  module,
});

test('every function of a name is probed, but for those that cannot be', () => {
  const { functions, skipped } = planBystanders({
    symbols: [
      symbol('neigh_lookup', 0x10n),
      symbol('fib_rules_lookup.isra.0', 0x20n, 'fib_rules_lookup', 'ipv6'),
      symbol('hidden', 0x30n),
      symbol('forbidden', 0x40n),
    ],
    traceable: ['neigh_lookup', 'forbidden']
      .map((name) => ({ name, module: '', location: undefined }))
      .concat([{ name: 'fib_rules_lookup.isra.0', module: 'ipv6', location: undefined }]),
    blacklist: [{ start: 0x40n, end: 0x44n }],
  });
  assert.deepEqual(
    functions.map(({ name, module, argument, program, quiet }) => [name, module, argument, program, quiet]),
    [
      ['neigh_lookup', '', 0, Program.Bystander, undefined],
      ['fib_rules_lookup.isra.0', 'ipv6', 0, Program.Bystander, undefined],
    ],
  );
  assert.deepEqual(
    skipped.map(({ names }) => names),
    [['hidden'], ['forbidden']],
  );
});

test('one that takes a packet, or ends its life, is refused with what chooses it', async () => {
  const facts = { functions: [{ name: 'ip_rcv', module: '', argument: 1 }] };
  const none = { functions: [], skipped: [] };
  assert.equal(await addBystanders(none, [], facts), none);
  await assert.rejects(addBystanders(none, ['ip_rcv'], facts), {
    code: 'no-function',
    message: /ip_rcv takes a packet itself/,
    remedy: /--filter-func/,
  });
});
