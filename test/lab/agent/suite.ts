/** What the tests of the agent in a guest share. */
import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { type Attached, type StartRequest } from '../../../common/protocol.ts';
import { EventKind } from '../../../common/layouts.ts';
import type { DecodedEvent } from '../../support/agent/decode-events.ts';
import { AgentClient, installAgent } from './client.ts';
import { bootGuest, type BootOptions, type Guest, type KernelName } from '../guests/guest.ts';

export const GATEWAY = '10.0.2.2';
/** Nobody answers there: the guest has no network but the emulator's. */
export const DROPPED = '192.0.2.1';

/** `icmp`, as `tcpdump -ddd` gives it for each link type. */
const ICMP: StartRequest['filter'] = {
  l2: [
    [40, 0, 0, 12],
    [21, 0, 3, 2048],
    [48, 0, 0, 23],
    [21, 0, 1, 1],
    [6, 0, 0, 262144],
    [6, 0, 0, 0],
  ],
  l3: [
    [48, 0, 0, 0],
    [84, 0, 0, 240],
    [21, 0, 3, 64],
    [48, 0, 0, 9],
    [21, 0, 1, 1],
    [6, 0, 0, 262144],
    [6, 0, 0, 0],
  ],
};

/** An emulated arm64 processor on a busy machine takes minutes. */
const ATTACH_LIMIT_MS = 300_000;

export const ALL_ICMP: StartRequest = {
  type: 'start',
  filter: ICMP,
  functions: null,
  backend: 'auto',
  ringBufferBytes: 0,
};

/** Registers hooks: a guest for the tests of one suite, and agents in it that end with their test. */
export function agentSuite(kernel: KernelName, options: Pick<BootOptions, 'fiveLevelPaging'> = {}) {
  let guest: Guest;
  const clients: AgentClient[] = [];

  before(async () => {
    guest = await bootGuest({ kernel, userland: 'node', ...options });
    await installAgent(guest);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) {
      client.kill();
      await client.closed;
    }
  });
  after(() => guest.stop());

  const connect = (command?: string): AgentClient => {
    const client = new AgentClient(guest, command);
    clients.push(client);
    return client;
  };
  return {
    guest: () => guest,
    connect,
    trace: async (request: StartRequest): Promise<{ client: AgentClient; attached: Attached }> => {
      const client = connect();
      client.send(request);
      return { client, attached: await client.message('attached', ATTACH_LIMIT_MS) };
    },
    sh: async (command: string): Promise<string> => {
      const { code, stdout, stderr } = await guest.exec(command);
      assert.equal(code, 0, `${command}: ${stderr}`);
      return stdout;
    },
  };
}

/** A module that is loaded while a trace runs has its function in the path of the next packet. */
export async function assertNewModuleIsProbed({
  guest,
  trace,
  sh,
}: Pick<ReturnType<typeof agentSuite>, 'guest' | 'trace' | 'sh'>): Promise<void> {
  const { client, attached } = await trace({ ...ALL_ICMP, functions: 'ip_output|dummy_xmit' });
  assert.deepEqual(
    attached.functions.map(({ name }) => name),
    ['ip_output'],
  );
  await sh('modprobe dummy');
  const modules = await client.message('modules');
  assert.deepEqual(modules.names, ['dummy']);
  assert.deepEqual(
    modules.functions.map(({ name, module }) => [name, module]),
    [['dummy_xmit', 'dummy']],
  );
  await sh(
    'ip link add dummy0 type dummy && ip addr add 10.9.0.1/24 dev dummy0 && ip link set dummy0 up && ' +
      'ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev dummy0',
  );
  await guest().exec('ping -c 1 -W 1 10.9.0.2'); // nobody answers there
  client.send({ type: 'stop' });
  await client.message('end');
  const functions = [...attached.functions, ...modules.functions];
  assertInOrder(functionNames({ functions }, client.events), ['ip_output', 'dummy_xmit']);
  // The device is younger than the trace, too.
  assert.ok(client.events.some(({ device }) => device === 'dummy0'));
  await sh('ip link del dummy0 && rmmod dummy');
}

/** Of two modules that are loaded the one that was chosen is probed, and the kernel itself. */
export async function assertChosenModules({
  connect,
  trace,
  sh,
}: Pick<ReturnType<typeof agentSuite>, 'connect' | 'trace' | 'sh'>): Promise<void> {
  const asked = { ...ALL_ICMP, functions: 'ip_output|dummy_xmit|vxlan_xmit' };
  await sh('modprobe dummy && modprobe vxlan');
  try {
    const { client, attached } = await trace({ ...asked, modules: ['dummy'] });
    client.send({ type: 'stop' });
    await client.message('end');
    assert.deepEqual(
      new Set(attached.functions.map(({ name }) => name)),
      new Set(['ip_output', 'dummy_xmit']),
    );
    const refused = connect();
    refused.send({ ...asked, modules: ['dumy'] });
    await assert.rejects(refused.message('attached'), /"code":"no-module".*dumy.*Did you mean \W+dummy/);
  } finally {
    await sh('rmmod dummy vxlan');
  }
}

/** Of the functions that were asked for, in the order of events. */
export function functionNames(attached: Pick<Attached, 'functions'>, events: DecodedEvent[]): string[] {
  const byPlace = new Map(attached.functions.map(({ address, name }) => [address % 2 ** 32, name]));
  return events
    .filter(({ kind, isQuiet }) => kind !== EventKind.Drop && !isQuiet)
    .map(({ place }) => byPlace.get(place) ?? `unknown ${place.toString(16)}`);
}

/** What is known of each life in the end: its last event, by its number. */
export function lastOfLives(events: DecodedEvent[]): Map<number, DecodedEvent> {
  return new Map(events.map((event) => [event.life, event]));
}

/** The wanted names are in the list, in this order, others between them or not. */
export function assertInOrder(actual: string[], wanted: string[]): void {
  let at = 0;
  for (const name of actual) if (name === wanted[at]) at++;
  assert.equal(at, wanted.length, `${wanted[at]} is missing in ${actual.join(' ')}`);
}

const LOOKUP = 'fib_table_lookup';

/** Routes are looked up for each answer that comes in, and for other things that are not to be seen. */
export async function assertBystander({
  trace,
  sh,
}: Pick<ReturnType<typeof agentSuite>, 'trace' | 'sh'>): Promise<void> {
  const { client, attached } = await trace({
    ...ALL_ICMP,
    functions: 'ip_.*|icmp_rcv',
    bystanders: [LOOKUP],
  });
  const found = attached.functions.find(({ name }) => name === LOOKUP);
  assert.equal(found?.argument, 0);
  await sh(
    `bash -c 'for i in {1..100}; do echo > /dev/udp/${GATEWAY}/9; done; true' & ping -q -i 0.2 -c 5 ${GATEWAY}; wait`,
  );
  client.send({ type: 'stop' });
  await client.message('end');
  const names = new Map(attached.functions.map(({ address, name }) => [address % 2 ** 32, name]));
  const answers = new Map<number, string[]>();
  for (const { life, place, isQuiet } of client.events)
    if (!isQuiet) answers.set(life, [...(answers.get(life) ?? []), names.get(place) ?? '']);
  const looked = [...answers.values()].filter((path) => path.includes(LOOKUP));
  const received = [...answers.values()].filter((path) => path.includes('icmp_rcv'));
  assert.equal(received.length, 5);
  // Of packets that come together the kernel looks up the first one's route only.
  const alone = received.filter((path) => !path.includes('ip_route_use_hint'));
  assert.ok(alone.length > 0, 'every answer came together with another packet');
  assert.deepEqual(looked, alone, 'lookups are in the path of the answers, and in no other');
  for (const path of looked) {
    const before = path.filter((name, index) => name !== LOOKUP && path[index + 1] === LOOKUP);
    assert.ok(
      before.every((name) => /^ip_(rcv|route_input)/.test(name)),
      path.join(' '),
    );
    assert.ok(path.indexOf(LOOKUP) < path.indexOf('icmp_rcv'), path.join(' '));
  }
}
