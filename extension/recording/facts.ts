/**
 * All that a recording is told beside its events: messages of the agent as they came, and what is decided here. In a
 * file each is a line of JSON between the events that it came between, so each is checked when it is read.
 */
import { ProtocolError } from '../../common/errors.ts';
import { parseMessage } from '../../common/messages.ts';
import type {
  Attached,
  End,
  Hello,
  KernelBuild,
  Locations,
  ModulesLoaded,
  Namespaces,
  ProgramsLoaded,
  Structures,
} from '../../common/protocol.ts';
import {
  isObject,
  literal,
  nullOr,
  object,
  oneOf,
  optional,
  quoted,
  text,
  whole,
  wholeNumberText,
  type Shape,
} from '../../common/shape.ts';
import { type ErrorCode, PacketTraceError } from '../base/errors.ts';
import type { CaptureEnd, LossTotals, TracePause } from './capture.ts';
import type { CaptureFilter, FilterTexts } from './filters.ts';

/** What of the agent's messages tells of the target. */
export type FactMessage =
  Hello | Attached | KernelBuild | Locations | Structures | Namespaces | ModulesLoaded | ProgramsLoaded;

/** Another filter is in force. Times are CLOCK_MONOTONIC nanoseconds in decimal. */
export interface FilterFact extends FilterTexts {
  type: 'filter';
  generation: number;
  /** null: from the start. */
  since: string | null;
}

/** A pause begins, or more is known of the last one. */
export interface PauseFact {
  type: 'pause';
  why: TracePause['why'];
  from: string;
  to: string | null;
}

/** Nobody is followed any more: what has not ended by now was not followed to its end. */
export interface UnfollowedFact {
  type: 'unfollowed';
}

export interface LossFact extends LossTotals {
  type: 'loss';
}

export interface EndFact {
  type: 'over';
  why: CaptureEnd['why'];
  error: { code: ErrorCode; message: string; remedy: string } | null;
  events: number;
  bytes: number;
  incomplete: string | null;
  agent: End | null;
}

export type Fact = FactMessage | FilterFact | PauseFact | UnfollowedFact | LossFact | EndFact;

type OwnFact = Exclude<Fact, FactMessage>;

const sentence = text(64 * 1024);
const filterText = text(64 * 1024);

const OWN: { [T in OwnFact['type']]: Shape<Extract<OwnFact, { type: T }>> } = {
  filter: object<FilterFact>({
    type: literal('filter'),
    generation: whole(),
    since: nullOr(wholeNumberText),
    filter: filterText,
    tunnelFilterL2: filterText,
    tunnelFilterL3: filterText,
    netns: optional(filterText),
    ifname: optional(filterText),
    mark: optional(filterText),
    skbExpression: optional(filterText),
    xdpExpression: optional(filterText),
  }),
  pause: object<PauseFact>({
    type: literal('pause'),
    why: oneOf<TracePause['why']>({ silence: true, request: true, connection: true }),
    from: wholeNumberText,
    to: nullOr(wholeNumberText),
  }),
  unfollowed: object<UnfollowedFact>({ type: literal('unfollowed') }),
  loss: object<LossFact>({ type: literal('loss'), lost: whole(), missed: whole(), untracked: whole() }),
  over: object<EndFact>({
    type: literal('over'),
    why: oneOf<CaptureEnd['why']>({
      stopped: true,
      'connection-lost': true,
      'agent-died': true,
      error: true,
    }),
    error: nullOr(
      object<NonNullable<EndFact['error']>>({
        code: text(64) as Shape<ErrorCode>,
        message: sentence,
        remedy: sentence,
      }),
    ),
    events: whole(),
    bytes: whole(),
    incomplete: nullOr(sentence),
    agent: nullOr(agentEnd),
  }),
};

const MESSAGES: Record<FactMessage['type'], true> = {
  hello: true,
  attached: true,
  'kernel-build': true,
  locations: true,
  structures: true,
  namespaces: true,
  modules: true,
  programs: true,
};

/** @throws ProtocolError when it is none */
export function parseFact(json: string): Fact {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new ProtocolError('a fact is no JSON');
  }
  if (!isObject(value) || typeof value.type !== 'string')
    throw new ProtocolError('a fact is no object with a type');
  const { type } = value;
  if (Object.hasOwn(MESSAGES, type)) return parseMessage(Buffer.from(json)) as FactMessage;
  if (!Object.hasOwn(OWN, type)) throw new ProtocolError(`there is no fact of type ${quoted(type)}`);
  const problem = OWN[type as OwnFact['type']](value);
  if (problem !== undefined) throw new ProtocolError(`${type}${problem}`);
  return value as unknown as OwnFact;
}

function agentEnd(value: unknown): string | undefined {
  try {
    return parseMessage(Buffer.from(JSON.stringify(value))).type === 'end' ? undefined : ' is no end';
  } catch (error) {
    return `: ${(error as Error).message}`;
  }
}

export function filterFact({ since, ...filter }: CaptureFilter): FilterFact {
  return { type: 'filter', ...filter, since: since === undefined ? null : String(since) };
}

export function filterOf({ type: _, since, ...filter }: FilterFact): CaptureFilter {
  return { ...filter, since: since === null ? undefined : BigInt(since) };
}

export function pauseFact({ why, from, to }: Omit<TracePause, 'next'>): PauseFact {
  return { type: 'pause', why, from: String(from), to: to === undefined ? null : String(to) };
}

export function endFact({ why, error, events, bytes, incomplete, agent }: CaptureEnd): EndFact {
  return {
    type: 'over',
    why,
    error: error === undefined ? null : { code: error.code, message: error.message, remedy: error.remedy },
    events,
    bytes,
    incomplete: incomplete ?? null,
    agent: agent ?? null,
  };
}

export function endOf(
  { type: _, error, incomplete, agent, ...end }: EndFact,
  losses: LossTotals,
): CaptureEnd {
  const { lost, missed, untracked } = losses;
  return {
    ...end,
    lost,
    missed,
    untracked,
    error: error === null ? undefined : new PacketTraceError(error.code, error.message, error.remedy),
    incomplete: incomplete ?? undefined,
    agent: agent ?? undefined,
  };
}
