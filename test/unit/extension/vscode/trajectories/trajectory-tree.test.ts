import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../../../../support/vscode/recorder.ts';
import { NO_FILTER } from '../../../../../extension/recording/filters.ts';
import { ColumnStore } from '../../../../../extension/recording/event-store.ts';
import { Symbols } from '../../../../../extension/recording/symbols.ts';
import { parseLaunch } from '../../../../../extension/tracing/launch-configuration.ts';
import { TraceModel } from '../../../../../extension/vscode/trace-model.ts';
import type { TreeNode } from '../../../../../extension/vscode/trajectories/tree-pages.ts';
import { attached, batch, functionAddress, kernelAddress } from '../../../../support/agent/records.ts';
import { FakeCapture } from '../../../../support/agent/fake-capture.ts';

const { TrajectoryTree } = await import('../../../../../extension/vscode/trajectories/trajectory-tree.ts');

/** TreeItemCollapsibleState.None */
const NONE = 0;
const CALLER = 0xffff_8120_0031;
const word = (name: string, nth: number) =>
  ({ name, type: '__u32', bitOffset: nth * 32, bits: 32, kind: 'unsigned' }) as const;

/** A tree of one packet with two steps, the first of which tells on request. */
function treeOfOne() {
  const store = new ColumnStore();
  const symbols = new Symbols(attached(['ip_rcv']));
  symbols.addLocations([{ address: CALLER, start: CALLER - 0x31, name: 'ip_local_deliver', module: '' }]);
  store.setSymbols(symbols);
  store.setStructures([
    { name: 'sk_buff', bytes: 16, members: ['len', 'mark', 'hash', 'data_len'].map(word) },
  ]);
  const address = kernelAddress(functionAddress(0));
  const extras = {
    caller: CALLER,
    stack: { id: 1n, frames: [functionAddress(0), CALLER, CALLER] },
    packet: { bytes: Array.from({ length: 18 }, (_, i) => i), network: 14 },
    skb: [84, 0, 0x1234, 0],
    cb: [1, 0],
    tunnel: { source: [10, 0, 0, 1], destination: [10, 0, 0, 2], destinationPort: 53, l4Protocol: 17 },
  };
  store.append(
    batch([
      { life: 1, address, extras },
      { life: 1, address },
    ]),
  );
  const capture = Object.assign(new FakeCapture(), { store, trajectories: store.trajectories });
  const model = new TraceModel();
  const changeFilter = () => capture.changeFilter(NO_FILTER);
  model.begin(parseLaunch({ target: 'host' })).attached({ capture, changeFilter }, () => Promise.resolve());
  return { tree: new TrajectoryTree(model), model };
}

type Tree = ReturnType<typeof treeOfOne>['tree'];

/** Every row below a node: `label: description`, indented; a row that can be opened has a `+`. */
function rows(tree: Tree, node: TreeNode, indent = ''): string[] {
  return tree.getChildren(node).flatMap((child) => {
    const { label, description, collapsibleState } = tree.getTreeItem(child);
    assert.ok(typeof label === 'string');
    const opens = Number(collapsibleState) === NONE ? '' : '+';
    return [`${indent}${opens}${label}: ${String(description)}`, ...rows(tree, child, `${indent}  `)];
  });
}

function stepsOf(tree: Tree): TreeNode[] {
  const [packet] = tree.getChildren();
  assert.ok(packet !== undefined);
  return tree.getChildren(packet);
}

test('below a step is what it tells on request, by name', () => {
  const { tree } = treeOfOne();
  const [first, second] = stepsOf(tree);
  assert.ok(first !== undefined && second !== undefined);
  assert.deepEqual(rows(tree, first), [
    'called by: ip_local_deliver',
    'in the tunnel: 10.0.0.1:0->10.0.0.2:53(udp)',
    '+stack: ip_local_deliver',
    '  ip_local_deliver+0x31: ',
    '  ip_local_deliver+0x31: ',
    '+bytes: 18, IP header at 14',
    '  0x0000: 0001 0203 0405 0607 0809 0a0b 0c0d 0e0f',
    '  0x0010: 1011',
    '+skb->cb: ',
    '  u32[0]: 0x00000001',
    '  u32[1]: 0x00000000',
    '+struct sk_buff: ',
    '  len: 84',
    '  hash: 4660',
    '  +zero: 2 members',
    '    mark: 0',
    '    data_len: 0',
  ]);
  assert.equal(Number(tree.getTreeItem(second).collapsibleState), NONE);
  assert.deepEqual(tree.getChildren(second), []);
});

test('each row has an id of its own, a frame its function, a number its type and hexadecimal form', async () => {
  const { tree, model } = treeOfOne();
  const [first] = stepsOf(tree);
  assert.ok(first !== undefined);
  const below = (node: TreeNode): TreeNode[] =>
    tree.getChildren(node).flatMap((child) => [child, ...below(child)]);
  const all = [first, ...below(first)];
  const ids = all.map((node) => tree.getTreeItem(node).id);
  assert.equal(new Set(ids).size, all.length);
  const named = (name: string) => all.find((node) => node.kind === 'detail' && node.detail.name === name)!;
  const frame = named('ip_local_deliver+0x31');
  assert.equal(tree.functionOf(frame)?.name, 'ip_local_deliver');
  assert.equal(tree.getTreeItem(frame).contextValue, 'function');
  const hash = named('hash');
  assert.equal(tree.functionOf(hash), undefined);
  const { tooltip } = await tree.resolveTreeItem(tree.getTreeItem(hash), hash);
  assert.deepEqual({ ...(tooltip as object) }, { id: '`__u32 hash`  \n`4660`  \n`0x1234`' });
  // Of a capture that is gone nothing is shown.
  model.clear();
  assert.equal(tree.getChildren(hash).length, 0);
});
