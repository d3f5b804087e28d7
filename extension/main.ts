import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { ConfigurationProvider, startDebugging, startWith } from './vscode/traces/configurations.ts';
import { SessionFactory } from './vscode/traces/session-factory.ts';
import { FilterCompiler } from './filter/filter-compiler.ts';
import { NameLookup } from './filter/language/name-lookup.ts';
import { registerLanguageFeatures } from './vscode/filter/language-features.ts';
import { LiveDiagnostics } from './vscode/filter/live-diagnostics.ts';
import type { NameTables } from './filter/libpcap/names.ts';
import { PatientAnalysis } from './filter/patient-analysis.ts';
import { ReadOnlyDocuments } from './vscode/filter/read-only-documents.ts';
import type { FilterAdviser } from './vscode/filter/ask-filter.ts';
import { changeFilter } from './vscode/traces/change-filter.ts';
import { FilterCommands } from './vscode/filter/filter-commands.ts';
import { keepContextKeys } from './vscode/traces/context-keys.ts';
import { hostKeyFile } from './target/ssh/host-key-file.ts';
import { Command, type CommandId, DEBUG_TYPE, LOG_CHANNEL } from './vscode/ids.ts';
import { KernelCheckout } from './vscode/source/kernel-checkout.ts';
import { KernelSourceOpener } from './vscode/source/open-kernel-source.ts';
import { pickTarget } from './vscode/traces/pick-target.ts';
import { RecentTraces } from './vscode/traces/recent.ts';
import { TraceRunner } from './vscode/traces/run-trace.ts';
import { registerSourceFeatures } from './vscode/source/source-features.ts';
import { SourceHits } from './vscode/source/source-hits.ts';
import { showMenu, StatusBar } from './vscode/traces/status-bar.ts';
import { traceChangedFunctions } from './vscode/source/trace-changed-functions.ts';
import { FunctionCommands } from './vscode/source/function-commands.ts';
import { TargetSource } from './vscode/source/target-source.ts';
import { TraceModel } from './vscode/traces/trace-model.ts';
import { TrajectoryTree } from './vscode/trajectories/trajectory-tree.ts';
import type { TreeNode } from './vscode/trajectories/tree-pages.ts';

let sessions: SessionFactory | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const distDir = context.asAbsolutePath('dist');
  const log = vscode.window.createOutputChannel(LOG_CHANNEL, { log: true });
  const names = new NameLookup(readNames(distDir));
  // One for the filter box and commands, one for documents: a newer analysis ends an older one.
  const filters = new FilterCompiler(distDir);
  const documentFilters = new FilterCompiler(distDir);
  const patient = new PatientAnalysis((text) => filters.analyse(text));
  const adviser: FilterAdviser = { names, analyse: (text) => patient.analyse(text) };
  const readOnly = new ReadOnlyDocuments();
  const filterCommands = new FilterCommands(adviser, (text) => filters.compile(text), readOnly);
  const recent = new RecentTraces(context.workspaceState);
  const hostKeys = hostKeyFile(join(context.globalStorageUri.fsPath, 'known_hosts'));
  const model = new TraceModel();
  const runner = new TraceRunner({ model, recent, hostKeys, log, distDir });
  const factory = new SessionFactory((configuration, signal) => runner.start(configuration, signal));
  const configurations = new ConfigurationProvider(recent, adviser);
  keepContextKeys(model);
  const checkout = new KernelCheckout({ distDir, cacheDir: context.globalStorageUri.fsPath }, (message) =>
    log.warn(message),
  );
  void checkout.begin();
  const target = new TargetSource({ model, checkout, distDir, state: context.workspaceState, log });
  const tree = new TrajectoryTree(model, (place) => target.describe(place));
  const source = new KernelSourceOpener(checkout, target);
  const hits = new SourceHits(model, checkout);
  const functionCommands = new FunctionCommands({ model, checkout, hits, tree, start: startWith });
  sessions = factory;

  const commands: Record<CommandId, Parameters<typeof vscode.commands.registerCommand>[1]> = {
    [Command.Start]: startDebugging,
    [Command.Stop]: () => factory.stopAll(),
    [Command.ChangeFilter]: () => changeFilter(model, adviser),
    [Command.Clear]: () => model.clear(),
    [Command.OpenKernelSource]: (row?: TreeNode) => source.open(row && tree.functionOf(row)),
    [Command.IndexCheckout]: () => checkout.index(),
    [Command.StopIndex]: () => checkout.stopIndexing(),
    [Command.ShowLog]: () => log.show(),
    [Command.LoadMore]: (row: TreeNode) => tree.loadMore(row),
    [Command.PickTarget]: () => pickTarget(recent),
    [Command.ShowMenu]: () => showMenu(model),
    [Command.ShowCompiledFilter]: (filter?: unknown) => filterCommands.showCompiled(filter),
    [Command.TraceFunction]: (name?: unknown) => functionCommands.trace(name),
    [Command.TraceChangedFunctions]: () => traceChangedFunctions(checkout, startWith),
    [Command.ShowPackets]: (name?: unknown) => functionCommands.showPackets(name),
    [Command.ShowAllPackets]: () => tree.showOnlyThrough(undefined),
    [Command.RevealPacket]: (capture: number, event: number) => tree.reveal(capture, event),
    [Command.MatchFilter]: (filter?: unknown) => filterCommands.matchFile(filter),
  };
  const { debug } = vscode;
  context.subscriptions.push(
    log,
    tree,
    new StatusBar(model),
    factory,
    checkout,
    target,
    readOnly,
    hits,
    registerSourceFeatures({ model, checkout, hits, opener: source, distDir }),
    registerLanguageFeatures(names),
    new LiveDiagnostics((text, signal) => documentFilters.analyse(text, signal), log),
    { dispose: () => void Promise.all([filters.dispose(), documentFilters.dispose()]) },
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

function readNames(distDir: string): NameTables {
  return JSON.parse(readFileSync(join(distDir, 'netbase.json'), 'utf8')) as NameTables;
}

/** VS Code waits some seconds for this when a window closes: probes are detached by then. */
export async function deactivate(): Promise<void> {
  await sessions?.stopAll();
}
