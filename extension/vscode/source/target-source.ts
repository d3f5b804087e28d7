import * as vscode from 'vscode';
import type { Capture, KernelPlace } from '../../recording/capture.ts';
import { skewOf } from '../../kernel-source/checkout-skew.ts';
import type { KernelSource } from '../../kernel-source/kernel-source.ts';
import type { LineAnswer } from '../../kernel-source/symbolizer/symbolizer.ts';
import { lineText } from '../../kernel-source/symbolizer/line-text.ts';
import { LinesThread } from '../../kernel-source/symbolizer/thread.ts';
import { TracedKernel } from '../../kernel-source/traced-kernel.ts';
import { Setting } from '../ids.ts';
import type { KernelCheckout } from './kernel-checkout.ts';
import { pathSetting } from '../path-setting.ts';
import type { TraceModel } from '../traces/trace-model.ts';

interface Parts {
  model: TraceModel;
  checkout: KernelCheckout;
  distDir: string;
  /** Keeps which checkouts are not to be warned of again. */
  state: vscode.Memento;
  log: vscode.LogOutputChannel;
}

/** What is known of the kernel of the shown capture. */
interface Traced {
  capture: Capture;
  kernel: TracedKernel;
  /** Source lines, by the root of the checkout. */
  lines: { root: string; thread: LinesThread } | undefined;
}

/**
 * Joins the shown capture with the checkout: which definition its kernel has, which line a place in its code is,
 * and whether the checkout is its source at all.
 */
export class TargetSource implements vscode.Disposable {
  private traced: Traced | undefined;
  /** Captures whose checkout was compared, by their number and its root. */
  private readonly compared = new Set<string>();
  private readonly update = () => void this.connect();
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly parts: Parts) {
    parts.model.on('state', this.update);
    this.subscriptions = [
      parts.checkout.onDidChange(this.update),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(Setting.KernelSourceDebugInfo)) this.stopLines();
      }),
    ];
  }

  /** Names of the functions around a place's function on the target; none when they are not known. */
  neighbours(place: KernelPlace): string[] {
    return this.current()?.kernel.neighbours(place) ?? [];
  }

  /** The source line of a place in the traced kernel's code, or why there is none. */
  async line(place: KernelPlace, root: string): Promise<LineAnswer> {
    const traced = this.current();
    if (traced === undefined)
      return { kind: 'definition', reason: 'The target has not told which kernel build it runs.' };
    if (traced.lines?.root !== root) {
      traced.lines?.thread.stop();
      traced.lines = { root, thread: this.startLines(traced, root) };
    }
    return traced.lines.thread.resolve(traced.kernel.codePlace(place));
  }

  /** The line of a place in words; undefined when there is no checkout or no matching debug information. */
  async describe(place: KernelPlace): Promise<string | undefined> {
    const source = await this.parts.checkout.find();
    const answer = source && (await this.line(place, source.root));
    return answer?.kind === 'line' ? lineText(answer.frames) : undefined;
  }

  private startLines({ capture }: Traced, root: string): LinesThread {
    return new LinesThread(this.parts.distDir, {
      checkout: root,
      configured: pathSetting(Setting.KernelSourceDebugInfo),
      release: capture.hello?.kernelRelease ?? '',
      buildIds: capture.build?.buildIds ?? { modules: {} },
    });
  }

  /** What the shown capture's agent told of its kernel, as soon as it did. */
  private current(): Traced | undefined {
    const capture = this.parts.model.shown?.capture;
    if (this.traced?.capture !== capture) {
      this.stopLines();
      this.traced = undefined;
    }
    if (capture?.build === undefined || capture.attached === undefined) return undefined;
    this.traced ??= {
      capture,
      kernel: new TracedKernel(capture.attached.functions, capture.build),
      lines: undefined,
    };
    return this.traced;
  }

  /** Takes over what a new capture or checkout means for the other. */
  private async connect(): Promise<void> {
    const traced = this.current();
    const { shown } = this.parts.model;
    if (shown === undefined) return;
    if (shown.capture.ended !== undefined) this.stopLines();
    if (traced === undefined) {
      void this.parts.checkout.find(); // is indexed while probes are attached
      shown.capture.off('build', this.update).on('build', this.update);
      return;
    }
    const source = await this.parts.checkout.find();
    if (source === undefined) return;
    const key = `${shown.number}:${source.root}`;
    if (this.compared.has(key)) return;
    this.compared.add(key);
    const { hello } = shown.capture;
    if (hello !== undefined) source.setTarget({ machine: hello.machine, config: traced.kernel.config });
    await this.compare(source, shown.capture);
  }

  /** Warns, at most once a capture and not at all where the user said so, that the checkout is of another kernel. */
  private async compare(source: KernelSource, { hello, attached }: Capture): Promise<void> {
    const { log, state } = this.parts;
    if (hello === undefined || attached === undefined) return;
    const names = attached.functions.map(({ name }) => name);
    // Why there is no index is logged where it is made.
    const skew = await skewOf(source, hello.kernelVersion, names).catch(() => undefined);
    if (skew === undefined || skew.level === 'same') return;
    const message = `${skew.message} ${skew.remedy}`.trim();
    log.warn(`${source.root}: ${message}`);
    const key = `otherKernel:${source.root}:${hello.kernelVersion}`;
    if (state.get(key) === true) return;
    const never = 'Don’t Show Again for This Checkout and Kernel';
    const show =
      skew.level === 'other' ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
    if ((await show(message, never)) === never) await state.update(key, true);
  }

  /** Files and tools are for as long as they are needed: a later click opens them again. */
  private stopLines(): void {
    this.traced?.lines?.thread.stop();
    if (this.traced !== undefined) this.traced.lines = undefined;
  }

  dispose(): void {
    this.parts.model.off('state', this.update);
    this.stopLines();
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}
