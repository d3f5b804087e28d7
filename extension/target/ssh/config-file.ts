/** Reading ssh_config(5) files themselves: what `ssh -G` cannot tell, or where there is no ssh. */
import { readFile, readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import SSHConfig from 'ssh-config';

const INCLUDE_DEPTH = 16; // as OpenSSH's READCONF_MAX_DEPTH

/** Keywords in lower case with their values in order of appearance. */
export type SshConfigValues = Map<string, string[]>;

/** The user's and the system's configuration files, in the order in which the first value wins. */
export function configFiles(own: string | undefined): string[] {
  return own === undefined ? [join(homedir(), '.ssh', 'config'), '/etc/ssh/ssh_config'] : [own];
}

/** Host names and aliases that the files name without wildcards, in their order. */
export async function listConfiguredHosts(own?: string): Promise<string[]> {
  const hosts = new Set<string>();
  for (const file of configFiles(own)) {
    for (const line of (await readWithIncludes(file, 0)).split('\n')) {
      const names = /^\s*host(?:\s*=\s*|\s+)(.*)$/i.exec(line)?.[1];
      for (const name of names?.split(/\s+/) ?? []) {
        const bare = name.replace(/^"|"$/g, '');
        if (bare !== '' && !/[*?!#]/.test(bare)) hosts.add(bare);
      }
    }
  }
  return [...hosts];
}

/** What the files say about a host; `Match` blocks with `exec` are left out, nothing is executed. */
export async function readConfigFor(host: string, own?: string): Promise<SshConfigValues> {
  const values: SshConfigValues = new Map();
  for (const file of configFiles(own)) {
    const text = (await readWithIncludes(file, 0)).replace(/^\s*match\b.*\bexec\b.*$/gim, 'Host !*');
    const computed = SSHConfig.parse(text).compute(host, { ignoreCase: true, matchExec: false });
    for (const [keyword, value] of Object.entries(computed)) {
      const list = Array.isArray(value) ? value : [value];
      const before = values.get(keyword);
      if (before === undefined) values.set(keyword, list);
      else if (keyword === 'identityfile' || keyword === 'certificatefile') before.push(...list);
    }
  }
  return values;
}

async function readWithIncludes(file: string, depth: number): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines: string[] = [];
  let block = '';
  for (const line of text.split('\n')) {
    if (/^\s*(host|match)\b/i.test(line)) block = line;
    const patterns = /^\s*include(?:\s*=\s*|\s+)(.*)$/i.exec(line)?.[1];
    if (patterns === undefined) {
      lines.push(line);
      continue;
    }
    if (depth >= INCLUDE_DEPTH) continue;
    for (const pattern of patterns.trim().split(/\s+/)) {
      for (const included of await expandInclude(pattern.replace(/^"|"$/g, ''), file))
        lines.push(await readWithIncludes(included, depth + 1));
    }
    lines.push(block); // an included file's last block ends with the file
  }
  return lines.join('\n');
}

/** Relative includes are relative to ~/.ssh, or to /etc/ssh in the system's file. */
async function expandInclude(pattern: string, from: string): Promise<string[]> {
  const path = pattern.replace(/^~(?=\/)/, homedir());
  const whole = isAbsolute(path) ? path : join(dirname(from), path);
  let found = ['/'];
  for (const part of whole.split('/').filter((piece) => piece !== '')) {
    const next: string[] = [];
    for (const dir of found) {
      if (!/[*?]/.test(part)) {
        next.push(join(dir, part));
        continue;
      }
      const source = part
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll('*', '.*')
        .replaceAll('?', '.');
      const names = await readdir(dir).catch(() => []);
      next.push(
        ...names.filter((name) => new RegExp(`^${source}$`).test(name)).map((name) => join(dir, name)),
      );
    }
    found = next.sort();
  }
  return found;
}
