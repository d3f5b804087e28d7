/**
 * What a JSON value must look like. A shape says in a few words what is wrong with a value, beginning with where in it:
 * `.pid is a text, not a number`. What it lets through is its type, so that the compiler holds a table of shapes
 * (messages.ts) to the interfaces that it stands for: a field without a shape, or with another one, does not compile.
 */
export type Shape<T> = ((value: unknown) => string | undefined) & {
  /** Never there; makes shapes of different types different. */
  readonly lets?: (value: T) => T;
};

interface Optional<T> {
  readonly optional: Shape<T>;
}

type Fields<T> = {
  [K in keyof T]-?: undefined extends T[K] ? Optional<Exclude<T[K], undefined>> : Shape<T[K]>;
};

/** How much of a value a text about it quotes. */
const QUOTED = 40;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Of at most so many UTF-16 code units. */
export function text(limit: number): Shape<string> {
  return (value) => {
    if (typeof value !== 'string') return mismatch(value, 'a text');
    return value.length > limit ? ` has ${value.length} characters, more than ${limit}` : undefined;
  };
}

/** Decimal digits, of a number that may be too large for a double. */
export const wholeNumberText: Shape<string> = (value) =>
  typeof value === 'string' && /^-?\d{1,20}$/.test(value)
    ? undefined
    : mismatch(value, 'a whole number in a text');

export function whole(limit = Number.MAX_SAFE_INTEGER, least = 0): Shape<number> {
  return (value) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) return mismatch(value, 'a whole number');
    return value < least || value > limit ? ` is ${value}, not within ${least} and ${limit}` : undefined;
  };
}

export const truth: Shape<boolean> = (value) =>
  typeof value === 'boolean' ? undefined : mismatch(value, 'true or false');

export function literal<T extends string>(only: T): Shape<T> {
  return (value) => (value === only ? undefined : mismatch(value, `"${only}"`));
}

/** @param words every word that there is; a record, so that the compiler finds one that is left out */
export function oneOf<T extends string>(words: Record<T, true>): Shape<T> {
  return (value) => {
    if (typeof value === 'string' && Object.hasOwn(words, value)) return undefined;
    return mismatch(value, `one of ${Object.keys(words).join(', ')}`);
  };
}

export function nullOr<T>(shape: Shape<T>): Shape<T | null> {
  return (value) => (value === null ? undefined : shape(value));
}

export function optional<T>(shape: Shape<T>): Optional<T> {
  return { optional: shape };
}

export function list<A extends readonly unknown[]>(item: Shape<A[number]>, limit: number): Shape<A> {
  return (value) => {
    if (!Array.isArray(value)) return mismatch(value, 'a list');
    if (value.length > limit) return ` has ${value.length} entries, more than ${limit}`;
    for (let index = 0; index < value.length; index++) {
      const problem = item(value[index]);
      if (problem !== undefined) return `[${index}]${problem}`;
    }
    return undefined;
  };
}

/** Names that are not known beforehand, each with a value. */
export function dictionary<T>(item: Shape<T>, limit: number): Shape<Record<string, T>> {
  return (value) => {
    if (!isObject(value)) return mismatch(value, 'an object');
    const entries = Object.entries(value);
    if (entries.length > limit) return ` has ${entries.length} entries, more than ${limit}`;
    for (const [name, each] of entries) {
      const problem = item(each);
      if (problem !== undefined) return `[${quoted(name)}]${problem}`;
    }
    return undefined;
  };
}

/** Fields that it does not name are let through. */
export function object<T extends object>(fields: Fields<T>): Shape<T> {
  const entries = Object.entries(fields as Record<string, Shape<unknown> | Optional<unknown>>);
  return (value) => {
    if (!isObject(value)) return mismatch(value, 'an object');
    for (const [name, field] of entries) {
      const mayLack = 'optional' in field;
      if (!Object.hasOwn(value, name)) {
        if (mayLack) continue;
        return `.${name} is missing`;
      }
      const problem = (mayLack ? field.optional : field)(value[name]);
      if (problem !== undefined) return `.${name}${problem}`;
    }
    return undefined;
  };
}

function mismatch(value: unknown, wanted: string): string {
  return ` is ${kindOf(value)}, not ${wanted}`;
}

function kindOf(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  return Array.isArray(value) ? 'a list' : 'an object';
}

/** The beginning of a text, in quotes. */
export function quoted(value: string): string {
  return JSON.stringify(value.length > QUOTED ? `${value.slice(0, QUOTED)}…` : value);
}
