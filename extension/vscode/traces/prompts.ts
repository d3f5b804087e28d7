import * as vscode from 'vscode';
import type { Prompts } from '../../target/connection.ts';

/**
 * Questions of a connection, asked in VS Code's own boxes. Answers are not kept.
 * @param signal closes an open box when the start is cancelled
 */
export const promptsUntil = (signal: AbortSignal): Prompts => ({
  async confirmHostKey({ host, keyType, fingerprint }) {
    const trust = 'Trust';
    const answer = await vscode.window.showWarningMessage(
      `The host key of ${host} is not known.`,
      {
        modal: true,
        detail:
          `${keyType} key, fingerprint:\n${fingerprint}\n\n` +
          'Compare it with what the host itself shows (ssh-keygen -lf on its key file). ' +
          'If you trust it, Packet Trace remembers it; your known_hosts file stays as it is.',
      },
      trust,
    );
    return answer === trust;
  },

  async secret({ prompt }) {
    const options = { title: 'Packet Trace', prompt, password: true, ignoreFocusOut: true };
    const close = new vscode.CancellationTokenSource();
    signal.addEventListener('abort', () => close.cancel());
    if (signal.aborted) close.cancel();
    return vscode.window.showInputBox(options, close.token);
  },
});
