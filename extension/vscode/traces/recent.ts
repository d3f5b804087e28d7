import type * as vscode from 'vscode';

const KEY = 'recentTraces';
const MAX = 10;

export interface RecentTrace {
  target: string;
  filter: string;
}

/** The targets of this workspace's last traces, newest first, each with the filter it had last. */
export class RecentTraces {
  constructor(private readonly state: vscode.Memento) {}

  list(): readonly RecentTrace[] {
    return this.state.get<RecentTrace[]>(KEY, []);
  }

  /** The filter that the target had last, else the last one of all. */
  filterFor(target: string): string {
    const list = this.list();
    return (list.find((trace) => trace.target === target) ?? list[0])?.filter ?? '';
  }

  async add(trace: RecentTrace): Promise<void> {
    const others = this.list().filter(({ target }) => target !== trace.target);
    await this.state.update(KEY, [trace, ...others].slice(0, MAX));
  }
}
