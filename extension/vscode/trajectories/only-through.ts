import * as vscode from 'vscode';
import type { TrajectoryId } from '../../recording/types.ts';
import { TrajectoriesThrough } from '../../recording/trajectories/trajectories-through.ts';
import { ContextKey } from '../ids.ts';
import type { ShownCapture, TraceModel } from '../trace-model.ts';
import { storiesOf } from './stories.ts';

/** The choice to show only packets that passed a function. A new capture shows what its configuration says. */
export class OnlyThrough implements vscode.Disposable {
  private chosen: string | undefined;
  private found:
    | {
        capture: number;
        ids: TrajectoriesThrough;
        stories: TrajectoryId[];
        of: readonly TrajectoryId[] | undefined;
      }
    | undefined;
  private capture: number | undefined;
  private readonly onState = () => this.follow();

  constructor(private readonly model: TraceModel) {
    model.on('state', this.onState);
  }

  /** The function, as in the source; undefined: all packets are shown. */
  get name(): string | undefined {
    return this.chosen;
  }

  set(name: string | undefined): void {
    if (this.chosen !== name) this.found = undefined;
    this.chosen = name;
    void vscode.commands.executeCommand('setContext', ContextKey.ShowsThrough, name !== undefined);
  }

  /** The stories of a capture that passed the function, they or their copies, in order; undefined: all are shown. */
  storiesIn({ number, capture }: ShownCapture): readonly TrajectoryId[] | undefined {
    if (this.chosen === undefined) return undefined;
    if (this.found?.capture !== number)
      this.found = {
        capture: number,
        ids: new TrajectoriesThrough(capture, [this.chosen]),
        stories: [],
        of: undefined,
      };
    const ids = this.found.ids.ids();
    if (ids !== this.found.of) {
      this.found.stories = storiesOf(ids, capture.trajectories);
      this.found.of = ids;
    }
    return this.found.stories;
  }

  private follow(): void {
    const { shown } = this.model;
    if (shown?.number === this.capture) return;
    this.capture = shown?.number;
    const through = shown?.configuration.through ?? '';
    this.set(through === '' ? undefined : through);
  }

  dispose(): void {
    this.model.off('state', this.onState);
  }
}
