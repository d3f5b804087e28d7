import type { SourceFrame } from './symbolizer.ts';

/** `net/ipv4/ip_input.c:123 (inlined in ip_rcv, net/ipv4/ip_input.c:530)`; empty when there are no frames. */
export function lineText(frames: readonly SourceFrame[]): string {
  const [first, ...callers] = frames;
  if (first === undefined) return '';
  const place = ({ path, file, line }: SourceFrame) => `${path ?? file}:${line}`;
  const chain = callers.map((frame) => `inlined in ${frame.function}, ${place(frame)}`);
  return chain.length === 0 ? place(first) : `${place(first)} (${chain.join('; ')})`;
}
