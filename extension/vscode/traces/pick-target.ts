import * as vscode from 'vscode';
import { asPacketTraceError } from '../../base/errors.ts';
import { listHosts } from '../../target/ssh/config.ts';
import { parseTargetName } from '../../target/target-name.ts';
import { openList } from '../messages/ask.ts';
import type { RecentTraces } from './recent.ts';

interface TargetItem extends vscode.QuickPickItem {
  /** Undefined for separators and for text that names no target. */
  target?: string;
}

/** Lets the user pick a recent target, a host of the SSH configuration or `local`, or type one. */
export async function pickTarget(recent: RecentTraces): Promise<string | undefined> {
  const { list: picker, show: setItems } = openList<TargetItem>('Start Packet Trace: target');
  picker.placeholder = 'Pick a host, or type user@host:port';
  picker.matchOnDescription = true;
  picker.ignoreFocusOut = true;
  const show = (items: readonly TargetItem[]) => setItems(withTyped(picker.value.trim(), items));
  let items = knownItems(recent, []);
  show(items);
  picker.busy = true;
  void listHosts()
    .catch(() => []) // an unreadable configuration offers no hosts; connecting says what is wrong with it
    .then((hosts) => {
      items = knownItems(recent, hosts);
      show(items);
      picker.busy = false;
    });
  picker.onDidChangeValue(() => show(items));
  try {
    return await new Promise<string | undefined>((resolve) => {
      picker.onDidAccept(() => {
        const target = picker.selectedItems[0]?.target;
        if (target !== undefined) resolve(target);
      });
      picker.onDidHide(() => resolve(undefined));
      picker.show();
    });
  } finally {
    picker.dispose();
  }
}

function knownItems(recent: RecentTraces, hosts: readonly string[]): TargetItem[] {
  const recentTargets = recent.list().map(({ target }) => target);
  const configured = hosts.filter((host) => !recentTargets.includes(host));
  return [
    ...group('recent', recentTargets, 'history'),
    ...group('SSH configuration', configured, 'remote'),
    ...(recentTargets.includes('local') ? [] : group('this machine', ['local'], 'vm')),
  ];
}

function group(label: string, targets: readonly string[], icon: string): TargetItem[] {
  if (targets.length === 0) return [];
  const items = targets.map((target) => ({
    label: target,
    iconPath: new vscode.ThemeIcon(target === 'local' ? 'vm' : icon),
    target,
    ...(target === 'local' ? { description: 'the machine that this window works on' } : {}),
  }));
  return [{ label, kind: vscode.QuickPickItemKind.Separator }, ...items];
}

/** Typed text that is no known target becomes the first choice, or says why it is none. */
function withTyped(text: string, items: readonly TargetItem[]): TargetItem[] {
  if (text === '' || items.some(({ target }) => target === text)) return [...items];
  return [typedItem(text), ...items];
}

function typedItem(text: string): TargetItem {
  try {
    parseTargetName(text);
    return { label: text, iconPath: new vscode.ThemeIcon('plug'), target: text, alwaysShow: true };
  } catch (error) {
    const { message } = asPacketTraceError(error);
    return { label: text, iconPath: new vscode.ThemeIcon('error'), detail: message, alwaysShow: true };
  }
}
