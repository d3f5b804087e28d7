/** What a file says of itself, in its schema's metadata. */
import type { Extras } from '../../../common/protocol.ts';
import { list, object, oneOf, optional, text, truth, whole } from '../../../common/shape.ts';
import type { TargetFacts } from '../../base/target-facts.ts';

/** Of what columns and facts mean; grows when they change. */
export const FORMAT = 1;
/** Key of the schema's metadata; its value is a FileHead in JSON. */
export const HEAD_KEY = 'kernel-packet-trace';

export interface FileHead {
  format: number;
  /** Version of what wrote it. */
  version: string;
  target: RecordedTarget;
  /** What each event tells on request. */
  told: Told;
}

/** The target as it was when the trace began. */
export interface RecordedTarget {
  /** As the user called it. */
  label: string;
  facts: TargetFacts;
}

export interface Told extends Extras {
  netnsNames?: boolean;
}

const name = text(4096);
const texts = list<readonly string[]>(name, 100);
const HEAD = object<FileHead>({
  told: object<Told>({
    caller: optional(truth),
    stack: optional(truth),
    packetBytes: optional(whole()),
    skb: optional(truth),
    sharedInfo: optional(truth),
    cb: optional(truth),
    tunnel: optional(truth),
    skbMetadata: optional(texts),
    xdpMetadata: optional(texts),
    netnsNames: optional(truth),
  }),
  format: whole(),
  version: name,
  target: object<RecordedTarget>({
    label: name,
    facts: object<TargetFacts>({
      os: name,
      machine: name,
      kernelRelease: name,
      user: name,
      privilege: oneOf<TargetFacts['privilege']>({ root: true, sudo: true, 'sudo-password': true }),
      node: object<TargetFacts['node']>({
        path: name,
        version: name,
        origin: oneOf<TargetFacts['node']['origin']>({
          path: true,
          'vscode-server': true,
          uploaded: true,
          own: true,
        }),
      }),
      uploadedBytes: whole(),
    }),
  }),
});

/** Undefined: it is none. */
export function parseHead(json: string): FileHead | undefined {
  try {
    const head: unknown = JSON.parse(json);
    return HEAD(head) === undefined ? (head as FileHead) : undefined;
  } catch {
    return undefined;
  }
}
