import type { SourceFrame } from './symbolizer.ts';

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
