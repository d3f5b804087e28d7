/** Types of this kernel as an editor gets them, for completing expressions. */
import assert from 'node:assert/strict';
import { Btf } from '../../../common/btf/btf.ts';
import { ExpressionCompiler, SKB, XDP } from '../../../common/expression/compile.ts';
import { unpackTypes } from '../../../common/packed.ts';
import { expressionCompletionsAt } from '../../../extension/filter/expression/completion.ts';
import type { agentSuite } from './suite.ts';

export async function assertExpressionTypes({
  trace,
}: Pick<ReturnType<typeof agentSuite>, 'trace'>): Promise<void> {
  const { client } = await trace({
    type: 'start',
    filter: null,
    functions: 'ip_rcv',
    backend: 'auto',
    ringBufferBytes: 0,
    wantBuild: true,
  });
  const btf = unpackTypes(await client.message('kernel-build'));
  client.send({ type: 'stop' });
  await client.message('end');
  assert.ok(btf !== undefined, 'no types came');
  const compiler = new ExpressionCompiler(new Btf(btf), undefined);
  const detail = (text: string, name: string, variable = SKB) =>
    expressionCompletionsAt(text, text.length, variable, compiler).items.find((item) => item.text === name)
      ?.detail;
  assert.equal(detail('skb->', 'dev'), 'struct net_device *');
  assert.equal(detail('skb->', 'protocol'), '__be16');
  assert.equal(detail('skb->', 'pkt_type'), '__u8 : 3');
  assert.equal(detail('skb->dev->', 'name'), 'char[16]');
  assert.equal(detail('skb->sk->__sk_common.skc_net.', 'net'), 'struct net *');
  assert.equal(detail('((struct iphdr *)(skb->head + skb->network_header))->', 'daddr'), '__be32');
  assert.equal(detail('xdp->rxq->', 'queue_index', XDP), 'u32');
}
