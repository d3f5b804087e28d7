/** ssh_config(5) "TOKENS" and environment variables in values. */
import { homedir, hostname, userInfo } from 'node:os';
import { expandHome } from './key-file.ts';

export interface Tokens {
  hostName: string;
  original: string;
  port: number;
  user: string;
  alias: string;
}

/** Where OpenSSH for Windows has its agent. */
const WINDOWS_AGENT = '\\\\.\\pipe\\openssh-ssh-agent';

/** IdentityAgent may be a path, `none`, `SSH_AUTH_SOCK` or `$VARIABLE`. */
export function agentSocket(value: string | undefined, tokens: Tokens): string | undefined {
  if (value === undefined || value === 'SSH_AUTH_SOCK')
    return process.env.SSH_AUTH_SOCK ?? (process.platform === 'win32' ? WINDOWS_AGENT : undefined);
  if (value.toLowerCase() === 'none') return undefined;
  if (value.startsWith('$')) return process.env[value.slice(1).replace(/^\{(.*)\}$/, '$1')];
  return expandPath(value.replace(/^"(.*)"$/, '$1'), tokens);
}

export function expandPath(path: string, tokens: Tokens): string {
  const named = path.replace(/\$\{(\w+)\}/g, (_, variable: string) => process.env[variable] ?? '');
  return expandTokens(expandHome(named), tokens);
}

/** The tokens that occur in paths, jumps and proxy commands. */
export function expandTokens(text: string, tokens: Tokens): string {
  const table: Record<string, string> = {
    '%': '%',
    d: homedir(),
    h: tokens.hostName,
    i: String(userInfo().uid),
    k: tokens.alias,
    L: hostname().split('.')[0] ?? '',
    l: hostname(),
    n: tokens.original,
    p: String(tokens.port),
    r: tokens.user,
    u: userInfo().username,
  };
  return text.replace(/%(.)/g, (whole, letter: string) => table[letter] ?? whole);
}
