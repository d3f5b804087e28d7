/** Comparison and logical operators where the language has none, or another one. */
import { replaced, without } from '../edits.ts';
import { type Problem, type RecoveryRule } from './problem.ts';
import { ports } from './wireshark.ts';

/** `port == 80`, `host != 10.0.0.1`, `tcp = 80`: a primitive names its value without an operator. */
const comparedPrimitive: RecoveryRule = ({ text, range, before }) => {
  const [operator] = /^(?:==|=|!=|<>|<=|>=|<|>)/.exec(text.slice(range.start)) ?? [];
  if (operator === undefined || /\]\s*$|\b(?:0x[\da-f]+|\d+|len)\s*$/i.test(before)) return undefined;
  const end = range.start + operator.length;
  const [, value = ''] = /^\s*([^\s()]+)/.exec(text.slice(end)) ?? [];
  const [head = '', qualifiers = '', kind = ''] =
    /((?:\b(?:ether|ip6?|arp|tcp|udp|sctp)\s+)?(?:\b(?:src|dst)\s+)?)\b(\w+)\s*$/.exec(before) ?? [];
  const place = { start: range.start - head.length, end: text.indexOf(value, end) + value.length };
  const repair = (term: string) => replaced(text, place, term);
  const repairs: string[] = [];
  const not = operator === '!=' || operator === '<>' ? 'not ' : '';
  if (kind === 'port' && /^[<>]=?$/.test(operator)) {
    const range = ports(qualifiers, operator as '<' | '>' | '<=' | '>=', value);
    if (range !== undefined) repairs.push(repair(range));
  } else if (/^[<>]/.test(operator) && not === '') return undefined;
  else if (/^(?:tcp|udp|sctp)$/.test(kind)) repairs.push(repair(`${not}${kind} port ${value}`));
  else {
    repairs.push(repair(`${not}${qualifiers}${kind} ${value}`));
    repairs.push(repair(`${not}${qualifiers}${kind} host ${value}`));
  }
  return {
    code: 'comparison',
    explanation: `Values follow their keyword without an operator ("port 80", "not host 10.0.0.1"); "${operator}" compares bytes, as in "ip[8] < 5".`,
    repairs,
  };
};

/** `=<`, `=>`, `<>`, `===` between numbers. */
const misspeltComparison: RecoveryRule = ({ text, range }) => {
  const operator = [...text.matchAll(/=<|=>|<>|===|!==|=!/g)].find(
    ({ index }) => index <= range.start && range.start <= index + 2,
  );
  const meant =
    operator && { '=<': '<=', '=>': '>=', '<>': '!=', '===': '=', '!==': '!=', '=!': '!=' }[operator[0]];
  if (operator === undefined || meant === undefined) return undefined;
  const place = { start: operator.index, end: operator.index + operator[0].length };
  return {
    code: 'comparison',
    explanation: `The comparisons are =, !=, <, <=, > and >=; "${operator[0]}" is none of them.`,
    range: place,
    repairs: [replaced(text, place, meant)],
  };
};

/** `&` and `|` between terms, `&&` and `||` between numbers. */
const logical: RecoveryRule = (problem) => {
  const { text, range, before } = problem;
  const [operator] = /^(?:&&?|\|\|?|and\b|or\b)/.exec(text.slice(range.start)) ?? [];
  if (operator === undefined) return undefined;
  const place = { start: range.start, end: range.start + operator.length };
  const both = operator.startsWith('&') || operator === 'and';
  if (insideComparison(problem)) {
    return {
      code: 'bit-operator',
      explanation: `"${operator}" joins terms; bits of a number are combined by "${both ? '&' : '|'}".`,
      repairs: [
        text.slice(0, range.start) + text.slice(range.start).replace(operator, both ? '&' : '|'),
        bitsOnly(text),
      ],
    };
  }
  if (/[-+*/&|^%]\s*$/.test(before)) {
    const repairs = [without(text, place)];
    return { code: 'bit-operator', explanation: `A number is missing before "${operator}".`, repairs };
  }
  if (operator.length > 1) return undefined;
  const word = both ? 'and' : 'or';
  const all = text.replace(/\s*(?<![&|])[&|](?![&|])\s*/g, (found) =>
    found.includes('&') ? ' and ' : ' or ',
  );
  return {
    code: 'logical-operator',
    explanation: `"${operator}" combines bits of numbers; terms are joined by "${word}" or "${operator}${operator}".`,
    range: place,
    repairs: [replaced(text, place, `${operator}${operator}`).replace(operator.repeat(2), word), all].map(
      (repair) => repair.replace(/(\S)(and|or)(?=\s)/, '$1 $2'),
    ),
  };
};

function insideComparison({ before, after }: Problem): boolean {
  return /(?:\]|\btcp-\w+|\bicmp6?-\w+|\b0x[\da-f]+)\s*$/i.test(before) && /[=<>]/.test(after);
}

function bitsOnly(text: string): string {
  return text.replace(
    /(\]|tcp-\w+)\s*(&&|\|\||\band\b|\bor\b)\s*(?=tcp-|0x|\d)/g,
    (_, left: string, operator: string) => {
      return `${left} ${operator === '&&' || operator === 'and' ? '&' : '|'} `;
    },
  );
}

/** `and tcp`, `tcp or`, `tcp and or udp`. */
const dangling: RecoveryRule = ({ text, range, word, before, after, atEnd }) => {
  if (atEnd) {
    if (!/^(?:and|or|not|!|&&|\|\|)$/.test(word)) return undefined;
    return {
      code: 'missing-term',
      explanation: `A term is missing after "${word}".`,
      repairs: [before.replace(/\s*(?:(?:\b(?:and|or|not)\b|&&|\|\||!)\s*)+$/, '').trimEnd()],
    };
  }
  if (!/^(?:and|or|&&|\|\|)$/.test(word)) return undefined;
  const [previous] = /(?:\b(?:and|or|not)|&&|\|\||[!(])\s*$/.exec(before) ?? [];
  if (previous === undefined && before.trim() !== '') return undefined;
  const repairs = [without(text, range)];
  if (previous !== undefined && !/[!(]|not/.test(previous))
    repairs.push(`${before.slice(0, before.length - previous.length)}${word}${after}`);
  return {
    code: 'missing-term',
    explanation: `A term is missing before "${word}".`,
    repairs,
    ...(previous !== undefined && previous.trim() !== word && { ambiguous: true as const }),
  };
};

export const operators: readonly RecoveryRule[] = [misspeltComparison, dangling, comparedPrimitive, logical];
