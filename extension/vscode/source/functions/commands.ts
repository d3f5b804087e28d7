import * as vscode from 'vscode';
import type { Attached } from '../../../../common/protocol.ts';
import { functionAtLine } from '../../../kernel-source/c/scanner/file-functions.ts';
import { FunctionFlag, type FunctionFact } from '../../../kernel-source/c/scanner/facts.ts';
import { sourceName } from '../../../base/symbol.ts';
import { FocusTrajectories } from '../../ids.ts';
import { confirm } from '../../messages/ask.ts';
import { sayInformation, sayWarning } from '../../messages/notify.ts';
import type { KernelCheckout } from '../kernel-checkout.ts';
import type { SourceHits } from './source-hits.ts';
import type { TraceModel } from '../../trace-model.ts';
import type { TrajectoryTree } from '../../trajectories/trajectory-tree.ts';

interface Parts {
  model: TraceModel;
  checkout: KernelCheckout;
  hits: SourceHits;
  tree: TrajectoryTree;
  /** Starts a trace with attributes of a debug configuration; what is not there is asked for. */
  start: (attributes: object) => Promise<void>;
}

/** From a function in the source to the packets that pass it. */
export class FunctionCommands {
  /** The capture whose missing function was told of. */
  private told: number | undefined;

  constructor(private readonly parts: Parts) {
    parts.model.on('state', () => this.tellNotProbed());
  }

  /**
   * "Trace Packets Through This Function": probes every function, so that the whole way of a packet is seen, and
   * shows the packets that come to this one. While such a trace runs, it only shows them.
   * @param name as in the source; else the function at the cursor
   */
  async trace(name: unknown): Promise<void> {
    const { model, start } = this.parts;
    const wanted = await this.functionFor(name);
    if (wanted === undefined) return;
    const { shown, state } = model;
    const attached = state.kind === 'tracing' ? shown?.capture.attached : undefined;
    if (attached !== undefined && isProbed(attached, wanted.name)) {
      await this.show(wanted.name);
      return;
    }
    if (wanted.fact !== undefined && !(await this.confirm(wanted.fact))) return;
    await start({ name: `Packets through ${wanted.name}`, through: wanted.name });
  }

  /** "Show Packets That Passed Here". @param name as in the source; else the function at the cursor */
  async showPackets(name: unknown): Promise<void> {
    const { shown } = this.parts.model;
    const wanted = await this.functionFor(name);
    if (wanted === undefined) return;
    if (shown === undefined) {
      const trace = 'Trace Packets Through It…';
      const message = `There is no trace that could show packets through ${wanted.name}.`;
      if ((await sayInformation(message, trace)) === trace) await this.trace(wanted.name);
      return;
    }
    await this.show(wanted.name);
  }

  private async show(name: string): Promise<void> {
    this.parts.tree.showOnlyThrough(name);
    await vscode.commands.executeCommand(FocusTrajectories, { preserveFocus: true });
  }

  private async functionFor(name: unknown): Promise<{ name: string; fact?: FunctionFact } | undefined> {
    if (typeof name === 'string') return { name };
    const editor = vscode.window.activeTextEditor;
    const functions = editor === undefined ? [] : await this.parts.hits.functionsOf(editor.document);
    const fact = editor && functionAtLine(functions, editor.selection.active.line);
    if (fact !== undefined) return { name: fact.name, fact };
    void sayInformation('Put the cursor into a function of a C file of your kernel checkout first.');
    return undefined;
  }

  /** A packet is seen in functions that take one; of others the user should know before a trace starts. */
  private async confirm({ name, flags }: FunctionFact): Promise<boolean> {
    const inline = (flags & FunctionFlag.Inline) !== 0;
    if ((flags & FunctionFlag.TakesSkb) !== 0 && !inline) return true;
    const why = inline
      ? `${name} is inline: its callers hold copies of it, which have no probe.`
      : `${name} has no struct sk_buff * parameter, so packets are not seen in it; those dropped in it are.`;
    return confirm(why, 'Trace Anyway');
  }

  /** Without a probe on its function a view of packets through it stays empty: says why. */
  private tellNotProbed(): void {
    const { shown, state } = this.parts.model;
    if (state.kind !== 'tracing' || shown === undefined || shown.number === this.told) return;
    this.told = shown.number;
    const { through } = shown.configuration;
    const { attached } = shown.capture;
    if (through === '' || attached === undefined || isProbed(attached, through)) return;
    const reason = attached.skipped.find(({ names }) => names.some((each) => sourceName(each) === through));
    const why =
      reason?.reason ?? 'the target has no such function with a packet, or only inlined copies of it';
    const all = 'Show All Packets';
    void sayWarning(`${through} is not probed on ${shown.configuration.target}: ${why}.`, all).then(
      (picked) => {
        if (picked === all) this.parts.tree.showOnlyThrough(undefined);
      },
    );
  }
}

function isProbed({ functions }: Attached, name: string): boolean {
  return functions.some((probed) => sourceName(probed.name) === name);
}
