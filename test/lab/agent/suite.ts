/** What the tests of the agent in a guest share. */
import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { type Attached, type StartRequest } from '../../../common/protocol.ts';
import { EventKind } from '../../../common/layouts.ts';
import { AgentClient, installAgent, type DecodedEvent } from './client.ts';
import { bootGuest, type Guest, type KernelName } from '../guests/guest.ts';

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

export const ALL_ICMP: StartRequest = {
  type: 'start',
  filter: ICMP,
  functions: null,
  backend: 'auto',
  ringBufferBytes: 0,
};

/** Registers hooks: a guest for the tests of one suite, and agents in it that end with their test. */
export function agentSuite(kernel: KernelName) {
  let guest: Guest;
  const clients: AgentClient[] = [];

  before(async () => {
    guest = await bootGuest({ kernel, userland: 'node' });
    await installAgent(guest);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) {
      client.kill();
      await client.closed;
    }
  });
  after(() => guest.stop());

  const connect = (): AgentClient => {
    const client = new AgentClient(guest);
    clients.push(client);
    return client;
  };
  return {
    guest: () => guest,
    connect,
    trace: async (request: StartRequest): Promise<{ client: AgentClient; attached: Attached }> => {
      const client = connect();
      client.send(request);
      return { client, attached: await client.message('attached', 120_000) };
    },
    sh: async (command: string): Promise<string> => {
      const { code, stdout, stderr } = await guest.exec(command);
      assert.equal(code, 0, `${command}: ${stderr}`);
      return stdout;
    },
  };
}

export function functionNames(attached: Attached, events: DecodedEvent[]): string[] {
  const byAddress = new Map(attached.functions.map(({ address, name }) => [address, name]));
  return events
    .filter(({ kind }) => kind === EventKind.Function)
    .map(({ address }) => byAddress.get(address) ?? `unknown ${address.toString(16)}`);
}

/** The wanted names are in the list, in this order, others between them or not. */
export function assertInOrder(actual: string[], wanted: string[]): void {
  let at = 0;
  for (const name of actual) if (name === wanted[at]) at++;
  assert.equal(at, wanted.length, `${wanted[at]} is missing in ${actual.join(' ')}`);
}
