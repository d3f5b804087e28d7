import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { PacketTraceError } from '../../base/errors.ts';
import type { HostKeyPolicy, Logger } from '../connection.ts';
import { type AlgorithmKind, ALGORITHM_KINDS, ALGORITHMS, allowed } from './algorithms.ts';
import { readConfigFor } from './config-file.ts';
import type { SshConfigValues } from './config-file.ts';
import { HOST_KEY_ALGORITHMS } from './host-key.ts';
import { agentSocket, expandPath, expandTokens } from './config-tokens.ts';
import type { SshTargetName } from '../target-name.ts';

export { listConfiguredHosts as listHosts } from './config-file.ts';

/** The ways to log in that the built-in client knows, in ssh(1)'s order. */
const AUTH_METHODS = ['publickey', 'keyboard-interactive', 'password'] as const;
export type AuthMethod = (typeof AUTH_METHODS)[number];

/** What is needed of ssh_config(5) to reach one host, tokens and `~` expanded. */
export interface SshSettings {
  hostName: string;
  port: number;
  user: string;
  /** The host's names in known_hosts come from this instead, where it is set. */
  hostKeyAlias: string | undefined;
  hostKeyAlgorithms: string[] | undefined;
  /** Those of the built-in client that are allowed. */
  algorithms: Readonly<Record<AlgorithmKind, readonly string[]>>;
  knownHostsFiles: string[];
  /** Keys that no host may have: public keys or a key revocation list. */
  revokedKeysFile: string | undefined;
  strictHostKeyChecking: HostKeyPolicy;
  /** Any key is taken from this machine itself (NoHostAuthenticationForLocalhost). */
  trustsThisMachine: boolean;
  identityFiles: string[];
  certificateFiles: string[];
  identitiesOnly: boolean;
  /** Socket of the SSH agent; undefined: none. */
  agentSocket: string | undefined;
  /** `[user@]host[:port],…`, first hop first. */
  proxyJump: string | undefined;
  proxyCommand: string | undefined;
  /** Those that are not switched off, in the order in which they are tried. */
  authMethods: readonly AuthMethod[];
  /** How often a password is asked for. */
  passwordPrompts: number;
  /** Nothing is asked for. */
  batchMode: boolean;
  connectTimeoutMs: number;
}

const SSH_G_LIMIT_MS = 5000;
const CONNECT_TIMEOUT_MS = 20_000;
const PASSWORD_PROMPTS = 3;
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
  return settingsFrom(await readValues(name, configFile, log), name);
}

/** The same before it is read: what the SSH configuration says about a target. */
export async function readValues(
  name: SshTargetName,
  configFile: string | undefined,
  log: Logger,
): Promise<SshConfigValues> {
  if (configFile !== undefined || homedir() === userInfo().homedir)
    return configValues(name, configFile, log);
  return withConfigOfChangedHome((file) => configValues(name, file, log));
}

/**
 * ssh finds the user's configuration through the password database, we find keys and known_hosts through HOME.
 * Where the two differ (a service's HOME, `sudo -E`), HOME decides for both.
 */
async function withConfigOfChangedHome<T>(use: (file: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'kpt-ssh-'));
  try {
    const file = join(dir, 'config');
    await writeFile(file, homeConfig());
    return await use(file);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** For `ssh -F`, where HOME is not that of the password database. */
export function homeConfig(): string {
  return `Include "${homedir()}/.ssh/config"\nInclude /etc/ssh/ssh_config\n`;
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
  const why = `ssh -G does not work (${answer.failure}); reading the configuration files instead`;
  if (answer.missing) log.debug(why);
  else log.warn(`${why}, without what "Match exec" adds`);
  return readConfigFor(name, configFile);
}

interface SshAnswer {
  text: string | undefined;
  failure: string;
  /** There is no ssh. */
  missing: boolean;
}

function runSsh(args: string[]): Promise<SshAnswer> {
  return new Promise((resolve) => {
    execFile('ssh', args, { timeout: SSH_G_LIMIT_MS, maxBuffer: 1 << 20 }, (error, stdout, stderr) => {
      const late = error?.killed === true ? `no answer in ${SSH_G_LIMIT_MS / 1000} s` : error?.message;
      const failure = stderr.trim() === '' ? (late ?? '') : stderr.trim();
      if (error === null) resolve({ text: stdout, failure: '', missing: false });
      else resolve({ text: undefined, failure, missing: error.code === 'ENOENT' });
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
  const jump = get('proxyjump');
  const prompts = Number(get('numberofpasswordprompts'));
  return {
    hostName,
    port,
    user,
    hostKeyAlias,
    hostKeyAlgorithms: hostKeyAlgorithms(get('hostkeyalgorithms')),
    algorithms: Object.fromEntries(
      ALGORITHM_KINDS.map((kind) => [
        kind,
        allowed(ALGORITHMS[kind], get(ALGORITHMS[kind].keyword.toLowerCase())),
      ]),
    ) as Record<AlgorithmKind, readonly string[]>,
    knownHostsFiles: [
      ...(values.has('userknownhostsfile')
        ? paths('userknownhostsfile', /\s+/)
        : ['known_hosts', 'known_hosts2'].map((file) => `${homedir()}/.ssh/${file}`)),
      ...(values.has('globalknownhostsfile')
        ? paths('globalknownhostsfile', /\s+/)
        : ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']),
    ],
    revokedKeysFile: paths('revokedhostkeys')[0],
    strictHostKeyChecking: hostKeyPolicy(get('stricthostkeychecking')),
    trustsThisMachine: isYes(get('nohostauthenticationforlocalhost')),
    identityFiles: values.has('identityfile')
      ? paths('identityfile')
      : DEFAULT_IDENTITIES.map((file) => `${homedir()}/.ssh/${file}`),
    certificateFiles: paths('certificatefile'),
    identitiesOnly: isYes(get('identitiesonly')),
    agentSocket: agentSocket(values.get('identityagent')?.[0], tokens),
    proxyJump: jump === undefined ? undefined : expandTokens(jump, tokens),
    proxyCommand: command === undefined ? undefined : expandTokens(command, tokens),
    authMethods: authMethods(values),
    passwordPrompts: prompts > 0 ? prompts : PASSWORD_PROMPTS,
    batchMode: isYes(get('batchmode')),
    connectTimeoutMs: timeout > 0 ? timeout * 1000 : CONNECT_TIMEOUT_MS,
  };
}

/** Only files have lists with a sign; ssh -G gives what comes of them. */
function hostKeyAlgorithms(list: string | undefined): string[] | undefined {
  if (list === undefined || !/^[+^-]/.test(list)) return list?.split(',');
  return [...allowed({ usual: HOST_KEY_ALGORITHMS, old: [] }, list)];
}

/** `no` would take a changed key too, which we never do: it is as accept-new here. */
function hostKeyPolicy(value: string | undefined): HostKeyPolicy {
  if (isYes(value)) return 'yes';
  return value === undefined || value.toLowerCase() === 'ask' ? 'ask' : 'accept-new';
}

function authMethods(values: SshConfigValues): AuthMethod[] {
  const isOff = (...keywords: string[]) =>
    keywords.some((keyword) => /^(no|false)$/i.test(values.get(keyword)?.[0] ?? ''));
  const off: Record<AuthMethod, boolean> = {
    publickey: isOff('pubkeyauthentication'),
    'keyboard-interactive': isOff('kbdinteractiveauthentication', 'challengeresponseauthentication'),
    password: isOff('passwordauthentication'),
  };
  const preferred = values.get('preferredauthentications')?.[0]?.split(',');
  const order = preferred?.flatMap((name) => AUTH_METHODS.filter((method) => method === name.trim()));
  return (order ?? AUTH_METHODS).filter((method) => !off[method]);
}

/** ssh -G says `true` where files say `yes`. */
function isYes(value: string | undefined): boolean {
  return /^(yes|true)$/i.test(value ?? '');
}
