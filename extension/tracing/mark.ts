/** Bits of skb->mark that a packet must have. */
export interface Mark {
  value: number;
  /** Which are asked about. */
  mask: number;
}

export const MARK_FORM =
  'MARK or MARK/MASK, numbers of 32 bits in decimal or, behind 0x, in hexadecimal (0xa00/0xf00)';

const EVERY_BIT = 0xffff_ffff;

/** Reads `mark[/mask]`; undefined: it is none. */
export function parseMark(text: string): Mark | undefined {
  const [value, mask, ...others] = text.trim().split('/').map(number32);
  if (value === undefined || others.length > 0 || (text.includes('/') && mask === undefined))
    return undefined;
  return { value, mask: mask ?? EVERY_BIT };
}

function number32(text: string): number | undefined {
  if (!/^(?:0[xX][0-9a-fA-F]+|[0-9]+)$/.test(text)) return undefined;
  const value = Number(text);
  return value <= EVERY_BIT ? value : undefined;
}
