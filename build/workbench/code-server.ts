/** A real VS Code workbench served over HTTP: code-server from npm, installed in the cache without compiling. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from '../paths.ts';
import { run } from '../run.ts';

const VERSION = '4.139.1';

/** Built-in extensions that a C workspace needs; the others only cost start-up time. */
const KEEP_EXTENSIONS = [
  'configuration-editing',
  'cpp',
  'json',
  'json-language-features',
  'log',
  'make',
  'markdown-basics',
  'markdown-language-features',
  'theme-defaults',
  'theme-modern-icons',
  'theme-seti',
];

/** code-server's native log writer is not compiled here; its log files are worth having. */
const SPDLOG = `const fs = require('fs');
const path = require('path');
const NAMES = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'];
let level = 2;
class Logger {
  constructor(type, name, file) { this.file = file; this.level = level; }
  getLevel() { return this.level; }
  setLevel(value) { this.level = value; }
  write(at, text) {
    if (at < this.level) return;
    fs.appendFileSync(this.file, new Date().toISOString() + ' [' + NAMES[at] + '] ' + text + '\\n');
  }
  trace(text) { this.write(0, text); }
  debug(text) { this.write(1, text); }
  info(text) { this.write(2, text); }
  warn(text) { this.write(3, text); }
  error(text) { this.write(4, text); }
  critical(text) { this.write(5, text); }
  setPattern() {}
  clearFormatters() {}
  flush() {}
  drop() {}
}
async function create(name, file) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  return new Logger('rotating', name, file);
}
exports.version = 1;
exports.setLevel = (value) => { level = value; };
exports.setFlushOn = () => {};
exports.Logger = Logger;
exports.createRotatingLogger = create;
exports.createAsyncRotatingLogger = create;
`;

const WATCHDOG = `exports.start = () => {};
exports.exit = (code) => process.exit(code);
`;

/**
 * Installs code-server into the cache when it is not there (some twenty seconds).
 * @returns the path of its entry script, to be run with Node 24
 */
export async function installCodeServer(log: (line: string) => void): Promise<string> {
  const recipe = createHash('sha256').update(JSON.stringify([VERSION, KEEP_EXTENSIONS, SPDLOG, WATCHDOG]));
  const dir = join(cacheDir('code-server'), `${VERSION}-${recipe.digest('hex').slice(0, 12)}`);
  const entry = join(dir, 'node_modules/code-server/out/node/entry.js');
  if (existsSync(dir)) return entry;
  log(`installing code-server ${VERSION}`);
  const temporary = await mkdtemp(join(cacheDir('code-server'), '.tmp-'));
  try {
    const npm = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await writeFile(join(temporary, 'package.json'), '{"private":true}');
    await run('npm', [...npm, `code-server@${VERSION}`], { cwd: temporary });
    const vscode = join(temporary, 'node_modules/code-server/lib/vscode');
    await run('npm', [...npm, '--omit=dev'], { cwd: vscode });
    for (const [name, source] of Object.entries({ spdlog: SPDLOG, 'native-watchdog': WATCHDOG })) {
      const module = join(vscode, 'node_modules/@vscode', name);
      await rm(module, { recursive: true, force: true });
      await mkdir(module, { recursive: true });
      await writeFile(join(module, 'package.json'), JSON.stringify({ name, main: 'index.js' }));
      await writeFile(join(module, 'index.js'), source);
    }
    for (const extension of await readdir(join(vscode, 'extensions'))) {
      if (KEEP_EXTENSIONS.includes(extension) || extension.endsWith('.json')) continue;
      await rm(join(vscode, 'extensions', extension), { recursive: true });
    }
    await rename(temporary, dir);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return entry;
}
