import { PacketTraceError } from '../base/errors.ts';
import { runScript } from './shell.ts';
import type { Shell } from './shell.ts';

export type Arch = 'x64' | 'arm64';

/** What one look at the target found. */
export interface Platform {
  os: string;
  machine: string;
  arch: Arch;
  kernelRelease: string;
  uid: number;
  user: string;
  hasGzip: boolean;
}

/** What a look for Node found there, which takes longer: each is asked what it is. */
export interface FoundNodes {
  /** Nodes found, with the way they were found; usable ones only. */
  node: { path: string; version: string; origin: 'path' | 'vscode-server' } | undefined;
  /** Nodes that are too old, for messages: `v18.19.0 (/usr/bin/node)`. */
  oldNodes: string[];
}

/** What the agent is built for (its esbuild target). */
export const NODE_MAJOR_MIN = 20;
/** The oldest glibc that Node 20 to 24 and the agent's libraries run on. */
const GLIBC_MIN = [2, 28] as const;

/** A shim that downloads a Node, or asks which, may take for ever; so many of them end the search. */
const NODE_SECONDS = 10;
const HUNG_NODES = 2;

/** Prints `key=value` lines. */
const PLATFORM = `
set -- $(uname -srm)
printf 'os=%s\nrelease=%s\nmachine=%s\n' "$1" "$2" "$3"
printf 'uid=%s\nuser=%s\n' "$(id -u)" "$(id -un)"
printf 'bits=%s\n' "$(getconf LONG_BIT 2>/dev/null)"
libc=$(getconf GNU_LIBC_VERSION 2>/dev/null)
[ -n "$libc" ] || libc=$(ldd --version 2>&1 | head -n 1)
for musl in /lib/ld-musl-*; do [ -e "$musl" ] && [ -z "\${libc##*musl*}" ] && libc=musl; done
printf 'libc=%s\n' "$libc"
command -v gzip >/dev/null 2>&1 && printf 'gzip=yes\n'
exit 0`;

/**
 * Prints `node=` lines. Nodes are asked for their real path, so that a version manager's shim, which would fail under
 * sudo, is seen through; the first that is new enough ends the search.
 */
const nodes = (nodeSeconds: number) => `
in_time() {
  if command -v timeout >/dev/null 2>&1; then timeout -s KILL ${nodeSeconds} "$@"; return; fi
  "$@" &
  asked=$!
  (sleep ${nodeSeconds}; kill "$asked") >/dev/null 2>&1 </dev/null &
  clock=$!
  wait "$asked"
  asked=$?
  kill "$clock" 2>/dev/null
  return "$asked"
}
hung=0
for node in "$(command -v node)" "$HOME"/.vscode-server*/cli/servers/*/server/node "$HOME"/.vscode-server*/bin/*/node "$HOME"/.vscodium-server/bin/*/node "$HOME"/.local/lib/code-server-*/lib/node "$HOME"/.local/share/code-server*/lib/node /usr/lib/code-server/lib/node; do
  [ -x "$node" ] || continue
  found=$(in_time "$node" -p 'process.version + " " + process.arch + " " + process.execPath' 2>/dev/null </dev/null)
  code=$?
  # 124 and 137: what timeout exits with; 143: ended by us.
  case $code in 124|137|143) hung=$((hung + 1)); [ "$hung" -lt ${HUNG_NODES} ] || break ;; esac
  [ "$code" -eq 0 ] || continue
  printf 'node=%s\\n' "$found"
  case $found in v2[0-9].*|v[3-9][0-9].*) break ;; esac
done
exit 0`;

/**
 * Looks at the target with one script.
 * @throws PacketTraceError `target-unsupported` for what we cannot run on
 */
export async function inspectPlatform(shell: Shell, signal?: AbortSignal): Promise<Platform> {
  const { stdout } = await runScript(shell, PLATFORM, { signal });
  return readPlatform(stdout, shell.name);
}

/** Looks for a Node that the target has, as its user. */
export async function findNodes(
  shell: Shell,
  arch: Arch,
  signal?: AbortSignal,
  nodeSeconds = NODE_SECONDS,
): Promise<FoundNodes> {
  const { stdout } = await runScript(shell, nodes(nodeSeconds), { signal });
  return chooseNode(stdout, arch);
}

/** @throws PacketTraceError `target-unsupported` */
export function readPlatform(text: string, host: string): Platform {
  const get = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
  const [os, machine, release, libc] = ['os', 'machine', 'release', 'libc'].map(get) as [
    string,
    string,
    string,
    string,
  ];
  if (os !== 'Linux')
    throw unsupported(
      host,
      `it runs ${os || 'an unknown system'}, not Linux`,
      'The traced host must run Linux.',
    );
  const arch = machine === 'x86_64' ? 'x64' : machine === 'aarch64' ? 'arm64' : undefined;
  if (arch === undefined)
    throw unsupported(host, `its processor is ${machine}`, 'x86_64 and aarch64 hosts can be traced.');
  if (get('bits') === '32') {
    throw unsupported(
      host,
      `its kernel is ${machine} but its programs are 32-bit`,
      'The tracing agent needs a 64-bit userland.',
    );
  }
  checkLibc(host, libc);
  return {
    os,
    machine,
    arch,
    kernelRelease: release,
    uid: Number(get('uid')),
    user: get('user'),
    hasGzip: get('gzip') === 'yes',
  };
}

/** @param text the lines of the search */
export function chooseNode(text: string, arch: Arch): FoundNodes {
  const oldNodes: string[] = [];
  for (const match of text.matchAll(/^node=(v(\d+)\.\S+) (\S+) (.+)$/gm)) {
    const [, version = '', major, nodeArch, path = ''] = match;
    if (Number(major) < NODE_MAJOR_MIN || nodeArch !== arch) {
      oldNodes.push(`${version} (${path})`);
      continue;
    }
    const server = /\/\.vscode\w*-server|\/\.vscodium-server|\/code-server/.test(path);
    return { node: { path, version, origin: server ? 'vscode-server' : 'path' }, oldNodes };
  }
  return { node: undefined, oldNodes };
}

function checkLibc(host: string, libc: string): void {
  if (/musl/i.test(libc)) {
    throw unsupported(
      host,
      'its C library is musl',
      `The agent's libraries (libbpf, libelf) are built for glibc ${GLIBC_MIN.join('.')} or newer, as on Debian 10, Ubuntu 20.04, RHEL 8 and later.`,
    );
  }
  const version = /(\d+)\.(\d+)/.exec(libc);
  // Unknown is tried: the agent's start will tell.
  if (version === null) return;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  if (major > GLIBC_MIN[0] || (major === GLIBC_MIN[0] && minor >= GLIBC_MIN[1])) return;
  throw unsupported(
    host,
    `its C library is glibc ${major}.${minor}`,
    `glibc ${GLIBC_MIN.join('.')} or newer is needed, as on Debian 10, Ubuntu 20.04, RHEL 8 and later.`,
  );
}

function unsupported(host: string, why: string, remedy: string): PacketTraceError {
  return new PacketTraceError('target-unsupported', `${host} cannot be traced: ${why}.`, remedy);
}
