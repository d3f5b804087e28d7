/** Texts in lines that fit a terminal. */
const WIDTH = 79;

/** A term and its explanation, which is wrapped and indented. */
export function columns(term: string, explanation: string, indent: number): string {
  const begun = term.length < indent ? term.padEnd(indent) : `${term}\n${' '.repeat(indent)}`;
  return wrapped(begun, explanation, indent);
}

export function paragraph(text: string): string {
  return wrapped('', text, 0);
}

/** @param begun what stands before the first word, up to where the others are indented to */
function wrapped(begun: string, text: string, indent: number): string {
  const lines: string[] = [];
  let line = begun;
  for (const word of text.split(' ')) {
    const length = line.length - (line.lastIndexOf('\n') + 1);
    if (length + word.length > WIDTH) {
      lines.push(line.trimEnd());
      line = ' '.repeat(indent);
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()].join('\n');
}
