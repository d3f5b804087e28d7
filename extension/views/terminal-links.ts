import * as vscode from 'vscode';
import { stackTraceLinks, type StackTraceLink } from '../kernel-source/stack-trace.ts';
import type { KernelCheckout } from './kernel-checkout.ts';
import type { KernelSourceOpener } from './open-kernel-source.ts';

interface FrameLink extends vscode.TerminalLink {
  frame: StackTraceLink;
}

/** Functions of kernel stack traces in terminals open their definitions, where there is a kernel checkout. */
export class StackTraceLinks implements vscode.TerminalLinkProvider<FrameLink> {
  constructor(
    private readonly checkout: KernelCheckout,
    private readonly opener: KernelSourceOpener,
  ) {}

  async provideTerminalLinks({ line }: vscode.TerminalLinkContext): Promise<FrameLink[]> {
    const frames = stackTraceLinks(line);
    if (frames.length === 0 || (await this.checkout.find()) === undefined) return [];
    return frames.map((frame) => ({
      startIndex: frame.start,
      length: frame.length,
      tooltip: `Open ${frame.symbol} in the kernel checkout`,
      frame,
    }));
  }

  handleTerminalLink({ frame }: FrameLink): Promise<void> {
    return this.opener.open({ name: frame.symbol, module: frame.module, takesSkb: false });
  }
}
