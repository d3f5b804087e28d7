/**
 * What may stand at a place of a filter: grammar.y's rules as a walk over the tokens that never gives up, since
 * what is being typed is rarely a whole filter. It does not say whether a filter is valid: libpcap does.
 */
import { numberOf, type Token } from './lexer.ts';
import type { Operand } from './words/word.ts';

/** Qualifiers before an address, port or protocol. */
export interface Head {
  protocol?: string;
  direction?: string;
  /** `host`, `port`, `proto`, …; without it `host` is meant. */
  type?: string;
}

/** `protocol[offset:size]`; the offset only when it is a plain number. */
export interface Access {
  protocol: string;
  offset: number | undefined;
  size: number;
}

export type Position =
  /** A test begins; or, after `and` and `or`, an address or port with the qualifiers of the last one. */
  | { at: 'test'; head: Head }
  /** After a protocol or direction: more qualifiers, an address; after a protocol also the next test. */
  | { at: 'qualified'; head: Head }
  /** After `src or`: the other direction. */
  | { at: 'other-direction'; head: Head }
  /** The address, port or protocol itself. */
  | { at: 'id'; head: Head }
  | { at: 'operand'; operand: Operand }
  /** After a whole test. `maskable`: an IPv4 network that a mask may follow. */
  | { at: 'end'; maskable: boolean }
  | { at: 'offset'; protocol: string }
  | { at: 'size' }
  /** After a number or packet data, within brackets or not. */
  | { at: 'operator'; access: Access | undefined; inBrackets: boolean }
  /** After an operator. */
  | { at: 'value'; access: Access | undefined; operator: string; inBrackets: boolean };

export const comparisons = ['=', '==', '!=', '<', '>', '<=', '>='];
const logical: Record<string, 'and' | 'or' | 'not'> = { '&&': 'and', '||': 'or', '!': 'not' };

/** The words `and`, `or` and `not`, or the symbols for them. */
export function logicalOf({ kind, text, word }: Token): 'and' | 'or' | 'not' | undefined {
  if (word?.kind === 'logical') return text as 'and' | 'or' | 'not';
  return kind === 'symbol' ? logical[text] : undefined;
}

/**
 * The position before each token, and last the one after all.
 * @param tokens without comments
 */
export function positionsOf(tokens: readonly Token[]): Position[] {
  const walk = new Walk();
  const before = tokens.map((token, index) => {
    const position = walk.position;
    walk.read(token, tokens[index - 1]);
    return position;
  });
  return [...before, walk.position];
}

interface Brackets {
  protocol: string;
  /** What stood in them so far. */
  offset: Token[];
  size: number | undefined;
}

class Walk {
  position: Position = { at: 'test', head: {} };
  private head: Head = {};
  private readonly brackets: Brackets[] = [];
  private compared = false;

  read(token: Token, previous: Token | undefined): void {
    const logic = logicalOf(token);
    if (logic === 'not') this.position = { at: 'test', head: this.head };
    else if (logic !== undefined) this.join();
    else if (token.kind === 'symbol') this.symbol(token, previous);
    else if (token.word !== undefined) this.word(token);
    else this.operand(token);
    this.note(token);
  }

  private get inBrackets(): boolean {
    return this.brackets.length > 0;
  }

  private join(): void {
    const { position } = this;
    const pair = position.at === 'qualified' && position.head.direction !== undefined;
    this.compared = false;
    this.position = pair ? { at: 'other-direction', head: position.head } : { at: 'test', head: this.head };
  }

  /** Keeps what stands in brackets. */
  private note(token: Token): void {
    const brackets = this.brackets.at(-1);
    if (brackets === undefined || token.text === '[' || token.text === ':') return;
    if (brackets.size === undefined) brackets.offset.push(token);
    else brackets.size = numberOf(token) ?? 1;
  }

  private symbol({ text }: Token, previous: Token | undefined): void {
    const { position, inBrackets } = this;
    const brackets = this.brackets.at(-1);
    if (text === '[') {
      const protocol = previous?.word?.kind === 'protocol' ? previous.text : '';
      this.brackets.push({ protocol, offset: [], size: undefined });
      this.position = { at: 'offset', protocol };
    } else if (text === ']' && brackets !== undefined) {
      this.brackets.pop();
      this.position = { at: 'operator', access: accessOf(brackets), inBrackets: this.inBrackets };
    } else if (text === ':' && brackets !== undefined) {
      brackets.size = 1;
      this.position = { at: 'size' };
    } else if (text === ')') {
      const arithmetic = position.at === 'operator';
      this.position = arithmetic ? position : { at: 'end', maskable: false };
    } else if (text !== '(' && (position.at === 'operator' || position.at === 'operand')) {
      const access = position.at === 'operator' ? position.access : undefined;
      if (comparisons.includes(text)) this.compared = true;
      this.position = { at: 'value', access, operator: text, inBrackets };
    }
  }

  private word(token: Token): void {
    const { position } = this;
    const { text, word } = token;
    const given = position.at === 'qualified' || position.at === 'other-direction' ? position.head : {};
    switch (word?.kind) {
      case 'direction':
        this.position = { at: 'qualified', head: { ...given, direction: text } };
        break;
      case 'type':
        this.head = { ...given, type: text === 'mask' ? 'net' : text };
        this.position = { at: 'id', head: this.head };
        break;
      case 'protocol':
        if (position.at === 'id') this.operand(token);
        else this.position = { at: 'qualified', head: { protocol: text } };
        break;
      case 'primitive': {
        const operand = word.operand ?? 'nothing';
        this.compared = false;
        this.position = operand === 'nothing' ? { at: 'end', maskable: false } : { at: 'operand', operand };
        break;
      }
      case 'length':
        this.position = { at: 'operator', access: undefined, inBrackets: this.inBrackets };
        break;
      default: // named numbers
        this.operand(token);
    }
  }

  /** A number, name or address. */
  private operand(token: Token): void {
    const { position, inBrackets } = this;
    switch (position.at) {
      case 'offset':
        this.position = { at: 'operator', access: undefined, inBrackets };
        break;
      case 'value':
        this.position =
          this.compared && !inBrackets
            ? { at: 'end', maskable: false }
            : { at: 'operator', access: position.access, inBrackets };
        break;
      case 'qualified':
      case 'other-direction':
        this.head = position.head;
        this.position = { at: 'end', maskable: false };
        break;
      case 'test':
        this.position =
          numberOf(token) !== undefined && position.head.type === undefined
            ? { at: 'operator', access: undefined, inBrackets }
            : { at: 'end', maskable: false };
        break;
      case 'id':
        this.position = { at: 'end', maskable: position.head.type === 'net' && token.kind === 'ipv4' };
        break;
      case 'operand':
        this.position =
          position.operand === 'byte-test'
            ? { at: 'operator', access: undefined, inBrackets }
            : { at: 'end', maskable: false };
        break;
      case 'size':
      case 'operator':
      case 'end':
        break;
    }
  }
}

function accessOf({ protocol, offset, size }: Brackets): Access {
  const [only, ...more] = offset;
  const plain = only !== undefined && more.length === 0 ? numberOf(only) : undefined;
  return { protocol, offset: plain, size: size ?? 1 };
}
