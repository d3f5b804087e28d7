/**
 * Traces in VS Code: from "Start Packet Trace" to a debug session and its capture. In come a debug configuration or
 * the wizard's answers; out goes a running trace in the TraceModel, which all views show. Read run-trace.ts first,
 * then ../trace-model.ts.
 */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { hostKeyFile } from '../../target/ssh/host-key-file.ts';
import { registerCommands } from '../commands.ts';
import type { FilterAdviser } from '../filter/ask-filter.ts';
import type { KnownTypes } from '../filter/known-types.ts';
import { Command, DEBUG_TYPE, type TraceCommandId } from '../ids.ts';
import type { Log } from '../messages/log.ts';
import { TraceModel } from '../trace-model.ts';
import type { TreeNode } from '../trajectories/tree-pages.ts';
import { TrajectoryTree } from '../trajectories/trajectory-tree.ts';
import { changeFilter } from './change-filter.ts';
import { ConfigurationProvider, startDebugging } from './configurations.ts';
import { keepContextKeys } from './context-keys.ts';
import { forgetHostKey } from './forget-host-key.ts';
import { pickTarget } from './pick-target.ts';
import { RecentTraces } from './recent.ts';
import { reconnect, TraceRunner } from './run-trace.ts';
import { SessionFactory } from './session-factory.ts';
import { showTrace } from './show-trace.ts';
import { showMenu, StatusBar } from './status-bar.ts';

interface Parts {
  distDir: string;
  log: Log;
  adviser: FilterAdviser;
  types: KnownTypes;
}

export interface Traces {
  model: TraceModel;
  tree: TrajectoryTree;
  /** Cancels starts and stops traces; settles when their probes are detached. */
  stopAll(): Promise<void>;
}

export function registerTraces(
  context: vscode.ExtensionContext,
  { distDir, log, adviser, types }: Parts,
): Traces {
  const recent = new RecentTraces(context.workspaceState);
  const hostKeys = hostKeyFile(
    join(context.globalStorageUri.fsPath, 'known_hosts'),
    () => 'forget the old key: run "Packet Trace: Forget Host Key…"',
  );
  const model = new TraceModel();
  const runner = new TraceRunner({ model, recent, hostKeys, types, log, distDir });
  const factory = new SessionFactory((configuration, signal) => runner.start(configuration, signal));
  const configurations = new ConfigurationProvider(recent, adviser);
  const tree = new TrajectoryTree(model);
  const stopAll = () => factory.stopAll();
  keepContextKeys(model);
  const { debug } = vscode;
  const { Dynamic } = vscode.DebugConfigurationProviderTriggerKind;
  context.subscriptions.push(
    tree,
    new StatusBar(model),
    factory,
    debug.registerDebugAdapterDescriptorFactory(DEBUG_TYPE, factory),
    debug.registerDebugConfigurationProvider(DEBUG_TYPE, configurations),
    debug.registerDebugConfigurationProvider(DEBUG_TYPE, configurations, Dynamic),
    registerCommands<TraceCommandId>({
      [Command.Start]: startDebugging,
      [Command.Stop]: stopAll,
      [Command.ChangeFilter]: () => changeFilter(model, adviser),
      [Command.Reconnect]: () => reconnect(model),
      [Command.ShowTrace]: () => showTrace(model),
      [Command.Clear]: () => model.clear(),
      [Command.ForgetHostKey]: () => forgetHostKey(hostKeys),
      [Command.ShowLog]: () => log.show(),
      [Command.PickTarget]: () => pickTarget(recent),
      [Command.ShowMenu]: () => showMenu(model),
      [Command.LoadMore]: (row: TreeNode) => tree.loadMore(row),
      [Command.ShowAllPackets]: () => tree.showOnlyThrough(undefined),
      [Command.RevealPacket]: (capture: number, event: number) => tree.reveal(capture, event),
    }),
  );
  return { model, tree, stopAll };
}
