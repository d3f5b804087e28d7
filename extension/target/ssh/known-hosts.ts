import { createHmac, timingSafeEqual } from 'node:crypto';

/** One usable line of a known_hosts file, sshd(8) "SSH_KNOWN_HOSTS FILE FORMAT". */
export interface KnownHost {
  marker: 'revoked' | 'cert-authority' | undefined;
  /** The host field as written: patterns separated by commas, or one hashed name. */
  hosts: string;
  keyType: string;
  /** The public key blob, in base64 as written. */
  key: string;
  /** The file that it stands in. */
  file: string;
  /** Where it stands, for messages: `FILE:LINE`. */
  origin: string;
}

/** Comments, empty lines and lines that are malformed are left out, as ssh does. */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  const hosts: KnownHost[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const fields = line.trim().split(/\s+/);
    if (fields[0] === '' || fields[0]?.startsWith('#')) continue;
    const marker = fields[0]?.startsWith('@') ? fields.shift()?.slice(1) : undefined;
    if (marker !== undefined && marker !== 'revoked' && marker !== 'cert-authority') continue;
    const [names, keyType, key] = fields;
    if (names === undefined || keyType === undefined || key === undefined) continue;
    if (!/^[A-Za-z0-9+/]+=*$/.test(key)) continue;
    hosts.push({ marker, hosts: names, keyType, key, file, origin: `${file}:${index + 1}` });
  }
  return hosts;
}

/** The name a host has in known_hosts: bare on port 22, `[host]:port` elsewhere. */
export function knownHostName(host: string, port: number): string {
  return port === 22 ? host : `[${host}]:${port}`;
}

/** Whether the line is about this name (a result of knownHostName, or a HostKeyAlias). */
export function matchesHost(entry: KnownHost, name: string): boolean {
  const lower = name.toLowerCase();
  if (entry.hosts.startsWith('|')) return matchesHashed(entry.hosts, lower);
  let matched = false;
  for (const pattern of entry.hosts.toLowerCase().split(',')) {
    const negated = pattern.startsWith('!');
    if (!matchesPattern(negated ? pattern.slice(1) : pattern, lower)) continue;
    // A negated match rules the line out, whatever else it says.
    if (negated) return false;
    matched = true;
  }
  return matched;
}

/** Whether `ssh-keygen -R NAME` finds the line: it is about this name by itself, not by a wildcard. */
export function namesHost(entry: KnownHost, name: string): boolean {
  return matchesHost(entry, name) && (entry.hosts.startsWith('|') || !/[*?!]/.test(entry.hosts));
}

/** `|1|salt|hash`: HMAC-SHA1 of the name with the salt as key. */
function matchesHashed(field: string, name: string): boolean {
  const [, version, salt, hash] = field.split('|');
  if (version !== '1' || salt === undefined || hash === undefined) return false;
  const expected = Buffer.from(hash, 'base64');
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

/** `*` and `?` are the only wildcards; brackets are literal, as in `[host]:port`. */
function matchesPattern(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(name);
}
