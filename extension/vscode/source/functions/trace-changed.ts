import * as vscode from 'vscode';
import {
  type BranchChanges,
  type ChangedFunction,
  changedFunctions,
  functionsPattern,
} from '../../../kernel-source/checkout/changed-functions.ts';
import { isTraceable } from '../../../kernel-source/c/scanner/file-functions.ts';
import { pickSeveral } from '../../messages/ask.ts';
import { sayError, sayInformation, showError } from '../../messages/notify.ts';
import { withProgress } from '../../messages/progress.ts';
import type { KernelCheckout } from '../kernel-checkout.ts';

/**
 * "Trace Functions Changed in This Branch": what git says that the branch changed, to choose from, then a trace
 * with probes on the chosen functions only. Runs git, so never in a workspace that is not trusted.
 * @param start starts a trace with attributes of a debug configuration
 */
export async function traceChangedFunctions(
  checkout: KernelCheckout,
  start: (attributes: object) => Promise<void>,
): Promise<void> {
  if (!vscode.workspace.isTrusted) {
    void sayError('Comparing branches runs git, which needs your trust in this workspace.');
    return;
  }
  const source = await checkout.findOrAsk();
  if (source === undefined) return;
  const changes = await compare(source.root);
  if (changes === undefined) return;
  const traceable = changes.functions.filter(isTraceable);
  if (traceable.length === 0) {
    void sayInformation(nothingToTrace(changes));
    return;
  }
  const chosen = await choose(changes, traceable);
  if (chosen === undefined || chosen.length === 0) return;
  await start({
    name: `Functions changed in ${changes.branch}`,
    functions: functionsPattern(chosen.map(({ name }) => name)),
  });
}

/** @returns undefined when it failed, which was shown, or the user cancelled */
async function compare(root: string): Promise<BranchChanges | undefined> {
  try {
    const title = 'Comparing the branch with what it was made from';
    return await withProgress(title, (signal) => changedFunctions(root, signal));
  } catch (error) {
    showError(error);
    return undefined;
  }
}

function nothingToTrace({ branch, base, functions }: BranchChanges): string {
  const compared =
    base === 'HEAD' ? `${branch} has no uncommitted changes` : `${branch} and ${base} do not differ`;
  if (functions.length === 0) return `${compared} in any function of a C file.`;
  const names = functions.slice(0, 5).map(({ name }) => name);
  return `No changed function takes a packet (struct sk_buff *) and can be probed: ${names.join(', ')}${functions.length > 5 ? '…' : ''}.`;
}

async function choose(
  { branch, base, functions }: BranchChanges,
  traceable: readonly ChangedFunction[],
): Promise<ChangedFunction[] | undefined> {
  const items = traceable.map((changed) => ({
    label: changed.name,
    description: `${changed.path}:${changed.line + 1}`,
    iconPath: new vscode.ThemeIcon('symbol-function'),
    picked: true,
    changed,
  }));
  const others = functions.length - traceable.length;
  const left = others === 0 ? '' : ` (${others} more: no packet or inline)`;
  const since = base === 'HEAD' ? 'not committed yet' : `since ${base}`;
  const picked = await pickSeveral(items, {
    matchOnDescription: true,
    title: `Functions changed in ${branch}, ${since}`,
    placeHolder: `Functions to probe${left}`,
  });
  return picked?.map(({ changed }) => changed);
}
