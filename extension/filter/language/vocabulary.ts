import type { Word, Words } from './words.ts';
import { numberWords } from './words-numbers.ts';
import { primitiveWords } from './words-primitives.ts';
import { protocolWords } from './words-protocols.ts';
import { qualifierWords } from './words-qualifiers.ts';

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
