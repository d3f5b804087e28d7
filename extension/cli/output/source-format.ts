/** What the `source` command prints, as text and as the objects of docs/json.md. */
import type { Resolution } from '../../kernel-source/resolve/resolve.ts';
import { FunctionFlag } from '../../kernel-source/c/scanner/facts.ts';
import { jsonLine } from './json-format.ts';

/** What making an index took. */
export interface IndexFigures {
  type: 'sourceIndex';
  files: number;
  functions: number;
  networkingMs: number;
  milliseconds: number;
  cpuMs: number;
  peakBytes: number;
  indexBytes: number;
  cacheBytes: number;
}

export function figuresText(figures: IndexFigures, cacheFile: string): string {
  return (
    `${figures.functions} functions in ${figures.files} files\n` +
    `time    ${seconds(figures.milliseconds)} s, networking after ${seconds(figures.networkingMs)} s; ` +
    `${seconds(figures.cpuMs)} s of CPU\n` +
    `memory  ${megabytes(figures.peakBytes)} MB at most, index ${megabytes(figures.indexBytes)} MB\n` +
    `cache   ${megabytes(figures.cacheBytes)} MB in ${cacheFile}\n`
  );
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

/** The object `source`, as a line. */
export function jsonAnswer(name: string, module: string, { candidates, certain }: Resolution): string {
  return jsonLine({
    type: 'source',
    name,
    module: module === '' ? null : module,
    opened: certain,
    definitions: candidates.map(({ definition, evidence }) => ({
      file: definition.path,
      line: definition.line + 1,
      lastLine: definition.lastLine + 1,
      traceable: (definition.flags & FunctionFlag.Inline) === 0,
      why: evidence.map(({ text }) => text),
    })),
  });
}

/** The name, then a line for each definition, best first; `*` marks the one that would be opened. */
export function textAnswer(name: string, { candidates, certain }: Resolution): string {
  if (candidates.length === 0) return `${name}\n  not found\n`;
  const lines = candidates.map(({ definition, evidence }, rank) => {
    const mark = rank === 0 && certain ? '*' : ' ';
    const why = evidence.map(({ text }) => text).join(', ');
    return `${mark} ${definition.path}:${definition.line + 1}${why === '' ? '' : `  ${why}`}`;
  });
  return `${name}\n${lines.join('\n')}\n`;
}
