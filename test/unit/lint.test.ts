import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import { ESLint, Linter } from 'eslint';
import { brokenLayers, circlesOfEntries, findBrokenLayers } from '../../build/layers.ts';
import { repoRoot } from '../../build/paths.ts';
import { run } from '../../build/run.ts';

/** The slowest takes a minute and a half on a busy machine. */
const LIMIT_MS = 6 * 60 * 1000;

/** Node 20 was once seen to wait for ever while it loaded ESLint, idle, with a read file still open: tried again. */
async function check(name: string, ...args: string[]): Promise<void> {
  const program = join(repoRoot, 'node_modules', '.bin', name);
  const attempt = (signal: AbortSignal) => run(program, args, { cwd: repoRoot, signal });
  const limit = AbortSignal.timeout(LIMIT_MS);
  await attempt(limit).catch((error: unknown) => {
    if (!limit.aborted) throw error;
    console.log(`${name} did not end within ${LIMIT_MS / 1000} s; once more`);
    return attempt(AbortSignal.timeout(LIMIT_MS));
  });
}

test('TypeScript finds no error', async () => {
  await check('tsc', '--noEmit');
});

test('ESLint finds nothing', async () => {
  await check('eslint', '.', '--max-warnings', '0');
});

test('Prettier would change nothing', async () => {
  await check('prettier', '--check', '.');
});

test('only one place may show a message or ask for a text', async () => {
  const eslint = new ESLint({ cwd: repoRoot });
  const rulesOf = async (file: string) => {
    const config = (await eslint.calculateConfigForFile(join(repoRoot, file))) as Linter.Config;
    return { 'no-restricted-syntax': config.rules?.['no-restricted-syntax'] ?? 'off' } as const;
  };
  const elsewhere = await rulesOf('extension/vscode/traces/run-trace.ts');
  for (const code of [
    "vscode.window.showErrorMessage('a')",
    "window.showInputBox({ prompt: 'a' })",
    "vscode['window']['showWarningMessage']('a')",
    'const { showQuickPick } = vscode.window',
    "vscode.window.withProgress({ title: 'a' }, work)",
    'vscode.window.createInputBox()',
    'text.isTrusted = true',
    'text.supportHtml = true',
  ])
    assert.equal(new Linter().verify(code, { rules: elsewhere }).length, 1, code);
  for (const code of ['vscode.window.showOpenDialog()', 'text.isTrusted = { enabledCommands: [] }'])
    assert.deepEqual(new Linter().verify(code, { rules: elsewhere }), [], code);
  const here = await rulesOf('extension/vscode/messages/notify.ts');
  assert.equal(here['no-restricted-syntax'], 'off');
});

test('no import breaks the table of layers or makes a circle', async () => {
  assert.deepEqual(await findBrokenLayers(), []);
});

test('an import that the table does not allow, and a file in none of its folders, are told', () => {
  const upwards = { from: 'common/framing.ts', to: 'remote-agent/main.ts' };
  const sideways = { from: 'extension/recording/capture.ts', to: 'extension/target/shell.ts' };
  const fine = { from: 'extension/cli/main.ts', to: 'extension/tracing/start-trace.ts' };
  const unknown = { from: 'extension/views/rows.ts', to: 'extension/base/errors.ts' };
  assert.deepEqual(brokenLayers([upwards, sideways, fine, unknown]), [
    'common/framing.ts imports remote-agent/main.ts: common may not import remote-agent',
    'extension/recording/capture.ts imports extension/target/shell.ts: extension/recording may not import extension/target',
    'extension/views/rows.ts is in no folder of the table',
  ]);
});

test('a circle of folders is found where no file is in one', () => {
  const imports = [
    { from: 'a/x/one.ts', to: 'a/y/two.ts' },
    { from: 'a/y/three.ts', to: 'a/x/four.ts' },
    { from: 'a/z.ts', to: 'a/x/one.ts' },
  ];
  assert.deepEqual(circlesOfEntries(imports), ['a circle in a: x, y']);
  assert.deepEqual(circlesOfEntries(imports.slice(1)), []);
});
