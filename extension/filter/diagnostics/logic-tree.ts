/** The logic of a filter: which terms are joined how. From libpcap's own parse. */
import type { Syntax, SyntaxNode, TextRange } from '../libpcap/syntax.ts';

interface Part extends TextRange {
  /** A filter that means the same when it stands alone. */
  source: string;
}

export interface Term extends Part {
  kind: 'term';
}

export interface Joined extends Part {
  kind: 'and' | 'or';
  left: LogicTree;
  right: LogicTree;
  operator: TextRange;
}

export interface Wrapped extends Part {
  /** In parentheses, or after `not`. */
  kind: 'group' | 'not';
  inner: LogicTree;
}

export type LogicTree = Term | Joined | Wrapped;

/** @returns undefined for a text that libpcap did not read to its end, or that is empty */
export function logicTreeOf(text: string, syntax: Syntax): LogicTree | undefined {
  const expression = syntax.stack.find(({ symbol }) => symbol === 'prog')?.children[1];
  return expression && new Reader(text).expression(expression);
}

class Reader {
  /** `tcp port` of the last term that had qualifiers: libpcap takes them for a value that has none. */
  private qualifiers = '';

  constructor(private readonly text: string) {}

  expression({ start, end, children }: SyntaxNode): LogicTree {
    const [first, operator, second] = children;
    if (first === undefined) return this.term({ start, end });
    if (operator === undefined || second === undefined) return this.negatable(first);
    const kind = operator.symbol === 'and' ? 'and' : 'or';
    const left = this.expression(first);
    const right = second.symbol === 'id' ? this.value(second) : this.negatable(second);
    const source = `${left.source} ${kind} ${right.source}`;
    return { kind, start, end, left, right, operator: { start: operator.start, end: operator.end }, source };
  }

  private negatable(node: SyntaxNode): LogicTree {
    const [first, second] = node.children;
    if (first === undefined) return this.term(node);
    if (second === undefined) return this.primary(first);
    const inner = this.negatable(second);
    return { kind: 'not', start: node.start, end: node.end, inner, source: `not ${inner.source}` };
  }

  private primary(node: SyntaxNode): LogicTree {
    const [first, second] = node.children;
    if (first?.symbol === 'paren' && second?.symbol === 'expr') {
      const inner = this.expression(second);
      return { kind: 'group', start: node.start, end: node.end, inner, source: `(${inner.source})` };
    }
    if (first?.symbol === 'head') this.qualifiers = this.text.slice(first.start, first.end);
    return this.term(node);
  }

  private value(node: SyntaxNode): Term {
    const value = this.term(node);
    return { ...value, source: `${this.qualifiers} ${value.source}` };
  }

  private term({ start, end }: TextRange): Term {
    return { kind: 'term', start, end, source: this.text.slice(start, end) };
  }
}

/** All parts, a part before those inside it. */
export function partsOf(tree: LogicTree): LogicTree[] {
  if (tree.kind === 'term') return [tree];
  if ('inner' in tree) return [tree, ...partsOf(tree.inner)];
  return [tree, ...partsOf(tree.left), ...partsOf(tree.right)];
}

export function joinedParts(tree: LogicTree): Joined[] {
  return partsOf(tree).filter((part): part is Joined => part.kind === 'and' || part.kind === 'or');
}

export function termsOf(tree: LogicTree): Term[] {
  return partsOf(tree).filter((part) => part.kind === 'term');
}

/** `a and b and c`: the operands of one operator on one level. */
export function operandsOf(tree: LogicTree, kind: 'and' | 'or'): LogicTree[] {
  return tree.kind === kind ? [...operandsOf(tree.left, kind), tree.right] : [tree];
}
