import assert from 'node:assert/strict';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { distDir, repoRoot } from '../../../build/paths.ts';
import { run } from '../../../build/run.ts';
import { archOf } from '../images/kernels.ts';
import type { Guest } from './guest.ts';

const FOLDER = '/root/script';

/**
 * Runs a script of the repository in a guest, beside the agent's native parts (`dist/agent`).
 * @param script its path in the repository; it gets `input` as JSON on standard input
 * @returns its standard output
 */
export async function runBundled(
  guest: Guest,
  script: string,
  input: unknown,
  timeoutMs: number,
): Promise<string> {
  const platform = archOf(guest.kernel) === 'arm64' ? 'linux-arm64' : 'linux-x64';
  const tar = 'tar -C "$0" -cz "$1" | base64';
  const parts = await run('sh', ['-c', tar, join(distDir, 'agent'), platform]);
  const file = `${FOLDER}/${basename(script, '.ts')}.cjs`;
  await exec(guest, `mkdir -p ${FOLDER} && base64 -d | tar -C ${FOLDER} -xz`, parts);
  await exec(guest, `cat > ${file}`, await bundle(script));
  return exec(guest, `node ${file}`, JSON.stringify(input), timeoutMs);
}

async function bundle(script: string): Promise<string> {
  const entryPoints = [join(repoRoot, script)];
  const result = await build({ entryPoints, bundle: true, platform: 'node', target: 'node20', write: false });
  return result.outputFiles[0]!.text;
}

async function exec(guest: Guest, command: string, input: string, timeoutMs = 60_000): Promise<string> {
  const result = await guest.exec(command, { input, timeoutMs });
  const fault = guest.panicked() ? `the guest's kernel died (the lab's fault)\n${guest.console()}` : '';
  assert.equal(result.code, 0, `${fault}${result.stderr}`);
  return result.stdout;
}
