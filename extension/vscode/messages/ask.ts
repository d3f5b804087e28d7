/** Questions: dialogs, input boxes and lists to choose from. */
import * as vscode from 'vscode';
import { plainText } from './plain-text.ts';

/** A dialog that waits for its answer. @returns whether the button was picked */
export async function confirm(text: string, button: string, detail = ''): Promise<boolean> {
  const options = { modal: true, detail: plainText(detail) };
  return (await vscode.window.showWarningMessage(plainText(text), options, button)) === button;
}

export interface TextQuestion {
  title: string;
  /** May be a server's words. */
  prompt: string;
  placeHolder?: string;
  /** What is typed is not shown. */
  isSecret?: boolean;
  /** The box stays when the user looks at something else. */
  isPatient?: boolean;
  /** @returns what is wrong with a text */
  validate?: (text: string) => string | undefined;
  /** Closes the box. */
  signal?: AbortSignal;
}

/** @returns undefined when the user gave up */
export async function askText({ signal, validate, ...question }: TextQuestion): Promise<string | undefined> {
  const close = new vscode.CancellationTokenSource();
  const cancel = () => close.cancel();
  signal?.addEventListener('abort', cancel);
  if (signal?.aborted === true) cancel();
  const options = {
    title: plainText(question.title),
    prompt: plainText(question.prompt),
    placeHolder: plainText(question.placeHolder ?? ''),
    password: question.isSecret ?? false,
    ignoreFocusOut: question.isPatient ?? false,
    validateInput: (text: string) => {
      const fault = validate?.(text);
      return fault === undefined ? undefined : plainText(fault);
    },
  };
  try {
    return await vscode.window.showInputBox(options, close.token);
  } finally {
    signal?.removeEventListener('abort', cancel);
    close.dispose();
  }
}

type PickOptions = Pick<vscode.QuickPickOptions, 'title' | 'placeHolder' | 'matchOnDescription'>;

export async function pickOne<T extends vscode.QuickPickItem>(
  items: readonly T[],
  options: PickOptions,
): Promise<T | undefined> {
  return vscode.window.showQuickPick(items.map(plainItem), plainOptions(options));
}

export async function pickSeveral<T extends vscode.QuickPickItem>(
  items: readonly T[],
  options: PickOptions,
): Promise<T[] | undefined> {
  return vscode.window.showQuickPick(items.map(plainItem), { ...plainOptions(options), canPickMany: true });
}

/** A list that changes while the user types. @returns it, and what gives it items */
export function openList<T extends vscode.QuickPickItem>(
  title: string,
): { list: Omit<vscode.QuickPick<T>, 'items' | 'title'>; show: (items: readonly T[]) => void } {
  const list = vscode.window.createQuickPick<T>();
  list.title = plainText(title);
  return { list, show: (items) => (list.items = items.map(plainItem)) };
}

function plainItem<T extends vscode.QuickPickItem>(item: T): T {
  return {
    ...item,
    label: plainText(item.label),
    ...(item.description === undefined ? {} : { description: plainText(item.description) }),
    ...(item.detail === undefined ? {} : { detail: plainText(item.detail) }),
  };
}

function plainOptions({ title, placeHolder, ...others }: PickOptions): PickOptions {
  return {
    ...others,
    ...(title === undefined ? {} : { title: plainText(title) }),
    ...(placeHolder === undefined ? {} : { placeHolder: plainText(placeHolder) }),
  };
}
