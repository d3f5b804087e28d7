import * as vscode from 'vscode';
import { asPacketTraceError } from '../errors.ts';
import type { FilterVerdict } from '../filter/verdict.ts';
import { verdictLine } from './verdict-line.ts';

/** libpcap's verdict on a filter; rejects when a later call took its place. */
export type CheckFilter = (text: string) => Promise<FilterVerdict>;

const SEVERITY = {
  error: vscode.InputBoxValidationSeverity.Error,
  warning: vscode.InputBoxValidationSeverity.Warning,
  info: vscode.InputBoxValidationSeverity.Info,
} as const;

/**
 * Asks for a pcap filter and shows libpcap's verdict as the user types. A refused filter is not taken.
 * @returns the filter; `back` to choose another target; undefined when the user gave up
 */
export async function askFilter(
  target: string,
  initial: string,
  check: CheckFilter,
): Promise<{ filter: string } | 'back' | undefined> {
  const input = vscode.window.createInputBox();
  input.title = `Start Packet Trace: filter for ${target}`;
  input.placeholder = 'dst host 1.1.1.1 and tcp port 80';
  input.prompt = 'pcap filter as for tcpdump; leave it empty to see every packet';
  input.value = initial;
  input.ignoreFocusOut = true;
  input.buttons = [vscode.QuickInputButtons.Back];
  const judge = async (): Promise<boolean> => {
    const text = input.value;
    try {
      const { severity, message } = verdictLine(await check(text));
      if (text === input.value) input.validationMessage = { message, severity: SEVERITY[severity] };
      return text === input.value && severity !== 'error';
    } catch (thrown) {
      const error = asPacketTraceError(thrown);
      if (error.code !== 'cancelled') input.validationMessage = error.message;
      return false;
    }
  };
  void judge();
  input.onDidChangeValue(() => void judge());
  try {
    return await new Promise((resolve) => {
      input.onDidAccept(async () => {
        if (await judge()) resolve({ filter: input.value.trim() });
      });
      input.onDidTriggerButton(() => resolve('back'));
      input.onDidHide(() => resolve(undefined));
      input.show();
    });
  } finally {
    input.dispose();
  }
}
