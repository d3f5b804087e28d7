import { numberWords } from './numbers.ts';
import { primitiveWords } from './primitives.ts';
import { protocolWords } from './protocols.ts';
import { qualifierWords } from './qualifiers.ts';
import type { Word, Words } from './word.ts';

/** Every word of libpcap's filter language. Words are in small letters; others are names. */
export const vocabulary: Words = {
  ...qualifierWords,
  ...protocolWords,
  ...primitiveWords,
  ...numberWords,
};

export function wordOf(text: string): Word | undefined {
  return Object.hasOwn(vocabulary, text) ? vocabulary[text] : undefined;
}
