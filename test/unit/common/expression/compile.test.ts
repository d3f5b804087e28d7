import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encode } from '../../../../common/bpf/ebpf.ts';
import { ExpressionCompiler, SKB } from '../../../../common/expression/compile.ts';
import { ExpressionFault } from '../../../../common/expression/fault.ts';
import { runEbpf64 } from '../../../support/bpf/ebpf-interpreter.ts';
import { ADDRESS, evaluate, kernelTypes, memory } from './kernel.ts';

const VALUES: [string, bigint][] = [
  ['skb->dev->ifindex == 9', 1n],
  ['skb->dev->ifindex', 9n],
  ['(*skb->dev).ifindex', 9n],
  ["skb->dev->name[0] == 'e' && skb->dev->name[3] == 0x30", 1n],
  ['skb->dev->queues->index', 5n],
  ['skb->dev->queues[1].index', 6n],
  ['(skb->dev->queues + 1)->index', 6n],
  ['&skb->dev->queues[3] - skb->dev->queues', 3n],
  ['skb->cb[5]', 5n],
  ['*(skb->cb + 6)', 6n],
  ['skb->cb[skb->cb[7]]', 7n],
  ['*(unsigned int *)&skb->cb[4]', 0x07060504n],
  ['*(unsigned int *)(skb->cb + 4) >> 24', 7n],
  ['((struct net_device *)skb->dev)->ifindex', 9n],
  ['((const struct net_device *) skb->dev) -> ifindex', 9n],
  ['*(__u16 *)skb->head', 8n],
  ['*(__be16 *)skb->head', 0x800n],
  // In network order in memory, and still the number that it means.
  ['skb->protocol == 0x0800', 1n],
  ['skb->protocol', 0x800n],
  ['skb->hash', 0x0a000001n],
  ['skb->hash & 0xff000000', 0x0a000000n],
  // Of an unnamed structure in it, and values by name.
  ['skb->priority', 7n],
  ['skb->kind == KIND_HOST', 1n],
  ['KIND_HOST << 2', 12n],
  ['skb->flag', 1n],
  ['(bool)skb->priority', 1n],
  ['(u8)0x1ff', 255n],
  ['(signed char)0xff', -1n],
  ['(int)0xffffffff', -1n],
  ['-1 < 0u', 0n],
  ['-1 < 0', 1n],
  ['-1L < 0u', 1n],
  ['0xffffffff + 1', 0n],
  ['4294967295 + 1', 4294967296n],
  ['-7 / 2', -3n],
  ['-7 % 3', -1n],
  ['7 / -2', -3n],
  ['010 + 0x10 + 10', 34n],
  ["'a' - 'A'", 32n],
  ['1 + 2 * 3 - 4', 3n],
  ['(1 + 2) * 3', 9n],
  ['1 | 6 ^ 2 & 3', 5n],
  ['1 << 2 + 1', 8n],
  ['3 > 2 > 1', 0n],
  ['1 ? 2 : 0 ? 3 : 4', 2n],
  ['0 ? 2 : 0 ? 3 : 4', 4n],
  ['!skb->next', 1n],
  ['skb->next == 0 || skb->next->s32', 1n],
  ['!0 + !5', 1n],
  ['~0', -1n],
  ['- - 5', 5n],
  // A null pointer, memory that is not there and a division by 0 make all of it 0.
  ['skb->next->s32', 0n],
  ['skb->next->s32 == 0', 0n],
  ['1 + skb->next->s32', 0n],
  ['skb->dev && skb->next->s32 == 0', 0n],
  ['1 / skb->s32 == 0', 0n],
];

for (const [text, value] of VALUES)
  test(text, () => {
    assert.equal(evaluate(text), value);
  });

test('memory that faults makes it 0 where a call tells so', () => {
  const { code } = new ExpressionCompiler(kernelTypes, undefined).value('skb->s32 == 0', SKB);
  assert.equal(runEbpf64(encode(code), [ADDRESS + 4096n], { address: ADDRESS, bytes: memory() }), 0n);
});

test('a condition is 1 or 0, whichever half of a value is set', () => {
  const bytes = memory();
  new DataView(bytes.buffer).setBigUint64(24, 1n << 40n, true);
  const run = (text: string) => {
    const code = new ExpressionCompiler(kernelTypes, undefined).condition(text, SKB);
    return runEbpf64(encode(code), [ADDRESS], { address: ADDRESS, bytes });
  };
  assert.equal(run('skb->u64'), 1n);
  assert.equal(run('skb->u64 & 1'), 0n);
});

/** The part that is wrong stands between «these». */
const FAULTS: [string, RegExp][] = [
  ['skb->dev->«ifidex» == 1', /^struct net_device has no member "ifidex" Did you mean "ifindex"\?$/],
  ['skb->dev->«xyz»', /It has ifindex, name, queues\.$/],
  ['«skb->dev».ifindex', /^this is a pointer \(struct net_device \*\) Write "->ifindex"\.$/],
  ['«(*skb->dev)»->ifindex', /^this is a struct net_device, not a pointer to one Write "\.ifindex"\.$/],
  ['«skb->s32»->x', /^this is no pointer, but a number \(signed 32\)/],
  ['*«skb->head»', /^this points to void/],
  ['«skb->head»->x', /^this points to void/],
  ['«*skb->dev»', /^this is struct net_device, and no value Name one of its members\.$/],
  ['«skb->u32».x', /^this is no structure, but a number/],
  ['skb->cb[«48»]', /^the array has 48 elements, from 0 to 47/],
  ['«skb->dev» * 2', /^this is no number, but a pointer/],
  ['&«skb->low»', /^a bit field has no address/],
  ['&«5»', /lies nowhere in memory/],
  ['skb->u32 << «32»', /^what is shifted has 32 bits/],
  ['1 / «0»', /^this divides by 0/],
  ['«ntohs»(skb->protocol)', /^functions cannot be called .*no ntohs\(\) is needed/],
  ['«ETH_P_IP»', /^there is no "ETH_P_IP" .*macros are not/],
  ['«u8»', /^"u8" is a type/],
  ['(«struct nothing *») skb->head', /^there is no type "struct nothing"/],
  ['((struct secret *) skb->head)->x', /^there is no type "struct secret"/],
  ['«»', /^the expression is empty/],
  ['skb->u32 ==«»', /^here belongs a value/],
  ['(skb->u32«»', /^"\)" is missing here/],
  ['skb->u32 «=» 1', /^an expression assigns nothing Compare with "=="\.$/],
  ['skb->u32 «skb»', /^an operator is missing before this/],
  ['«1.5» < 2', /^"1\.5" is no number/],
  ['«09»', /^"09" is no number/],
  ['«#» 1', /^"#" has no meaning/],
  ['«99999999999999999999»', /does not fit into 64 bits/],
  ["skb->u8 == «'»ab'", /^a character constant/],
];

describe('faults and where they are', () => {
  for (const [marked, message] of FAULTS)
    test(marked, () => {
      const text = marked.replace(/[«»]/g, '');
      const range = { start: marked.indexOf('«'), end: marked.indexOf('»') - 1 };
      assert.throws(
        () => new ExpressionCompiler(kernelTypes, undefined).value(text, SKB),
        (error) => {
          assert.ok(error instanceof ExpressionFault, String(error));
          assert.match(`${error.message} ${error.remedy}`.trim(), message);
          if (range.start >= 0) assert.deepEqual(error.range, range);
          return true;
        },
      );
    });

  test('nesting beyond any use', () => {
    for (const text of ['('.repeat(5000) + '1' + ')'.repeat(5000), '-'.repeat(5000) + '1'])
      assert.throws(() => new ExpressionCompiler(kernelTypes, undefined).value(text, SKB), /too deeply/);
    const waiting = 'skb->u8 + ('.repeat(20) + '1' + ')'.repeat(20);
    assert.throws(
      () =>
        new ExpressionCompiler(kernelTypes, undefined).value(
          `skb->u8 & (${waiting.replace('1)', 'skb->u8)')})`,
          SKB,
        ),
      /too deeply/,
    );
  });
});
