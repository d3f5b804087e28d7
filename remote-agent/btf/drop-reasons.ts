/** Names of the reasons for which the kernel drops packets, and where its tracepoint passes them. */
import { type Btf, BtfKind } from '../../common/btf/btf.ts';
import type { KernelBtf } from './kernel-btf.ts';
import type { DropReasonName } from '../../common/protocol.ts';

export interface DropReasons {
  names: DropReasonName[];
  /**
   * Index of the reason among the arguments that a raw tracepoint program for skb:kfree_skb gets; −1 when
   * the kernel gives none (before 5.17).
   */
  argument: number;
}

const CORE_ENUM = 'skb_drop_reason';
const CORE_PREFIX = 'SKB_DROP_REASON_';
const SUBSYSTEM_ENUM = 'skb_drop_reason_subsys';
/** A subsystem's reasons have its number above bit 16 (include/net/dropreason.h). */
const SUBSYSTEM_UNIT = 0x1_0000;

export function dropReasons({ vmlinux, modules }: Pick<KernelBtf, 'vmlinux' | 'modules'>): DropReasons {
  const argument = reasonArgument(vmlinux);
  if (argument < 0) return { names: [], argument };
  const names = new Map<number, string>();
  const enums = [vmlinux, ...modules.map((module) => module.btf)].flatMap(reasonEnums);
  const subsystems = enums.find(({ name }) => name === SUBSYSTEM_ENUM)?.values.length ?? 0;
  for (const { name, values } of enums) {
    if (name === SUBSYSTEM_ENUM) continue;
    for (const value of values) {
      const core = name === CORE_ENUM;
      const subsystem = Math.floor(value.value / SUBSYSTEM_UNIT);
      // Subsystem 0 is the core; other enums of such a name hold plain numbers of their own.
      if (core ? subsystem !== 0 : subsystem < 1 || subsystem >= subsystems) continue;
      // Bounds of an enum, not reasons.
      if (value.name.startsWith('__') || /_(MAX|SUBSYS_MASK)$/.test(value.name)) continue;
      const prefixed = core && value.name.startsWith(CORE_PREFIX);
      const shown = prefixed ? value.name.slice(CORE_PREFIX.length) : value.name;
      if (!names.has(value.value)) names.set(value.value, shown);
    }
  }
  const sorted = [...names].sort(([a], [b]) => a - b);
  return { names: sorted.map(([value, name]) => ({ value, name })), argument };
}

function reasonEnums(btf: Btf) {
  const enums = [];
  for (let id = btf.firstId; id < btf.endId; id++) {
    const kind = btf.kind(id);
    if (kind !== BtfKind.Enum && kind !== BtfKind.Enum64) continue;
    const name = btf.name(id);
    if (name === SUBSYSTEM_ENUM || name.endsWith('drop_reason'))
      enums.push({ name, values: btf.enumValues(id) });
  }
  return enums;
}

/** `typedef void (*btf_trace_kfree_skb)(void *, struct sk_buff *, void *location, enum skb_drop_reason, …)` */
function reasonArgument(vmlinux: Btf): number {
  const typedefName = Buffer.from('btf_trace_kfree_skb');
  const enumName = Buffer.from(CORE_ENUM);
  for (let id = vmlinux.firstId; id < vmlinux.endId; id++) {
    if (vmlinux.kind(id) !== BtfKind.Typedef || !vmlinux.isNamed(id, typedefName)) continue;
    const proto = vmlinux.strip(vmlinux.sizeOrType(vmlinux.strip(id)));
    if (vmlinux.kind(proto) !== BtfKind.FuncProto) continue;
    for (let index = 1; index < vmlinux.count(proto); index++)
      if (vmlinux.isNamed(vmlinux.strip(vmlinux.parameterType(proto, index)), enumName)) return index - 1;
  }
  return -1;
}
