import type * as vscode from 'vscode';

const KEY = 'recentTraces';
const MAX = 10;

/** What a person chooses of a trace. */
export interface TraceChoice {
  target: string;
  filter: string;
}

/** The targets of this workspace's last traces, newest first, each with the filter it had last. */
export class RecentTraces {
  constructor(private readonly state: vscode.Memento) {}

  list(): readonly TraceChoice[] {
    return this.state.get<TraceChoice[]>(KEY, []);
  }

  /** The filter that the target had last, else the last one of all. */
  filterFor(target: string): string {
    const list = this.list();
    return (list.find((trace) => trace.target === target) ?? list[0])?.filter ?? '';
  }

  async add(trace: TraceChoice): Promise<void> {
    const others = this.list().filter(({ target }) => target !== trace.target);
    await this.state.update(KEY, [trace, ...others].slice(0, MAX));
  }
}
