import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Btf, BtfKind } from '../../../../common/btf/btf.ts';
import { dropReasons } from '../../../../remote-agent/btf/drop-reasons.ts';
import { BtfBuilder } from '../../../support/agent/btf-builder.ts';

/** The tracepoint as a kernel of the time has it: with `extra` arguments after skb and location. */
function tracepoint(builder: BtfBuilder, ...extra: number[]) {
  const pointer = builder.pointer(0);
  const types = [pointer, builder.pointer(builder.struct('sk_buff', 232)), pointer, ...extra];
  const proto = builder.proto(types.map((type) => ['', type] as const));
  builder.add(BtfKind.Typedef, 'btf_trace_kfree_skb', builder.pointer(proto));
}

test('a kernel whose tracepoint has no reason', () => {
  const builder = new BtfBuilder();
  tracepoint(builder);
  const vmlinux = new Btf(builder.bytes());
  assert.deepEqual(dropReasons({ vmlinux, modules: [] }), { names: [], argument: -1 });
});

test('reasons of the core, of built-in subsystems and of modules', () => {
  const builder = new BtfBuilder();
  const core = builder.enum('skb_drop_reason', {
    SKB_NOT_DROPPED_YET: 0,
    SKB_DROP_REASON_NOT_SPECIFIED: 2,
    SKB_DROP_REASON_NETFILTER_DROP: 8,
    SKB_DROP_REASON_MAX: 9,
    SKB_DROP_REASON_SUBSYS_MASK: 0xffff_0000,
  });
  builder.enum('skb_drop_reason_subsys', { CORE: 0, MAC80211: 1, OPENVSWITCH: 2, QDISC: 3, NUM: 4 });
  builder.enum('qdisc_drop_reason', { __QDISC_DROP_REASON: 0x3_0000, QDISC_DROP_FULL: 0x3_0001 });
  builder.enum('scsi_drop_reason', { SCSI_DROP_ODD: 5, SCSI_DROP_FAR: 0x9_0000 });
  builder.enum('colour', { RED: 0x1_0000 });
  tracepoint(builder, core, builder.pointer(builder.struct('sock', 8)));
  const module = new BtfBuilder(builder);
  module.enum('ovs_drop_reason', {
    __OVS_DROP_REASON: 0x2_0000,
    OVS_DROP_EXPLICIT: 0x2_0002,
    OVS_DROP_MAX: 0x2_0003,
  });
  const vmlinux = new Btf(builder.bytes());
  const modules = [{ name: 'openvswitch', btf: new Btf(module.bytes(), vmlinux) }];
  const result = dropReasons({ vmlinux, modules });
  assert.equal(result.argument, 2);
  assert.deepEqual(result.names, [
    { value: 0, name: 'SKB_NOT_DROPPED_YET' },
    { value: 2, name: 'NOT_SPECIFIED' },
    { value: 8, name: 'NETFILTER_DROP' },
    { value: 0x2_0002, name: 'OVS_DROP_EXPLICIT' },
    { value: 0x3_0001, name: 'QDISC_DROP_FULL' },
  ]);
});
