/** What the words of the filter language are: libpcap's scanner.l has the same set, which a test compares. */

/**
 * - `direction`, `type`: qualifiers of an address, port or protocol
 * - `protocol`: a protocol by itself, a qualifier, or with `[offset]` an access to its header
 * - `primitive`: a test by itself
 * - `logical`: joins tests
 * - `length`: the packet's length, as a number
 * - `offset`: a named offset into a header
 * - `value`: a named value of such a field
 */
export type WordKind =
  'direction' | 'type' | 'protocol' | 'primitive' | 'logical' | 'length' | 'offset' | 'value';

/** What a primitive is followed by. */
export type Operand =
  | 'nothing'
  | 'number'
  | 'optional-number'
  | 'comparison'
  | 'byte-test'
  | 'name'
  | 'llc-type'
  | 'wlan-type'
  | 'wlan-subtype'
  | 'wlan-direction'
  | 'pf-reason'
  | 'pf-action';

export interface Word {
  kind: WordKind;
  /** One or two sentences for hover and completion. */
  says: string;
  /** Primitives only; left out: nothing. */
  operand?: Operand;
  /** Of offsets and values: the number that libpcap reads in place of the word. */
  number?: number;
  /** Of offsets: the protocol whose header it lies in. */
  protocol?: string;
  /** Another spelling of this word, which is the one to show. */
  aliasOf?: string;
  /** Only for kinds of links that a trace never sees: not offered, but explained. */
  foreign?: true;
}

export type Words = Readonly<Record<string, Word>>;
