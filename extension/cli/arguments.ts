/** Arguments as options and words, by the table of options.ts; what they mean together is command-line.ts's. */
import { parseArgs } from 'node:util';
import { PacketTraceError } from '../base/errors.ts';
import { mostSimilar } from '../base/similar.ts';
import { type HelpTopic, OPTIONS } from './options.ts';

/** By the options' names: text for those with an argument. */
export type Values = Record<string, string | boolean | undefined>;

export interface Arguments {
  values: Values;
  positionals: string[];
  /** Whose help text tells more. */
  topic: HelpTopic;
}

/** @throws PacketTraceError `usage` for options that there are not, and for arguments that they lack */
export function parseArguments(args: readonly string[]): Arguments {
  const options = Object.fromEntries(
    OPTIONS.map(({ name, short, argument }) => [
      name,
      { type: argument === undefined ? ('boolean' as const) : ('string' as const), ...(short && { short }) },
    ]),
  );
  const { rest, switches } = takeSwitches(args);
  const config = { args: rest, options, allowPositionals: true };
  const [first, second] = parseArgs({ ...config, strict: false }).positionals;
  const topic = first === 'source' || (first === 'help' && second === 'source') ? 'source' : undefined;
  try {
    const { values, positionals } = parseArgs({ ...config, strict: true });
    return { values: { ...values, ...switches }, positionals, topic };
  } catch (error) {
    throw usage(refusal(error), topic);
  }
}

/** In words of ours, what node:util says of options. */
function refusal(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [, unknown] = /^Unknown option '(-[^']*)'/.exec(error.message) ?? [];
  if (unknown !== undefined) {
    const names = OPTIONS.map(({ name }) => name);
    const similar = mostSimilar(unknown.replace(/^-+/, ''), names);
    return `There is no option ${unknown}${didYouMean(similar && `--${similar}`)}.`;
  }
  // The message names the option; the advice about "--" after the first sentence is for programmers.
  return `${error.message.split('. ')[0] ?? ''}.`.replace('..', '.');
}

/** The end of a sentence about a word that there is not. */
export function didYouMean(word: string | undefined): string {
  return word === undefined ? '' : ` (did you mean ${word.startsWith('-') ? word : `"${word}"`}?)`;
}

/** `--output-meta=false`, which node:util has no form for. */
function takeSwitches(args: readonly string[]): { rest: string[]; switches: Record<string, boolean> } {
  const switches: Record<string, boolean> = {};
  const end = args.indexOf('--');
  const rest = args.filter((arg, i) => {
    const [, name, value] = /^--([a-z-]+)=(true|false)$/.exec(arg) ?? [];
    const isSwitch = OPTIONS.some((option) => option.name === name && option.on === true);
    if (!isSwitch || name === undefined || (end >= 0 && i > end)) return true;
    switches[name] = value === 'true';
    return false;
  });
  return { rest, switches };
}

/** @throws PacketTraceError `usage` for another value than those that are allowed */
export function oneOf<T extends string>(
  option: string,
  value: string | undefined,
  allowed: readonly T[],
): T | undefined {
  if (value === undefined) return undefined;
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw usage(`--${option} is one of ${allowed.join(', ')}, not "${value}".`);
  return found;
}

/** @param least the smallest that is allowed */
export function wholeNumber(option: string, value: string | undefined, least: 0 | 1): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value) || Number(value) < least)
    throw usage(`--${option} is a number from ${least} up, not "${value}".`);
  return Number(value);
}

export function usage(message: string, topic?: HelpTopic): PacketTraceError {
  const help = ['packet-trace', 'help', ...(topic === undefined ? [] : [topic])].join(' ');
  return new PacketTraceError('usage', message, `See "${help}".`);
}
