/** Parentheses and the brackets of byte access. */
import { replaced, without } from '../edits.ts';
import { type RecoveryRule } from './problem.ts';

const braces: RecoveryRule = ({ text, word }) => {
  if (!/^[{}]/.test(word)) return undefined;
  return {
    code: 'brackets',
    explanation: 'Terms are grouped by parentheses.',
    repairs: [text.replaceAll('{', '(').replaceAll('}', ')')],
  };
};

const empty: RecoveryRule = ({ text, range, before }) => {
  const [open] = /\(\s*$/.exec(before) ?? [];
  if (open === undefined || text[range.start] !== ')') return undefined;
  const place = { start: range.start - open.length, end: range.start + 1 };
  const rest = without(text, place);
  const withoutOperator = rest.replace(/(?:\b(?:and|or|not)|&&|\|\||!)\s*$/, '').trim();
  return {
    code: 'empty-parentheses',
    explanation: 'There is no term in the parentheses.',
    range: place,
    repairs: [withoutOperator, rest].filter((repair) => repair !== ''),
  };
};

const unopened: RecoveryRule = ({ text, range }) => {
  const bracket = text[range.start];
  if ((bracket !== ')' && bracket !== ']') || range.end > range.start + 1) return undefined;
  const open = bracket === ')' ? '(' : '[';
  if (count(text.slice(0, range.start), open) > count(text.slice(0, range.start), bracket)) return undefined;
  return {
    code: 'brackets',
    explanation: `There is no "${open}" for this "${bracket}".`,
    repairs: [without(text, range), text.replace(/\s*\)/g, ')').replace(/\)(?=[^()]*$)/, '')],
  };
};

const unclosed: RecoveryRule = ({ text, range, word, atEnd }) => {
  if (!word.startsWith('(') || !atEnd) return undefined;
  const missing = count(text, '(') - count(text, ')');
  return {
    code: 'brackets',
    explanation: 'This parenthesis is not closed.',
    range,
    repairs: missing > 0 ? [text.trimEnd() + ')'.repeat(missing), text.replace('(', '')] : [],
  };
};

const bytes: RecoveryRule = ({ text, shown, word, message, atEnd }) => {
  if (message.includes('data size'))
    return {
      code: 'byte-access',
      explanation: 'One, two or four bytes can be read at once: [offset:1], [offset:2] or [offset:4].',
      repairs: [],
    };
  if (atEnd && word === ']') {
    return {
      code: 'byte-access',
      explanation: 'Bytes have to be compared with something, as in "tcp[13] & 2 != 0".',
      repairs: [`${text.trimEnd()} != 0`],
    };
  }
  if (text[shown.start] !== '[') return undefined;
  const name = /[\w-]*$/.exec(text.slice(0, shown.start))?.[0] ?? '';
  const inside = text.slice(shown.start + 1);
  if (/^\s*(?::?\s*\]|$)/.test(inside))
    return { code: 'byte-access', explanation: `An offset is missing, as in "${name}[0]".`, repairs: [] };
  if (/^[^\]]*:\s*\]/.test(inside))
    return {
      code: 'byte-access',
      explanation: 'The number of bytes is missing: 1, 2 or 4.',
      repairs: [text.replace(/:\s*\]/, ']')],
    };
  const closing = /^\[[\w\s+*/&-]*?(?::\s*\d)?(?=\s*(?:[)=<>!]|$))/.exec(text.slice(shown.start))?.[0];
  if (closing === undefined || /^[^[]*\]/.test(inside)) return undefined;
  const at = shown.start + closing.trimEnd().length;
  const wrong = text[at] === ')' ? at + 1 : at;
  const closed = replaced(text, { start: at, end: wrong }, ']');
  return {
    code: 'brackets',
    explanation: 'This bracket is not closed.',
    repairs: [closed, `${closed} != 0`],
  };
};

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

export const brackets: readonly RecoveryRule[] = [bytes, empty, unopened, unclosed, braces];
