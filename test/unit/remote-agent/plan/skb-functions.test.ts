import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Btf, BtfKind } from '../../../../common/btf/btf.ts';
import {
  findSkbFunctions,
  type SkbFunction,
  SkbProblem,
} from '../../../../remote-agent/plan/skb-functions.ts';
import { BtfBuilder } from '../../../support/agent/btf-builder.ts';

function kernel() {
  const builder = new BtfBuilder();
  const int = builder.int('int', 4);
  const skb = builder.struct('sk_buff', 232);
  const pointer = builder.pointer(skb);
  return { builder, int, skb, pointer };
}

test('finds packets that are const, restrict, or behind a typedef', () => {
  const { builder, int, skb, pointer } = kernel();
  const constSkb = builder.add(BtfKind.Const, '', skb);
  const constPointer = builder.pointer(constSkb);
  const typedef = builder.add(BtfKind.Typedef, 'packet_t', pointer);
  const restrict = builder.add(BtfKind.Restrict, '', constPointer);
  builder.function('plain', pointer);
  builder.function('constant', int, constPointer);
  builder.function('named', int, int, typedef);
  builder.function('restricted', int, int, int, restrict);
  const found = findSkbFunctions(new Btf(builder.bytes()), '');
  const btf = new Btf(builder.bytes());
  assert.deepEqual(
    found.map(({ id = 0 }) => btf.name(id)),
    found.map(({ name }) => name),
  );
  assert.deepEqual(found.map(withoutId), [
    { name: 'plain', module: '', argument: 1 },
    { name: 'constant', module: '', argument: 2 },
    { name: 'named', module: '', argument: 3 },
    { name: 'restricted', module: '', argument: 4 },
  ]);
});

test('leaves out functions without a packet: pointers to pointers, other structures, structures by value', () => {
  const { builder, int, skb, pointer } = kernel();
  const head = builder.pointer(builder.struct('sk_buff_head', 24));
  builder.function('pointer_to_pointer', builder.pointer(pointer));
  builder.function('list', head);
  builder.function('value', skb);
  builder.function('nothing', int);
  builder.function('none');
  builder.func('variadic', builder.proto([['', 0]]));
  assert.deepEqual(findSkbFunctions(new Btf(builder.bytes()), ''), []);
});

test('of several packets the first counts', () => {
  const { builder, int, pointer } = kernel();
  builder.function('coalesce', int, pointer, pointer);
  assert.equal(findSkbFunctions(new Btf(builder.bytes()), '')[0]?.argument, 2);
});

test('names the problem when the packet cannot be read at entry', () => {
  const { builder, int, pointer } = kernel();
  const sockptr = builder.struct('sockptr_t', 16);
  const wide = builder.int('__int128', 16);
  const typedef = builder.add(BtfKind.Typedef, 'alias_t', sockptr);
  builder.function('fifth', int, int, int, int, pointer);
  builder.function('sixth', int, int, int, int, int, pointer);
  builder.function('after_structure', typedef, pointer);
  builder.function('after_int128', wide, pointer);
  builder.function('before_structure', pointer, typedef);
  const problems = findSkbFunctions(new Btf(builder.bytes()), '').map(({ name, problem }) => [name, problem]);
  assert.deepEqual(problems, [
    ['fifth', undefined],
    ['sixth', SkbProblem.TooFar],
    ['after_structure', SkbProblem.AfterStructure],
    ['after_int128', SkbProblem.AfterStructure],
    ['before_structure', undefined],
  ]);
});

test('a module’s functions are found through the base, and through its own forward declaration', () => {
  const { builder, pointer } = kernel();
  builder.function('of_vmlinux', pointer);
  const module = new BtfBuilder(builder);
  const forward = module.pointer(module.add(BtfKind.Fwd, 'sk_buff', 0));
  module.function('through_base', pointer);
  module.function('through_forward', forward);
  const btf = new Btf(module.bytes(), new Btf(builder.bytes()));
  const found = findSkbFunctions(btf, 'veth');
  assert.deepEqual(
    found.map(({ id = 0 }) => btf.name(id)),
    ['through_base', 'through_forward'],
  );
  assert.deepEqual(found.map(withoutId), [
    { name: 'through_base', module: 'veth', argument: 1 },
    { name: 'through_forward', module: 'veth', argument: 1 },
  ]);
});

function withoutId({ id: _, ...rest }: SkbFunction): Omit<SkbFunction, 'id'> {
  return rest;
}
