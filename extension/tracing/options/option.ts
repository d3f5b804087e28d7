/**
 * What a row of a table of options is, and the five types of them: `toggle`, `text`, `number`, `choice` and `list`.
 * A table (trace-options.ts) is an object: its keys are the names that options have in debug configurations and in
 * the program. The command line, its help, the documents, the schema of debug configurations and the request to the
 * target are made from rows.
 */
import type { AskedOfTarget } from '../../recording/capture.ts';

interface Row<V> {
  /** On the command line, without dashes; pwru's name where pwru has the option. Without: no option there. */
  name?: string;
  /** One letter, for the command line. */
  short?: string;
  /** Other names on the command line, which only the documents tell of. */
  aliases?: readonly string[];
  /** Debug configurations have it too, by its name in the table. */
  launch?: true;
  /** What it does; what is code stands in backticks, and no full stop at the end. */
  help: string;
  /** What only the documents say besides, in Markdown, such as where they tell more. */
  docs?: string;
  /** It is pwru's and has no effect here; says why, as a sentence, when it is given. */
  noEffect?: string;
  /** The kernel that it needs, as `6.10`, where not every kernel that can be traced has what it takes. */
  since?: string;
  /** It can be changed while tracing. */
  changes?: true;
  /** What the target is asked for. */
  request?(value: V): Partial<AskedOfTarget>;
}

export interface Toggle extends Row<boolean> {
  type: 'toggle';
  default?: true;
}

/** Empty: not given. */
export interface Text extends Row<string> {
  type: 'text';
  /** What help calls the value, as `FILE`. */
  value: string;
  /** A value as it is given, for the documents. */
  example: string;
  /** What of this machine it names, which shells complete; `path`: a file or a folder; `target`: a host, or local. */
  names?: 'path' | 'folder' | 'target';
  /** What the text should be, where it is not: "--name is the whole path of a folder, not …". */
  wants?(text: string): string | undefined;
}

/** A whole number. */
export interface NumberOption extends Row<number> {
  type: 'number';
  value: string;
  default: number;
  least: number;
  most?: number;
}

/** Without a default something else decides, and its value is undefined. */
export interface Choice<C extends string = string> extends Row<C> {
  type: 'choice';
  value: string;
  /** What there is to choose from, and what each means. */
  choices: Readonly<Record<C, string>>;
  default?: NoInfer<C>;
}

/** On the command line with commas, or several times. */
export interface List extends Row<readonly string[]> {
  type: 'list';
  value: string;
  /** As it is given on the command line. */
  example: string;
  /** As of a text, for each. */
  wants?(text: string): string | undefined;
}

export type Option = Toggle | Text | NumberOption | Choice | List;
export type OptionTable = Readonly<Record<string, Option>>;
export type OptionValue = boolean | string | number | undefined | readonly string[];

export const toggle = (row: Omit<Toggle, 'type'>): Toggle => ({ type: 'toggle', ...row });
export const text = (row: Omit<Text, 'type'>): Text => ({ type: 'text', ...row });
export const number = (row: Omit<NumberOption, 'type'>): NumberOption => ({ type: 'number', ...row });
export const list = (row: Omit<List, 'type'>): List => ({ type: 'list', ...row });
export function choice<C extends string>(row: ChoiceRow<C> & { default: NoInfer<C> }): DecidedChoice<C>;
export function choice<C extends string>(row: ChoiceRow<C>): Choice<C>;
export function choice<C extends string>(row: ChoiceRow<C>): Choice<C> {
  return { type: 'choice', ...row };
}

type ChoiceRow<C extends string> = Omit<Choice<C>, 'type'>;
type DecidedChoice<C extends string> = Choice<C> & { default: C };

type ValueOf<O> = O extends Toggle
  ? boolean
  : O extends Text
    ? string
    : O extends NumberOption
      ? number
      : O extends List
        ? readonly string[]
        : O extends DecidedChoice<infer C>
          ? C
          : O extends Choice<infer C>
            ? C | undefined
            : never;

/** What was asked for, by the names of the table. */
export type OptionValues<T extends OptionTable> = { -readonly [K in keyof T]: ValueOf<T[K]> };

/** What holds unless something else is asked for. */
export function defaultOf(option: Option): OptionValue {
  switch (option.type) {
    case 'toggle':
      return option.default === true;
    case 'text':
      return '';
    case 'list':
      return [];
    default:
      return option.default;
  }
}
