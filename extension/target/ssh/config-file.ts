/** Reading ssh_config(5) files themselves: what `ssh -G` cannot tell, or where there is no ssh. Nothing is executed. */
import { readFile, readdir } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { type ConfigLine, matchesGlob, matchesPatterns, parseConfigLines } from './config-lines.ts';
import { expandHome } from './key-file.ts';

const INCLUDE_DEPTH = 16; // as OpenSSH's READCONF_MAX_DEPTH
const SYSTEM_FOLDER = '/etc/ssh';

/** Keywords in lower case with their values in order of appearance. */
export type SshConfigValues = Map<string, string[]>;

/** What a shell splits, or ssh itself: the line's rest is the value. */
const COMMANDS = new Set(['proxycommand', 'knownhostscommand', 'localcommand', 'remotecommand']);
/** Each line adds one; of the others the first one counts. */
const LISTS = new Set(['identityfile', 'certificatefile']);

/** The user's and the system's configuration files, in the order in which the first value wins. */
export function configFiles(own: string | undefined): string[] {
  return own === undefined ? [join(homedir(), '.ssh', 'config'), `${SYSTEM_FOLDER}/ssh_config`] : [own];
}

/** Host names and aliases that the files name without wildcards, in their order. */
export async function listConfiguredHosts(own?: string): Promise<string[]> {
  const hosts = new Set<string>();
  const collect = async (file: string, folder: string, depth: number): Promise<void> => {
    for (const { keyword, args } of await readLines(file)) {
      if (keyword === 'host')
        for (const name of args) if (name !== '' && !/[*?!\s]/.test(name)) hosts.add(name);
      if (keyword === 'include' && depth < INCLUDE_DEPTH)
        for (const included of await expandIncludes(args, folder)) await collect(included, folder, depth + 1);
    }
  };
  for (const file of configFiles(own)) await collect(file, folderOf(file), 0);
  return [...hosts];
}

/** What the files say about a host; `Match` lines with criteria that need a program or a network never match. */
export async function readConfigFor(
  target: { host: string; user?: string | undefined },
  own?: string,
): Promise<SshConfigValues> {
  const values: SshConfigValues = new Map();
  const read = async (file: string, folder: string, depth: number): Promise<void> => {
    let active = true;
    for (const line of await readLines(file)) {
      const { keyword, args } = line;
      if (keyword === 'host') active = matchesPatterns(args, target.host);
      else if (keyword === 'match') active = matchesCriteria(args, target, values);
      else if (!active) continue;
      else if (keyword !== 'include') add(values, line);
      // A block of an included file ends with it, and none of them counts within a block that does not.
      else if (depth < INCLUDE_DEPTH)
        for (const included of await expandIncludes(args, folder)) await read(included, folder, depth + 1);
    }
  };
  for (const file of configFiles(own)) await read(file, folderOf(file), 0);
  return values;
}

function add(values: SshConfigValues, { keyword, args, rest }: ConfigLine): void {
  const value = COMMANDS.has(keyword) ? rest : args.join(' ');
  const before = values.get(keyword);
  if (before === undefined) values.set(keyword, [value]);
  else if (LISTS.has(keyword)) before.push(value);
}

/** The criteria of a `Match` line that can be told from here. */
function matchesCriteria(
  args: readonly string[],
  target: { host: string; user?: string | undefined },
  values: SshConfigValues,
): boolean {
  const words = args.flatMap((arg) => (/^!?\w+=/.test(arg) ? arg.split(/=(.*)/s).slice(0, 2) : [arg]));
  const subjects: Record<string, string> = {
    host: (values.get('hostname')?.[0] ?? target.host).replaceAll('%h', target.host),
    originalhost: target.host,
    user: target.user ?? values.get('user')?.[0] ?? userInfo().username,
    localuser: userInfo().username,
  };
  for (let at = 0; at < words.length; at++) {
    const word = (words[at] ?? '').toLowerCase();
    const negated = word.startsWith('!');
    const criterion = word.replace(/^!/, '');
    if (criterion === 'all') continue;
    // Only after the host's name was made canonical, which we do not do: this is the first and only time.
    if (criterion === 'canonical' || criterion === 'final') {
      if (negated) continue;
      return false;
    }
    const subject = subjects[criterion];
    const patterns = words[++at]?.split(',');
    if (subject === undefined || patterns === undefined) return false;
    if (matchesPatterns(patterns, subject) === negated) return false;
  }
  return words.length > 0;
}

async function readLines(file: string): Promise<ConfigLine[]> {
  return parseConfigLines(await readFile(file, 'utf8').catch(() => ''));
}

/** What relative includes are relative to, at every depth. */
function folderOf(file: string): string {
  return file.startsWith(`${SYSTEM_FOLDER}/`) ? SYSTEM_FOLDER : join(homedir(), '.ssh');
}

async function expandIncludes(patterns: readonly string[], folder: string): Promise<string[]> {
  const files: string[] = [];
  for (const pattern of patterns) files.push(...(await expandInclude(expandHome(pattern), folder)));
  return files;
}

async function expandInclude(path: string, folder: string): Promise<string[]> {
  const whole = isAbsolute(path) ? path : join(folder, path);
  let found = ['/'];
  for (const part of whole.split('/').filter((piece) => piece !== '')) {
    const next: string[] = [];
    for (const dir of found) {
      if (!/[*?[]/.test(part)) {
        next.push(join(dir, part));
        continue;
      }
      const names = await readdir(dir).catch(() => []);
      // As glob(3): hidden files only where the pattern says so.
      const visible = names.filter((name) => !name.startsWith('.') || part.startsWith('.'));
      next.push(...visible.filter((name) => matchesGlob(part, name, true)).map((name) => join(dir, name)));
    }
    found = next.sort();
  }
  return found;
}
