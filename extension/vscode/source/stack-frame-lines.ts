import type * as vscode from 'vscode';
import type { LineAnswer } from '../../kernel-source/symbolizer/symbolizer.ts';
import { SymbolizerThread } from '../../kernel-source/symbolizer/thread.ts';
import type { StackTraceLink } from '../../kernel-source/stack-trace.ts';
import { Setting } from '../ids.ts';
import { pathSetting } from '../path-setting.ts';
import type { TraceModel } from '../trace-model.ts';

/** Which debug files are searched; another choice needs another thread. */
interface Search {
  checkout: string;
  configured: string | undefined;
  release: string | undefined;
}

/**
 * Source lines for frames of kernel stack traces. A trace may be of any machine: the size of each function tells
 * whether debug information is of its kernel, not the build that the shown capture's target runs.
 */
export class StackFrameLines implements vscode.Disposable {
  private lines: { search: Search; thread: SymbolizerThread } | undefined;

  constructor(
    private readonly model: TraceModel,
    private readonly distDir: string,
  ) {}

  /** The source line of a frame, or why there is none. @param root of the checkout */
  line(frame: StackTraceLink, root: string): Promise<LineAnswer> {
    const { symbol, module, offset, size, isReturnAddress, buildId } = frame;
    return this.threadFor(root).resolve({
      name: symbol,
      module: module.replaceAll('-', '_'),
      offset,
      isReturnAddress,
      distance: size,
      buildId,
    });
  }

  private threadFor(root: string): SymbolizerThread {
    const search = {
      checkout: root,
      configured: pathSetting(Setting.KernelSourceDebugInfo),
      release: this.model.shown?.capture.hello?.kernelRelease,
    };
    if (this.lines !== undefined && JSON.stringify(this.lines.search) !== JSON.stringify(search))
      this.dispose();
    this.lines ??= { search, thread: new SymbolizerThread(this.distDir, { ...search, buildIds: 'any' }) };
    return this.lines.thread;
  }

  dispose(): void {
    this.lines?.thread.stop();
    this.lines = undefined;
  }
}
