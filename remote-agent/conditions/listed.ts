/** Some of the words, for a sentence; `none` where there are none. @param most that are told, the others are counted */
export function listed(words: readonly string[], most: number): string {
  if (words.length === 0) return 'none';
  const shown = words.slice(0, most).join(', ');
  return words.length > most ? `${shown}, and ${words.length - most} more` : shown;
}
