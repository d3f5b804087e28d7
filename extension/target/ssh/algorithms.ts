/** Which algorithms of ssh2 ssh_config(5) allows: KexAlgorithms, Ciphers, MACs. */
import { PacketTraceError } from '../../base/errors.ts';
import { matchesGlob } from './config-lines.ts';

export type AlgorithmKind = 'kex' | 'cipher' | 'hmac';

interface Algorithms {
  keyword: string;
  /** What ssh2 offers by itself, in its order. */
  usual: readonly string[];
  /** What it has for old hosts, where the user names it. */
  old: readonly string[];
}

const ETM = ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha1-etm@openssh.com'];

/** Of ssh2's lib/protocol/constants.js, under their names in OpenSSH. */
export const ALGORITHMS: Readonly<Record<AlgorithmKind, Algorithms>> = {
  kex: {
    keyword: 'KexAlgorithms',
    usual: [
      ...['curve25519-sha256@libssh.org', 'curve25519-sha256'],
      ...['ecdh-sha2-nistp256', 'ecdh-sha2-nistp384', 'ecdh-sha2-nistp521'],
      ...['diffie-hellman-group-exchange-sha256', 'diffie-hellman-group14-sha256'],
      ...[15, 16, 17, 18].map((group) => `diffie-hellman-group${group}-sha512`),
    ],
    old: [
      ...['diffie-hellman-group-exchange-sha1', 'diffie-hellman-group14-sha1'],
      'diffie-hellman-group1-sha1',
    ],
  },
  cipher: {
    keyword: 'Ciphers',
    usual: [
      ...['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr', 'aes192-ctr'],
      ...['chacha20-poly1305@openssh.com', 'aes256-ctr'],
    ],
    old: ['aes256-cbc', 'aes192-cbc', 'aes128-cbc', '3des-cbc'],
  },
  hmac: {
    keyword: 'MACs',
    usual: [...ETM, 'hmac-sha2-256', 'hmac-sha2-512', 'hmac-sha1'],
    old: ['hmac-md5', 'hmac-sha1-96', 'hmac-md5-96'],
  },
};

export const ALGORITHM_KINDS = Object.keys(ALGORITHMS) as AlgorithmKind[];

/**
 * Those of ours that a list of ssh_config(5) allows, in our order: `ssh -G` gives a list for every host, and does not
 * tell which one is the user's.
 * @param list undefined: there is none. With `+` or `^` it adds to the usual ones, with `-` it takes from them
 */
export function allowed(
  { usual, old }: Pick<Algorithms, 'usual' | 'old'>,
  list: string | undefined,
): readonly string[] {
  if (list === undefined) return usual;
  const sign = /^[+^-]/.exec(list)?.[0];
  const patterns = list.slice(sign?.length ?? 0).split(',');
  const isNamed = (name: string) => patterns.some((pattern) => matchesGlob(pattern.trim(), name, false));
  if (sign === '-') return usual.filter((name) => !isNamed(name));
  return [...(sign === undefined ? usual.filter(isNamed) : usual), ...old.filter(isNamed)];
}

/** @throws PacketTraceError `usage` where the configuration leaves the built-in client none of a kind */
export function requireAlgorithms(of: Readonly<Record<AlgorithmKind, readonly string[]>>): void {
  const lacking = ALGORITHM_KINDS.find((kind) => of[kind].length === 0);
  if (lacking === undefined) return;
  const { keyword, usual } = ALGORITHMS[lacking];
  throw new PacketTraceError(
    'usage',
    `${keyword} in your SSH configuration allows none that the built-in client has.`,
    `Allow ${usual[0] ?? ''} too, or set packetTrace.ssh.client to "system" (--ssh system).`,
  );
}
