/** What the rules of recovery are given, and what they answer. */
import type { NameTables } from '../../libpcap/names.ts';
import type { TextRange } from '../../libpcap/syntax.ts';

/** A filter that libpcap refuses, with the place of its message. */
export interface Problem {
  text: string;
  /** libpcap's words. */
  message: string;
  /** What is shown: where libpcap stopped, or what its message is about. */
  shown: TextRange;
  /** The token there; of a message about the meaning the same as what is shown. */
  range: TextRange;
  /** The text before, in and after that token. */
  before: string;
  word: string;
  after: string;
  /** The grammar refuses it, not the meaning. */
  syntax: boolean;
  /** It ends too early. */
  atEnd: boolean;
  names: NameTables;
}

/** A mistake that was recognised. */
export interface Recovery {
  /** Stable name of the kind of mistake. */
  code: string;
  /** Full sentences. */
  explanation: string;
  /** Where it is, if not where libpcap says. */
  range?: TextRange;
  /** Whole filters that may be meant, the most probable first; compiled before they are offered. */
  repairs: string[];
  /** More than one repair is as probable: none is preferred. */
  ambiguous?: true;
}

/** Undefined: not this kind of mistake. */
export type RecoveryRule = (problem: Problem) => Recovery | undefined;

/** The word that a range lies in, with everything that touches it but spaces and parentheses. */
export function wholeWord(text: string, { start, end }: TextRange): TextRange {
  const left = /[^\s()]*$/.exec(text.slice(0, start))?.[0].length ?? 0;
  const right = /^[^\s()]*/.exec(text.slice(end))?.[0].length ?? 0;
  return { start: start - left, end: end + right };
}

/** Before a value that a keyword asks for. */
export const VALUE_FOLLOWS = /\b(?:host|net|mask|port|portrange|proto|protochain|gateway|src|dst)\s*$/;

/** The qualifiers before a value: `tcp src port `. */
export const QUALIFIERS =
  /(?:\b(?:ether|ip6?|arp|rarp|tcp|udp|sctp)\s+)?(?:\b(?:src|dst)\s+(?:(?:or|and)\s+(?:src|dst)\s+)?)?\b(?:host|net|port|portrange|proto)\s+$/;
