/**
 * A `vscode` for files that import it, in tests that have no editor: what it is given to show is kept. Import this
 * file first, and the file that is tested by `await import()`.
 */
import { register } from 'node:module';

/** Every text that VS Code was given to show, in their order. */
export const shown: string[] = [];

interface Input {
  prompt?: string;
  password?: boolean;
  validateInput?: (text: string) => string | undefined;
}

/** Every input box. */
export const inputs: Input[] = [];

const texts = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(texts)
      : [];

const show = (...values: unknown[]): Promise<undefined> => {
  shown.push(...values.flatMap(texts));
  return Promise.resolve(undefined);
};

class CancellationTokenSource {
  token = {};
  cancel(): void {
    show('cancelled');
  }
  dispose(): void {
    return;
  }
}

const list = {
  set title(title: string) {
    void show(title);
  },
  set items(items: readonly unknown[]) {
    void show(items);
  },
};

/** What a view makes rows of. */
class TreeItem {
  constructor(
    readonly label: string,
    readonly collapsibleState: number,
  ) {}
}
class Named {
  constructor(readonly id: string) {}
}
class EventEmitter {
  readonly event = show;
  fire(): void {
    return;
  }
}

const channel = { debug: show, info: show, warn: show, error: show };

const recorder = {
  ProgressLocation: { Notification: 15, Window: 10 },
  CancellationTokenSource,
  EventEmitter,
  TreeItem,
  TreeItemCollapsibleState: { None: 0, Collapsed: 1, Expanded: 2 },
  ThemeIcon: Named,
  ThemeColor: Named,
  MarkdownString: Named,
  commands: { executeCommand: show },
  window: {
    createTreeView: () => ({}),
    showErrorMessage: show,
    showWarningMessage: show,
    showInformationMessage: show,
    showInputBox: async (options: Input) => {
      inputs.push(options);
      await show(options);
      await show(options.validateInput?.(''));
    },
    showQuickPick: show,
    createQuickPick: () => list,
    createOutputChannel: () => channel,
    setStatusBarMessage: show,
    withProgress: async (
      { title }: { title: string },
      work: (progress: { report: typeof show }, token: object) => Promise<unknown>,
    ) => {
      await show(title);
      await work({ report: show }, { onCancellationRequested: () => undefined });
    },
  },
};

(globalThis as Record<string, unknown>).vscodeRecorder = recorder;
const source = Object.keys(recorder)
  .map((name) => `export const ${name} = globalThis.vscodeRecorder.${name};`)
  .join('\n');
const vscode = `data:text/javascript,${encodeURIComponent(source)}`;
const hooks = `export const resolve = (name, context, next) =>
  name === 'vscode' ? { url: ${JSON.stringify(vscode)}, shortCircuit: true } : next(name, context);`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
