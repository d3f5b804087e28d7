import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { PacketTraceError } from '../../base/errors.ts';
import type { Logger } from '../connection.ts';
import { readConfigFor } from './config-file.ts';
import type { SshConfigValues } from './config-file.ts';
import type { SshTargetName } from '../target-name.ts';

export { listConfiguredHosts as listHosts } from './config-file.ts';

/** What is needed of ssh_config(5) to reach one host, tokens and `~` expanded. */
export interface SshSettings {
  hostName: string;
  port: number;
  user: string;
  /** The host's names in known_hosts come from this instead, where it is set. */
  hostKeyAlias: string | undefined;
  hostKeyAlgorithms: string[] | undefined;
  knownHostsFiles: string[];
  identityFiles: string[];
  certificateFiles: string[];
  identitiesOnly: boolean;
  /** Socket of the SSH agent; undefined: none. */
  agentSocket: string | undefined;
  /** `[user@]host[:port],…`, first hop first. */
  proxyJump: string | undefined;
  proxyCommand: string | undefined;
  connectTimeoutMs: number;
}

const SSH_G_LIMIT_MS = 5000;
const CONNECT_TIMEOUT_MS = 20_000;
/** ssh(1)'s own defaults, for where there is no ssh. */
const DEFAULT_IDENTITIES = ['id_rsa', 'id_ecdsa', 'id_ecdsa_sk', 'id_ed25519', 'id_ed25519_sk'];

/**
 * The settings for a target: `ssh -G`, and where that does not work the configuration files read by
 * ourselves. A user or port in the target's name goes before the configuration.
 * @param configFile in place of the user's and the system's files, as `ssh -F`.
 * @throws PacketTraceError `usage` when ssh finds a mistake in the configuration
 */
export async function resolveSettings(
  name: SshTargetName,
  configFile: string | undefined,
  log: Logger,
): Promise<SshSettings> {
  return settingsFrom(await configValues(name, configFile ?? configOfChangedHome(), log), name);
}

/**
 * ssh finds the user's configuration through the password database, we find keys and known_hosts through HOME.
 * Where the two differ (a service's HOME, `sudo -E`), HOME decides for both.
 */
function configOfChangedHome(): string | undefined {
  const file = join(homedir(), '.ssh/config');
  return homedir() !== userInfo().homedir && existsSync(file) ? file : undefined;
}

async function configValues(name: SshTargetName, configFile: string | undefined, log: Logger) {
  const args = ['-G'];
  if (configFile !== undefined) args.push('-F', configFile);
  if (name.user !== undefined) args.push('-l', name.user);
  if (name.port !== undefined) args.push('-p', String(name.port));
  const answer = await runSsh([...args, '--', name.host]);
  if (answer.text !== undefined) return parseSshG(answer.text);
  // ssh names the file and line of a mistake; going on without the rest could send the user elsewhere.
  if (/Bad configuration option|terminating, \d+ bad|line \d+:/.test(answer.failure)) {
    throw new PacketTraceError(
      'usage',
      `ssh does not accept your SSH configuration: ${answer.failure}`,
      'Correct the named line; `ssh -G HOST` shows what ssh makes of it.',
    );
  }
  log.debug(`ssh -G failed (${answer.failure}); reading the configuration files instead`);
  return readConfigFor(name.host, configFile);
}

function runSsh(args: string[]): Promise<{ text: string | undefined; failure: string }> {
  return new Promise((resolve) => {
    execFile('ssh', args, { timeout: SSH_G_LIMIT_MS, maxBuffer: 1 << 20 }, (error, stdout, stderr) => {
      const failure = stderr.trim() === '' ? (error?.message ?? '') : stderr.trim();
      resolve(error === null ? { text: stdout, failure: '' } : { text: undefined, failure });
    }).stdin?.end();
  });
}

export function parseSshG(text: string): SshConfigValues {
  const values: SshConfigValues = new Map();
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space < 0) continue;
    const keyword = line.slice(0, space).toLowerCase();
    const list = values.get(keyword);
    if (list === undefined) values.set(keyword, [line.slice(space + 1)]);
    else list.push(line.slice(space + 1));
  }
  return values;
}

export function settingsFrom(values: SshConfigValues, name: SshTargetName): SshSettings {
  const get = (keyword: string) => {
    const value = values.get(keyword)?.[0];
    return value === undefined || value.toLowerCase() === 'none' ? undefined : value;
  };
  const port = name.port ?? Number(get('port') ?? 22);
  const user = name.user ?? get('user') ?? userInfo().username;
  const hostName = (get('hostname') ?? name.host).replaceAll('%h', name.host);
  const hostKeyAlias = get('hostkeyalias');
  const tokens = { hostName, original: name.host, port, user, alias: hostKeyAlias ?? name.host };
  const paths = (keyword: string, separator?: RegExp) =>
    (values.get(keyword) ?? [])
      .flatMap((value) => (separator === undefined ? [value] : value.split(separator)))
      .map((path) => path.replace(/^"(.*)"$/, '$1'))
      .filter((path) => path !== '' && path.toLowerCase() !== 'none')
      .map((path) => expandPath(path, tokens));
  const timeout = Number(get('connecttimeout'));
  const command = get('proxycommand');
  return {
    hostName,
    port,
    user,
    hostKeyAlias,
    hostKeyAlgorithms: get('hostkeyalgorithms')?.split(','),
    knownHostsFiles: [
      ...(values.has('userknownhostsfile')
        ? paths('userknownhostsfile', /\s+/)
        : ['known_hosts', 'known_hosts2'].map((file) => `${homedir()}/.ssh/${file}`)),
      ...(values.has('globalknownhostsfile')
        ? paths('globalknownhostsfile', /\s+/)
        : ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']),
    ],
    identityFiles: values.has('identityfile')
      ? paths('identityfile')
      : DEFAULT_IDENTITIES.map((file) => `${homedir()}/.ssh/${file}`),
    certificateFiles: paths('certificatefile'),
    identitiesOnly: get('identitiesonly') === 'yes',
    agentSocket: agentSocket(values.get('identityagent')?.[0], tokens),
    proxyJump: get('proxyjump'),
    proxyCommand: command === undefined ? undefined : expandTokens(command, tokens),
    connectTimeoutMs: timeout > 0 ? timeout * 1000 : CONNECT_TIMEOUT_MS,
  };
}

interface Tokens {
  hostName: string;
  original: string;
  port: number;
  user: string;
  alias: string;
}

/** IdentityAgent may be a path, `none`, `SSH_AUTH_SOCK` or `$VARIABLE` (ssh_config(5)). */
function agentSocket(value: string | undefined, tokens: Tokens): string | undefined {
  if (value === undefined || value === 'SSH_AUTH_SOCK') return process.env.SSH_AUTH_SOCK;
  if (value.toLowerCase() === 'none') return undefined;
  if (value.startsWith('$')) return process.env[value.slice(1).replace(/^\{(.*)\}$/, '$1')];
  return expandPath(value.replace(/^"(.*)"$/, '$1'), tokens);
}

function expandPath(path: string, tokens: Tokens): string {
  const named = path.replace(/\$\{(\w+)\}/g, (_, variable: string) => process.env[variable] ?? '');
  return expandTokens(named.replace(/^~(?=\/|$)/, homedir()), tokens);
}

/** ssh_config(5) "TOKENS", those that occur in paths and proxy commands. */
function expandTokens(text: string, tokens: Tokens): string {
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
