/** What a scan of one C file finds at file scope. Lines count from 0. */

export const FunctionFlag = {
  Static: 1,
  /** Declared inline: a caller holds a copy, so there may be no symbol to trace. */
  Inline: 2,
  /** A parameter is a `struct sk_buff *`. */
  TakesSkb: 4,
  /** The name comes out of a macro; the line is that of the macro's use. */
  Generated: 8,
  /** A body of one line or none: what headers define for options that are off. */
  Stub: 16,
  /** Declared `__weak`: another definition replaces it where there is one. */
  Weak: 32,
} as const;

export interface FunctionFact {
  name: string;
  line: number;
  lastLine: number;
  /** Of FunctionFlag. */
  flags: number;
  /** The `#if` conditions around it, joined with `&&`; empty where there are none. */
  condition: string;
  /** For `static int NAME(x)(int a)`: the arguments of the macro that makes the name. */
  nameArguments?: readonly string[];
}

/** `MACRO(arguments)` at file scope. */
export interface Invocation {
  macro: string;
  arguments: readonly string[];
  line: number;
  lastLine: number;
  flags: number;
  condition: string;
  /** A function body follows: `BPF_CALL_1(f, int, a) {`. */
  hasBody: boolean;
}

export interface MacroDefinition {
  name: string;
  /** undefined for a macro without parameter list; a variadic one's last is `__VA_ARGS__` or its own name. */
  parameters: readonly string[] | undefined;
  variadic: boolean;
  /** Continuation lines joined with line ends. */
  body: string;
}

export interface FileFacts {
  functions: FunctionFact[];
  invocations: Invocation[];
  macros: MacroDefinition[];
  /** As written, with their quotes: `<linux/skbuff.h>`, `"sch.h"`. */
  includes: string[];
  /** What stands at the end of the text without body or semicolon; only the text of a macro has that. */
  tail: FunctionFact | Invocation | undefined;
}
