/** What is wrong with an expression, and where. */
export interface Range {
  /** Offsets in the text; `end` is behind the last character. */
  start: number;
  end: number;
}

export class ExpressionFault extends Error {
  override readonly name = 'ExpressionFault';

  constructor(
    message: string,
    readonly range: Range,
    /** The next step; empty where there is none. */
    readonly remedy = '',
  ) {
    super(message);
  }
}
