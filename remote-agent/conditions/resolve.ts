/**
 * The conditions of a trace (Conditions of common/protocol.ts) as the programs ask them: names of this machine become
 * numbers. Requests come in, what remote-agent/filter/conditions-config.ts encodes goes out. Read this file first;
 * namespaces.ts and devices.ts know where the kernel shows them.
 */
import { AgentFailure } from '../../common/errors.ts';
import type { Conditions } from '../../common/protocol.ts';
import { NO_CONDITIONS, type ResolvedConditions } from '../filter/conditions-config.ts';
import { devicesIn } from './devices.ts';
import { listed } from './listed.ts';
import { findNamespace, ownNamespace } from './namespaces.ts';

/** Names shown of what there is in place of what was asked for. */
const SHOWN = 12;

/**
 * A device is looked for in the namespace that is asked for, and without one in the agent's own, which is asked for
 * then too: other namespaces have devices of the same name, and of the same number.
 * @throws AgentFailure `bad-condition`, naming what was asked for and what there is
 */
export function resolveConditions(conditions: Conditions | undefined): ResolvedConditions {
  if (conditions === undefined) return NO_CONDITIONS;
  const { netns, ifname, mark } = conditions;
  const asked = netns === undefined ? undefined : findNamespace(netns);
  const device = ifname === undefined ? undefined : findDevice(ifname, asked ?? ownNamespace(), netns);
  return {
    netns: device?.netns ?? asked?.inode ?? 0,
    ifindex: device?.ifindex ?? 0,
    mark: mark?.value ?? 0,
    markMask: mark?.mask ?? 0,
  };
}

function findDevice(name: string, namespace: { inode: number; path: string }, asked: string | undefined) {
  const devices = devicesIn(namespace);
  const ifindex = devices.get(name);
  if (ifindex !== undefined) return { netns: namespace.inode, ifindex };
  const where = asked === undefined ? "the agent's network namespace" : `the network namespace "${asked}"`;
  throw new AgentFailure(
    'bad-condition',
    `There is no device "${name}" in ${where}: it has ${listed([...devices.keys()], SHOWN)}.`,
    asked === undefined
      ? 'Correct --filter-ifname ("ifname"), or name the namespace that the device is in by --filter-netns ("netns").'
      : 'Correct --filter-ifname ("ifname"), or --filter-netns ("netns").',
  );
}
