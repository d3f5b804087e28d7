// Runs a TypeScript program of this repository on a fresh clone: installs the locked npm packages first
// when they are missing or not the lock file's. Plain JavaScript: nothing is installed yet when it starts.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const stamp = resolve(root, 'node_modules/.kpt-lock');
const lock = createHash('sha256')
  .update(readFileSync(resolve(root, 'package-lock.json')))
  .digest('hex');

if (Number(process.versions.node.split('.')[0]) < 20) {
  console.error(`Node 20 or newer is needed; this is ${process.version}.`);
  process.exit(1);
}
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  console.error('installing npm packages (npm ci)');
  // No install scripts: what we use of these packages needs no compiling.
  const install = spawnSync(
    'npm',
    ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
    },
  );
  if (install.status !== 0) {
    console.error('npm ci failed; see its message above.');
    process.exit(1);
  }
  writeFileSync(stamp, lock);
}
const [program, ...args] = process.argv.slice(2);
const child = spawn(process.execPath, ['--import', 'tsx', resolve(root, program), ...args], {
  cwd: root,
  stdio: 'inherit',
});
// The terminal sends Ctrl-C to the program too: let it clean up and end first.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('close', (code) => process.exit(code ?? 1));
