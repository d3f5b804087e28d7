/**
 * The map of connections whose packets are left out (bpf/own-connections.h): of this agent and of every other one on
 * the machine. An agent is known by its map, which the kernel lists by numbers that only rise, whatever network or
 * process namespace it lives in, and which goes away with it: nothing is written anywhere, and a look costs a few
 * system calls.
 */
import { ConnectionLayout, ConnectionLimit, ConnectionOf } from '../../common/layouts.ts';
import { decodeConnection, encodeConnection, type Connection } from '../kernel/connection.ts';
import * as maps from '../native/bpf-maps.ts';

/** For so long another trace that begins may show its packets in this one. */
const INTERVAL_MS = 1000;

export const OWN_CONNECTIONS_MAP = 'kpt_connections';

/** The kernel's maps, replaced in tests. */
export type MapSystem = Pick<
  typeof maps,
  'nextMap' | 'withMap' | 'mapInfo' | 'keysWith' | 'setEntry' | 'deleteEntry'
>;

export class OwnConnections {
  readonly #own: ReadonlySet<string>;
  readonly #id: number | undefined;
  /** The newest map that was looked at. */
  #seen = 0;
  /** Maps of other agents. */
  #agents = new Set<number>();
  /** What is in our map of them: a key, in both directions. */
  #others = new Map<string, Uint8Array>();

  /** @param fd of the map @param own connections of this agent */
  constructor(
    private readonly fd: number,
    own: readonly Connection[],
    private readonly system: MapSystem = maps,
  ) {
    const keys = own.flatMap(bothDirections);
    for (const key of keys) system.setEntry(fd, key, ConnectionOf.Agent);
    this.#own = new Set(keys.map(text));
    this.#id = system.mapInfo(fd)?.id;
  }

  /** Those of other agents. */
  get others(): Connection[] {
    const found = new Map<string, Connection>();
    for (const key of this.#others.values()) {
      const { local, remote } = decodeConnection(key);
      // Who of the two is here the other agent's map does not tell; sshd has the lower port.
      const connection = local.port <= remote.port ? { local, remote } : { local: remote, remote: local };
      found.set(JSON.stringify(connection), connection);
    }
    return [...found.values()];
  }

  /** Looks now and then which agents there are. @returns ends it */
  watch(): () => void {
    this.refresh();
    const timer = setInterval(() => {
      this.refresh();
    }, INTERVAL_MS);
    return () => {
      clearInterval(timer);
    };
  }

  /** Looks which agents there are now. */
  refresh(): void {
    for (let id = this.system.nextMap(this.#seen); id !== undefined; id = this.system.nextMap(id)) {
      this.#seen = id;
      if (id !== this.#id && this.system.withMap(id, (fd) => this.#isAgents(fd)) === true)
        this.#agents.add(id);
    }
    const now = new Map<string, Uint8Array>();
    for (const id of this.#agents) {
      const keys = this.system.withMap(id, (fd) =>
        this.system.keysWith(fd, ConnectionLayout.bytes, ConnectionOf.Agent, ConnectionLimit.OwnConnections),
      );
      if (keys === undefined) this.#agents.delete(id); // that agent has ended
      for (const key of keys ?? []) if (!this.#own.has(text(key))) now.set(text(key), key);
    }
    for (const [name, key] of this.#others) if (!now.has(name)) this.system.deleteEntry(this.fd, key);
    for (const [name, key] of now)
      if (!this.#others.has(name)) this.system.setEntry(this.fd, key, ConnectionOf.Other);
    this.#others = now;
  }

  /** Types can be given to a map by the privileged only: nobody else hides connections from us. */
  #isAgents(fd: number): boolean {
    const info = this.system.mapInfo(fd);
    return info?.name === OWN_CONNECTIONS_MAP && info.keyBytes === ConnectionLayout.bytes && info.btfId !== 0;
  }
}

/** A packet goes from here to there, or back. */
function bothDirections({ local, remote }: Connection): Uint8Array[] {
  return [encodeConnection({ local, remote }), encodeConnection({ local: remote, remote: local })].filter(
    (key) => key !== undefined,
  );
}

function text(key: Uint8Array): string {
  return Buffer.from(key).toString('latin1');
}
