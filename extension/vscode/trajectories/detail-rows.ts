/** What the tree shows below a step: what it tells on request, opened level by level. Plain data, without VS Code. */
import { printable } from '../../base/printable.ts';
import { formatCount } from '../../base/numbers.ts';
import type { Detail } from '../../recording/extras/detail.ts';
import { type Row, markdownCode } from './rows.ts';

/** Those that are something, and behind them the others as one: they are many, and seldom what is looked for. */
export function shownDetails(details: readonly Detail[]): Detail[] {
  const zeros = details.filter(({ isZero }) => isZero === true);
  if (zeros.length < 2 || zeros.length === details.length) return [...details];
  const others = details.filter(({ isZero }) => isZero !== true);
  return [...others, { name: 'zero', value: formatCount(zeros.length, 'member'), inner: () => zeros }];
}

export function detailRow({ name, value, place, inner }: Detail): Row {
  const label = printable(name);
  const description = printable(value);
  const [id, color] =
    place !== undefined
      ? ['symbol-function', 'symbolIcon.functionForeground']
      : inner === undefined
        ? ['symbol-field', 'symbolIcon.fieldForeground']
        : ['symbol-structure', 'symbolIcon.structureForeground'];
  const spoken = description === '' ? label : `${label}, ${description}`;
  return { label, description, icon: { id, color }, spoken };
}

/** As Markdown: the member with its type, numbers in hexadecimal too. @param line where in the source the code is */
export function detailTooltip({ name, value, type }: Detail, line?: string): string {
  const facts = [
    [type, name].filter((part) => part !== undefined).join(' '),
    ...(value === '' ? [] : [value]),
    ...(/^[1-9]\d+$/.test(value) ? [`0x${BigInt(value).toString(16)}`] : []),
    ...(line === undefined ? [] : [line]),
  ];
  return facts.map(markdownCode).join('  \n');
}
