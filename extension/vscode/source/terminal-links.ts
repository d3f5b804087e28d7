import * as vscode from 'vscode';
import { stackTraceLinks, type StackTraceLink } from '../../kernel-source/stack-trace.ts';
import type { KernelCheckout } from './kernel-checkout.ts';
import type { KernelSourceOpener } from './open-kernel-source.ts';
import type { StackFrameLines } from './stack-frame-lines.ts';

interface FrameLink extends vscode.TerminalLink {
  frame: StackTraceLink;
}

/** Frames of kernel stack traces in terminals open their lines, or else their functions, in the kernel checkout. */
export class StackTraceLinks implements vscode.TerminalLinkProvider<FrameLink> {
  constructor(
    private readonly checkout: KernelCheckout,
    private readonly opener: KernelSourceOpener,
    private readonly lines: StackFrameLines,
  ) {}

  async provideTerminalLinks({ line }: vscode.TerminalLinkContext): Promise<FrameLink[]> {
    const frames = stackTraceLinks(line);
    if (frames.length === 0 || (await this.checkout.find()) === undefined) return [];
    return frames.map((frame) => ({
      startIndex: frame.start,
      length: frame.length,
      tooltip: tooltip(frame),
      frame,
    }));
  }

  handleTerminalLink({ frame }: FrameLink): Promise<void> {
    const line = (root: string) => this.lines.line(frame, root);
    const reference = { name: frame.symbol, module: frame.module, takesSkb: false };
    return this.opener.open(reference, frame.offset > 0 ? line : undefined);
  }
}

function tooltip({ symbol, isCertain }: StackTraceLink): string {
  const doubt = isCertain ? '' : ' (marked “?”: it lay on the stack and may be no caller)';
  return `Open ${symbol} in the kernel checkout${doubt}`;
}
