import type { FilterTexts } from '../recording/filters.ts';
import { PacketTraceError } from '../base/errors.ts';
import type { Backend } from '../../common/protocol.ts';
import type { RunningTrace } from './start-trace.ts';

/** What a debug configuration of type `packet-trace` says, complete. */
export interface LaunchConfiguration extends FilterTexts {
  target: string;
  /** Empty: every function. */
  functions: string;
  /** Function that packets must pass to be shown; empty: all are shown. */
  through: string;
  backend: Backend | 'auto';
  /** Packets are followed to their ends, also where they no longer match. */
  track: boolean;
  /** Messages of UNIX and netlink sockets too. */
  localSockets: boolean;
  /** Private key file; empty: those of the SSH configuration. */
  identity: string;
}

/** Starts the trace that a configuration describes; the signal cancels it. Injected into the debug session. */
export type StartLaunch = (configuration: LaunchConfiguration, signal: AbortSignal) => Promise<RunningTrace>;

const BACKENDS: readonly string[] = [
  'auto',
  'kprobe',
  'kprobe-multi',
] satisfies LaunchConfiguration['backend'][];

/**
 * Reads the attributes of a debug configuration.
 * @throws PacketTraceError naming the attribute that is missing or of the wrong kind
 */
export function parseLaunch(attributes: Readonly<Record<string, unknown>>): LaunchConfiguration {
  const text = (name: string): string => {
    const value = attributes[name] ?? '';
    if (typeof value === 'string') return value.trim();
    throw new PacketTraceError(
      'usage',
      `"${name}" of the debug configuration is ${JSON.stringify(value)}, not a text.`,
      'Correct it in launch.json.',
    );
  };
  const flag = (name: string, absent: boolean): boolean => {
    const value = attributes[name] ?? absent;
    if (typeof value === 'boolean') return value;
    throw new PacketTraceError(
      'usage',
      `"${name}" of the debug configuration is ${JSON.stringify(value)}, not true or false.`,
      'Correct it in launch.json.',
    );
  };
  const target = text('target');
  if (target === '') {
    throw new PacketTraceError(
      'usage',
      'The debug configuration names no target.',
      'Set "target" in launch.json to user@host, a host of your SSH configuration, or "local".',
    );
  }
  const backend = text('backend') || 'auto';
  if (!isBackend(backend)) {
    throw new PacketTraceError(
      'usage',
      `"backend" of the debug configuration is "${backend}".`,
      `Use one of ${BACKENDS.join(', ')}.`,
    );
  }
  return {
    target,
    filter: text('filter'),
    tunnelFilterL2: text('tunnelFilterL2'),
    tunnelFilterL3: text('tunnelFilterL3'),
    functions: text('functions'),
    through: text('through'),
    backend,
    track: flag('track', true),
    localSockets: flag('localSockets', false),
    identity: text('identity'),
  };
}

function isBackend(text: string): text is LaunchConfiguration['backend'] {
  return BACKENDS.includes(text);
}
