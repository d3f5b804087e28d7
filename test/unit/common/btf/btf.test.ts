import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Btf, BtfKind } from '../../../../common/btf/btf.ts';
import { BtfBuilder } from '../../../support/agent/btf-builder.ts';

describe('Btf', () => {
  test('finds every type although each kind has its own length', () => {
    const builder = new BtfBuilder();
    const int = builder.int('int', 4);
    const ids = [
      [BtfKind.Array, builder.add(BtfKind.Array, '', 0, 0, [int, int, 3])],
      [BtfKind.Struct, builder.add(BtfKind.Struct, 'pair', 8, 2, [0, int, 0, 0, int, 32])],
      [BtfKind.Union, builder.add(BtfKind.Union, 'either', 4, 1, [0, int, 0])],
      [BtfKind.Enum, builder.enum('colour', { RED: 1 })],
      [BtfKind.Var, builder.add(BtfKind.Var, 'variable', int, 0, [1])],
      [BtfKind.Datasec, builder.add(BtfKind.Datasec, '.data', 8, 2, [5, 0, 4, 5, 4, 4])],
      [BtfKind.Float, builder.add(BtfKind.Float, 'double', 8)],
      [BtfKind.DeclTag, builder.add(BtfKind.DeclTag, 'user', 2, 0, [0])],
      [BtfKind.TypeTag, builder.add(BtfKind.TypeTag, 'rcu', int)],
      [BtfKind.Enum64, builder.enum64('wide', { A: 1n, B: 2n })],
      [BtfKind.FuncProto, builder.proto([['a', int]])],
    ] as const;
    const last = builder.int('last', 1);
    const btf = new Btf(builder.bytes());
    for (const [kind, id] of ids) assert.equal(btf.kind(id), kind);
    assert.equal(btf.name(last), 'last');
    assert.equal(btf.endId, last + 1);
  });

  test('reads bytes that do not begin at a multiple of four', () => {
    const builder = new BtfBuilder();
    const id = builder.int('int', 4);
    const shifted = Buffer.concat([Buffer.from([1]), builder.bytes()]).subarray(1);
    assert.equal(new Btf(shifted).name(id), 'int');
  });

  test('strips typedefs and modifiers, and survives a cycle of them', () => {
    const builder = new BtfBuilder();
    const int = builder.int('int', 4);
    const tag = builder.add(BtfKind.TypeTag, 'rcu', int);
    const typedef = builder.add(BtfKind.Typedef, 't', tag);
    const constant = builder.add(BtfKind.Const, '', typedef);
    const volatile = builder.add(BtfKind.Volatile, '', constant);
    const restrict = builder.add(BtfKind.Restrict, '', volatile);
    const cycle = builder.add(BtfKind.Const, '', restrict + 1);
    const btf = new Btf(builder.bytes());
    assert.equal(btf.strip(restrict), int);
    assert.equal(btf.strip(cycle), cycle);
  });

  test('reads enum values of both widths, signed and unsigned', () => {
    const builder = new BtfBuilder();
    const signed = builder.enum('signed', { MINUS: -1, ONE: 1 }, true);
    const unsigned = builder.enum('unsigned', { TOP: 0xffff_0000 });
    const wide = builder.enum64('wide', { BIG: 1n << 40n, MINUS: -2n }, true);
    const btf = new Btf(builder.bytes());
    assert.deepEqual(btf.enumValues(signed), [
      { name: 'MINUS', value: -1 },
      { name: 'ONE', value: 1 },
    ]);
    assert.deepEqual(btf.enumValues(unsigned), [{ name: 'TOP', value: 0xffff_0000 }]);
    assert.deepEqual(btf.enumValues(wide), [
      { name: 'BIG', value: 2 ** 40 },
      { name: 'MINUS', value: -2 },
    ]);
  });

  test('a module’s types and strings go on from those of vmlinux', () => {
    const base = new BtfBuilder();
    const skb = base.struct('sk_buff', 232);
    const module = new BtfBuilder(base);
    const pointer = module.pointer(skb);
    const func = module.function('xmit', pointer);
    const vmlinux = new Btf(base.bytes());
    const btf = new Btf(module.bytes(), vmlinux);
    assert.equal(btf.firstId, vmlinux.endId);
    assert.equal(btf.name(func), 'xmit');
    const parameter = btf.parameterType(btf.sizeOrType(func), 0);
    assert.equal(btf.name(btf.sizeOrType(parameter)), 'sk_buff');
    assert.ok(btf.isNamed(skb, Buffer.from('sk_buff')));
    assert.ok(!btf.isNamed(skb, Buffer.from('sk_buff_head')));
    assert.ok(!btf.isNamed(skb, Buffer.from('sk_buf')));
  });

  test('passes over a kind from the future if the layout section says how long it is', () => {
    const builder = new BtfBuilder();
    builder.add(25, 'future', 0, 2, [7, 8, 8, 8, 8]);
    const int = builder.int('int', 4);
    const layout = Array.from({ length: 26 }, (_, kind) =>
      kind === 25 ? ([4, 8] as const) : ([0, 0] as const),
    );
    assert.equal(new Btf(builder.bytes(layout)).name(int), 'int');
    assert.throws(() => new Btf(builder.bytes()), { code: 'no-btf', message: /25/ });
  });

  test('refuses what is not BTF, and BTF that was cut', () => {
    const whole = new BtfBuilder();
    whole.int('int', 4);
    assert.throws(() => new Btf(Buffer.from('ELF and nothing of what we look for')), { code: 'no-btf' });
    assert.throws(() => new Btf(Buffer.alloc(0)), { code: 'no-btf' });
    assert.throws(() => new Btf(whole.bytes().subarray(0, -3)), { code: 'no-btf', message: /cut short/ });
  });

  test('refuses a reference to a type that is not there', () => {
    const builder = new BtfBuilder();
    const pointer = builder.pointer(99);
    const btf = new Btf(builder.bytes());
    assert.throws(() => btf.kind(btf.sizeOrType(pointer)), { code: 'no-btf', message: /99/ });
  });

  test('tells bit fields, and how integers and enums are encoded', () => {
    const builder = new BtfBuilder();
    const [int, bool] = [builder.integer('int', 4, 1), builder.integer('_Bool', 1, 4)];
    const fields = builder.structure('fields', 8, [
      ['plain', int, 0],
      ['field', int, 35, 7],
    ]);
    const kinds = builder.enum('kinds', { LOW: -1 }, true);
    const module = new BtfBuilder(builder);
    module.int('own', 8);
    const btf = new Btf(module.bytes(), new Btf(builder.bytes()));
    assert.deepEqual(btf.members(fields), [
      { name: 'plain', type: int, bits: 0 },
      { name: 'field', type: int, bits: 35, width: 7 },
    ]);
    assert.deepEqual(btf.integer(int), { signed: true, bool: false });
    assert.deepEqual(btf.integer(bool), { signed: false, bool: true });
    assert.deepEqual([btf.isSignedEnum(kinds), btf.kind(kinds)], [true, BtfKind.Enum]);
  });
});
