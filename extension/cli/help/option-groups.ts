import type { Option } from '../../tracing/options/option.ts';
import { TRACE_OPTION_GROUPS } from '../../tracing/options/trace-options.ts';
import { type CommandName, COMMANDS, type NamedOption, namedOptions } from '../options.ts';

export interface OptionGroup {
  title: string;
  options: NamedOption[];
}

/** A command's options: its own first, then those that traces have too, in their groups. */
export function optionGroups(name: CommandName): OptionGroup[] {
  const options = namedOptions(COMMANDS[name]);
  const ofTraces = Object.entries(TRACE_OPTION_GROUPS).map(([title, table]) => {
    const rows = Object.values<Option>(table);
    return { title, options: options.filter((option) => rows.includes(option)) };
  });
  const shared = new Set(ofTraces.flatMap((group) => group.options));
  const own = { title: 'Options', options: options.filter((option) => !shared.has(option)) };
  return [own, ...ofTraces].filter((group) => group.options.length > 0);
}
