import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../build/paths.ts';
import { KEEP_EVENTS } from '../../extension/recording/retention.ts';
import { optionFiles } from '../../build/options.ts';
import { parseLaunch } from '../../extension/tracing/launch-configuration.ts';
import * as ids from '../../extension/vscode/ids.ts';

interface Manifest {
  icon: string;
  activationEvents: string[];
  capabilities: { untrustedWorkspaces: { restrictedConfigurations: string[] } };
  contributes: {
    commands: { command: string; title: string; category: string; enablement?: string }[];
    menus: Record<string, { command: string; when: string }[]>;
    languages: { id: string; extensions: string[]; configuration: string; icon: Record<string, string> }[];
    grammars: { language?: string; scopeName: string; path: string; injectTo?: string[] }[];
    viewsContainers: { activitybar: { id: string; icon: string }[] };
    views: Record<string, { id: string }[]>;
    viewsWelcome: { view: string; contents: string; when: string }[];
    configuration: { properties: Record<string, Record<string, unknown>> };
    debuggers: {
      type: string;
      variables: Record<string, string>;
      initialConfigurations: Record<string, string>[];
    }[];
    walkthroughs: { steps: { media: { markdown: string }; completionEvents: string[] }[] }[];
  };
}

const text = readFileSync(join(repoRoot, 'package.json'), 'utf8');
const { contributes, ...manifest } = JSON.parse(text) as Manifest;
const nls = JSON.parse(readFileSync(join(repoRoot, 'package.nls.json'), 'utf8')) as Record<string, string>;

const commands = Object.values<string>(ids.Command);
const sorted = (values: Iterable<string>) => [...values].sort();

function codeFiles(): string[] {
  const dir = join(repoRoot, 'extension');
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map((name) => readFileSync(join(dir, name), 'utf8'));
}

test('package.json has the commands of the code, each with a title and the category', () => {
  assert.deepEqual(sorted(contributes.commands.map(({ command }) => command)), sorted(commands));
  for (const { title, category } of contributes.commands) {
    assert.match(title, /^%command\.\w+%$/);
    assert.equal(category, '%category%');
  }
});

test('package.json has the views, the container and the settings of the code', () => {
  assert.deepEqual(Object.keys(contributes.views), Object.values(ids.ViewContainer));
  assert.deepEqual(
    contributes.viewsContainers.activitybar.map(({ id }) => id),
    Object.values(ids.ViewContainer),
  );
  const views = Object.values(contributes.views)
    .flat()
    .map(({ id }) => id);
  assert.deepEqual(sorted(views), sorted(Object.values(ids.View)));
  assert.deepEqual(
    sorted(Object.keys(contributes.configuration.properties)),
    sorted(Object.values(ids.Setting)),
  );
});

test('each id that package.json and its texts mention is one of the code', () => {
  const known = new Set<string>([
    ...commands,
    ...Object.values(ids.View),
    ...Object.values(ids.ContextKey),
    ...Object.values(ids.Setting),
    ids.FocusTrajectories,
  ]);
  const mentioned: string[] = (text + JSON.stringify(nls)).match(/\bpacketTrace\.[\w.]*\w/g) ?? [];
  assert.deepEqual(
    mentioned.filter((id) => !known.has(id)),
    [],
  );
  for (const key of Object.values(ids.ContextKey))
    assert.ok(mentioned.includes(key), `${key} is used nowhere`);
});

test('states and row kinds in "when" clauses are those of the code', () => {
  const model = readFileSync(join(repoRoot, 'extension/vscode/trace-model.ts'), 'utf8');
  const kinds = [...model.matchAll(/\{ kind: '(\w+)'/g)].map((match) => match[1]);
  const clauses = JSON.stringify(contributes);
  const states = [...clauses.matchAll(/packetTrace\.state [!=]= (\w+)/g)].map((match) => match[1]);
  assert.ok(states.length > 0);
  for (const state of states) assert.ok(kinds.includes(state), `no state "${state}"`);
  const rows = [...clauses.matchAll(/viewItem == (\w+)/g)].map((match) => match[1]);
  for (const row of rows) assert.ok(Object.values<string | undefined>(ids.ContextValue).includes(row));
});

test('every empty state of the view has a welcome or a message', () => {
  const clauses = contributes.viewsWelcome.map(({ when }) => when).join(' ');
  for (const state of ['idle', 'attaching', 'ended', 'failed'])
    assert.ok(clauses.includes(`packetTrace.state == ${state}`), state);
  assert.ok(clauses.includes('!isWorkspaceTrusted'));
});

test('commands that need a row are not in the palette', () => {
  const hidden = contributes.menus.commandPalette?.filter(({ when }) => when === 'false');
  assert.deepEqual(sorted(hidden?.map(({ command }) => command) ?? []), [
    ids.Command.LoadMore,
    ids.Command.PickTarget,
    ids.Command.RevealPacket,
    ids.Command.ShowMenu,
  ]);
});

test('texts: each %key% is in package.nls.json and none is left over', () => {
  const used = [...text.matchAll(/"%([\w.-]+)%"/g)].map((match) => match[1] ?? '');
  assert.deepEqual(sorted(new Set(used)), sorted(Object.keys(nls)));
});

test('the debugger: type, pick-target variable and launch attributes are those of the code', () => {
  const [debuggerOf] = contributes.debuggers;
  assert.equal(debuggerOf?.type, ids.DEBUG_TYPE);
  assert.deepEqual(manifest.activationEvents, [
    `onDebugResolve:${ids.DEBUG_TYPE}`,
    `onDebugDynamicConfigurations:${ids.DEBUG_TYPE}`,
    'onLanguage:jsonc', // launch.json has filters too
    'workspaceContains:net/core/skbuff.c', // a kernel tree: lenses and symbols before the first trace
  ]);
  assert.deepEqual(debuggerOf.variables, { pickTarget: ids.Command.PickTarget });
  for (const configuration of debuggerOf.initialConfigurations) parseLaunch(configuration);
});

test('what is made of the tables of options is as they say; "npm run options" writes it', () => {
  for (const [path, expected] of Object.entries(optionFiles()))
    assert.equal(readFileSync(join(repoRoot, path), 'utf8'), expected, path);
});

test('as many events are kept as the setting says that there are by default', () => {
  assert.equal(contributes.configuration.properties[ids.Setting.KeepEvents]?.default, KEEP_EVENTS);
});

test('settings are documented and scoped, and restricted in untrusted workspaces', () => {
  for (const [name, property] of Object.entries(contributes.configuration.properties)) {
    assert.ok(property.markdownDescription, name);
    assert.match(String(property.scope), /^(machine(-overridable)?|resource)$/, name);
  }
  // A workspace may say how filters look, but not which files are read or programs run.
  const harmless: string[] = [ids.Setting.FilterInlayHints, ids.Setting.CodeLens, ids.Setting.Heat];
  const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
  const restricted = Object.values(ids.Setting).filter((name) => !harmless.includes(name));
  assert.deepEqual(sorted(restrictedConfigurations), sorted(restricted));
});

test('the language of filters: its grammar, its injection into launch.json, and its configuration', () => {
  const [language] = contributes.languages;
  assert.equal(language?.id, ids.FILTER_LANGUAGE);
  assert.deepEqual(language.extensions, ['.pcapfilter']);
  for (const { scopeName, path } of contributes.grammars) {
    const grammar = JSON.parse(readFileSync(join(repoRoot, path), 'utf8')) as { scopeName: string };
    assert.equal(grammar.scopeName, scopeName);
  }
  assert.deepEqual(
    contributes.grammars.map((grammar) => grammar.language ?? grammar.injectTo?.join()),
    [ids.FILTER_LANGUAGE, 'source.json.comments'],
  );
});

test('files that package.json names exist', () => {
  const files = [
    manifest.icon,
    ...contributes.viewsContainers.activitybar.map(({ icon }) => icon),
    ...contributes.languages.flatMap(({ configuration, icon }) => [configuration, ...Object.values(icon)]),
    ...contributes.grammars.map(({ path }) => path),
    ...contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.markdown)),
  ];
  for (const file of files) assert.ok(existsSync(join(repoRoot, file)), file);
});

test('ids are written out in ids.ts only', () => {
  const literals = codeFiles().flatMap((code) => code.match(/['"`]packetTrace\.[\w.]+['"`]/g) ?? []);
  const own = readFileSync(join(repoRoot, 'extension/vscode/ids.ts'), 'utf8').match(
    /['"`]packetTrace\.[\w.]+['"`]/g,
  );
  assert.deepEqual(sorted(literals), sorted(own ?? []));
});
