import { PacketTraceError } from '../base/errors.ts';

export type TargetName = { kind: 'local' } | SshTargetName;

export interface SshTargetName {
  kind: 'ssh';
  /** Undefined: the SSH configuration decides. */
  user: string | undefined;
  /** A host name, an address, or an alias of the SSH configuration; IPv6 without brackets. */
  host: string;
  port: number | undefined;
}

/**
 * Reads what a user types for a target: `local`, `[user@]host[:port]`, `[user@][v6][:port]`, an alias of
 * ssh_config, with or without `ssh://`.
 * @throws PacketTraceError `usage`
 */
export function parseTargetName(text: string): TargetName {
  const name = text.trim();
  if (name === 'local') return { kind: 'local' };
  const address = name.replace(/^ssh:\/\//, '').replace(/\/$/, '');
  // A user name may hold an @ itself (directory services): the last one counts, as in ssh(1).
  const at = address.lastIndexOf('@');
  const user = at < 0 ? undefined : address.slice(0, at);
  // What ssh refuses in user names: %r of a ProxyCommand brings them to a shell.
  if (user !== undefined && !/^[^\s\-'`";&<>|(){}$][^\s'`";&<>|(){}$]*$/.test(user))
    throw malformed(text, `"${user}" is not a user name`);
  return { kind: 'ssh', user, ...hostAndPort(text, address.slice(at + 1)) };
}

/** The name as users write it, with brackets where an IPv6 address needs them. */
export function formatTargetName(name: SshTargetName): string {
  const host = name.host.includes(':') ? `[${name.host}]` : name.host;
  const user = name.user === undefined ? '' : `${name.user}@`;
  return `${user}${host}${name.port === undefined ? '' : `:${name.port}`}`;
}

function hostAndPort(text: string, rest: string): { host: string; port: number | undefined } {
  const bracketed = /^\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\](?::(.*))?$/.exec(rest);
  if (bracketed?.[1] !== undefined) return { host: bracketed[1], port: portNumber(text, bracketed[2]) };
  if ((rest.match(/:/g) ?? []).length > 1) {
    if (!/^[0-9a-fA-F:.]+(%[\w.-]+)?$/.test(rest)) throw malformed(text, 'it has several colons');
    return { host: rest, port: undefined };
  }
  const [host = '', port] = rest.split(':');
  // A leading dash would be an option to ssh(1); the other characters occur in no host name.
  if (!/^[^\s\-'"`$\\;&<>|(){}/[\]@][^\s'"`$\\;&<>|(){}/[\]@]*$/.test(host))
    throw malformed(text, host === '' ? 'there is no host in it' : `"${host}" is not a host name`);
  return { host, port: portNumber(text, port) };
}

function portNumber(text: string, port: string | undefined): number | undefined {
  if (port === undefined) return undefined;
  const number = Number(port);
  if (!/^\d+$/.test(port) || number < 1 || number > 65535)
    throw malformed(text, `"${port}" is not a port (1 to 65535)`);
  return number;
}

function malformed(text: string, why: string): PacketTraceError {
  return new PacketTraceError(
    'usage',
    `"${text}" does not name a target: ${why}.`,
    'Write [user@]host[:port], [user@][IPv6 address]:port, a host of your SSH configuration, or local.',
  );
}
