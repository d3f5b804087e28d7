import * as vscode from 'vscode';
import type { KernelBuild } from '../../../common/protocol.ts';
import { skewNotice } from '../../kernel-source/checkout-skew.ts';
import type { KernelSource } from '../../kernel-source/kernel-source.ts';
import { PlaceResolver } from '../../kernel-source/place-resolver.ts';
import { lineText } from '../../kernel-source/symbolizer/source-frame.ts';
import type { KernelPlace } from '../../recording/types.ts';
import { Setting } from '../ids.ts';
import type { Log } from '../messages/log.ts';
import { sayInformation, sayWarning } from '../messages/notify.ts';
import { pathSetting } from '../path-setting.ts';
import type { ShownCapture, TraceModel } from '../trace-model.ts';
import type { KernelCheckout } from './kernel-checkout.ts';

interface Parts {
  model: TraceModel;
  checkout: KernelCheckout;
  distDir: string;
  /** Keeps which checkouts are not to be warned of again. */
  state: vscode.Memento;
  log: Log;
}

/**
 * Joins the shown capture with the checkout: keeps the resolver of its places, and says when the checkout is not
 * its kernel's source.
 */
export class TargetSource implements vscode.Disposable {
  private joined: { build: KernelBuild | undefined; resolver: PlaceResolver } | undefined;
  /** Captures whose checkout was compared, by their number and its root. */
  private readonly compared = new Set<string>();
  private readonly update = () => void this.connect();
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly parts: Parts) {
    parts.model.on('state', this.update);
    this.subscriptions = [
      parts.checkout.onDidChange(this.update),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(Setting.KernelSourceDebugInfo)) this.forget();
      }),
    ];
  }

  /** For functions and places of the shown capture; without one it knows functions by their names. */
  resolver(source: KernelSource): PlaceResolver {
    const { hello, attached, build } = this.parts.model.shown?.capture ?? {};
    if (this.joined?.resolver.source !== source || this.joined.build !== build) {
      this.forget();
      const options = {
        distDir: this.parts.distDir,
        debugInfo: pathSetting(Setting.KernelSourceDebugInfo),
      };
      this.joined = { build, resolver: new PlaceResolver(source, { hello, attached, build }, options) };
    }
    return this.joined.resolver;
  }

  /** The line of a place in words; undefined when there is no checkout or no matching debug information. */
  async describe(place: KernelPlace): Promise<string | undefined> {
    const source = await this.parts.checkout.find();
    const answer = source && (await this.resolver(source).line(place));
    return answer?.kind === 'line' ? lineText(answer.frames) : undefined;
  }

  /** Takes over what a new capture or checkout means for the other. */
  private async connect(): Promise<void> {
    const { shown } = this.parts.model;
    if (this.joined?.build !== shown?.capture.build) this.forget();
    if (shown === undefined) return;
    const { capture, number } = shown;
    if (capture.ended !== undefined) this.joined?.resolver.stop(); // a later click opens debug files again
    if (capture.build === undefined) {
      void this.parts.checkout.find(); // is indexed while probes are attached
      capture.off('build', this.update).on('build', this.update);
      return;
    }
    const source = await this.parts.checkout.find();
    if (source === undefined) return;
    const key = `${number}:${source.root}`;
    if (this.compared.has(key)) return;
    this.compared.add(key);
    this.resolver(source); // tells the checkout which kernel is meant
    await this.compare(source, shown);
  }

  /** Warns, at most once a capture and not at all where the user said so, that the checkout is of another kernel. */
  private async compare(source: KernelSource, { capture }: ShownCapture): Promise<void> {
    const { log, state } = this.parts;
    const notice = await skewNotice(source, capture);
    if (notice === undefined) return;
    log.warn(`${source.root}: ${notice.message}`);
    const key = `otherKernel:${source.root}:${capture.hello?.kernelVersion}`;
    if (state.get(key) === true) return;
    const never = 'Don’t Show Again for This Checkout and Kernel';
    const say = notice.level === 'other' ? sayWarning : sayInformation;
    if ((await say(notice.message, never)) === never) await state.update(key, true);
  }

  private forget(): void {
    this.joined?.resolver.stop();
    this.joined = undefined;
  }

  dispose(): void {
    this.parts.model.off('state', this.update);
    this.forget();
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}
