import type { FilterAnalysis } from '../../filter/diagnostics/diagnostic.ts';
import type { Completion } from '../../filter/language/completion.ts';

export interface VerdictLine {
  severity: 'error' | 'warning' | 'info';
  message: string;
}

/** The line below the filter box, which cannot underline: the gravest message, with the text that it is about. */
export function verdictLine(text: string, { verdict, diagnostics }: FilterAnalysis): VerdictLine {
  const { ok, optimized, l2, l3 } = verdict;
  const worst = ['error', 'warning'].flatMap((kind) =>
    diagnostics.filter(({ severity }) => severity === kind),
  )[0];
  if (!ok && worst === undefined) {
    return { severity: 'error', message: [`${verdict.message}.`, verdict.remedy].join(' ').trim() };
  }
  if (worst !== undefined) {
    const where = text.slice(worst.start, worst.end).trim();
    const whole = where === '' || where === text.trim();
    return {
      severity: worst.severity === 'error' ? 'error' : 'warning',
      message: `${whole ? '' : `${where}: `}${withoutPreamble(worst.message)}`,
    };
  }
  // Worth a warning: a kind of packet that the filter cannot tell apart.
  const partly = !l2.ok || !l3.ok || l2.everyPacket !== l3.everyPacket;
  return { severity: partly || !optimized ? 'warning' : 'info', message: verdict.message };
}

/** libpcap begins every syntax error with it, and a line has no room. */
function withoutPreamble(message: string): string {
  return message.replace("can't parse filter expression: ", '');
}

/** A text in two lines, the first of some `width` characters: a row of the list has no more. */
export function twoLines(text: string, width: number): [string, string] {
  if (text.length <= width) return [text, ''];
  const end = text.lastIndexOf(' ', width);
  return end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end + 1)];
}

/** Completions that begin with what is typed, without what is there already. */
export function matching(items: readonly Completion[], typed: string): Completion[] {
  return items.filter(({ text }) => text !== typed && text.startsWith(typed));
}
