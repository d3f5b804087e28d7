/**
 * pcap filters in VS Code. In comes text: of filter documents, of launch.json, of the filter box; out go completions,
 * hovers, diagnostics with fixes, and the filter that was asked for. What a filter means is extension/filter's
 * knowledge. Read ask-filter.ts (the box) and live-diagnostics.ts (documents) first.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as vscode from 'vscode';
import { FilterCompiler } from '../../filter/filter-compiler.ts';
import { NameLookup } from '../../filter/language/name-lookup.ts';
import type { NameTables } from '../../filter/libpcap/names.ts';
import { PatientAnalysis } from '../../filter/patient-analysis.ts';
import { registerCommands } from '../commands.ts';
import { Command, type FilterCommandId } from '../ids.ts';
import type { FilterAdviser } from './ask-filter.ts';
import { registerExpressionCompletion } from './expression-completion.ts';
import { FilterCommands } from './filter-commands.ts';
import type { KnownTypes } from './known-types.ts';
import { registerLanguageFeatures } from './language-features.ts';
import { LiveDiagnostics } from './live-diagnostics.ts';
import { ReadOnlyDocuments } from './read-only-documents.ts';
import type { Log } from '../messages/log.ts';

/** @returns what the filter box needs to know, wherever it is shown */
export function registerFilters(
  { subscriptions }: vscode.ExtensionContext,
  { distDir, log, types }: { distDir: string; log: Log; types: KnownTypes },
): FilterAdviser {
  const names = new NameLookup(readNames(distDir));
  // One for the filter box and commands, one for documents: a newer analysis ends an older one.
  const compiler = new FilterCompiler(distDir);
  const documentCompiler = new FilterCompiler(distDir);
  const patient = new PatientAnalysis((text) => compiler.analyse(text));
  const adviser: FilterAdviser = { names, analyse: (text) => patient.analyse(text) };
  const readOnly = new ReadOnlyDocuments();
  const commands = new FilterCommands(adviser, (text) => compiler.compile(text), readOnly);
  subscriptions.push(
    readOnly,
    registerLanguageFeatures(names),
    registerExpressionCompletion(types),
    new LiveDiagnostics((text, signal) => documentCompiler.analyse(text, signal), log),
    { dispose: () => void Promise.all([compiler.dispose(), documentCompiler.dispose()]) },
    registerCommands<FilterCommandId>({
      [Command.ShowCompiledFilter]: (filter?: unknown) => commands.showCompiled(filter),
      [Command.MatchFilter]: (filter?: unknown) => commands.matchFile(filter),
    }),
  );
  return adviser;
}

function readNames(distDir: string): NameTables {
  return JSON.parse(readFileSync(join(distDir, 'netbase.json'), 'utf8')) as NameTables;
}
