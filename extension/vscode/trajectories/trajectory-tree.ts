/**
 * The view "Trajectories". In come the shown capture of ../trace-model.ts and clicks, out go rows: which ones is
 * tree-pages.ts, what they say is rows.ts (both without VS Code), and which packets are left out only-through.ts.
 */
import * as vscode from 'vscode';
import { formatNumber } from '../../base/numbers.ts';
import { Throttle } from '../../base/throttle.ts';
import type { FunctionReference } from '../../kernel-source/place-resolver.ts';
import type { EventIndex, KernelPlace } from '../../recording/types.ts';
import { OnlyThrough } from './only-through.ts';
import { Command, ContextValue, View } from '../ids.ts';
import { type Row, stepRow, stepTooltip, trajectoryRow, trajectoryTooltip } from './rows.ts';
import type { ShownCapture, TraceModel } from '../trace-model.ts';
import { PAGE, rootNodes, rootNodesOf, stepNodes, type TreeNode } from './tree-pages.ts';

/** VS Code asks for every shown row at each refresh: four a second are cheap with a page of rows. */
const REFRESH_INTERVAL_MS = 250;

/** The view "Trajectories": packets, newest first, each with the functions that it passed. */
export class TrajectoryTree implements vscode.TreeDataProvider<TreeNode>, vscode.Disposable {
  private readonly change = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.change.event;
  private readonly view: vscode.TreeView<TreeNode>;
  private readonly refresh = new Throttle(() => {
    this.view.message = this.message();
    this.change.fire();
  }, REFRESH_INTERVAL_MS);
  private readonly requestRefresh = () => this.refresh.request();
  /** Rows to show at the root, and below trajectories where it is more than a page. */
  private rootLimit = PAGE;
  private readonly stepLimits = new Map<number, number>();
  private readonly only: OnlyThrough;
  private shownNumber: number | undefined;
  /** A place's source line in words, undefined when it is not known; set by who knows sources. */
  sourceLine: (place: KernelPlace) => Promise<string | undefined> = () => Promise.resolve(undefined);

  constructor(private readonly model: TraceModel) {
    this.view = vscode.window.createTreeView(View.Trajectories, { treeDataProvider: this });
    this.only = new OnlyThrough(model);
    model.on('state', this.requestRefresh).on('data', this.requestRefresh);
  }

  /** Shows another page where the "load more" row was. */
  loadMore(node: TreeNode): void {
    if (node.kind !== 'more') return;
    if (node.of === undefined) this.rootLimit += PAGE;
    else this.stepLimits.set(node.of, (this.stepLimits.get(node.of) ?? PAGE) + PAGE);
    this.change.fire();
  }

  getChildren(node?: TreeNode): TreeNode[] {
    const { shown } = this.model;
    if (shown === undefined) return [];
    this.forgetPagesOfOthers(shown);
    const { trajectories } = shown.capture;
    if (node === undefined) {
      const ids = this.only.idsIn(shown);
      if (ids !== undefined) return rootNodesOf(ids, shown.from, this.rootLimit);
      return rootNodes(shown.from, trajectories.length, this.rootLimit);
    }
    if (node.kind !== 'trajectory') return [];
    return stepNodes(node.id, trajectories.eventCount(node.id), this.stepLimits.get(node.id) ?? PAGE);
  }

  getParent(node: TreeNode): TreeNode | undefined {
    return node.kind === 'step' ? { kind: 'trajectory', id: node.id } : undefined;
  }

  /** Shows only packets that passed a function; undefined: all packets. */
  showOnlyThrough(name: string | undefined): void {
    this.only.set(name);
    this.rootLimit = PAGE;
    this.requestRefresh();
  }

  /**
   * Selects the step of an event, with its packet opened.
   * @param capture number of the capture that the event is of; nothing happens when another one is shown
   */
  async reveal(capture: number, event: EventIndex): Promise<void> {
    const { shown } = this.model;
    if (shown?.number !== capture || event >= shown.capture.store.length) return;
    const { store, trajectories } = shown.capture;
    const id = store.trajectory(event);
    if (id < shown.from) return;
    if (this.only.idsIn(shown)?.includes(id) === false) this.only.set(undefined);
    let nth = 0;
    while (nth < trajectories.eventCount(id) - 1 && trajectories.event(id, nth) !== event) nth++;
    // A row can be shown only where its page is.
    this.rootLimit = Math.max(this.rootLimit, trajectories.length - id);
    this.stepLimits.set(id, Math.max(this.stepLimits.get(id) ?? PAGE, nth + 1));
    this.change.fire();
    await this.view.reveal({ kind: 'step', id, nth }, { select: true, focus: true });
  }

  private forgetPagesOfOthers({ number }: ShownCapture): void {
    if (this.shownNumber === number) return;
    this.shownNumber = number;
    this.rootLimit = PAGE;
    this.stepLimits.clear();
  }

  /** The shown capture, unless it was replaced or cleared since VS Code asked for the node. */
  private captureWith(node: TreeNode): ShownCapture | undefined {
    const { shown } = this.model;
    if (shown === undefined || node.kind === 'more') return shown;
    return node.id < shown.capture.trajectories.length ? shown : undefined;
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    const shown = this.captureWith(node);
    if (shown === undefined) return new vscode.TreeItem('');
    if (node.kind === 'more') return moreItem(shown, node);
    if (node.kind === 'trajectory') {
      const item = rowItem(trajectoryRow(shown.capture, node.id), vscode.TreeItemCollapsibleState.Collapsed);
      item.id = `${shown.number}:${node.id}`;
      item.contextValue = ContextValue.Trajectory;
      return item;
    }
    const item = rowItem(stepRow(shown.capture, node.id, node.nth), vscode.TreeItemCollapsibleState.None);
    item.id = `${shown.number}:${node.id}:${node.nth}`;
    const known = this.functionOf(node) !== undefined;
    item.contextValue = known ? ContextValue.Function : ContextValue.Address;
    if (known)
      item.command = { command: Command.OpenKernelSource, title: 'Open Kernel Source', arguments: [node] };
    return item;
  }

  /** Tooltips are made when the mouse rests on a row, not for every row at each refresh. */
  async resolveTreeItem(item: vscode.TreeItem, node: TreeNode): Promise<vscode.TreeItem> {
    const shown = this.captureWith(node);
    if (shown === undefined || node.kind === 'more') return item;
    const text =
      node.kind === 'trajectory'
        ? trajectoryTooltip(shown.capture, node.id)
        : stepTooltip(shown.capture, node.id, node.nth, await this.dropLine(node));
    item.tooltip = new vscode.MarkdownString(text);
    return item;
  }

  /** Where in the source a packet was dropped. */
  private async dropLine(node: TreeNode): Promise<string | undefined> {
    const place = this.functionOf(node)?.place;
    return place === undefined || place.offset === 0 ? undefined : this.sourceLine(place);
  }

  /** The function that a step happened in; undefined for other rows and for unknown addresses. */
  functionOf(node: TreeNode): FunctionReference | undefined {
    const shown = this.captureWith(node);
    if (node.kind !== 'step' || shown === undefined) return undefined;
    const { store, trajectories } = shown.capture;
    const event = trajectories.event(node.id, node.nth);
    const place = store.place(event);
    return (
      place && { name: place.name, module: place.module, takesSkb: store.kind(event) === 'function', place }
    );
  }

  /**
   * The line above the rows. A message hides the welcome text, so an empty view has one only where that text
   * cannot say what is to be said.
   */
  private message(): string {
    const { shown, state } = this.model;
    if (shown === undefined) return '';
    const { target, filter } = shown.configuration;
    const only = this.only.name === undefined ? '' : `, only those through ${this.only.name}`;
    const packets = `${filter === '' ? 'every packet' : filter}${only}`;
    if (shown.capture.trajectories.length > shown.from) {
      if (state.kind === 'attaching')
        return `Attaching to ${state.configuration.target}. Before, on ${target}: ${packets}`;
      if (state.kind === 'failed')
        return `The trace of ${state.configuration.target} was not started. Before, on ${target}: ${packets}`;
      if (this.only.idsIn(shown)?.length === 0) return `${target}: ${packets}: none so far.`;
      return `${target}: ${packets}`;
    }
    const cleared = shown.from > 0;
    if (state.kind === 'tracing')
      return cleared
        ? `Tracing ${target}: ${packets}. No packet has matched since the view was cleared.`
        : `Tracing ${target}: ${packets}. No packet has matched yet; generate some traffic.`;
    return cleared ? `The trace of ${target} has ended; its packets were cleared from the view.` : '';
  }

  dispose(): void {
    this.model.off('state', this.requestRefresh).off('data', this.requestRefresh);
    this.refresh.dispose();
    this.only.dispose();
    this.view.dispose();
    this.change.dispose();
  }
}

function rowItem(row: Row, collapsible: vscode.TreeItemCollapsibleState): vscode.TreeItem {
  const item = new vscode.TreeItem(row.label, collapsible);
  item.description = row.description;
  item.iconPath = new vscode.ThemeIcon(
    row.icon.id,
    row.icon.color === undefined ? undefined : new vscode.ThemeColor(row.icon.color),
  );
  item.accessibilityInformation = { label: row.spoken };
  return item;
}

function moreItem(shown: ShownCapture, node: TreeNode & { kind: 'more' }): vscode.TreeItem {
  const what = node.of === undefined ? 'older' : 'later';
  const item = new vscode.TreeItem(`Load more (${formatNumber(node.hidden)} ${what})`);
  item.id = `${shown.number}:${node.of ?? ''}:more`;
  item.iconPath = new vscode.ThemeIcon('ellipsis');
  item.contextValue = ContextValue.More;
  item.command = { command: Command.LoadMore, title: 'Load More', arguments: [node] };
  return item;
}
