/** A value of an option that is not its default: as a word of a command line, and as a debug configuration has it. */
import type { Option } from '../../../extension/tracing/options/option.ts';

export function sampleOf(option: Option): { word: string; json: unknown } {
  switch (option.type) {
    case 'toggle': {
      const json = option.default !== true;
      return { word: String(json), json };
    }
    case 'number': {
      const json = option.default === option.least ? option.least + 1 : option.least;
      return { word: String(json), json };
    }
    case 'choice': {
      const word = Object.keys(option.choices).find((name) => name !== option.default) ?? '';
      return { word, json: word };
    }
    case 'text':
      return { word: option.example, json: option.example };
    case 'list':
      return { word: option.example, json: option.example.split(',') };
  }
}
