import * as vscode from 'vscode';
import { formatNumber } from '../../base/numbers.ts';
import { filterText } from '../../recording/wording.ts';
import { Command, FocusTrajectories } from '../ids.ts';
import type { TraceModel } from '../trace-model.ts';

const INTERVAL_MS = 1000;

/** Target, events a second and losses while a trace runs; its totals until it is cleared. */
export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem('trace', vscode.StatusBarAlignment.Left, 0);
  private timer: NodeJS.Timeout | undefined;
  private eventsBefore = 0;
  private timeBefore = 0;

  constructor(private readonly model: TraceModel) {
    this.item.name = 'Packet Trace';
    this.item.command = Command.ShowMenu;
    model.on('state', this.restart);
  }

  /** Begins to count anew, and counts each second while a trace runs. */
  private readonly restart = (): void => {
    clearInterval(this.timer);
    this.timer = undefined;
    this.eventsBefore = this.model.shown?.capture.store.length ?? 0;
    this.timeBefore = performance.now();
    if (this.model.state.kind === 'tracing') this.timer = setInterval(() => this.show(), INTERVAL_MS);
    this.show();
  };

  private show(): void {
    const { state } = this.model;
    if (state.kind === 'idle' || state.kind === 'failed') {
      this.item.hide(); // a failure has its notification and its place in the view
      return;
    }
    const { target } = state.configuration;
    let lost = 0;
    switch (state.kind) {
      case 'attaching':
        this.set('$(loading~spin)', `${target}: attaching`);
        break;
      case 'tracing':
        lost = this.model.shown?.capture.lost ?? 0;
        this.set('$(pulse)', `${target}: ${this.rate()} events/s, ${formatNumber(lost)} lost`);
        break;
      case 'ended':
        lost = state.end.lost;
        this.set(
          '$(debug-stop)',
          `${target}: ended, ${formatNumber(state.end.events)} events, ${formatNumber(lost)} lost`,
        );
        break;
    }
    this.item.backgroundColor =
      lost > 0 ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    this.item.show();
  }

  private set(icon: string, text: string): void {
    this.item.text = `${icon} ${text}`;
    const filter = this.model.shown?.capture.filters.at(-1);
    const filtered = filter === undefined ? '' : `\nFilter: ${filterText(filter)}`;
    this.item.tooltip = `Packet trace of ${text}. Click for actions.${filtered}`;
    this.item.accessibilityInformation = { label: `Packet trace of ${text}`, role: 'button' };
  }

  private rate(): string {
    const events = this.model.shown?.capture.store.length ?? 0;
    const now = performance.now();
    const elapsed = now - this.timeBefore;
    const rate = elapsed > 0 ? ((events - this.eventsBefore) * 1000) / elapsed : 0;
    this.eventsBefore = events;
    this.timeBefore = now;
    return formatNumber(Math.round(rate));
  }

  dispose(): void {
    clearInterval(this.timer);
    this.model.off('state', this.restart);
    this.item.dispose();
  }
}

/** The actions that a click on the status bar offers. */
export async function showMenu(model: TraceModel): Promise<void> {
  const running = model.state.kind === 'tracing' || model.state.kind === 'attaching';
  const items = [
    { label: '$(list-tree) Show Trajectories', command: FocusTrajectories },
    running
      ? { label: '$(debug-stop) Stop Packet Trace', command: Command.Stop }
      : { label: '$(play) Start Packet Trace', command: Command.Start },
    ...(model.state.kind === 'tracing'
      ? [{ label: '$(filter) Change Filter…', command: Command.ChangeFilter }]
      : []),
    { label: '$(output) Show Log', command: Command.ShowLog },
  ];
  const picked = await vscode.window.showQuickPick(items, { title: 'Packet Trace' });
  if (picked !== undefined) await vscode.commands.executeCommand(picked.command);
}
