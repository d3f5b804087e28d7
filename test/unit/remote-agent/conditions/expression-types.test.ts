import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Btf, BtfKind } from '../../../../common/btf/btf.ts';
import { ExpressionCompiler, SKB } from '../../../../common/expression/compile.ts';
import { ExpressionFault } from '../../../../common/expression/fault.ts';
import { expressionTypes } from '../../../../remote-agent/conditions/expression-types.ts';
import { BtfBuilder } from '../../../support/agent/btf-builder.ts';
import { FIELDS, kernelTypes, NUMBERS } from '../../common/expression/kernel.ts';

const compilerOf = (btf: Btf) => new ExpressionCompiler(btf, undefined);
const excerpt = (btf: Btf) => new Btf(expressionTypes(btf));

test('expressions have the same code with the excerpt as with all of the types', () => {
  const [whole, part] = [compilerOf(kernelTypes), compilerOf(excerpt(kernelTypes))];
  const texts = [
    ...[...Object.keys(NUMBERS), ...Object.keys(FIELDS)].map((name) => `skb->${name}`),
    ...[
      'skb->protocol',
      'skb->flag',
      'skb->hash',
      'skb->dev',
      'skb->next->next',
      'skb->cb[7]',
      'skb->priority',
    ],
    ...['skb->kind', 'skb->dev->name[1]', 'skb->dev->queues[1].index', 'skb->head + 1'],
  ];
  for (const text of texts) assert.deepEqual(part.value(text, SKB).code, whole.value(text, SKB).code, text);
  const describe = (compiler: ExpressionCompiler, text: string) =>
    compiler.types.describe(compiler.type(text, SKB));
  for (const text of texts) assert.equal(describe(part, text), describe(whole, text), text);
});

/** A kernel in which structures lead from one to the next. */
function chain(length: number): Btf {
  const builder = new BtfBuilder();
  let to = builder.int('int', 4);
  for (let at = length; at > 0; at--)
    to = builder.structure(`s${at}`, 8, [['next', builder.add(BtfKind.Const, '', builder.pointer(to)), 0]]);
  builder.structure('sk_buff', 8, [['next', builder.pointer(to), 0]]);
  builder.structure('unrelated', 8, [['next', builder.pointer(to), 0]]);
  return new Btf(builder.bytes());
}

test('structures behind four pointers have members, those behind them are names', () => {
  const compiler = compilerOf(excerpt(chain(9)));
  const through = (pointers: number) => `skb${'->next'.repeat(pointers)}`;
  assert.equal(compiler.types.describe(compiler.type(through(5), SKB)), 'struct s5 *');
  assert.throws(
    () => compiler.type(through(6), SKB),
    (error) => error instanceof ExpressionFault && error.message.includes('struct s5'),
  );
});

test('what no packet leads to is left out', () => {
  const all = chain(2);
  const named = (btf: Btf, name: string) =>
    Array.from({ length: btf.endId - 1 }, (_, index) => btf.name(index + 1)).includes(name);
  assert.ok(named(all, 'unrelated') && named(excerpt(all), 's2'));
  assert.ok(!named(excerpt(all), 'unrelated'));
});

test('offsets of large structures without bit fields keep all of their bits', () => {
  const builder = new BtfBuilder();
  const int = builder.int('int', 4);
  const far = 2 ** 25;
  const word = builder.add(BtfKind.Struct, 'sk_buff', 2 ** 23, 1, [0, int, far]);
  const [member] = new Btf(builder.bytes()).members(word);
  const btf = excerpt(new Btf(builder.bytes()));
  assert.equal(btf.members(1)[0]?.bits, member?.bits);
  assert.equal(member?.bits, far);
});
