/** Whether a checkout is the source of a running kernel. */

export interface CheckoutVersion {
  /** As the top Makefile says: `6.1.192`. */
  version: string;
  /** Its EXTRAVERSION: `-rc3`; mostly empty. */
  extra: string;
}

export interface TargetVersion {
  /** Upstream version as far as the target tells: `6.1.192`. */
  version: string;
  /** `uname -r`. */
  release: string;
  /** What to get to have its source, in words. */
  source: string;
}

export interface Skew {
  /** `other`: lines and functions may well differ. `near`: another release of the same series. */
  level: 'same' | 'near' | 'other';
  /** What differs; empty for `same`. */
  message: string;
  /** Which tag or package to get; empty for `same`. */
  remedy: string;
}

/** Above this share of missing functions the checkout is of another kernel, whatever its version says. */
const MISSING_SHARE = 0.02;

/** With fewer functions a share says nothing. */
const FUNCTIONS_MIN = 50;

/** Reads the head of the tree's top Makefile. @returns undefined when it has no version */
export function parseMakefileVersion(text: string): CheckoutVersion | undefined {
  const value = (name: string) => new RegExp(`^${name}[ \\t]*=[ \\t]*(\\S*)`, 'm').exec(text)?.[1] ?? '';
  const [version, patch, sub] = [value('VERSION'), value('PATCHLEVEL'), value('SUBLEVEL')];
  if (version === '' || patch === '') return undefined;
  return { version: [version, patch, sub || '0'].join('.'), extra: value('EXTRAVERSION') };
}

/**
 * Reads `/proc/version`. Distributions put their own number in `uname -r` (Debian's 6.1.0-56 is 6.1.192), so
 * that the version stands elsewhere in the line.
 * @returns undefined when the text is not that of a Linux kernel
 */
export function parseProcVersion(text: string): TargetVersion | undefined {
  const release = /^Linux version (\S+)/.exec(text)?.[1];
  const upstream = release && /^\d+\.\d+(?:\.\d+)?/.exec(release)?.[0];
  if (release === undefined || !upstream) return undefined;
  // Before the build's number stands the compiler, with the version of its own package.
  const debian = /#\d+\b.*\bDebian (\d+\.\d+(?:\.\d+)?)(\S*)/.exec(text);
  if (debian?.[1] !== undefined) {
    const [series] = /^\d+\.\d+/.exec(debian[1]) ?? [''];
    const source = `Debian's package linux-source-${series} ${debian[1]}${debian[2] ?? ''}, or the tag ${tag(debian[1])}`;
    return { version: debian[1], release, source };
  }
  const ubuntu = /#(\d+)(?:~\S+)?-Ubuntu\b/.exec(text)?.[1];
  if (ubuntu !== undefined) {
    const base = /^\d+\.\d+\.\d+-\d+/.exec(release)?.[0] ?? release;
    return { version: upstream, release, source: `the tag Ubuntu-${base}.${ubuntu} of Ubuntu's kernel tree` };
  }
  const rpm = /^\d+\.\d+\.\d+-.*\.(?:fc|el|amzn|suse)\w*/.test(release);
  if (rpm) return { version: upstream, release, source: `the source package kernel-${release}` };
  return { version: upstream, release, source: `the tag ${tag(upstream)}` };
}

/** Stable tags have no `.0`: 6.1.0 is v6.1. */
function tag(version: string): string {
  return `v${version.replace(/^(\d+\.\d+)\.0$/, '$1')}`;
}

/**
 * Compares a checkout with a target.
 * @param functions names of the target's traced functions
 * @param isFound whether the checkout has a function
 */
export function compareSource(
  checkout: CheckoutVersion | undefined,
  target: TargetVersion | undefined,
  functions: readonly string[],
  isFound: (name: string) => boolean,
): Skew {
  const missing = functions.filter((name) => !isFound(name));
  const share = functions.length < FUNCTIONS_MIN ? 0 : missing.length / functions.length;
  const same = checkout === undefined || target === undefined || equal(checkout.version, target.version);
  if (same && share <= MISSING_SHARE) return { level: 'same', message: '', remedy: '' };
  const isNear = share <= MISSING_SHARE && series(checkout?.version) === series(target?.version);
  const versions =
    checkout === undefined || target === undefined
      ? 'The checkout is not the source of the target’s kernel'
      : `The checkout is Linux ${checkout.version}${checkout.extra}, the target runs ${target.version} (${target.release})`;
  const content =
    share > MISSING_SHARE
      ? `; ${missing.length} of ${functions.length} traced functions are not in it (${missing.slice(0, 3).join(', ')})`
      : '; lines may differ';
  const remedy = target === undefined ? '' : `Get ${target.source}.`;
  return { level: isNear ? 'near' : 'other', message: `${versions}${content}.`, remedy };
}

function equal(a: string, b: string): boolean {
  const plain = (version: string) => version.replace(/\.0$/, '');
  return plain(a) === plain(b);
}

function series(version: string | undefined): string | undefined {
  return version && /^\d+\.\d+/.exec(version)?.[0];
}
