import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ExpressionCompiler, SKB, XDP } from '../../../../../common/expression/compile.ts';
import { expressionCompletionsAt } from '../../../../../extension/filter/expression/completion.ts';
import { kernelTypes } from '../../../common/expression/kernel.ts';

const compiler = new ExpressionCompiler(kernelTypes, undefined);

/** Of a text with `¦` where the cursor is. */
function at(marked: string, variable = SKB) {
  const [before = '', after = ''] = marked.split('¦');
  return expressionCompletionsAt(before + after, before.length, variable, compiler);
}
const texts = (marked: string) => at(marked).items.map(({ text }) => text);

const DEVICE = ['ifindex', 'name', 'queues'];

test('members of what a pointer leads to, with their types', () => {
  const { items, start } = at('skb->¦');
  assert.equal(start, 5);
  const of = (name: string) => items.find(({ text }) => text === name);
  assert.deepEqual(of('protocol'), { kind: 'member', text: 'protocol', detail: '__be16' });
  assert.equal(of('dev')?.detail, 'struct net_device *');
  assert.equal(of('cb')?.detail, 'unsigned 8[48]');
  assert.equal(of('low')?.detail, 'unsigned 32 : 3');
  assert.equal(of('priority')?.detail, 'unsigned 32'); // of an unnamed structure
  assert.deepEqual(texts('skb->dev->¦'), DEVICE);
  assert.deepEqual(texts('skb->next->dev->¦'), DEVICE);
});

test('the word that is being typed is what they stand in place of', () => {
  const found = at('skb->len > 5 && skb->dev->if¦index == 2');
  assert.equal(found.start, 26);
  assert.deepEqual(
    found.items.map(({ text }) => text),
    DEVICE,
  );
});

test('of elements, casts, parentheses and what pointers lead to', () => {
  for (const text of [
    'skb->dev->queues[skb->u8 + 1].¦',
    '(*skb->dev->queues).¦',
    '((struct queue *)skb->head)->¦',
    '(struct queue *)skb->dev->queues->¦',
    '1 + (skb->u8 == skb->dev->queues->¦',
  ])
    assert.deepEqual(texts(text), ['index'], text);
  assert.deepEqual(texts('(skb)->dev->¦'), DEVICE);
});

test('nothing where there is no structure, or its members cannot be asked for so', () => {
  for (const text of [
    'skb.¦',
    'skb->u8->¦',
    'skb->u8.¦',
    'skb->missing->¦',
    'skb->head->¦',
    ')->¦',
    ']->¦',
    '->¦',
    '1.¦',
    "'a->¦",
    'skb->len ¦',
    'skb->cb[0] ¦',
    '0x¦',
  ])
    assert.deepEqual(texts(text), [], text);
});

test('the variable where an operand may begin', () => {
  for (const text of ['¦', 's¦', 'skb->len + ¦', '!¦', '(sk¦'])
    assert.deepEqual(at(text).items, [{ kind: 'variable', text: 'skb', detail: 'struct sk_buff *' }], text);
  assert.deepEqual(
    at('¦', XDP).items.map(({ text }) => text),
    ['xdp'],
  );
});

test('without the types of a kernel it says that members want them', () => {
  const without = (text: string) => expressionCompletionsAt(text, text.length, SKB, undefined);
  assert.deepEqual(without('skb->de'), { start: 5, items: [], wantsTypes: true });
  assert.equal(without('').items[0]?.text, 'skb');
  assert.equal(without('->').wantsTypes, false);
  assert.equal(at('skb->¦').wantsTypes, false);
});

test('no text is too strange', () => {
  const part = fc.constantFrom(
    'skb',
    '->',
    '.',
    '(',
    ')',
    '[',
    ']',
    '*',
    '&',
    '1',
    'dev',
    ' ',
    "'",
    'struct',
    '?',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const text = parts.join('');
      for (let offset = 0; offset <= text.length; offset++) {
        const { start } = expressionCompletionsAt(text, offset, SKB, compiler);
        assert.ok(start <= offset);
      }
    }),
  );
});
