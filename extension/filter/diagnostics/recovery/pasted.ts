/** What comes along when a filter is pasted: quotes, a command, a comment, typographic characters. */
import { replaced } from '../edits.ts';
import { type Problem, type Recovery, type RecoveryRule } from './problem.ts';

const COMMAND = /^\s*(?:sudo\s+)?(?:(?:tcpdump|tshark|pwru|dumpcap)(?=\s|$))?/;
/** Options of tcpdump that take an argument, then any others. */
const OPTION =
  /^\s*-(?:-?(?:interface|count|snapshot-length)(?:\s+|=)\S+|[A-Za-z]*[BcCEFGijmMQrsTVwWyzZ]\s*[^\s-]\S*|-?[A-Za-z][\w-]*)(?=\s|$)/;

const commandLine: RecoveryRule = ({ text }) => {
  let end = COMMAND.exec(text)?.[0].length ?? 0;
  for (let option = OPTION.exec(text.slice(end)); option !== null; option = OPTION.exec(text.slice(end)))
    end += option[0].length;
  const start = text.length - text.trimStart().length;
  if (end <= start) return undefined;
  const rest = text.slice(end).trim();
  const quoted = /^(['"])(.*)\1$/.exec(rest)?.[2];
  return {
    code: 'command-line',
    explanation: 'A filter is only the expression, without the command and its options.',
    range: { start, end },
    repairs: [quoted ?? rest],
  };
};

const CHARACTERS: readonly (readonly [RegExp, string, string, string])[] = [
  [/[\u2010-\u2015\u2212]/g, '-', 'dash', 'This is a typographic dash; the filter language has "-".'],
  [
    /[\u00a0\u2000-\u200b\u202f\u3000\ufeff]/g,
    ' ',
    'space',
    'This is a special space character; use a plain one.',
  ],
  [/\u2260/g, '!=', 'comparison', 'The filter language writes this as "!=".'],
  [/\u2264/g, '<=', 'comparison', 'The filter language writes this as "<=".'],
  [/\u2265/g, '>=', 'comparison', 'The filter language writes this as ">=".'],
];

const typography: RecoveryRule = ({ text, word }) => {
  for (const [pattern, plain, code, explanation] of CHARACTERS)
    if (word.search(pattern) >= 0) return { code, explanation, repairs: [text.replace(pattern, plain)] };
  return undefined;
};

const quotes: RecoveryRule = ({ text, word }) => {
  if (!/^["'`\u2018-\u201f\u00ab\u00bb]/.test(word)) return undefined;
  const plain = text.replace(/["'`\u2018-\u201f\u00ab\u00bb]/g, '').trim();
  return {
    code: 'quotes',
    explanation: 'The filter language has no quotes; only a shell needs them around a filter.',
    repairs: [plain],
  };
};

const comment: RecoveryRule = ({ text, range, word }) => {
  if (word !== '#' && !text.startsWith('//', range.start)) return undefined;
  return {
    code: 'comment',
    explanation: 'The filter language has no comments.',
    range: { start: range.start, end: text.length },
    repairs: [text.slice(0, range.start).trimEnd()],
  };
};

const semicolon: RecoveryRule = ({ text, range, word, after }) => {
  if (word !== ';') return undefined;
  const joined = [' and ', ' or '].map((operator) => replaced(text, range, operator).replace(/ +/g, ' '));
  return {
    code: 'separator',
    explanation: 'Terms are joined by "and" or "or", and nothing ends a filter.',
    repairs: after.trim() === '' ? [text.slice(0, range.start).trimEnd()] : joined,
    ambiguous: true,
  };
};

const foreign: RecoveryRule = ({ word }: Problem): Recovery | undefined =>
  /[^\x20-\x7e\s]/.test(word)
    ? {
        code: 'character',
        explanation: 'The filter language consists of ASCII characters only.',
        repairs: [],
      }
    : undefined;

export const pasted: readonly RecoveryRule[] = [commandLine, typography, quotes, comment, semicolon, foreign];
