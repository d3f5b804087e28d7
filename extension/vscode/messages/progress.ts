import * as vscode from 'vscode';
import { plainText } from './plain-text.ts';

/** Work that takes longer than this is worth a notification. */
const PROGRESS_AFTER_MS = 1000;

/**
 * Does work under a notification that tells how far it is and cancels it.
 * @param outer cancels it too
 */
export async function withProgress<T>(
  title: string,
  work: (signal: AbortSignal, report: (message: string) => void) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  const options = {
    location: vscode.ProgressLocation.Notification,
    cancellable: true,
    title: plainText(title),
  };
  return vscode.window.withProgress(options, (progress, token) => {
    const abort = new AbortController();
    const cancel = () => abort.abort();
    token.onCancellationRequested(cancel);
    outer?.addEventListener('abort', cancel);
    if (outer?.aborted === true) cancel();
    const done = work(abort.signal, (message) => progress.report({ message: plainText(message) }));
    return done.finally(() => outer?.removeEventListener('abort', cancel));
  });
}

/** Work that the user waits for without a notification: it is named in the status bar. */
export async function withStatusBarProgress<T>(title: string, work: () => Promise<T>): Promise<T> {
  const location = vscode.ProgressLocation.Window;
  return vscode.window.withProgress({ location, title: plainText(title) }, work);
}

/** As withProgress, with a notification only when it takes long. @returns undefined when the user cancelled */
export async function withLateProgress<T>(
  title: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const abort = new AbortController();
  const running = work(abort.signal).catch((error: unknown) => {
    if (abort.signal.aborted) return undefined;
    throw error;
  });
  const slow = new Promise<'slow'>((resolve) => setTimeout(resolve, PROGRESS_AFTER_MS, 'slow'));
  const first = await Promise.race([running, slow]);
  if (first !== 'slow') return first;
  return withProgress(title, (signal) => {
    const cancelled = new Promise<undefined>((resolve) =>
      signal.addEventListener('abort', () => {
        abort.abort();
        resolve(undefined);
      }),
    );
    return Promise.race([running, cancelled]);
  });
}
