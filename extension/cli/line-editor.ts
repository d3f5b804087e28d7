import { StringDecoder } from 'node:string_decoder';
import { printable } from '../base/printable.ts';

export interface Answer {
  /** Undefined: none was given. */
  text: string | undefined;
  /** It was left with Ctrl-C, which in raw mode is no signal. */
  isInterrupt: boolean;
}

export const DECLINED: Answer = { text: undefined, isInterrupt: false };

/** The few keys that editing a line in raw mode needs; arrows and other keys that send sequences do nothing. */
export class LineEditor {
  #text = '';
  /** Within a key's sequence (ECMA-48): after ESC, after `ESC [` up to its final byte, after `ESC O` for one more. */
  #sequence: 'none' | 'begun' | 'csi' | 'ss3' = 'none';
  readonly #decoder = new StringDecoder('utf8');

  /** @param echo shows what is typed */
  constructor(private readonly echo: (text: string) => unknown) {}

  /** Takes what was typed, which may end within a character or a key's sequence; an answer once the line is complete. */
  type(bytes: Buffer): Answer | undefined {
    for (const character of this.#decoder.write(bytes)) {
      if (this.#isOfSequence(character)) continue;
      switch (character) {
        case '\r':
        case '\n':
          return { text: this.#text, isInterrupt: false };
        case '\x03': // Ctrl-C
          return { text: undefined, isInterrupt: true };
        case '\x04': // Ctrl-D
          return DECLINED;
        case '\x7f':
        case '\b':
          if (this.#text !== '') this.echo('\b \b');
          this.#text = [...this.#text].slice(0, -1).join('');
          break;
        case '\x15': // Ctrl-U
          this.echo('\b \b'.repeat([...this.#text].length));
          this.#text = '';
          break;
        default:
          this.#text += character;
          this.echo(printable(character));
      }
    }
    return undefined;
  }

  #isOfSequence(character: string): boolean {
    switch (this.#sequence) {
      case 'none':
        if (character === '\x1b') this.#sequence = 'begun';
        return character === '\x1b';
      case 'begun':
        // A lone ESC, or Alt with a key: what follows is text.
        this.#sequence =
          character === '[' ? 'csi' : character === 'O' ? 'ss3' : character === '\x1b' ? 'begun' : 'none';
        return this.#sequence !== 'none';
      case 'csi':
        // Parameters and intermediates; what is neither those nor a final byte belongs to no sequence.
        if (/[\x20-\x3f]/.test(character)) return true;
        this.#sequence = 'none';
        return /[\x40-\x7e]/.test(character);
      case 'ss3':
        this.#sequence = 'none';
        return /[\x40-\x7e]/.test(character);
    }
  }
}
