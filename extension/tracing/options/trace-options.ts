/**
 * The options of a trace, each described once. To add one: a row in the file of its group; `npm run options`, which
 * writes package.json's schema and the documents; and its use. Its value is `TraceOptions.KEY` in the terminal and
 * `LaunchConfiguration.KEY` in the editor; what the target is asked for goes there by the row's `request`. Read
 * option.ts next, which says what a row is.
 */
import type { AskedOfTarget } from '../../recording/capture.ts';
import { defaultOf, type Option, type OptionTable, type OptionValues } from './option.ts';
import { OUTPUT_OPTIONS } from './output-options.ts';
import { PACKET_OPTIONS } from './packet-options.ts';
import { PROBE_OPTIONS } from './probe-options.ts';
import { TARGET_OPTIONS } from './target-options.ts';

/** In groups, as help and documents show them. */
export const TRACE_OPTION_GROUPS: Readonly<Record<string, OptionTable>> = {
  'Which packets': PACKET_OPTIONS,
  'What to probe': PROBE_OPTIONS,
  'What to show': OUTPUT_OPTIONS,
  'How to reach the target': TARGET_OPTIONS,
};

export const TRACE_OPTIONS = { ...PACKET_OPTIONS, ...PROBE_OPTIONS, ...OUTPUT_OPTIONS, ...TARGET_OPTIONS };
export type TraceValues = OptionValues<typeof TRACE_OPTIONS>;

/** What the target is asked for, by these values; where one is left out, by default. */
export function askedOfTarget(values: {
  readonly [K in keyof TraceValues]?: TraceValues[K] | undefined;
}): AskedOfTarget {
  const asked: AskedOfTarget = { functions: null, backend: 'auto' };
  for (const [key, option] of Object.entries<Option>(TRACE_OPTIONS)) {
    const value = values[key as keyof TraceValues] ?? defaultOf(option);
    Object.assign(asked, option.request?.(value as never));
  }
  return asked;
}
