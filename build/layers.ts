/**
 * `npm run lint` checks with this which folder may import which, type imports counted: the table below, no circle
 * of files, and within each folder no circle of what lies in it (files, and folders with all that is in them).
 */
import { cruise, type ICruiseResult, type IForbiddenRuleType } from 'dependency-cruiser';
import { pathToFileURL } from 'node:url';
import { repoRoot } from './paths.ts';

/**
 * What of ours a folder may import; a longer path goes before a shorter one. Each names only folders above it in
 * this table, so that nothing runs upwards or in a circle.
 */
export const LAYERS = {
  common: [],
  'common/btf': ['common'],
  'common/bpf': ['common'],
  'common/expression': ['common', 'common/bpf', 'common/btf'],

  'remote-agent/native': ['common'],
  'remote-agent/kernel': ['common'],
  'remote-agent/btf': ['common', 'common/btf', 'common/bpf', 'remote-agent/kernel'],
  'remote-agent/plan': ['common', 'common/btf', 'common/bpf', 'remote-agent/kernel', 'remote-agent/btf'],
  'remote-agent/filter': ['common', 'common/bpf', 'remote-agent/kernel'],
  'remote-agent/conditions': [
    'common',
    'common/btf',
    'common/bpf',
    'common/expression',
    'remote-agent/native',
    'remote-agent/btf',
    'remote-agent/filter',
  ],
  'remote-agent/programs': [
    'common',
    'common/btf',
    'common/bpf',
    'remote-agent/native',
    'remote-agent/kernel',
    'remote-agent/filter',
  ],
  'remote-agent/attach': [
    'common',
    'remote-agent/native',
    'remote-agent/kernel',
    'remote-agent/plan',
    'remote-agent/programs',
  ],
  'remote-agent/events': ['common', 'remote-agent/native', 'remote-agent/kernel'],
  'remote-agent/modes': [
    'common',
    'common/bpf',
    'remote-agent/native',
    'remote-agent/kernel',
    'remote-agent/btf',
    'remote-agent/plan',
    'remote-agent/programs',
    'remote-agent/attach',
  ],
  // main.ts, session.ts, trace.ts
  'remote-agent': [
    'common',
    'remote-agent/native',
    'remote-agent/kernel',
    'remote-agent/btf',
    'remote-agent/plan',
    'remote-agent/filter',
    'remote-agent/conditions',
    'remote-agent/programs',
    'remote-agent/attach',
    'remote-agent/events',
    'remote-agent/modes',
  ],

  'extension/base': ['common'],
  'extension/target': ['extension/base'],
  'extension/recording': ['common', 'extension/base'],
  'extension/filter': ['common', 'common/btf', 'common/bpf', 'common/expression', 'extension/base'],
  'extension/kernel-source': ['common', 'extension/base', 'extension/recording'],
  'extension/tracing': [
    'common',
    'extension/base',
    'extension/target',
    'extension/recording',
    'extension/filter',
  ],
  'extension/debug': ['common', 'extension/base', 'extension/recording', 'extension/tracing'],
  'extension/cli': [
    'common',
    'extension/base',
    'extension/target',
    'extension/recording',
    'extension/filter',
    'extension/kernel-source',
    'extension/tracing',
  ],
  // ids, and what the folders below share
  'extension/vscode': ['extension/base', 'extension/recording', 'extension/tracing'],
  'extension/vscode/filter': [
    'common',
    'common/btf',
    'common/expression',
    'extension/base',
    'extension/filter',
    'extension/tracing',
    'extension/vscode',
  ],
  'extension/vscode/trajectories': [
    'common',
    'extension/base',
    'extension/recording',
    'extension/kernel-source',
    'extension/vscode',
  ],
  'extension/vscode/traces': [
    'common',
    'extension/base',
    'extension/target',
    'extension/recording',
    'extension/tracing',
    'extension/debug',
    'extension/vscode',
    'extension/vscode/filter',
    'extension/vscode/trajectories',
  ],
  'extension/vscode/source': [
    'common',
    'extension/base',
    'extension/recording',
    'extension/kernel-source',
    'extension/tracing',
    'extension/vscode',
    'extension/vscode/traces',
    'extension/vscode/trajectories',
  ],
  'extension/main.ts': [
    'extension/base',
    'extension/vscode',
    'extension/vscode/filter',
    'extension/vscode/traces',
    'extension/vscode/trajectories',
    'extension/vscode/source',
  ],
} satisfies Record<string, readonly string[]>;

/** Packages that belong to one place. */
const PACKAGES: readonly { name: string; belongsTo: string }[] = [
  { name: 'vscode', belongsTo: '^extension/(vscode/|main\\.ts$)' },
  { name: 'ssh2', belongsTo: '^extension/target/ssh/' },
  { name: 'apache-arrow', belongsTo: '^extension/recording/file/' },
  { name: 'koffi', belongsTo: '^remote-agent/native/' },
  { name: '@vscode/debugadapter', belongsTo: '^extension/debug/' },
];

type Layer = keyof typeof LAYERS;

/** The layer that a file is in: the longest path of the table that it lies under. */
export function layerOf(path: string): Layer | undefined {
  const layers = (Object.keys(LAYERS) as Layer[]).filter((layer) => isUnder(path, layer));
  return layers.sort((a, b) => b.length - a.length)[0];
}

function isUnder(path: string, layer: string): boolean {
  return path === layer || path.startsWith(`${layer}/`);
}

export interface Import {
  from: string;
  to: string;
}

/** Imports that the table does not allow, and rows of it that name what stands below them. */
export function brokenLayers(imports: readonly Import[]): string[] {
  const rows: readonly (readonly [string, readonly string[]])[] = Object.entries(LAYERS);
  const order = rows.map(([layer]) => layer);
  const upwards = rows.flatMap(([layer, allowed], row) =>
    allowed
      .filter((each) => !order.slice(0, row).includes(each))
      .map((each) => `the table lets ${layer} import ${each}, which is not above it`),
  );
  const forbidden = imports.flatMap(({ from, to }) => {
    const [importer, imported] = [layerOf(from), layerOf(to)];
    if (importer === undefined) return [`${from} is in no folder of the table`];
    if (imported === undefined) return [`${from} imports ${to}, which is in no folder of the table`];
    const allowed: readonly string[] = LAYERS[importer];
    if (imported === importer || allowed.includes(imported)) return [];
    return [`${from} imports ${to}: ${importer} may not import ${imported}`];
  });
  return [...upwards, ...forbidden];
}

/** Circles among the entries of each folder, a folder standing for all that is in it. */
export function circlesOfEntries(imports: readonly Import[]): string[] {
  const folders = new Map<string, Map<string, Set<string>>>();
  for (const { from, to } of imports) {
    const [a, b] = [from.split('/'), to.split('/')];
    const common = a.findIndex((part, depth) => part !== b[depth]);
    if (common < 0) continue;
    const folder = a.slice(0, common).join('/');
    const entries = folders.get(folder) ?? new Map<string, Set<string>>();
    folders.set(folder, entries);
    const imported = entries.get(a[common] ?? '') ?? new Set();
    entries.set(a[common] ?? '', imported.add(b[common] ?? ''));
  }
  return [...folders].flatMap(([folder, entries]) => {
    // What imports nothing that is left, or is imported by nothing that is left, is in no circle; again and again.
    const left = new Map(entries);
    for (let before = -1; before !== left.size;) {
      before = left.size;
      const needed = new Set([...left.values()].flatMap((imported) => [...imported]));
      for (const [entry, imported] of left)
        if (!needed.has(entry) || ![...imported].some((each) => left.has(each))) left.delete(entry);
    }
    return left.size === 0 ? [] : [`a circle in ${folder || '/'}: ${[...left.keys()].join(', ')}`];
  });
}

/** Everything that breaks a rule, a line each. */
export async function findBrokenLayers(): Promise<string[]> {
  const forbidden: IForbiddenRuleType[] = PACKAGES.map(({ name, belongsTo }) => ({
    name: `${name} belongs to ${belongsTo}`,
    from: { pathNot: belongsTo },
    to: { path: `(^|/)${name}(/|$)`, dependencyTypesNot: ['local'] },
  }));
  forbidden.push({ name: 'no circle of files', from: {}, to: { circular: true } });
  const { output } = await cruise(['common', 'remote-agent', 'extension'], {
    baseDir: repoRoot,
    validate: true,
    ruleSet: { forbidden },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  });
  const { modules, summary } = output as ICruiseResult;
  const imports = modules.flatMap(({ source, dependencies }) =>
    dependencies
      .filter(({ resolved }) => layerOf(resolved) !== undefined)
      .map(({ resolved }) => ({ from: source, to: resolved })),
  );
  if (imports.length === 0)
    throw new Error('no import was found: the folders are not where they are looked for');
  const rules = summary.violations.map(({ rule, from, to }) => `${from} imports ${to}: ${rule.name}`);
  return [...rules, ...brokenLayers(imports), ...circlesOfEntries(imports)];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const broken = await findBrokenLayers();
  for (const line of broken) console.error(line);
  process.exitCode = broken.length > 0 ? 1 : 0;
}
