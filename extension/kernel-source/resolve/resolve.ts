/**
 * Which of several definitions is meant. Definitions of one name, what its trace tells (evidence.ts) and what is
 * known of the kernel's options (kernel-config.ts) come in; candidates go out, the best first, each with its
 * reasons. Read this file first, then score.ts, which adds up build-evidence.ts and source-evidence.ts.
 */
import type { IndexedFunction } from '../index/source-index.ts';
import type { Reference } from './evidence.ts';
import type { KernelConfig } from './kernel-config.ts';
import { type Score, scoreOf } from './score.ts';

export interface Candidate extends Score {
  definition: IndexedFunction;
}

/** Best first. */
export interface Resolution {
  candidates: Candidate[];
  /** The first is clearly the one: open it without asking. */
  certain: boolean;
}

/** A lead that no weak hint alone gives. */
const CLEAR_LEAD = 60;

/** Definitions this near in one file are on one screen: which of them is opened does not matter. */
const SAME_PLACE_LINES = 3;

/**
 * Orders the definitions of a name by what is known of where it was seen.
 * @param filesOf the files that define a name
 */
export function resolveFunction(
  definitions: readonly IndexedFunction[],
  reference: Reference,
  config: KernelConfig,
  filesOf: (name: string) => readonly string[],
): Resolution {
  const neighbours = tellingNeighbours(definitions, reference.neighbours ?? [], filesOf);
  const candidates = definitions.map((definition) => ({
    definition,
    ...scoreOf(definition, { ...reference, neighbours }, config, filesOf),
  }));
  candidates.sort(
    (a, b) => b.score - a.score || placeOrder(a.definition) - placeOrder(b.definition) || compare(a, b),
  );
  const [first] = candidates;
  const rival = first && candidates.find((other) => !isSamePlace(first.definition, other.definition));
  const certain = first !== undefined && (rival === undefined || first.score - rival.score >= CLEAR_LEAD);
  return { candidates, certain };
}

/** The neighbours that only one of the definitions' files defines; all when there are none. */
function tellingNeighbours(
  definitions: readonly IndexedFunction[],
  neighbours: readonly string[],
  filesOf: (name: string) => readonly string[],
): readonly string[] {
  const files = new Set(definitions.flatMap(({ path, objectPath }) => [path, objectPath]));
  const telling = neighbours.filter((name) => filesOf(name).filter((file) => files.has(file)).length === 1);
  return telling.length > 0 ? telling : neighbours;
}

function isSamePlace(a: IndexedFunction, b: IndexedFunction): boolean {
  return a.path === b.path && Math.abs(a.line - b.line) <= SAME_PLACE_LINES;
}

const FOLDERS = ['net/core/', 'net/ipv4/', 'net/ipv6/', 'net/', 'kernel/', 'mm/', 'lib/', 'fs/', 'include/'];

/** Between equals: what deals with packets first, long bodies before stubs. */
function placeOrder({ path, line, lastLine }: IndexedFunction): number {
  const folder = FOLDERS.findIndex((prefix) => path.startsWith(prefix));
  return (folder < 0 ? FOLDERS.length : folder) - Math.min(lastLine - line, 99) / 100;
}

function compare(a: Candidate, b: Candidate): number {
  return a.definition.path < b.definition.path ? -1 : a.definition.line - b.definition.line;
}
