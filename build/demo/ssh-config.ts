import type { Guest } from '../../test/lab/guests/guest.ts';

/** An ssh configuration that names a guest and trusts its host key; nothing of the user's own is read. */
export function sshConfigFor(guest: Guest, host: string): string {
  return [
    `Host ${host}`,
    '  HostName 127.0.0.1',
    `  Port ${guest.port}`,
    '  User root',
    `  IdentityFile ${guest.privateKey}`,
    '  IdentitiesOnly yes',
    `  UserKnownHostsFile ${guest.knownHosts}`,
    '',
  ].join('\n');
}
