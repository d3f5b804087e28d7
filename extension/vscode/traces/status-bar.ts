import * as vscode from 'vscode';
import { formatNumber } from '../../base/numbers.ts';
import { isPaused, pausedText, pauseText } from '../../recording/pauses.ts';
import { filterText, hasLosses, lossText, type Losses } from '../../recording/wording.ts';
import { Command, FocusTrajectories } from '../ids.ts';
import { pickOne } from '../messages/ask.ts';
import { plainText } from '../messages/plain-text.ts';
import type { TraceModel } from '../trace-model.ts';

const INTERVAL_MS = 1000;
const NO_LOSSES: Losses = { lost: 0, missed: 0, untracked: 0 };

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
    const pauses = this.model.shown?.capture.pauses ?? [];
    let losses: Losses | undefined;
    switch (state.kind) {
      case 'attaching':
        this.set('$(loading~spin)', `${target}: attaching`);
        break;
      case 'tracing':
        losses = this.model.shown?.capture ?? NO_LOSSES;
        this.set(
          isPaused(pauses) ? '$(debug-pause)' : '$(pulse)',
          `${target}: ${this.rate()} events/s, ${lossText(losses)}${pausedText(pauses)}`,
        );
        break;
      case 'cut':
        losses = this.model.shown?.capture ?? NO_LOSSES;
        this.set(
          '$(debug-disconnect)',
          `${target}: connection lost, ${lossText(losses)}${pausedText(pauses)}`,
        );
        break;
      case 'ended':
        losses = state.end;
        this.set(
          '$(debug-stop)',
          `${target}: ended, ${formatNumber(state.end.events)} events, ${lossText(losses)}${pausedText(pauses)}` +
            `${state.end.incomplete === undefined ? '' : ', incomplete'}`,
        );
        break;
    }
    this.item.backgroundColor =
      losses !== undefined && (hasLosses(losses) || pauses.length > 0)
        ? new vscode.ThemeColor('statusBarItem.warningBackground')
        : undefined;
    this.item.show();
  }

  private set(icon: string, text: string): void {
    this.item.text = `${icon} ${plainText(text)}`;
    const filter = this.model.shown?.capture.filters.at(-1);
    const filtered = filter === undefined ? '' : `\nFilter: ${filterText(filter)}`;
    const { pauses = [], hello } = this.model.shown?.capture ?? {};
    const last = pauses.at(-1);
    const incomplete = this.model.state.kind === 'ended' ? this.model.state.end.incomplete : undefined;
    const others = this.model.all.filter((each) => each !== this.model.shown);
    const beside = others.map(({ configuration }) => `The trace of ${configuration.target} runs too.`);
    const notes = [incomplete, last && pauseText(last, hello), ...beside].filter(
      (note) => note !== undefined,
    );
    const lines = [`Packet trace of ${text}. Click for actions.`, ...notes];
    this.item.tooltip = plainText(`${lines.join('\n')}${filtered}`);
    this.item.accessibilityInformation = {
      label: [`Packet trace of ${text}`, ...notes].join('. '),
      role: 'button',
    };
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
  const { kind } = model.state;
  const items = [
    { label: '$(list-tree) Show Trajectories', command: FocusTrajectories },
    model.isRunning
      ? { label: '$(debug-stop) Stop Packet Trace', command: Command.Stop }
      : { label: '$(play) Start Packet Trace', command: Command.Start },
    ...(kind === 'cut' ? [{ label: '$(debug-restart) Reconnect', command: Command.Reconnect }] : []),
    ...(kind === 'tracing' ? [{ label: '$(filter) Change Filter…', command: Command.ChangeFilter }] : []),
    ...(model.all.length > 1 ? [{ label: '$(layers) Show Another Trace…', command: Command.ShowTrace }] : []),
    { label: '$(output) Show Log', command: Command.ShowLog },
  ];
  const picked = await pickOne(items, { title: 'Packet Trace' });
  if (picked !== undefined) await vscode.commands.executeCommand(picked.command);
}
