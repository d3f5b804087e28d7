/** Debug configurations of type `packet-trace`: the rows of options/trace-options.ts that have `launch`, and a target. */
import type { Extras } from '../../common/protocol.ts';
import { PacketTraceError } from '../base/errors.ts';
import { defaultOf, type Option } from './options/option.ts';
import { Mismatch, readJson, similarChoice } from './options/read-value.ts';
import { TRACE_OPTIONS, type TraceValues } from './options/trace-options.ts';
import type { RunningTrace } from './start-trace.ts';

/** What a debug configuration says, complete; options that only the terminal has are at their defaults. */
export interface LaunchConfiguration extends TraceValues {
  target: string;
}

/** Starts the trace that a configuration describes; the signal cancels it. Injected into the debug session. */
export type StartLaunch = (configuration: LaunchConfiguration, signal: AbortSignal) => Promise<RunningTrace>;

/**
 * Reads the attributes of a debug configuration; others than those of the table are not ours.
 * @throws PacketTraceError naming the attribute that is missing or of the wrong kind
 */
export function parseLaunch(attributes: Readonly<Record<string, unknown>>): LaunchConfiguration {
  const { target = '' } = attributes;
  if (typeof target !== 'string')
    throw wrong('target', `${JSON.stringify(target)}, not a text`, 'Correct it in launch.json.');
  if (target.trim() === '') {
    throw new PacketTraceError(
      'usage',
      'The debug configuration names no target.',
      'Set "target" in launch.json to user@host, a host of your SSH configuration, or "local".',
    );
  }
  const values = Object.entries<Option>(TRACE_OPTIONS).map(([key, option]) => [
    key,
    option.launch === true ? readAttribute(key, option, attributes[key]) : defaultOf(option),
  ]);
  return { ...(Object.fromEntries(values) as TraceValues), target: target.trim() };
}

/** What a trace shows of each step: attributes for another one that is to show the same. */
export function shownOfSteps(options: Pick<TraceValues, keyof Extras>): Required<Extras> {
  const { caller, stack, packetBytes, skb, sharedInfo, cb, tunnel } = options;
  const [skbMetadata, xdpMetadata] = [[...options.skbMetadata], [...options.xdpMetadata]];
  return { caller, stack, packetBytes, skb, sharedInfo, cb, tunnel, skbMetadata, xdpMetadata };
}

function readAttribute(key: string, option: Option, given: unknown) {
  const value = readJson(option, given);
  if (!(value instanceof Mismatch)) return value;
  const similar = similarChoice(option, value);
  const remedy =
    similar === undefined
      ? 'Correct it in launch.json.'
      : `Did you mean "${similar}"? Correct it in launch.json.`;
  throw wrong(key, `${JSON.stringify(given)}, not ${value.what}`, remedy);
}

function wrong(key: string, how: string, remedy: string): PacketTraceError {
  return new PacketTraceError('usage', `"${key}" of the debug configuration is ${how}.`, remedy);
}
