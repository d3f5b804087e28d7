/** What the ssh program meant by the last words that it wrote before it ended. */
import { PacketTraceError } from '../../../base/errors.ts';
import type { ErrorCode } from '../../../base/errors.ts';
import { printable } from '../../../base/printable.ts';

const LINES = 4;
const LIMIT = 600;

const KINDS: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [
    /Could not resolve hostname/,
    'host-unknown',
    'Check the spelling, the DNS search domain, and that you are on the right network or VPN.',
  ],
  [
    /Connection refused/,
    'connection-refused',
    'Check that an SSH server runs there and listens on this port.',
  ],
  [
    /timed out|No route to host|Network is unreachable/,
    'connection-timeout',
    'Check the address, the route to it, and that the host is up.',
  ],
  [
    /Too many authentication failures/,
    'authentication',
    'The host allows few tries (MaxAuthTries in its sshd_config). Name the right key with IdentityFile in your SSH configuration or as identity, and keep the others back with "IdentitiesOnly yes".',
  ],
  [
    /Permission denied/,
    'authentication',
    'Check that ssh to this host works in a terminal, and the user name.',
  ],
];

/** @param said all that ssh wrote to standard error */
export function systemSshError(name: string, said: string): PacketTraceError {
  const removal = /ssh-keygen -f .*$/m.exec(said)?.[0];
  if (/IDENTIFICATION HAS CHANGED|REVOKED HOST KEY|Offending .* key in /.test(said)) {
    const where = /Offending .* in \S+$/m.exec(said)?.[0] ?? 'another key is known for it';
    return new PacketTraceError(
      'host-key-changed',
      `ssh does not trust the key that ${name} showed: ${printable(where)}. Nothing was sent to it.`,
      `Somebody may be listening in, or the host was installed anew. If the change is right, remove the old key${removal === undefined ? ' from that file' : `: ${printable(removal.trim())}`}.`,
    );
  }
  if (said.includes('Host key verification failed'))
    return new PacketTraceError(
      'host-key-unknown',
      `The key of ${name} is not known to ssh and was not accepted.`,
      'Connect once with ssh and compare the fingerprint, or accept the key when asked.',
    );
  const [, code, remedy] = KINDS.find(([pattern]) => pattern.test(said)) ?? [
    undefined,
    'connection-refused' as const,
    'Check that ssh to this host works in a terminal.',
  ];
  const lines = said.split('\n').filter((line) => line.trim() !== '');
  const words = printable(lines.slice(-LINES).join(' | ').replaceAll('\r', '')).slice(-LIMIT);
  return new PacketTraceError(
    code,
    `ssh did not connect to ${name}: "${words || 'it said nothing'}".`,
    remedy,
  );
}
