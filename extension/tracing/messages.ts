/** What the debug console says about a trace. */
import type { Attached } from '../../common/protocol.ts';
import type { Capture, CaptureEnd } from '../recording/capture.ts';
import { missedText } from '../recording/wording.ts';
import type { PacketTraceError } from '../base/errors.ts';

/** Names of skipped functions shown for each reason; the rest is counted. */
const SKIPPED_NAMES = 5;

const number = (value: number) => value.toLocaleString('en');
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;

function count(value: number, one: string, many: string): string {
  return `${number(value)} ${value === 1 ? one : many}`;
}

/** Message and remedy of an error as one text. */
export function errorText(error: PacketTraceError): string {
  return [error.message, error.remedy].filter((part) => part !== '').join(' ');
}

/** What was attached where, and what was not, by reason. */
export function attachedText(target: string, capture: Capture, attached: Attached): string {
  const { hello } = capture;
  const kernel = hello === undefined ? '' : ` (Linux ${hello.kernelRelease}, ${hello.machine})`;
  const { scan, load, attach } = attached.milliseconds;
  const lines = [
    `Tracing ${target}${kernel}: ${count(attached.functions.length, 'function', 'functions')} probed with ` +
      `${attached.backend} in ${seconds(scan + load + attach)}.`,
  ];
  if (attached.ownConnection !== undefined)
    lines.push(`  Packets of this trace's own SSH connection are left out (${attached.ownConnection}).`);
  for (const { reason, names } of attached.skipped) {
    const shown = names.slice(0, SKIPPED_NAMES).join(', ');
    const more = names.length > SKIPPED_NAMES ? `, and ${number(names.length - SKIPPED_NAMES)} more` : '';
    lines.push(`  ${number(names.length)} not probed, ${reason}: ${shown}${more}`);
  }
  return lines.join('\n');
}

const WHY: Record<CaptureEnd['why'], string> = {
  stopped: 'stopped',
  'connection-lost': 'the connection was lost; what was captured until then stays',
  'agent-died': 'the agent ended unexpectedly; what was captured until then stays',
  error: 'ended with an error',
};

/** Why a trace ended, with its totals. */
export function endText(target: string, capture: Capture, end: CaptureEnd): string {
  const detach =
    end.agent === undefined ? '' : ` Probes detached in ${seconds(end.agent.milliseconds.detach)}.`;
  const events = count(end.events, 'event', 'events');
  const trajectories = count(capture.trajectories.length, 'trajectory', 'trajectories');
  return `Trace of ${target}: ${WHY[end.why]}. ${events} in ${trajectories}, ${number(end.lost)} lost${missedText(end)}.${detach}`;
}

export function lostText(total: number): string {
  return `The kernel had no room for events: ${number(total)} lost so far. A narrower filter or fewer functions help.`;
}
