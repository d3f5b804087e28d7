/**
 * What a trace tells, as scenarios look at it: events as `--json` prints them (docs/json.md), in trees of
 * trajectories whose roots are stories, with the ends and the outcome that the front ends count.
 */
import { eventObject } from '../../../extension/cli/output/json-format.ts';
import type { Capture, TrajectoryEnd } from '../../../extension/recording/capture.ts';

export type End = TrajectoryEnd;

/** The fields of `event` objects that expectations look at. */
export interface TraceEvent {
  event: number;
  kind: 'function' | 'drop';
  edge: 'copy' | 'merge' | null;
  skb: string;
  comm: string;
  function: string;
  module: string | null;
  reason: string | null;
  netns: number;
  ifindex: number;
  device: string | null;
  tuple: Tuple | null;
}

interface Tuple {
  source: string;
  sourcePort: number;
  destination: string;
  destinationPort: number;
  protocol: string;
}

export interface Trajectory {
  id: number;
  steps: readonly TraceEvent[];
  end: End;
  /** Of its own drop; null: not dropped, or the kernel gives none. */
  reason: string | null;
  children: Trajectory[];
}

export interface Story {
  root: Trajectory;
  outcome: End;
  /** Of the drop that decided. */
  reason: string | null;
  /** All of it, oldest first. */
  events: readonly TraceEvent[];
}

/** The stories so far, oldest first. */
export function storiesOf(capture: Pick<Capture, 'store' | 'trajectories'>): Story[] {
  const { trajectories } = capture;
  const all: Trajectory[] = [];
  for (let id = 0; id < trajectories.length; id++) {
    const steps: TraceEvent[] = [];
    for (let nth = 0; nth < trajectories.eventCount(id); nth++) {
      const event = eventObject(capture, trajectories.event(id, nth)) as unknown as TraceEvent;
      // The compiler's copies of a function (.isra.0, .part.1) are that function.
      event.function = withoutSuffix(event.function);
      steps.push(event);
    }
    const reason = trajectories.dropReason(id) ?? null;
    all.push({ id, steps, end: trajectories.end(id), reason, children: [] });
  }
  const roots: Trajectory[] = [];
  for (const trajectory of all) {
    const parent = trajectories.parent(trajectory.id);
    if (parent === undefined) roots.push(trajectory);
    else all[parent]?.children.push(trajectory);
  }
  return roots.map((root) => ({
    root,
    outcome: trajectories.outcome(root.id),
    reason: trajectories.outcomeReason(root.id) ?? null,
    events: eventsOf(root),
  }));
}

/** All events of a trajectory and its children, oldest first. */
export function eventsOf(root: Trajectory): TraceEvent[] {
  const collect = ({ steps, children }: Trajectory): TraceEvent[] => [...steps, ...children.flatMap(collect)];
  return collect(root).sort((a, b) => a.event - b.event);
}

export function withoutSuffix(name: string): string {
  return name.replace(/\..*$/, '');
}

/** `10.70.0.1:5000>10.70.0.2:53 udp` */
export function tupleText(tuple: Tuple | null): string {
  if (tuple === null) return '';
  const side = (address: string, port: number) => (port === 0 ? address : `${address}:${port}`);
  const { source, sourcePort, destination, destinationPort, protocol } = tuple;
  return `${side(source, sourcePort)}>${side(destination, destinationPort)} ${protocol}`;
}

/** A story in lines, for people who look for what went wrong. */
export function storyText({ root, outcome, reason }: Story): string {
  const lines = [`story: ${outcome}${reason === null ? '' : ` ${reason}`}`];
  const tell = ({ id, steps, end, reason, children }: Trajectory, indent: string) => {
    let tuple = '';
    let words: string[] = [];
    let place = '';
    for (const step of steps) {
      const text = tupleText(step.tuple);
      const where = `${step.netns}/${step.device ?? step.ifindex}`;
      if (text !== tuple) words.push(`<${text}>`);
      if (where !== place) words.push(`@${where}`);
      [tuple, place] = [text, where];
      words.push(
        step.kind === 'drop'
          ? `DROP(${step.reason ?? 'no reason'} at ${step.function})`
          : `${step.edge === null ? '' : `${step.edge}:`}${step.function}`,
      );
    }
    if (words.length === 0) words = ['(no steps)'];
    const comm = steps[0]?.comm ?? '';
    lines.push(`${indent}${id} [${comm}] ${words.join(' ')} = ${end}${reason === null ? '' : ` ${reason}`}`);
    for (const child of children) tell(child, `${indent}  `);
  };
  tell(root, '  ');
  return lines.join('\n');
}
