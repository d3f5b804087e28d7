/**
 * The view "Trajectories". In come the shown capture of ../trace-model.ts and clicks, out go rows: which ones is
 * tree-pages.ts, what they say is rows.ts (both without VS Code), and which packets are left out only-through.ts.
 */
import * as vscode from 'vscode';
import { formatNumber } from '../../base/numbers.ts';
import { Throttle } from '../../base/throttle.ts';
import type { FunctionReference } from '../../kernel-source/place-resolver.ts';
import { eventDetails } from '../../recording/extras/event-details.ts';
import { pauseText } from '../../recording/pauses.ts';
import type { EventIndex, KernelPlace, TrajectoryId } from '../../recording/types.ts';
import { detailRow, detailTooltip, shownDetails } from './detail-rows.ts';
import { OnlyThrough } from './only-through.ts';
import { Command, ContextValue, View } from '../ids.ts';
import { plainText } from '../messages/plain-text.ts';
import { copyRow, pauseRow, type Row, stepRow, stepTooltip, storyRow, trajectoryTooltip } from './rows.ts';
import { Stories } from './stories.ts';
import type { ShownCapture, TraceModel } from '../trace-model.ts';
import {
  copyNodes,
  detailNodes,
  newestAround,
  PAGE,
  rootNodes,
  type StepNode,
  stepNodes,
  type TreeNode,
} from './tree-pages.ts';

/** VS Code asks for every shown row at each refresh: four a second are cheap with a page of rows. */
const REFRESH_INTERVAL_MS = 250;
/** With more copies than these a packet is opened without them. */
const OPENED_COPIES = 4;

/** The view "Trajectories": packets, newest first, each with the functions that it passed and its copies. */
export class TrajectoryTree implements vscode.TreeDataProvider<TreeNode>, vscode.Disposable {
  private readonly change = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.change.event;
  private readonly view: vscode.TreeView<TreeNode>;
  private readonly refresh = new Throttle(() => {
    this.view.message = plainText(this.message());
    this.change.fire();
  }, REFRESH_INTERVAL_MS);
  private readonly requestRefresh = () => this.refresh.request();
  /** Rows to show at the root, and below trajectories where it is more than a page. */
  private rootLimit = PAGE;
  /** The newest row at the root; undefined: the newest packet. */
  private rootNewest: TrajectoryId | undefined;
  private readonly stepLimits = new Map<TrajectoryId, number>();
  private readonly copyLimits = new Map<TrajectoryId, number>();
  private readonly only: OnlyThrough;
  /** Of the shown capture, by its number. */
  private all: { capture: number; stories: Stories } | undefined;
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
    if (node.what === 'newer') this.showNewest();
    else if (node.of === undefined) this.rootLimit += PAGE;
    else {
      const limits = node.what === 'steps' ? this.stepLimits : this.copyLimits;
      limits.set(node.of, (limits.get(node.of) ?? PAGE) + PAGE);
    }
    this.change.fire();
  }

  getChildren(node?: TreeNode): TreeNode[] {
    const { shown } = this.model;
    if (shown === undefined) return [];
    const stories = this.storiesIn(shown);
    if (node === undefined) {
      const pauses = shown.capture.pauses.map(({ next }) => next);
      return rootNodes(stories, shown.from, this.rootLimit, pauses, this.rootNewest);
    }
    if (this.captureWith(node) === undefined) return [];
    const { store, trajectories } = shown.capture;
    if (node.kind === 'step')
      return detailNodes(node, eventDetails(store, trajectories.event(node.id, node.nth)));
    if (node.kind === 'detail') return detailNodes(node, shownDetails(node.detail.inner?.() ?? []));
    if (node.kind !== 'trajectory') return [];
    const { id } = node;
    return [
      ...stepNodes(id, trajectories.eventCount(id), this.stepLimits.get(id) ?? PAGE),
      ...copyNodes(id, trajectories.children(id), this.copyLimits.get(id) ?? PAGE),
    ];
  }

  getParent(node: TreeNode): TreeNode | undefined {
    if (node.kind === 'pause') return undefined;
    if (node.kind === 'step') return { kind: 'trajectory', id: node.id };
    if (node.kind === 'detail') return node.parent;
    const parent =
      node.kind === 'trajectory' ? this.captureWith(node)?.capture.trajectories.parent(node.id) : node.of;
    return parent === undefined ? undefined : { kind: 'trajectory', id: parent };
  }

  /** The stories that are shown, in order. The pages of another capture are forgotten. */
  private storiesIn(shown: ShownCapture): readonly TrajectoryId[] {
    if (this.all?.capture !== shown.number) {
      this.all = { capture: shown.number, stories: new Stories(shown.capture.trajectories) };
      this.showNewest();
      this.stepLimits.clear();
      this.copyLimits.clear();
    }
    return this.only.storiesIn(shown) ?? this.all.stories.ids();
  }

  private showNewest(): void {
    this.rootLimit = PAGE;
    this.rootNewest = undefined;
  }

  /** Shows only packets that passed a function; undefined: all packets. */
  showOnlyThrough(name: string | undefined): void {
    this.only.set(name);
    this.showNewest();
    this.requestRefresh();
  }

  /**
   * Selects the step of an event, with its packet opened.
   * @param capture number of the capture that the event is of; nothing happens when another one is shown, or when the
   * packet was forgotten
   */
  async reveal(capture: number, event: EventIndex): Promise<void> {
    const { shown } = this.model;
    if (shown?.number !== capture) return;
    const { store, trajectories } = shown.capture;
    if (event < store.first || event >= store.length) return;
    const id = store.trajectory(event);
    if (!trajectories.has(id)) return;
    const root = trajectories.root(id);
    if (root < shown.from) return;
    if (this.only.storiesIn(shown)?.includes(root) === false) this.only.set(undefined);
    let nth = 0;
    while (nth < trajectories.eventCount(id) - 1 && trajectories.event(id, nth) !== event) nth++;
    // A row can be shown only where its page is.
    const stories = this.storiesIn(shown);
    const rows = rootNodes(stories, shown.from, this.rootLimit, [], this.rootNewest);
    if (!rows.some((row) => row.kind === 'trajectory' && row.id === root)) {
      this.rootLimit = PAGE;
      this.rootNewest = newestAround(stories, root);
    }
    for (let copy = id, parent = trajectories.parent(id); parent !== undefined;) {
      raise(this.copyLimits, parent, trajectories.children(parent).indexOf(copy) + 1);
      copy = parent;
      parent = trajectories.parent(copy);
    }
    raise(this.stepLimits, id, nth + 1);
    this.change.fire();
    await this.view.reveal({ kind: 'step', id, nth }, { select: true, focus: true });
  }

  /** The shown capture, unless it was replaced or cleared, or forgot the packet, since VS Code asked for the node. */
  private captureWith(node: TreeNode): ShownCapture | undefined {
    const { shown } = this.model;
    if (shown === undefined || node.kind === 'more') return shown;
    if (node.kind === 'pause') return node.nth < shown.capture.pauses.length ? shown : undefined;
    return shown.capture.trajectories.has(node.id) ? shown : undefined;
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    const shown = this.captureWith(node);
    if (shown === undefined) return new vscode.TreeItem('');
    if (node.kind === 'more') return moreItem(shown, node);
    if (node.kind === 'pause') return pauseItem(shown, node.nth);
    if (node.kind === 'trajectory') return trajectoryItem(shown, node.id);
    const item =
      node.kind === 'step'
        ? stepItem(shown, node)
        : rowItem(detailRow(node.detail), opens(node.detail.inner));
    item.id = `${shown.number}:${node.id}:${node.nth}${node.kind === 'step' ? '' : `:${node.path}`}`;
    const known = this.functionOf(node) !== undefined;
    if (known || node.kind === 'step')
      item.contextValue = known ? ContextValue.Function : ContextValue.Address;
    if (known)
      item.command = { command: Command.OpenKernelSource, title: 'Open Kernel Source', arguments: [node] };
    return item;
  }

  /** Tooltips are made when the mouse rests on a row, not for every row at each refresh. */
  async resolveTreeItem(item: vscode.TreeItem, node: TreeNode): Promise<vscode.TreeItem> {
    const shown = this.captureWith(node);
    if (shown === undefined || node.kind === 'more') return item;
    if (node.kind === 'pause') {
      const pause = shown.capture.pauses[node.nth];
      if (pause !== undefined) item.tooltip = pauseText(pause, shown.capture.hello);
      return item;
    }
    const text =
      node.kind === 'trajectory'
        ? trajectoryTooltip(shown.capture, node.id)
        : node.kind === 'detail'
          ? detailTooltip(node.detail, await this.lineWithin(node))
          : stepTooltip(shown.capture, node.id, node.nth, await this.lineWithin(node));
    item.tooltip = new vscode.MarkdownString(text);
    return item;
  }

  /** Where in the source a packet was dropped, or a function called another. */
  private async lineWithin(node: TreeNode): Promise<string | undefined> {
    const place = this.functionOf(node)?.place;
    return place === undefined || place.offset === 0 ? undefined : this.sourceLine(place);
  }

  /** The function that a step happened in, or that a detail names; undefined for other rows and unknown addresses. */
  functionOf(node: TreeNode): FunctionReference | undefined {
    const shown = this.captureWith(node);
    if (shown === undefined) return undefined;
    if (node.kind === 'detail') {
      const { place } = node.detail;
      return place && { name: place.name, module: place.module, takesSkb: false, place };
    }
    if (node.kind !== 'step') return undefined;
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
    const { trajectories } = shown.capture;
    const forgotten = trajectories.first > shown.from ? ' (older packets are forgotten)' : '';
    const packets = `${filter === '' ? 'every packet' : filter}${only}${forgotten}`;
    if (trajectories.length > shown.from) {
      if (state.kind === 'attaching')
        return `Attaching to ${state.configuration.target}. Before, on ${target}: ${packets}`;
      if (state.kind === 'failed')
        return `The trace of ${state.configuration.target} was not started. Before, on ${target}: ${packets}`;
      if (this.only.storiesIn(shown)?.length === 0) return `${target}: ${packets}: none so far.`;
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

function trajectoryItem({ capture, number }: ShownCapture, id: TrajectoryId): vscode.TreeItem {
  const { trajectories } = capture;
  const parent = trajectories.parent(id);
  const { Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
  // What is below a packet is often one copy, or a few tries, that went the whole way: they are opened with it.
  const isTold =
    parent !== undefined &&
    trajectories.children(parent).length <= OPENED_COPIES &&
    trajectories.end(id) === trajectories.outcome(trajectories.root(id));
  const row = parent === undefined ? storyRow(capture, id) : copyRow(capture, id);
  const item = rowItem(row, isTold ? Expanded : Collapsed);
  item.id = `${number}:${id}`;
  item.contextValue = ContextValue.Trajectory;
  return item;
}

function stepItem({ capture }: ShownCapture, { id, nth }: StepNode): vscode.TreeItem {
  const hasDetails = capture.store.hasExtras(capture.trajectories.event(id, nth));
  return rowItem(stepRow(capture, id, nth), opens(hasDetails || undefined));
}

/** @param inner undefined: there is nothing below the row */
function opens(inner: unknown): vscode.TreeItemCollapsibleState {
  const { Collapsed, None } = vscode.TreeItemCollapsibleState;
  return inner === undefined ? None : Collapsed;
}

function pauseItem({ capture, number }: ShownCapture, nth: number): vscode.TreeItem {
  const pause = capture.pauses[nth];
  if (pause === undefined) return new vscode.TreeItem('');
  const item = rowItem(pauseRow(pause), vscode.TreeItemCollapsibleState.None);
  item.id = `${number}:pause:${nth}`;
  return item;
}

/** So that a page reaches at least to a row. */
function raise(limits: Map<TrajectoryId, number>, id: TrajectoryId, count: number): void {
  limits.set(id, Math.max(limits.get(id) ?? PAGE, count));
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
  const hidden = formatNumber(node.hidden);
  const label = {
    newer: `Back to the newest (${hidden} newer)`,
    stories: `Load more (${hidden} older)`,
    steps: `Load more (${hidden} later)`,
    copies: `Load more (${hidden} copies)`,
  }[node.what];
  const item = new vscode.TreeItem(label);
  item.id = `${shown.number}:${node.of ?? ''}:${node.what}:more`;
  item.iconPath = new vscode.ThemeIcon('ellipsis');
  item.contextValue = ContextValue.More;
  const title = node.what === 'newer' ? 'Back to the Newest' : 'Load More';
  item.command = { command: Command.LoadMore, title, arguments: [node] };
  return item;
}
