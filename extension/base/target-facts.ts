/** What was found out on the way to a target. */
export interface TargetFacts {
  os: string;
  machine: string;
  kernelRelease: string;
  user: string;
  /** How the agent gets its privileges. */
  privilege: 'root' | 'sudo' | 'sudo-password';
  /** Path of the Node that runs the agent on the target, its version, and where it came from. */
  node: { path: string; version: string; origin: 'path' | 'vscode-server' | 'uploaded' | 'own' };
  /** Bytes uploaded by this start: 0 when everything was there. */
  uploadedBytes: number;
}
