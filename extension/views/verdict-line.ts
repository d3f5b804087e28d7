import type { FilterVerdict } from '../filter/verdict.ts';

export interface VerdictLine {
  severity: 'error' | 'warning' | 'info';
  message: string;
}

/** The line below the filter box. Worth a warning: a kind of packet that the filter cannot tell apart. */
export function verdictLine({ ok, message, remedy, optimized, l2, l3 }: FilterVerdict): VerdictLine {
  if (!ok) return { severity: 'error', message: [`${message}.`, remedy].join(' ').trim() };
  const partly = !l2.ok || !l3.ok || l2.everyPacket !== l3.everyPacket;
  return { severity: partly || !optimized ? 'warning' : 'info', message };
}
