import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isChosen, parseChoice } from '../../../../remote-agent/plan/choice.ts';

const LOADED = ['nf_tables', 'nf_conntrack', 'veth'];
const choose = (functions: string | null, modules?: string[]) =>
  parseChoice({ functions, ...(modules && { modules }) }, LOADED);

test('without modules those of all are chosen, by their names', () => {
  assert.ok(isChosen(choose(null), 'nft_do_chain', 'nf_tables'));
  assert.ok(isChosen(choose('nft_.*'), 'nft_do_chain', 'nf_tables'));
  assert.ok(!isChosen(choose('nft_.*'), 'ip_rcv', ''));
});

test('of modules those that are named, and the kernel itself', () => {
  const choice = choose(null, ['nf-tables']); // as modprobe takes it
  assert.ok(isChosen(choice, 'ip_rcv', ''));
  assert.ok(isChosen(choice, 'nft_do_chain', 'nf_tables'));
  assert.ok(!isChosen(choice, 'veth_xmit', 'veth'));
  const both = choose('nft_.*', ['nf_tables']);
  assert.ok(isChosen(both, 'nft_do_chain', 'nf_tables'));
  assert.ok(!isChosen(both, 'nf_hook', 'nf_tables'));
});

test('a module that is not loaded is refused, with the one that may be meant', () => {
  assert.throws(() => choose(null, ['nf_contrack']), {
    code: 'no-module',
    message: /"nf_contrack"/,
    remedy: /"nf_conntrack"/,
  });
  assert.throws(() => choose(null, ['wireguard']), { code: 'no-module', remedy: /modprobe/ });
});
