import { posix } from 'node:path';
import type { RawFrame } from '../resolver.ts';

/** Arguments, before the file's path, with which each tool reads addresses from stdin and repeats each first. */
export const TOOLS = {
  'llvm-symbolizer': ['--print-address', '--inlines', '--no-demangle', '--obj'],
  'eu-addr2line': ['--addresses', '--inlines', '--functions', '--exe'],
} as const satisfies Record<string, readonly string[]>;
export type Tool = keyof typeof TOOLS;

/**
 * Takes a tool's output as it comes. Both print the address, then for each function, innermost first, a line with
 * its name and one with `file:line:column`. Where an answer ends shows only when the next address follows.
 */
export class ToolAnswers {
  private rest = '';
  private answer: RawFrame[] | undefined;
  private name: string | undefined;

  constructor(private readonly onAnswer: (frames: RawFrame[]) => void) {}

  add(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.addLine(line);
  }

  private addLine(line: string): void {
    if (/^0x[\da-f]+$/i.test(line)) {
      if (this.answer !== undefined) this.onAnswer(this.answer);
      this.answer = [];
      this.name = undefined;
    } else if (this.name !== undefined) {
      const place = /^(.*?):(\d+)(?::\d+)?(?: \(.*\))?$/.exec(line);
      const [, file = '', number = ''] = place ?? [];
      if (place !== null && !file.startsWith('??'))
        this.answer?.push({
          function: this.name === '??' ? undefined : this.name,
          file: posix.normalize(file),
          line: Number(number),
        });
      this.name = undefined;
    } else if (line !== '') {
      this.name = line.replace(/ inlined at .*$/, ''); // elfutils adds that to the first
    }
  }
}
