/** Values of options as users give them: words of a command line, and JSON of a debug configuration. */
import { mostSimilar } from '../../../common/similar.ts';
import { defaultOf, type Option, type OptionValue } from './option.ts';

/** What a value is not: the end of the sentence "… is", such as `a number from 1 up, not "0"`. */
export class Mismatch {
  constructor(
    readonly what: string,
    readonly given: unknown,
  ) {}

  toString(): string {
    return `${this.what}, not ${JSON.stringify(this.given)}`;
  }
}

/**
 * Of an option that was given on a command line.
 * @param words what followed it each time; undefined: nothing, which only a toggle allows
 */
export function readWords(option: Option, words: readonly (string | undefined)[]): OptionValue | Mismatch {
  const value = readAsJson(option, words);
  if (!(value instanceof Mismatch)) return value;
  return new Mismatch(value.what, option.type === 'list' ? words.join(',') : words.at(-1));
}

function readAsJson(option: Option, words: readonly (string | undefined)[]): OptionValue | Mismatch {
  const word = words.at(-1);
  switch (option.type) {
    case 'toggle':
      return readJson(option, word === undefined ? true : (truth(word) ?? word));
    case 'number':
      return readJson(option, wholeNumber(word ?? '') ?? word);
    case 'list':
      return readJson(
        option,
        words.flatMap((each) => each?.split(',') ?? []),
      );
    default:
      return readJson(option, word);
  }
}

/** Of an option as a debug configuration has it; undefined, null and the empty text: by default. */
export function readJson(option: Option, given: unknown): OptionValue | Mismatch {
  const value = typeof given === 'string' ? given.trim() : given;
  if (value === undefined || value === null || value === '') return defaultOf(option);
  switch (option.type) {
    case 'toggle':
      return typeof value === 'boolean' ? value : new Mismatch('true or false', given);
    case 'text': {
      if (typeof value !== 'string') return new Mismatch('a text', given);
      const wanted = option.wants?.(value);
      return wanted === undefined ? value : new Mismatch(wanted, given);
    }
    case 'number': {
      const { least, most = Number.MAX_SAFE_INTEGER } = option;
      if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most)
        return value;
      const range = option.most === undefined ? `from ${least} up` : `from ${least} to ${option.most}`;
      return new Mismatch(`a number ${range}`, given);
    }
    case 'choice':
      return typeof value === 'string' && Object.hasOwn(option.choices, value)
        ? value
        : new Mismatch(`one of ${Object.keys(option.choices).join(', ')}`, given);
    case 'list': {
      if (!Array.isArray(value) || !value.every((each) => typeof each === 'string'))
        return new Mismatch('a list of texts', given);
      const texts = value.map((each) => each.trim()).filter((each) => each !== '');
      const wanted = texts.map((each) => option.wants?.(each)).find((each) => each !== undefined);
      return wanted === undefined ? texts : new Mismatch(wanted, given);
    }
  }
}

/** The choice that was probably meant. */
export function similarChoice(option: Option, { given }: Mismatch): string | undefined {
  if (option.type !== 'choice' || typeof given !== 'string') return undefined;
  return mostSimilar(given, Object.keys(option.choices));
}

/** As pwru's flags are switched on and off (Go's strconv.ParseBool). */
function truth(word: string): boolean | undefined {
  if (/^(1|t|T|true|TRUE|True)$/.test(word)) return true;
  return /^(0|f|F|false|FALSE|False)$/.test(word) ? false : undefined;
}

/** As pwru's flags take numbers (Go's strconv.ParseUint, base 0): 100, 1_000, 0x64, 0o144, 0144, 0b1100100. */
function wholeNumber(word: string): number | undefined {
  const digits = word.replace(/(?<=[\da-fxob])_(?=[\da-f])/gi, '');
  if (/^0[0-7]+$/.test(digits)) return parseInt(digits, 8);
  return /^(0|[1-9]\d*|0x[\da-f]+|0o[0-7]+|0b[01]+)$/i.test(digits) ? Number(digits) : undefined;
}
