/** When the built-in client would fail and the system's ssh would not: what `auto` goes by. */
import { execFile } from 'node:child_process';
import { listAgentKeys } from './agent-keys.ts';
import { ALGORITHM_KINDS, ALGORITHMS } from './algorithms.ts';
import type { SshSettings } from './config.ts';
import type { SshConfigValues } from './config-file.ts';
import { hostNames, knownHostsOf } from './host-key-check.ts';
import { HOST_KEY_ALGORITHMS } from './host-key.ts';
import { certificateBeside, NEEDS_SYSTEM, readKeyFile } from './key-file.ts';
import { matchesHost } from './known-hosts.ts';

const PROGRAM_LIMIT_MS = 5000;
const AGENT_LIMIT_MS = 5000;

/** Why only the system's ssh can log in, as the rest of a sentence; undefined: there is no such reason. */
export async function reasonForSystem(
  settings: SshSettings,
  values: SshConfigValues,
  identity: string | undefined,
): Promise<string | undefined> {
  return (
    reasonInSettings(settings, values) ??
    (await reasonInFiles([...(identity === undefined ? [] : [identity]), ...settings.identityFiles])) ??
    (await reasonInAgent(settings)) ??
    (await reasonInKnownHosts(settings)) ??
    (isOn(values, 'gssapiauthentication') && (await works('klist', ['-s']))
      ? 'there is a Kerberos ticket, and GSSAPIAuthentication is on'
      : undefined)
  );
}

function reasonInSettings(settings: SshSettings, values: SshConfigValues): string | undefined {
  const [certificate] = settings.certificateFiles;
  if (certificate !== undefined) return `${certificate} is an OpenSSH certificate`;
  for (const keyword of ['PKCS11Provider', 'KnownHostsCommand'])
    if (isOn(values, keyword.toLowerCase())) return `${keyword} is set`;
  if (/^(yes|true)$/i.test(values.get('verifyhostkeydns')?.[0] ?? '')) return 'VerifyHostKeyDNS is on';
  if (settings.hostKeyAlgorithms?.some((name) => HOST_KEY_ALGORITHMS.includes(name)) === false)
    return 'HostKeyAlgorithms allows none that the built-in client can check';
  const lacking = ALGORITHM_KINDS.find((kind) => settings.algorithms[kind].length === 0);
  if (lacking !== undefined) return `${ALGORITHMS[lacking].keyword} allows none that the built-in client has`;
  return undefined;
}

async function reasonInFiles(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const file = await readKeyFile(path);
    if (file.kind === 'unusable' && file.why.includes(NEEDS_SYSTEM)) return `${path} ${file.why}`;
    if (file.kind === 'unusable' && file.missing) continue;
    const certificate = await certificateBeside(path);
    if (certificate !== undefined) return `${certificate} is an OpenSSH certificate`;
  }
  return undefined;
}

async function reasonInAgent({ agentSocket, identitiesOnly }: SshSettings): Promise<string | undefined> {
  if (agentSocket === undefined || identitiesOnly) return undefined;
  const keys = await listAgentKeys(agentSocket, AbortSignal.timeout(AGENT_LIMIT_MS)).catch(() => []);
  const special = keys.find(({ type }) => /^sk-|-cert-v\d+@/.test(type));
  if (special === undefined) return undefined;
  return `the SSH agent holds a ${special.type.includes('-cert-') ? 'certificate' : 'FIDO security key'}`;
}

async function reasonInKnownHosts(settings: SshSettings): Promise<string | undefined> {
  const names = hostNames(settings);
  const entries = await knownHostsOf(settings, () => () => '');
  const about = entries.filter((entry) => names.some((name) => matchesHost(entry, name)));
  if (about.some(({ marker }) => marker === undefined)) return undefined;
  const authority = about.find(({ marker }) => marker === 'cert-authority');
  return authority === undefined
    ? undefined
    : `${authority.origin} trusts the host by a certificate authority`;
}

/** Whether there is an ssh program. */
export function hasSystemSsh(): Promise<boolean> {
  return works('ssh', ['-V']);
}

/** Whether a keyword has a value other than `no` and `none`. */
function isOn(values: SshConfigValues, keyword: string): boolean {
  const value = values.get(keyword)?.[0] ?? '';
  return value !== '' && !/^(no|none|false)$/i.test(value);
}

function works(program: string, args: string[]): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: PROGRAM_LIMIT_MS }, (error) => resolve(error === null));
  });
}
