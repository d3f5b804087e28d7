/** What can stand at a place of an expression about `skb` or `xdp` (common/expression/), by a kernel's types. */
import type { ExpressionCompiler, Variable } from '../../../common/expression/compile.ts';
import { ExpressionFault } from '../../../common/expression/fault.ts';
import type { NamedMember } from '../../../common/expression/kernel-types.ts';
import { type Token, tokens } from '../../../common/expression/lexer.ts';
import type { CType } from '../../../common/expression/types.ts';

/** A kernel that is not to be trusted may have others. */
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Members without bytes that begin and end parts of structures (include/linux/cache.h). */
const GROUP_MARK = '__cacheline_group_';

export interface ExpressionCompletion {
  kind: 'variable' | 'member';
  text: string;
  /** Its type as C writes it, of a bit field with its bits. */
  detail: string;
}

export interface ExpressionCompletions {
  /** Where the word begins that they stand in place of. */
  start: number;
  items: ExpressionCompletion[];
  /** A member is asked for, and no kernel's types are known. */
  wantsTypes: boolean;
}

/**
 * @param offset where in the text
 * @param compiler with the types of a kernel; undefined: none is known
 */
export function expressionCompletionsAt(
  text: string,
  offset: number,
  variable: Variable,
  compiler: ExpressionCompiler | undefined,
): ExpressionCompletions {
  const before = text.slice(0, offset);
  const nothing = { start: offset, items: [], wantsTypes: false };
  const found = tokensOf(before);
  if (found === undefined) return nothing;
  const last = found.at(-1);
  const word = last?.kind === 'word' && last.range.end === offset ? found.pop() : undefined;
  const start = word?.range.start ?? offset;
  const operator = found.pop();
  if (!isMemberOperator(operator)) {
    const items: ExpressionCompletion[] = mayBeginOperand(operator)
      ? [{ kind: 'variable', text: variable.name, detail: `struct ${variable.structure} *` }]
      : [];
    return { start, items, wantsTypes: false };
  }
  const operand = found[operandStart(found) ?? found.length];
  if (operand === undefined) return nothing;
  if (compiler === undefined) return { start, items: [], wantsTypes: true };
  const of = before.slice(operand.range.start, operator.range.start);
  const items = membersOf(of, operator.text, variable, compiler).map(({ name, type, width }) => ({
    kind: 'member' as const,
    text: name,
    detail: `${compiler.types.describe(type)}${width === undefined ? '' : ` : ${width}`}`,
  }));
  return { start, items, wantsTypes: false };
}

/** Without the end; undefined: it is no expression, or the place is within a number or a character. */
function tokensOf(text: string): Token[] | undefined {
  try {
    const found = tokens(text).slice(0, -1);
    const last = found.at(-1);
    return last?.kind === 'number' && last.range.end === text.length ? undefined : found;
  } catch (error) {
    if (error instanceof ExpressionFault) return undefined;
    throw error;
  }
}

function isMemberOperator(token: Token | undefined): token is Token & { kind: 'symbol' } {
  return token?.kind === 'symbol' && (token.text === '->' || token.text === '.');
}

function mayBeginOperand(before: Token | undefined): boolean {
  return before === undefined || (before.kind === 'symbol' && before.text !== ')' && before.text !== ']');
}

/** Index of the first token of what a member is asked of (ISO C 6.5.2); undefined: nothing that has members. */
function operandStart(found: readonly Token[]): number | undefined {
  for (let at: number | undefined = found.length - 1; at !== undefined; at--) {
    const token = found[at];
    if (token?.kind === 'word') {
      if (!isMemberOperator(found[at - 1])) return at;
      at--;
    } else if (token?.kind === 'symbol' && token.text === ']') {
      at = opening(found, at, '[', ']');
      if (at === undefined) return undefined;
    } else if (token?.kind === 'symbol' && token.text === ')') return opening(found, at, '(', ')');
    else return undefined;
  }
  return undefined;
}

function opening(found: readonly Token[], closing: number, open: string, close: string): number | undefined {
  let depth = 0;
  for (let at = closing; at >= 0; at--) {
    const token = found[at];
    if (token?.kind !== 'symbol') continue;
    if (token.text === close) depth++;
    if (token.text === open && --depth === 0) return at;
  }
  return undefined;
}

function membersOf(
  text: string,
  operator: string,
  variable: Variable,
  compiler: ExpressionCompiler,
): NamedMember[] {
  const { types } = compiler;
  let of: CType;
  try {
    of = compiler.type(text, variable);
  } catch (error) {
    if (error instanceof ExpressionFault) return [];
    throw error;
  }
  if (operator === '->') {
    if (of.kind === 'array') of = types.resolve(of.element);
    else if (of.kind === 'pointer') of = types.resolve(of.to);
    else return [];
  }
  if (of.kind !== 'record') return [];
  return types.members(of.id).filter(({ name }) => IDENTIFIER.test(name) && !name.startsWith(GROUP_MARK));
}
