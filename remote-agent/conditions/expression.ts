/** The user's expressions on this machine's kernel. */
import { AgentFailure } from '../../common/errors.ts';
import { MetadataLimit } from '../../common/layouts.ts';
import type { DirectReads } from '../../common/bpf/direct-reads.ts';
import { Assembler, Label } from '../../common/bpf/assembler.ts';
import { type Instruction, jump64, R2 } from '../../common/bpf/ebpf.ts';
import { ExpressionCompiler, SKB, type Variable, XDP } from '../../common/expression/compile.ts';
import { ExpressionFault } from '../../common/expression/fault.ts';
import { faultText } from '../../common/expression/fault-text.ts';
import type { KernelTypes } from '../../common/expression/kernel-types.ts';
import type { CType } from '../../common/expression/types.ts';
import {
  SKB_METADATA,
  XDP_METADATA,
  type Extras,
  type MemberLayout,
  type StructureLayout,
} from '../../common/protocol.ts';
import { readVmlinuxBtf } from '../btf/kernel-btf.ts';

/** The user's, by what they are about; undefined: there is none. */
export interface Expressions<T> {
  skb: T | undefined;
  xdp: T | undefined;
}

/**
 * Functions that keep packets.
 * @param directReads what findDirectReads gave for this kernel
 * @throws AgentFailure: `bad-condition`, saying where an expression is wrong, or `no-btf`
 */
export function compileExpressions(
  { skb, xdp }: Expressions<string>,
  directReads: DirectReads | undefined,
): Expressions<Instruction[]> {
  if (skb === undefined && xdp === undefined) return { skb, xdp };
  const compiler = new ExpressionCompiler(readVmlinuxBtf(), directReads);
  return {
    skb: skb === undefined ? skb : compile(compiler, skb, SKB, '--filter-skb-expr, "skbExpression"'),
    xdp: xdp === undefined ? xdp : compile(compiler, xdp, XDP, '--filter-xdp-expr, "xdpExpression"'),
  };
}

/** Values to tell of each step: the code that computes them, and what they are. */
export interface Metadata {
  skbMetadata: Instruction[] | undefined;
  xdpMetadata: Instruction[] | undefined;
  /** Of each packet's values, eight bytes for each. */
  layouts: StructureLayout[];
}

/** @throws AgentFailure: as compileExpressions */
export function compileMetadata(
  { skbMetadata = [], xdpMetadata = [] }: Extras,
  directReads: DirectReads | undefined,
): Metadata {
  const metadata: Metadata = { skbMetadata: undefined, xdpMetadata: undefined, layouts: [] };
  if (skbMetadata.length + xdpMetadata.length === 0) return metadata;
  const compiler = new ExpressionCompiler(readVmlinuxBtf(), directReads);
  const compileAll = (texts: readonly string[], variable: Variable, option: string, name: string) => {
    if (texts.length === 0) return undefined;
    if (texts.length > MetadataLimit.MetadataValues)
      throw new AgentFailure(
        'bad-condition',
        `There are ${texts.length} expressions (${option}), and ${MetadataLimit.MetadataValues} is the most.`,
        'Leave some of them out.',
      );
    const values = texts.map((text) => placed(option, text, () => compiler.value(text, variable)));
    const members = values.map(({ type }, nth) => ({
      ...valueLayout(type, compiler.types),
      name: texts[nth] ?? '',
      type: compiler.types.describe(type),
      bitOffset: nth * VALUE_BITS,
      bits: VALUE_BITS,
    }));
    metadata.layouts.push({ name, bytes: (values.length * VALUE_BITS) / 8, members });
    return chosenByNumber(values.map(({ code }) => code));
  };
  metadata.skbMetadata = compileAll(skbMetadata, SKB, '--output-skb-metadata, "skbMetadata"', SKB_METADATA);
  metadata.xdpMetadata = compileAll(xdpMetadata, XDP, '--output-xdp-metadata, "xdpMetadata"', XDP_METADATA);
  return metadata;
}

const VALUE_BITS = 64;

/** Values are extended to 64 bits as their type's sign says. */
function valueLayout(type: CType, types: KernelTypes): Pick<MemberLayout, 'kind' | 'values'> {
  if (type.kind !== 'int') return { kind: 'pointer' };
  if (type.isBool === true) return { kind: 'bool' };
  const values = types.valueNames(type);
  return { kind: type.signed ? 'signed' : 'unsigned', ...(values.length > 0 && { values }) };
}

/** One function with the number of the one that is wanted behind the argument of all. */
function chosenByNumber(bodies: readonly (readonly Instruction[])[]): Instruction[] {
  const asm = new Assembler();
  const [first = [], ...others] = bodies;
  const labels = others.map(() => new Label());
  for (const [nth, label] of labels.entries()) asm.jumpTo(label, jump64('jeq', R2, nth + 1));
  asm.emit(...first);
  for (const [nth, body] of others.entries()) {
    const label = labels[nth];
    if (label !== undefined) asm.bind(label);
    asm.emit(...body);
  }
  return asm.instructions;
}

function compile(compiler: ExpressionCompiler, text: string, variable: Variable, option: string) {
  return placed(option, text, () => compiler.condition(text, variable));
}

/** @throws AgentFailure `bad-condition` in place of a fault */
function placed<T>(option: string, text: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    throw new AgentFailure('bad-condition', faultText(option, text, error), error.remedy);
  }
}
