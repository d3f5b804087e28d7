import type { Logger } from '../connection.ts';
import { parseTargetName } from '../target-name.ts';
import { resolveSettings } from './config.ts';
import { hostNames } from './host-key-check.ts';
import type { HostKeyFile } from './host-key-file.ts';
import type { KnownHost } from './known-hosts.ts';

/**
 * Takes the keys of a host out of our own store, so that the next connection asks anew.
 * @param host as users name a target, or as errors and known_hosts do: `[host]:2222`
 * @returns what was taken out
 * @throws PacketTraceError `usage`
 */
export async function forgetHost(
  host: string,
  store: HostKeyFile,
  { sshConfigFile, log }: { sshConfigFile?: string | undefined; log: Logger },
): Promise<KnownHost[]> {
  const gone = await store.forget(host.trim());
  if (gone.length > 0 || /^\[.*\]:\d+$/.test(host.trim())) return gone;
  const name = parseTargetName(host);
  if (name.kind === 'local') return [];
  const [first = name.host] = hostNames(await resolveSettings(name, sshConfigFile, log));
  return store.forget(first);
}
