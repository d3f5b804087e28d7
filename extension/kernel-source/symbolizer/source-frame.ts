/** A source line; the innermost function of a place comes first, then those that it was inlined into. */
export interface SourceFrame {
  function: string;
  /** Relative to the checkout; undefined when it has no such file. */
  path: string | undefined;
  /** As in the debug information, for display. */
  file: string;
  /** From 1. */
  line: number;
}

/** Inline functions (include/linux/skbuff.h, netdevice.h) that only free a packet: their caller drops it. */
const FREES_PACKET = /^(?:dev_)?kfree_skb(?:_any|_irq|_list|_reason)*$/;

/**
 * The frame to open: the innermost in the checkout, past what only frees a packet, or all drops by kfree_skb()
 * would be in its one line.
 * @returns undefined when the checkout has none of the files
 */
export function shownFrame(frames: readonly SourceFrame[]): (SourceFrame & { path: string }) | undefined {
  const located = frames.flatMap((frame) => {
    const { path } = frame;
    return path === undefined ? [] : [{ ...frame, path }];
  });
  return located.find((frame) => !FREES_PACKET.test(frame.function)) ?? located[0];
}

/** `net/ipv4/ip_input.c:123 (inlined in ip_rcv, net/ipv4/ip_input.c:530)`; empty when there are no frames. */
export function lineText(frames: readonly SourceFrame[]): string {
  const [first, ...callers] = frames;
  if (first === undefined) return '';
  const place = ({ path, file, line }: SourceFrame) => `${path ?? file}:${line}`;
  const chain = callers.map((frame) => `inlined in ${frame.function}, ${place(frame)}`);
  return chain.length === 0 ? place(first) : `${place(first)} (${chain.join('; ')})`;
}
