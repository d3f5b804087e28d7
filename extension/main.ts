import { join } from 'node:path';
import * as vscode from 'vscode';
import { ConfigurationProvider, startDebugging } from './debug/configurations.vscode.ts';
import { SessionFactory } from './debug/factory.vscode.ts';
import { FilterCompiler } from './filter/filter-compiler.ts';
import { keepContextKeys } from './views/context-keys.ts';
import { hostKeyFile } from './target/host-key-file.ts';
import { Command, type CommandId, DEBUG_TYPE, LOG_CHANNEL } from './views/ids.ts';
import { KernelSourceOpener } from './views/open-kernel-source.ts';
import { pickTarget } from './views/pick-target.ts';
import { RecentTraces } from './views/recent.ts';
import { TraceRunner } from './views/run-trace.ts';
import { showMenu, StatusBar } from './views/status-bar.ts';
import { TraceModel } from './views/trace-model.ts';
import { TrajectoryTree } from './views/trajectory-tree.ts';
import type { TreeNode } from './views/tree-pages.ts';

let sessions: SessionFactory | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const distDir = context.asAbsolutePath('dist');
  const log = vscode.window.createOutputChannel(LOG_CHANNEL, { log: true });
  const filters = new FilterCompiler(distDir);
  const recent = new RecentTraces(context.workspaceState);
  const hostKeys = hostKeyFile(join(context.globalStorageUri.fsPath, 'known_hosts'));
  const model = new TraceModel();
  const runner = new TraceRunner({ model, recent, hostKeys, log, distDir });
  const factory = new SessionFactory((configuration, signal) => runner.start(configuration, signal));
  const configurations = new ConfigurationProvider(recent, (text) => filters.check(text));
  keepContextKeys(model);
  const tree = new TrajectoryTree(model);
  const source = new KernelSourceOpener();
  sessions = factory;

  const commands: Record<CommandId, Parameters<typeof vscode.commands.registerCommand>[1]> = {
    [Command.Start]: startDebugging,
    [Command.Stop]: () => factory.stopAll(),
    [Command.Clear]: () => model.clear(),
    [Command.OpenKernelSource]: (row?: TreeNode) => source.open(row && tree.functionOf(row)),
    [Command.ShowLog]: () => log.show(),
    [Command.LoadMore]: (row: TreeNode) => tree.loadMore(row),
    [Command.PickTarget]: () => pickTarget(recent),
    [Command.ShowMenu]: () => showMenu(model),
  };
  const { debug } = vscode;
  context.subscriptions.push(
    log,
    tree,
    new StatusBar(model),
    factory,
    { dispose: () => void filters.dispose() },
    debug.registerDebugAdapterDescriptorFactory(DEBUG_TYPE, factory),
    debug.registerDebugConfigurationProvider(DEBUG_TYPE, configurations),
    debug.registerDebugConfigurationProvider(
      DEBUG_TYPE,
      configurations,
      vscode.DebugConfigurationProviderTriggerKind.Dynamic,
    ),
    ...Object.entries(commands).map(([id, run]) => vscode.commands.registerCommand(id, run)),
  );
}

/** VS Code waits some seconds for this when a window closes: probes are detached by then. */
export async function deactivate(): Promise<void> {
  await sessions?.stopAll();
}
