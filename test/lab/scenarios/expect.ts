/** What a scenario expects of a trace, and whether stories meet it. */
import { seriesOf, type KernelName, type Series } from '../images/kernels.ts';
import { type End, type Story, tupleText, type Trajectory } from './story.ts';

/** A value, or what it is on some kernels and on all others; an arm64 kernel that is not named is as its series. */
export type On<T> = T | { on: Partial<Record<KernelName, T>>; else: T };

export interface ExpectedTrajectory {
  /**
   * Steps in this order, others between them or not: a function (a list: names that it has in turn), or with `>` in
   * it the addresses that the packet has from there on, `10.70.0.1>10.70.0.2`.
   */
  path: readonly On<string | readonly string[]>[];
  /** Never among its steps. */
  without?: readonly string[];
  /** Not given: whatever it is. */
  end?: On<End | Drop> | undefined;
  /** All its children, in any order; not given: it has none. `any`: whatever they are. */
  children?: On<readonly ExpectedTrajectory[] | 'any'>;
  /** It may have others than these. */
  moreChildren?: boolean;
}

export interface ExpectedStory extends ExpectedTrajectory {
  /** The process that sent it. */
  comm?: string;
  /** Of the packet at its first step with addresses: `A>B`, of addresses alone. */
  tuple: string;
  end: On<End | Drop>;
  /** As the terminal names it; default: whatever. */
  protocol?: 'icmp' | 'udp' | 'tcp' | (string & {});
  port?: number;
  /** What the summary counts; by default the end of the root. */
  outcome?: On<End>;
  /** In how many network namespaces it was seen. */
  namespaces?: number;
  /** Every device that it was seen on. */
  devices?: readonly string[];
  /** How often it is to be seen; default 1. */
  times?: number;
}

export interface Drop {
  /** null: the kernel gives none. */
  reason: On<string | null>;
  /** The function that it happened in, or its names in turn. */
  at: On<string | readonly string[]>;
}

/** Kernels before 5.17 give no reasons. */
export const WITHOUT_REASONS: readonly Series[] = ['5.10'];

/** Kernels before 5.11 have no types (BTF) of modules, so that these functions are not probed. */
export const WITHOUT_MODULE_TYPES: readonly Series[] = ['5.10'];
const OF_MODULE =
  /^(?:veth|vxlan|geneve|ipgre|gre|ipip|tunnel4|wg|vlan_dev|br|sctp|netem|dummy|esp|mirred|nfqueue|xfrm4_rcv)(?:_|$)/;

export function dropped(reason: On<string>, at: On<string | readonly string[]>): Drop {
  return { reason, at };
}

export function on<T>(kernel: KernelName, value: On<T>): T {
  if (typeof value !== 'object' || value === null || !('on' in value)) return value;
  const name = kernel in value.on ? kernel : seriesOf(kernel);
  return name in value.on ? (value.on[name] as T) : value.else;
}

/** Decides of expectations on one kernel. */
export class Judge {
  constructor(private readonly kernel: KernelName) {}

  /** The expected stories that no story meets; each story serves for one. @param left gets the stories that serve for none */
  unmet(expected: readonly ExpectedStory[], stories: readonly Story[], left: Story[] = []): ExpectedStory[] {
    left.push(...stories);
    const missing: ExpectedStory[] = [];
    for (const wanted of expected)
      for (let times = wanted.times ?? 1; times > 0; times--) {
        const at = left.findIndex((story) => this.whyNotStory(wanted, story) === undefined);
        if (at < 0) missing.push(wanted);
        else left.splice(at, 1);
      }
    return missing;
  }

  /** What is not as expected; undefined: all is. */
  whyNotStory(wanted: ExpectedStory, story: Story): string | undefined {
    const { events } = story;
    const first = events.find(({ tuple }) => tuple !== null)?.tuple;
    const { comm, protocol, port } = wanted;
    if (first === null || first === undefined) return 'no addresses';
    if (`${first.source}>${first.destination}` !== wanted.tuple) return `addresses ${tupleText(first)}`;
    if (protocol !== undefined && first.protocol !== protocol) return `protocol ${first.protocol}`;
    // The first step may come before the ports are there.
    const ports = events.flatMap(({ tuple }) =>
      tuple === null ? [] : [tuple.sourcePort, tuple.destinationPort],
    );
    if (port !== undefined && !ports.includes(port)) return 'other ports';
    if (comm !== undefined && events[0]?.comm !== comm) return `sent by ${events[0]?.comm}`;
    const outcome = on(this.kernel, wanted.outcome ?? this.#endOf(wanted));
    if (story.outcome !== outcome) return `outcome ${story.outcome}`;
    const distinct = <T>(values: readonly T[]) => [...new Set(values)];
    const namespaces = distinct(events.map(({ netns }) => netns).filter((netns) => netns !== 0));
    if (wanted.namespaces !== undefined && namespaces.length !== wanted.namespaces)
      return `${namespaces.length} namespaces`;
    const devices = distinct(
      events.flatMap(({ device, ifindex }) => (ifindex === 0 ? [] : [device ?? `${ifindex}`])),
    );
    if (wanted.devices !== undefined && devices.sort().join() !== [...wanted.devices].sort().join())
      return `devices ${devices.join()}`;
    return this.#whyNot(wanted, story.root);
  }

  #whyNot(wanted: ExpectedTrajectory, trajectory: Trajectory): string | undefined {
    const path = wanted.path
      .map((step) => [on(this.kernel, step)].flat())
      .filter((names) => !this.#isHidden(names));
    let next = 0;
    for (const { kind, function: name, tuple } of trajectory.steps) {
      const addresses = tuple === null ? '' : `${tuple.source}>${tuple.destination}`;
      while (path[next]?.includes(addresses) === true) next++;
      if (kind === 'function' && path[next]?.includes(name) === true) next++;
      if (wanted.without?.includes(name) === true) return `${name} is among the steps`;
    }
    if (next < path.length)
      return `no ${path[next]?.join(' or ')}${next > 0 ? ` behind ${path[next - 1]?.join()}` : ''}`;
    return (
      this.#whyNotEnd(on(this.kernel, wanted.end), trajectory) ?? this.#whyNotChildren(wanted, trajectory)
    );
  }

  #whyNotEnd(wanted: End | Drop | undefined, { end, steps }: Trajectory): string | undefined {
    if (wanted === undefined) return undefined;
    if (typeof wanted === 'string') return end === wanted ? undefined : `end ${end}`;
    if (end !== 'dropped') return `end ${end}`;
    const drop = steps.find(({ kind }) => kind === 'drop');
    const reason = WITHOUT_REASONS.includes(seriesOf(this.kernel)) ? null : on(this.kernel, wanted.reason);
    if (drop?.reason !== reason) return `dropped for ${drop?.reason}`;
    return [on(this.kernel, wanted.at)].flat().includes(drop.function)
      ? undefined
      : `dropped at ${drop.function}`;
  }

  #whyNotChildren(wanted: ExpectedTrajectory, { children }: Trajectory): string | undefined {
    const expected = on(this.kernel, wanted.children ?? []);
    if (expected === 'any') return undefined;
    if (wanted.moreChildren !== true && expected.length !== children.length)
      return `${children.length} children`;
    const left = [...children];
    for (const child of expected) {
      const at = left.findIndex((candidate) => this.#whyNot(child, candidate) === undefined);
      if (at < 0) return `a child: ${left.map((candidate) => this.#whyNot(child, candidate)).join(', ')}`;
      left.splice(at, 1);
    }
    return undefined;
  }

  #isHidden(names: readonly string[]): boolean {
    return (
      WITHOUT_MODULE_TYPES.includes(seriesOf(this.kernel)) && names.every((name) => OF_MODULE.test(name))
    );
  }

  #endOf({ end }: ExpectedStory): End {
    const wanted = on(this.kernel, end);
    return typeof wanted === 'string' ? wanted : 'dropped';
  }
}
